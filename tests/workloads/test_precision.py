"""Low-precision trainings hold every number where their papers hold it, repeatably, and half precision is autocast."""

import io

import pytest
import torch

from workloads import WorkloadError, checkpoint, data, methods, precision, quantize
from workloads.averaging import Average, averaged
from workloads.job import Job, Training
from workloads.pruning import copied, fresh
from workloads.training import begin, train_epoch

CPU = torch.device("cpu")
JOB = Job("vgg16", "synthetic", width=0.05, limit=30, epochs=3, batch_size=15, lr=0.05)


@pytest.fixture(scope="module")
def batches():
    return data.load("synthetic", 30).batches(CPU, augment=True)


def _state(precision, **changes):
    training = JOB.training("train", precision=precision, **changes)
    return begin(fresh(training, 10), training, 0, {}, CPU), training


def _train(state, training, batches):
    return train_epoch(state, batches, training, lambda **progress: None)


def _on_block_grid(values):
    return torch.equal(values, quantize.block_floating_point(values, rounding="nearest"))


def test_block8_holds_weights_and_momentum_in_blocks_of_8_bits(batches):
    state, training = _state("block8")
    _train(state, training, batches)
    for parameter in state.model.parameters():
        assert _on_block_grid(parameter.detach())
        assert _on_block_grid(state.optimizer.state[parameter]["momentum_buffer"])


def test_block8_rounds_outputs_of_convolutions_and_the_errors_at_them(batches):
    state, _ = _state("block8")
    seen = {}

    def look(module, inputs, output):
        output.register_hook(lambda error: seen.update(error=error))
        seen.update(output=output)

    convolution = state.model.features[3]
    images, labels = next(batches.test())
    norm = state.model.features[4]
    norm.register_forward_pre_hook(lambda module, inputs: look(module, inputs, inputs[0]))
    torch.nn.functional.cross_entropy(state.model(images), labels).backward()
    assert _on_block_grid(seen["output"].detach()) and not _on_block_grid(seen["error"])
    raw = torch.nn.functional.conv2d(torch.ones(1, 3, 4, 4), convolution.weight, padding=1)
    assert not _on_block_grid(raw)


def test_errors_are_rounded_on_their_way_back():
    from workloads.precision import _Through

    values = torch.tensor([[0.3, 0.7]], requires_grad=True)
    out = _Through.apply(values, lambda x: x.round(), lambda error: 2 * error)
    out.sum().backward()
    assert out.tolist() == [[0, 1]] and values.grad.tolist() == [[2, 2]]


def test_wage8_keeps_every_parameter_on_its_grid_and_steps_by_whole_units(batches):
    state, training = _state("wage8", lr=1.0)
    before = [parameter.detach().clone() for parameter in state.model.parameters()]
    _train(state, training, batches)
    moved = 0
    for parameter, old in zip(state.model.parameters(), before):
        assert torch.equal(parameter.detach() * 128, (parameter.detach() * 128).round())
        assert parameter.abs().max() < 1
        moved += int((parameter != old).sum())
    assert moved > 0


def test_wage8_rounds_activations_to_its_grid():
    state, _ = _state("wage8")
    seen = []
    state.model.features[3].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    state.model.eval()(3 * torch.ones(1, 3, 32, 32))
    assert torch.equal(seen[0] * 128, (seen[0] * 128).round()) and seen[0].max() <= 127 / 128


@pytest.mark.parametrize("precision", ["block8", "wage8"])
def test_seed_and_epoch_decide_the_rounding_also_after_a_checkpoint(precision, batches):
    (whole, training), (other, _) = _state(precision), _state(precision)
    for _ in range(2):
        _train(whole, training, batches)
    _train(other, training, batches)
    file = io.BytesIO()
    checkpoint.write(file, other)
    file.seek(0)
    resumed = checkpoint.read(file, training, CPU)
    _train(resumed, training, batches)
    for one, two in zip(whole.model.state_dict().values(), resumed.model.state_dict().values()):
        assert torch.equal(one, two)


def test_bf16_computes_in_bfloat16_and_keeps_weights_in_fp32(batches):
    state, training = _state("bf16")
    kinds = []
    state.model.classifier.register_forward_hook(lambda module, inputs, output: kinds.append(output.dtype))
    row = _train(state, training, batches)
    assert set(kinds) == {torch.bfloat16} and 0 < row["loss"] < 10
    assert all(parameter.dtype is torch.float32 for parameter in state.model.parameters())


@pytest.mark.parametrize("method", ["dense", "early_bird"])
def test_a_study_sets_the_precision_of_all_its_trainings(method):
    job = Job("vgg16", "synthetic", precision="bf16")
    assert {charge.training.precision for charge in methods.find(method).recipe(job)} == {"bf16"}
    assert Job("vgg16", "synthetic").training("train").asked() == Training("train", "vgg16", "synthetic").asked()


def test_an_emulated_precision_is_no_setting_of_a_study():
    with pytest.raises(WorkloadError, match="no precision 'block8'; there are: fp32, bf16, fp16"):
        Job("vgg16", "synthetic", precision="block8")


def test_bf16_on_a_gpu_without_it_says_what_to_use(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    training = JOB.training("train", precision="bf16")
    with pytest.raises(WorkloadError, match="bf16 needs a GPU of NVIDIA's Ampere or a later generation .*: use fp16"):
        precision.arithmetic(torch.nn.Linear(1, 1), training, torch.device("cuda"))


def test_fp16_without_a_device_for_it_says_what_to_use():
    with pytest.raises(WorkloadError, match="precision fp16 needs a CUDA device, and this is a CPU: use bf16, or fp32"):
        _state("fp16")


def test_an_average_is_the_mean_of_the_weights_it_was_given():
    layer, average = torch.nn.Linear(1, 1), Average()
    for value in (1.0, 2.0, 6.0):
        torch.nn.init.constant_(layer.weight, value)
        average.add(layer)
    assert average.values["weight"].item() == 3 and average.count == 3


def test_an_averaged_network_has_batchnorm_statistics_of_its_own(batches):
    state, training = _state("block8", swa_start=1)
    for _ in range(3):
        _train(state, training, batches)
    assert state.average.count == 2
    mean = averaged(copied(state.model), state.average, batches.train(0, 0, 15))
    inputs = torch.cat([images for images, _ in batches.train(0, 0, 15)])
    first = torch.nn.functional.conv2d(inputs, mean.features[0].weight, padding=1)
    assert torch.equal(mean.features[0].weight, state.average.values["features.0.weight"])
    assert torch.allclose(mean.features[1].running_mean, first.mean((0, 2, 3)), atol=1e-5)


def test_an_average_survives_a_checkpoint(batches):
    state, training = _state("fp32", swa_start=0)
    _train(state, training, batches)
    file = io.BytesIO()
    checkpoint.write(file, state)
    file.seek(0)
    again = checkpoint.read(file, training, CPU).average
    assert again.count == 1
    assert all(torch.equal(values, state.average.values[name]) for name, values in again.values.items())
