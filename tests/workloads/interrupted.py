"""Phases that write down their order and interrupt where they are told to, and stores compared to the last bit."""

from contextlib import contextmanager

import torch


class Interrupted(Exception):
    pass


class Phases:
    """Writes down where phases begin and end, and interrupts at the edge of this number, counted from 0."""

    def __init__(self, edge=None):
        self.edge, self.edges, self.notes = edge, [], []

    @contextmanager
    def __call__(self, name, **attributes):
        self._pass("+", name)
        noted = dict(attributes)
        yield lambda **values: noted.update(values)
        self._pass("-", name)
        self.notes.append((name, noted))

    def _pass(self, sign, name):
        if len(self.edges) == self.edge:
            raise Interrupted
        self.edges.append(sign + name)


def same(one, other):
    """Whether two stores hold the same names, and in them the same numbers to the last bit."""
    assert set(one.files) == set(other.files)
    assert all(one.files[name] == other.files[name] for name in one.files if name != "checkpoint")
    checkpoints = [store.checkpoint() for store in (one, other) if store.checkpoint() is not None]
    return not checkpoints or _equal(*map(torch.load, checkpoints))


def _equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other
