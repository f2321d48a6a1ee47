"""Profiles: a few windows of a training's steady state, from which the energy of all of its epochs is composed.

What an iteration costs depends on the network, the batch and the arithmetic, not on how far the training is: so
trainings that differ in nothing else share one profile.
"""

import hashlib
import json
from dataclasses import replace
from typing import Optional

import numpy as np

from workloads.job import Draw, Training
from workloads.ticket_file import Ticket

GIVEN = "tickets/given.npz"  # what a store calls the ticket that is profiled
SPARSITY = 1e-4  # any L1 factor costs the same
LR = 1e-3  # no learning rate costs more than another; with a small one nothing explodes


def steady(training: Training, windows: int, digest: str = "") -> Training:
    """The profile that serves a training, and all others with iterations like its own.

    `digest` is that of the ticket which it starts from, where the network depends on how that was drawn.  The network
    of any other draw depends on the ratio alone, and is drawn from initial weights.
    """
    same = {name: getattr(training, name) for name in ("width", "limit", "batch_size", "momentum", "weight_decay")}
    same.update({name: getattr(training, name) for name in ("augment", "precision", "align", "holdout")})
    return Training(
        role="train",
        model=training.model,
        dataset=training.dataset,
        lr=LR,
        milestones=(),
        sparsity=SPARSITY if training.sparsity else 0.0,
        score=structure(training),
        windows=windows,
        ticket=digest,
        **same,
    )


def structure(training: Training) -> Optional[Draw]:
    """The draw that alone, without a search, tells what network is trained; None for the whole one and for tickets."""
    if training.source is not None and training.source.draw.by:
        return training.source.draw
    return training.score


def ticket_draw(training: Training) -> Optional[Draw]:
    """The draw whose ticket must be at hand to build the network of a training; None where none is needed."""
    if training.source is None or training.source.draw.by:
        return None
    return training.source.draw


def digest(ticket: Ticket) -> str:
    """What identifies the network of a ticket: its masks and connections, whatever its weights and provenance are."""
    total = hashlib.sha256(json.dumps([len(kept) for kept in ticket.mask]).encode())
    for kept in ticket.mask:
        total.update(np.packbits(kept).tobytes())
    for name, kept in sorted(ticket.connections.items()):
        total.update(name.encode() + np.packbits(kept).tobytes())
    return total.hexdigest()[:16]


def bare(ticket: Ticket) -> Ticket:
    """The ticket without weights: what a profile needs of it."""
    return replace(ticket, weights={})
