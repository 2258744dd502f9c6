"""Adam over an avatar's parameters, whose splats may be split and dropped on the way."""

import math

import torch
from jaxtyping import Int
from torch import Tensor, nn

from incarnate.avatars.head import SHARED_PARAMETERS, SPLAT_CONSTANTS, SPLAT_PARAMETERS, HeadAvatar
from incarnate.train.recipes import HeadRecipe


class SplatOptimizer:
    """Adam with one learning rate a kind of parameter and one cosine for all."""

    def __init__(self, avatar: HeadAvatar, recipe: HeadRecipe) -> None:
        self._avatar = avatar
        self._recipe = recipe
        self._names = [*SPLAT_PARAMETERS, *SHARED_PARAMETERS]
        groups = [
            {"params": [getattr(avatar, name)], "lr": getattr(recipe.rates, name), "name": name}
            for name in self._names
        ]
        self._adam = torch.optim.Adam(groups, eps=1e-15, fused=True)

    def step(self, step: int) -> None:
        """Apply the gradients with the learning rates of a step, then forget them."""
        final = self._recipe.rates.final
        progress = min(step / max(self._recipe.steps - 1, 1), 1.0)
        factor = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self._adam.param_groups:
            group["lr"] = factor * getattr(self._recipe.rates, group["name"])
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def reindex(self, source: Int[Tensor, "splats_after"], is_new: Tensor) -> None:
        """Rebuild all per-splat tensors from old rows.

        Args:
            source: For each splat afterwards, the old splat that it inherits everything from.
            is_new: Boolean; new splats start without Adam's memory.
        """
        for group in self._adam.param_groups:
            if group["name"] not in SPLAT_PARAMETERS:
                continue
            old = group["params"][0]
            new = nn.Parameter(old.detach()[source].contiguous())
            state = self._adam.state.pop(old, {})
            for key in ("exp_avg", "exp_avg_sq"):
                if key in state:
                    state[key] = state[key][source].contiguous()
                    state[key][is_new] = 0
            group["params"][0] = new
            self._adam.state[new] = state
            setattr(self._avatar, group["name"], new)
        for name in SPLAT_CONSTANTS:
            setattr(self._avatar, name, getattr(self._avatar, name)[source].contiguous())

    def state(self) -> dict[str, Tensor]:
        """Adam's memory as named tensors, for a checkpoint."""
        tensors = {}
        for group in self._adam.param_groups:
            for key, value in self._adam.state.get(group["params"][0], {}).items():
                tensors[f"{group['name']}/{key}"] = value
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `state` gave."""
        for group in self._adam.param_groups:
            prefix = f"{group['name']}/"
            self._adam.state[group["params"][0]] = {
                key.removeprefix(prefix): value
                for key, value in tensors.items()
                if key.startswith(prefix)
            }
