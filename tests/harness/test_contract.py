"""Everything that is built in keeps the contract that packages are held to; and the contract can be broken."""

import pytest

from harness import contract
from meters.spec import kinds
from workloads import methods

PORTS = dict.fromkeys(("line", "powersensor3", "pzem", "scpi", "smartpower3", "tc66", "um", "wattsup"), {"port": "x"})
FOUND_OUT = ("ina3221", "nvml", "rapl", "replay")  # ask their device already in the constructor: see their own tests
CHECKS = [check for kind in kinds() for check in contract.meter(kind, **PORTS.get(kind, {}))]
CHECKS = [check for check in CHECKS if check.args[1] not in FOUND_OUT or "options" not in check.keywords]
CHECKS += [check for name in methods.names() for check in contract.method(name)]
CHECKS += [check for name in ("vgg16", "preresnet101", "resnet18", "resnet50") for check in contract.model(name)]
CHECKS += [check for name in ("digits", "synthetic") for check in contract.dataset(name, limit=40)]


def label(check):
    kind, name = check.args
    return "{}-{}-{}".format(kind.what, name, check.func.__name__.strip("_"))


@pytest.mark.parametrize("check", CHECKS, ids=label)
def test_what_is_built_in_keeps_the_contract(check):
    check()


def test_a_method_that_charges_a_draw_it_does_not_make_breaks_the_contract(monkeypatch):
    from workloads.job import Charge, Draw
    from workloads.methods import dense

    monkeypatch.setattr(dense, "recipe", lambda job: [Charge(job.training("train"), until=Draw(0.5))])
    with pytest.raises(AssertionError, match="dense is charged up to a draw that it makes"):
        contract.method("dense")[-1]()


def test_a_meter_whose_accuracy_has_no_source_breaks_the_contract(monkeypatch):
    from meters.smartpower3 import Meter

    unsourced = [channel._replace(accuracy_source="not stated", gain_error=0.01) for channel in Meter("x").channels]
    made = Meter.__init__

    def init(self, *args, **kwargs):
        made(self, *args, **kwargs)
        self.channels = tuple(unsourced)

    monkeypatch.setattr(Meter, "__init__", init)
    with pytest.raises(AssertionError, match="accuracy and its source"):
        contract.meter("smartpower3", port="x")[-1]()
