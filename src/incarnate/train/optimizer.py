"""Adam over an avatar's parameters, whose splats may be split and dropped on the way."""

from dataclasses import asdict

from jaxtyping import Int
from torch import Tensor, nn

from incarnate.avatars.head import SHARED_PARAMETERS, SPLAT_CONSTANTS, SPLAT_PARAMETERS, HeadAvatar
from incarnate.train.named_adam import NamedAdam
from incarnate.train.recipes import HeadRecipe


class SplatOptimizer:
    """Adam with one learning rate a kind of parameter and one cosine for all."""

    def __init__(self, avatar: HeadAvatar, recipe: HeadRecipe) -> None:
        self._avatar = avatar
        names = (*SPLAT_PARAMETERS, *SHARED_PARAMETERS)
        self._adam = NamedAdam(
            {name: [getattr(avatar, name)] for name in names},
            asdict(recipe.rates),
            steps=recipe.steps,
            final_share=recipe.rates.final,
        )

    def step(self, step: int) -> None:
        """Apply the gradients with the learning rates of a step, then forget them."""
        self._adam.step(step)

    def reindex(self, source: Int[Tensor, "splats_after"], is_new: Tensor) -> None:
        """Rebuild all per-splat tensors from old rows.

        Args:
            source: For each splat afterwards, the old splat that it inherits everything from.
            is_new: Boolean; new splats start without Adam's memory.
        """

        def inherited(memory: Tensor) -> Tensor:
            rows = memory[source].contiguous()
            rows[is_new] = 0
            return rows

        for name in SPLAT_PARAMETERS:
            new = nn.Parameter(getattr(self._avatar, name).detach()[source].contiguous())
            self._adam.replace(name, new, inherited)
            setattr(self._avatar, name, new)
        for name in SPLAT_CONSTANTS:
            setattr(self._avatar, name, getattr(self._avatar, name)[source].contiguous())

    def state(self) -> dict[str, Tensor]:
        """Adam's memory as named tensors, for a checkpoint."""
        # A name has one parameter here; checkpoints have never counted it.
        return {key.replace("/0/", "/"): value for key, value in self._adam.state().items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `state` gave."""
        self._adam.restore({key.replace("/", "/0/"): value for key, value in tensors.items()})
