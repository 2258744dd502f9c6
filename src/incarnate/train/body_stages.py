"""In what order the parts of a body are learned, and what of it a stage holds still."""

from dataclasses import asdict, dataclass
from typing import Final, Literal

from torch import nn

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_files import BODY_STATE
from incarnate.avatars.pose_memory import Recall
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.named_adam import NamedAdam

Learned = Literal["everything", "all but the memory", "the memory"]
_OF_MEMORY: Final = ("memory", "details")


@dataclass(frozen=True)
class BodyStage:
    """Steps that learn the same parts, with rates that fall along one cosine."""

    learned: Learned
    first: int
    """The step that it begins with."""
    steps: int
    """How many it has."""

    def is_coarse(self, step: int, share: float) -> bool:
        """Whether a step is in the first share of the stage."""
        return step - self.first < share * self.steps

    def recall(self, recipe: BodyRecipe, chance: float) -> Recall:
        """Which memories a step uses; some practise for poses that training does not show.

        Args:
            recipe: How often.
            chance: A random number in [0, 1).
        """
        if self.learned == "all but the memory":
            return "nothing"
        nothing = recipe.practice_nothing if self.learned == "everything" else 0.0
        if chance < nothing:
            return "nothing"
        return "others" if chance < nothing + recipe.practice_others else "all"

    def optimizer(self, avatar: BodyAvatar, recipe: BodyRecipe) -> NamedAdam:
        """Adam over what the stage learns; all else of the avatar is held."""
        groups = {name: group for name, group in _groups(avatar).items() if self._learns(name)}
        avatar.requires_grad_(False)
        for group in groups.values():
            for parameter in group:
                parameter.requires_grad_(True)
        rates = asdict(recipe.rates)
        return NamedAdam(groups, rates, steps=self.steps, final_share=recipe.rates.final)

    def _learns(self, name: str) -> bool:
        if self.learned == "everything":
            return True
        return (name in _OF_MEMORY) == (self.learned == "the memory")


def body_stages(avatar: BodyAvatar, recipe: BodyRecipe) -> tuple[BodyStage, ...]:
    """The stages of a training, in order: one for what has no memory, or learns all together."""
    alone = round(recipe.network_share * recipe.steps)
    if avatar.memory is None or alone == 0:
        return (BodyStage("everything", 0, recipe.steps),)
    stages = (
        BodyStage("all but the memory", 0, alone),
        BodyStage("the memory", alone, recipe.steps - alone),
    )
    return tuple(stage for stage in stages if stage.steps > 0)


def stage_at(stages: tuple[BodyStage, ...], step: int) -> BodyStage:
    """The stage that a step belongs to; what comes after the end belongs to the last."""
    return next((s for s in stages if step < s.first + s.steps), stages[-1])


def _groups(avatar: BodyAvatar) -> dict[str, list[nn.Parameter]]:
    """All that is learned, by the names of its rates."""
    groups: dict[str, list[nn.Parameter]] = {name: [getattr(avatar, name)] for name in BODY_STATE}
    for name, part in (("skinning", avatar.skinning), ("network", avatar.network)):
        groups[name] = [] if part is None else list(part.parameters())
    memory = avatar.memory
    groups["memory"] = [] if memory is None else [memory.fields]
    details = None if memory is None else memory.details
    groups["details"] = [] if details is None else [details]
    return groups
