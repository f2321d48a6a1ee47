"""The arithmetic of a training: FP32, 8 bits emulated on FP32 hardware, or the half precision that a device has.

`block8`: block floating point with 8-bit mantissas and stochastic rounding, as the released low-precision code of EB
Train uses it: convolution outputs and the errors that come back to them, gradients, weights and momentum.
`wage8`: WAGE's 8-8-8-8 with BatchNorm and cross-entropy kept, its weights updated through momentum and weight decay.
`bf16`, `fp16`: autocast, with FP32 weights; nothing is emulated there.
"""

import contextlib
import inspect
from typing import Any, Callable, ContextManager, Dict, Tuple, Type

import numpy as np
import torch
from torch import Tensor, nn

from workloads import WorkloadError, quantize
from workloads.job import Training


class Arithmetic:
    """FP32; the base of the others.  Random numbers come from (seed, epoch) alone."""

    def __init__(self, model: nn.Module, training: Training, device: torch.device) -> None:
        self.model, self.training, self.device = model, training, device

    def begin_epoch(self, epoch: int) -> None:
        """Called before an epoch's first step."""

    def forward(self) -> ContextManager:
        """Around the forward pass and the loss."""
        return contextlib.ExitStack()

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Gradients of the loss at the parameters."""
        loss.backward()

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the parameters from their gradients."""
        optimizer.step()

    def state(self) -> Dict[str, Any]:
        """What a checkpoint holds of it."""
        return {}

    def resume(self, state: Dict[str, Any]) -> None:
        """Take up a state that was held."""


class _Emulated(Arithmetic):
    quantised: Type[nn.Module]

    def __init__(self, model: nn.Module, training: Training, device: torch.device) -> None:
        super().__init__(model, training, device)
        self.generator = torch.Generator(device=device)
        for module in model.modules():
            if isinstance(module, self.quantised):
                module.register_forward_hook(self.hook())

    def hook(self) -> Callable:
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        random = np.random.RandomState([self.training.seed, epoch, 8])
        self.generator.manual_seed(int(random.randint(2**31)))


class Block8(_Emulated):
    """Block floating point: one exponent per filter, per image, and per element of a vector."""

    quantised = nn.Conv2d

    def hook(self) -> Callable:
        generator = self.generator

        def rounded(values: Tensor) -> Tensor:
            return quantize.block_floating_point(values, generator=generator)

        return lambda module, inputs, output: _Through.apply(output, rounded, rounded)

    @torch.no_grad()
    def step(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = list(self.model.parameters())
        for parameter in parameters:
            self._round(parameter.grad)
        optimizer.step()
        for parameter in parameters:
            self._round(parameter)
            self._round(optimizer.state[parameter].get("momentum_buffer"))

    def _round(self, values: Any) -> None:
        if values is not None:
            values.copy_(quantize.block_floating_point(values, generator=self.generator))


class Wage8(_Emulated):
    """WAGE: weights and activations on a grid of 1/128, errors and gradients scaled by a power of two."""

    quantised = nn.ReLU

    @torch.no_grad()
    def __init__(self, model: nn.Module, training: Training, device: torch.device) -> None:
        super().__init__(model, training, device)
        for parameter in model.parameters():
            parameter.copy_(quantize.wage_grid(parameter))

    def hook(self) -> Callable:
        limit = 1 - 2.0**-7

        def rounded(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            return _Through.apply(output.clamp(-limit, limit), quantize.wage_grid, quantize.wage_error)

        return rounded

    @torch.no_grad()
    def step(self, optimizer: torch.optim.Optimizer) -> None:
        lr = optimizer.param_groups[0]["lr"]
        for parameter in self.model.parameters():
            gradient = parameter.grad.add(parameter, alpha=self.training.weight_decay)
            buffer = optimizer.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))
            buffer.mul_(self.training.momentum).add_(gradient)
            update = quantize.wage_update(buffer, lr, generator=self.generator)
            parameter.copy_(quantize.wage_grid(quantize.wage_accumulate(parameter, update)))


class _Half(Arithmetic):
    dtype = torch.bfloat16

    def forward(self) -> ContextManager:
        return torch.autocast(device_type=self.device.type, dtype=self.dtype)


class Bf16(_Half):
    """Autocast to bfloat16, whose range needs no scaling."""

    def __init__(self, model: nn.Module, training: Training, device: torch.device) -> None:
        super().__init__(model, training, device)
        if device.type == "cuda" and not _bf16_in_hardware():
            raise WorkloadError(
                "precision bf16 needs a GPU of NVIDIA's Ampere or a later generation (Orin, not TX2 or Xavier): "
                "use fp16, or fp32"
            )


class Fp16(_Half):
    """Autocast to float16, the loss scaled so that gradients stay in range."""

    dtype = torch.float16

    def __init__(self, model: nn.Module, training: Training, device: torch.device) -> None:
        super().__init__(model, training, device)
        if device.type != "cuda":
            raise WorkloadError("precision fp16 needs a CUDA device, and this is a CPU: use bf16, or fp32")
        current = getattr(torch.amp, "GradScaler", None) if hasattr(torch, "amp") else None
        self._scaler: Any = current("cuda") if current else torch.cuda.amp.GradScaler()

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        self._scaler.step(optimizer)
        self._scaler.update()

    def state(self) -> Dict[str, Any]:
        return self._scaler.state_dict()

    def resume(self, state: Dict[str, Any]) -> None:
        self._scaler.load_state_dict(state)


def _bf16_in_hardware() -> bool:
    """Newer torch also counts what it only imitates, and has to be told."""
    supported = torch.cuda.is_bf16_supported
    asked = {"including_emulation": False} if "including_emulation" in inspect.signature(supported).parameters else {}
    return supported(**asked)


def arithmetic(model: nn.Module, training: Training, device: torch.device) -> Arithmetic:
    """The arithmetic that a training asks for, set up on its network."""
    kinds = {"fp32": Arithmetic, "block8": Block8, "wage8": Wage8, "bf16": Bf16, "fp16": Fp16}
    return kinds[training.precision](model, training, device)


class _Through(torch.autograd.Function):
    """Rounds values on the way forward, and the errors at them on the way back."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, forth: Callable, back: Callable) -> Tensor:
        ctx.back = back
        return forth(values)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> Tuple[Tensor, None, None]:
        return ctx.back(error), None, None
