"""Split the splats that the picture pulls at; drop those that have faded."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from incarnate.avatars.head import HeadAvatar
from incarnate.geometry.rotations import matrix_from_quaternion
from incarnate.train.optimizer import SplatOptimizer
from incarnate.train.recipes import HeadRecipe

# Children stand this many standard deviations to either side along the longest axis, on which
# they are this much shorter: together they cover what their parent did.
_CHILD_OFFSET = 0.7
_CHILD_SHRINK = 0.65


class PullMeter:
    """How strongly pictures have pulled at each splat since the last event."""

    def __init__(self, num_splats: int) -> None:
        self._total = torch.zeros(num_splats)
        self._visits = torch.zeros(num_splats)

    def add(self, gradient: Float[Tensor, "splats 3"]) -> None:
        """Count the gradient of one picture's loss with respect to posed means."""
        strength = gradient.norm(dim=-1)
        self._total += strength
        self._visits += strength > 0

    def pull(self) -> Float[Tensor, "splats"]:
        """Mean strength over the pictures that showed each splat."""
        return self._total / self._visits.clamp(min=1)

    def state(self) -> dict[str, Tensor]:
        """What has been counted, for a checkpoint."""
        return {"total": self._total, "visits": self._visits}

    @staticmethod
    def from_state(state: dict[str, Tensor]) -> "PullMeter":
        """The meter that gave this `state`."""
        meter = PullMeter(len(state["total"]))
        meter._total, meter._visits = state["total"], state["visits"]
        return meter


def densification_steps(recipe: HeadRecipe) -> frozenset[int]:
    """The steps after which an event takes place."""
    plan = recipe.densification
    begin, end = plan.begin * recipe.steps, plan.end * recipe.steps
    return frozenset(int(begin + (end - begin) * i / plan.events) for i in range(plan.events))


def densify(
    avatar: HeadAvatar, optimizer: SplatOptimizer, pull: Float[Tensor, "splats"], recipe: HeadRecipe
) -> None:
    """One event: drop faded splats, split the most pulled until an even share of the cap is used.

    Children inherit every basis, weight and material of their parent. Deterministic.
    """
    opacity = torch.sigmoid(avatar.opacity_logits.detach())
    keep = opacity >= recipe.densification.min_opacity
    room = recipe.max_splats - int(keep.sum())
    # Spread evenly over the events: late splits see gradients that early ones have changed.
    share = max(room, 0) // max(recipe.densification.events // 2, 1)
    chosen = _most_pulled(pull, keep, share)
    source = torch.cat([torch.nonzero(keep)[:, 0], chosen])
    is_new = torch.zeros(len(source), dtype=torch.bool)
    is_new[int(keep.sum()) :] = True
    optimizer.reindex(source, is_new)
    _place_children(avatar, source, is_new, chosen)


def _most_pulled(
    pull: Float[Tensor, "splats"], keep: Bool[Tensor, "splats"], count: int
) -> Int[Tensor, "chosen"]:
    score = torch.where(keep, pull, torch.zeros_like(pull))
    count = min(count, int((score > 0).sum()))
    return torch.topk(score, count).indices.sort().values


@torch.no_grad()
def _place_children(
    avatar: HeadAvatar,
    source: Int[Tensor, "splats"],
    is_new: Bool[Tensor, "splats"],
    parents: Int[Tensor, "chosen"],
) -> None:
    """Move a parent and its copy apart along the longest axis, and shorten both on it."""
    is_parent = torch.isin(source, parents) & ~is_new
    first, second = torch.nonzero(is_parent)[:, 0], torch.nonzero(is_new)[:, 0]
    longest = avatar.log_scales[first].argmax(-1)
    axes = matrix_from_quaternion(avatar.quaternions[first])
    rows = torch.arange(len(first))
    scale = avatar.log_scales[first, longest].exp()
    shift = _CHILD_OFFSET * scale[:, None] * axes[rows, :, longest]
    shrink = torch.log(torch.tensor(_CHILD_SHRINK))
    for index, sign in ((first, 1.0), (second, -1.0)):
        avatar.means[index] += sign * shift
        # The drift penalty measures from here: a split is no drift.
        avatar.start_means[index] += sign * shift
        avatar.log_scales[index, longest] += shrink
