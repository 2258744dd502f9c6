"""Adam over named parameters: a learning rate a name, and one cosine for all."""

import math
from collections.abc import Callable, Mapping
from typing import final

import torch
from torch import Tensor, nn


@final
class NamedAdam:
    """Adam whose groups have names, so that its memory can be written and put back."""

    def __init__(
        self,
        groups: Mapping[str, list[nn.Parameter]],
        rates: Mapping[str, float],
        *,
        steps: int,
        final_share: float,
    ) -> None:
        """Fresh memory.

        Args:
            groups: Parameters by name; a group without any is left out.
            rates: Learning rate of each name at the start.
            steps: Steps in all.
            final_share: Share of the rates that is left at the last step.
        """
        self._steps, self._final, self._rates = steps, final_share, dict(rates)
        entries = [
            {"params": parameters, "lr": rates[name], "name": name}
            for name, parameters in groups.items()
            if parameters
        ]
        self._adam = torch.optim.Adam(entries, eps=1e-15, fused=True)

    def step(self, step: int) -> None:
        """Apply the gradients with the learning rates of a step, then forget them."""
        progress = min(step / max(self._steps - 1, 1), 1.0)
        factor = self._final + (1 - self._final) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self._adam.param_groups:
            group["lr"] = factor * self._rates[group["name"]]
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def replace(
        self, name: str, parameter: nn.Parameter, inherited: Callable[[Tensor], Tensor]
    ) -> None:
        """Put another parameter in the place of a name's only one.

        Args:
            name: Whose.
            parameter: The new one, of any shape.
            inherited: What of a running mean it starts with.
        """
        (group,) = (group for group in self._adam.param_groups if group["name"] == name)
        (old,) = group["params"]
        state = self._adam.state.pop(old, {})
        self._adam.state[parameter] = {
            key: inherited(value) if key.startswith("exp_avg") else value
            for key, value in state.items()
        }
        group["params"][0] = parameter

    def state(self) -> dict[str, Tensor]:
        """Adam's memory as named tensors, for a checkpoint."""
        tensors = {}
        for group in self._adam.param_groups:
            for index, parameter in enumerate(group["params"]):
                for key, value in self._adam.state.get(parameter, {}).items():
                    tensors[f"{group['name']}/{index}/{key}"] = value
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        for group in self._adam.param_groups:
            for index, parameter in enumerate(group["params"]):
                prefix = f"{group['name']}/{index}/"
                state = {k.removeprefix(prefix): v for k, v in tensors.items()
                         if k.startswith(prefix)}  # fmt: skip
                if state:
                    self._adam.state[parameter] = state
