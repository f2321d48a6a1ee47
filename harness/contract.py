"""What every meter, method, model and dataset must hold, built in or added, as checks that any test-suite can run.

    import pytest
    from harness import contract

    @pytest.mark.parametrize("check", contract.meter("mine", port="/dev/null"))
    def test_it_keeps_the_contract(check):
        check()

A check raises AssertionError with what is not held.
"""

import inspect
import random
from functools import partial
from typing import Any, Callable, List

from extensions import Kind

Check = Callable[[], None]
PLAIN = (bool, int, float, str)


def meter(kind: str, **options: Any) -> List[Check]:
    """Checks of a kind of meter; `options` are what its constructor needs, no device is opened."""
    from meters.spec import METERS

    return _checks(METERS, kind, [_options_are_plain, _decode_refuses_noise, partial(_channels_fit, options=options)])


def method(name: str) -> List[Check]:
    """Checks of a method, at its defaults."""
    from workloads.registry import METHODS

    return _checks(METHODS, name, [_recipe_has_options, _recipe_is_a_plan])


def model(name: str, size: int = 32) -> List[Check]:
    """Checks of a network on RGB images of `size` pixels."""
    from workloads.registry import MODELS

    return _checks(MODELS, name, [partial(_network_can_be_pruned, size=size)])


def dataset(name: str, **options: Any) -> List[Check]:
    """Checks of a dataset; `options` go to its `load`, such as `limit` or `data_dir`."""
    from workloads.registry import DATASETS

    return _checks(DATASETS, name, [partial(_batches_repeat, options=options)])


def _checks(kind: Kind, name: str, checks: List[Any]) -> List[Check]:
    return [partial(check, kind, name) for check in [_says_what_it_is, *checks]]


def _says_what_it_is(kind: Kind, name: str) -> None:
    assert kind.find(name)
    assert kind.purpose(name), f"the {kind.what} {name} has no docstring whose first line says what it is"


def _options_are_plain(kind: Kind, name: str) -> None:
    for option in inspect.signature(kind.find(name).Meter).parameters.values():
        stated = option.annotation if option.annotation is not option.empty else type(option.default)
        wanted = [part for part in getattr(stated, "__args__", None) or (stated,) if part is not type(None)]
        assert wanted[0] in PLAIN, f"option {option.name} of meter {name} is no bool, int, float or str: {stated}"


def _decode_refuses_noise(kind: Kind, name: str) -> None:
    from meters.errors import MeterError

    decode, source = getattr(kind.find(name), "decode", None), random.Random(0)
    for length in list(range(64)) * 4 if decode else ():
        noise = bytes(source.getrandbits(8) for _ in range(length))
        try:
            values = decode(noise)
        except MeterError:
            continue
        assert all(value is None or isinstance(value, float) for value in values.values()), values


def _channels_fit(kind: Kind, name: str, options: Any) -> None:
    from meters.base import BOUNDARIES, SHAPES

    made = kind.find(name).Meter(**options)
    for channel in made.channels:
        assert channel.boundary in BOUNDARIES, f"channel {channel.name}: boundary is one of {BOUNDARIES}"
        assert channel.shape in SHAPES, f"channel {channel.name}: shape is one of {SHAPES}"
        assert (channel.shape == "lowpass") == (channel.tau_s is not None), f"channel {channel.name}: tau_s of lowpass"
        if made.columns:  # some know theirs only when the device has answered
            assert f"{channel.name}_power_W" in made.columns, f"channel {channel.name} has no column of its power"
        stated = channel.gain_error is not None or channel.offset_error_W is not None
        assert stated == (channel.accuracy_source != "not stated"), f"channel {channel.name}: accuracy and its source"
    assert set(made.total) <= {channel.name for channel in made.channels}, "the total is made of channels"


def _recipe_has_options(kind: Kind, name: str) -> None:
    job, *options = inspect.signature(kind.find(name).recipe).parameters.values()
    for option in options:
        assert option.kind is option.KEYWORD_ONLY, f"option {option.name} of {name} is keyword-only"
        assert option.default is not option.empty, f"option {option.name} of {name} has a default"


def _recipe_is_a_plan(kind: Kind, name: str) -> None:
    from workloads.job import Job, Training

    job = Job(model="vgg16", dataset="synthetic", seed=1)
    charges = kind.find(name).recipe(job)
    assert charges and charges == kind.find(name).recipe(job), f"{name} asks for the same trainings each time"
    known = set()
    for charge in charges:
        asked = charge.training
        assert asked == Training.from_dict(asked.asked()) == Training.from_dict(asked.full())
        assert charge.until is None or charge.until in asked.draws, f"{name} is charged up to a draw that it makes"
        assert asked.source is None or asked.source.training in known, f"{name} charges what its tickets come from"
        known.add(asked.without_draws())


def _network_can_be_pruned(kind: Kind, name: str, size: int) -> None:
    import torch

    from workloads import surgery
    from workloads.models import build
    from workloads.tickets import channel_mask

    torch.manual_seed(0)
    dense = build(name, 10, width=0.125)
    for norm in dense.batchnorms():
        torch.nn.init.uniform_(norm.weight, -1, 1)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    images = torch.randn(2, 3, size, size)
    ticket = surgery.plan(dense, channel_mask(dense.gammas(), 0.5))
    small = surgery.shrink(dense, ticket.mask).eval()
    for norm, kept in zip(dense.batchnorms(), ticket.mask):
        norm.weight.data[torch.from_numpy(~kept)] = 0
        norm.bias.data[torch.from_numpy(~kept)] = 0
    with torch.no_grad():
        expected, found = dense.eval()(images), small(images)
    assert tuple(found.shape) == (2, 10), f"{name} gives {tuple(found.shape)} for two images of ten classes"
    same = torch.allclose(expected, found, atol=1e-5)
    assert same, f"a ticket of {name} does not compute what the masked network does"
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in dense.parameters())


def _batches_repeat(kind: Kind, name: str, options: Any) -> None:
    import torch

    images = kind.find(name).load(**options)
    batches = images.batches(torch.device("cpu"), augment=True)
    first, again = (next(iter(batches.train(1, 0, 8))) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again)), f"{name}: an epoch is not the same again"
    pixels, labels = first
    assert pixels.dtype == torch.float32 and tuple(pixels.shape[1:]) == tuple(batches.input_shape)
    assert labels.dtype == torch.int64 and 0 <= int(labels.min()) and int(labels.max()) < batches.classes
