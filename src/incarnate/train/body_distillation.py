"""Distil what paints a body: ask network and memory in many poses, and fit a painter to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar, BodyCondition
from incarnate.avatars.distilled import DistilledModel, KnownPart, distill
from incarnate.avatars.distilled_body import DistilledPainter
from incarnate.errors import AvatarError

Progress = Callable[[int, int, str], None]
DISTILLED_BODY: Final = DistilledModel(num_components=64)
"""Size of a body's painter."""

# Larger maps are painted coarser: components would no longer fit a CPU's caches.
_MOST_PIXELS = 128
# The nearest training poses that a pose is mixed with, every other time.
_NEIGHBOURS = 5


@dataclass(frozen=True)
class BodyDistillation:
    """A painter, and what of the paint's variance it has."""

    painter: DistilledPainter
    num_poses: int
    """Poses that it was fitted to."""
    variance_kept: float
    """Share of the variance within the components, each channel counted alike."""
    variance_explained: float
    """Share that the painter gets right over those poses."""


@torch.no_grad()
def distil_body(
    avatar: BodyAvatar,
    conditions: Sequence[BodyCondition],
    model: DistilledModel = DISTILLED_BODY,
    *,
    num_mixed: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> BodyDistillation:
    """Fit a painter to what a body's network and memory paint in training poses and between them.

    Args:
        avatar: A trained body.
        conditions: What training poses tell it.
        model: Size of the painter's decoder.
        num_mixed: How many poses between those of the training are asked for.
        seed: Chooses them, and the first weights of the decoder.
        progress: Called with poses done, poses in all, and what is going on.

    Raises:
        AvatarError: Nothing is painted: the body is static.
    """
    if avatar.network is None and avatar.memory is None:
        raise AvatarError(
            "this body has neither network nor memory: no pose changes its splats, and there is "
            "nothing to distil; train one with --dependence posed."
        )
    signatures = torch.stack([condition.signature for condition in conditions])
    painter = _new_painter(avatar, model, signatures)
    asked = [*conditions, *_between(conditions, num_mixed, seed)]
    paint = []
    for done, condition in enumerate(asked):
        maps = [painter.rows(one) for one in avatar.painted_maps(condition)]
        paint.append(torch.stack(maps).sum(0).half())
        if progress is not None:
            progress(done + 1, len(asked), "asking network and memory")
    if progress is not None:
        progress(len(asked), len(asked), "fitting the decoder")
    signatures = torch.stack([condition.signature for condition in asked])
    with torch.enable_grad():
        fitted = distill(
            painter.inputs(signatures),
            torch.stack(paint),
            model,
            known=_memory_of(avatar, painter, signatures),
            seed=seed,
        )
    painter.decoder = fitted.decoder
    painter.key_coefficients.copy_(fitted.field_coefficients)
    painter.requires_grad_(False).eval()
    return BodyDistillation(painter, len(asked), fitted.variance_kept, fitted.variance_explained)


def _new_painter(
    avatar: BodyAvatar, model: DistilledModel, signatures: Float[Tensor, "poses signature"]
) -> DistilledPainter:
    sizes = [avatar.model.memory_size if avatar.memory is not None else 0]
    if avatar.network is not None:
        sizes.append(avatar.network.model.map_size)
    painter = DistilledPainter(
        model,
        avatar.maps.mask,
        size=min(max(sizes), _MOST_PIXELS),
        num_keys=0 if avatar.memory is None else len(avatar.memory.keys),
        signature=signatures.shape[1],
    )
    painter.learn_signatures(signatures)
    return painter


def _memory_of(
    avatar: BodyAvatar, painter: DistilledPainter, signatures: Float[Tensor, "poses signature"]
) -> KnownPart | None:
    memory = avatar.memory
    if memory is None:
        return None
    shares = torch.stack([memory.shares(signature) for signature in signatures])
    return KnownPart(shares, torch.stack([painter.rows(field).half() for field in memory.fields]))


def _between(conditions: Sequence[BodyCondition], count: int, seed: int) -> list[BodyCondition]:
    """Conditions between pairs of others: half of them between neighbours, half between any.

    Maps and signature hold where the surface lies, so that what lies between two poses is a mix of
    both, and what a network and a memory see of it stays in step.
    """
    if len(conditions) < 2:
        return []
    generator = torch.Generator().manual_seed(seed)
    signatures = torch.stack([condition.signature for condition in conditions])
    most = min(_NEIGHBOURS + 1, len(conditions))
    nearest = torch.cdist(signatures, signatures).topk(most, largest=False).indices[:, 1:]
    mixed = []
    for index in range(count):
        one = int(torch.randint(len(conditions), (), generator=generator))
        among = nearest[one] if index % 2 else torch.arange(len(conditions))
        other = int(among[torch.randint(len(among), (), generator=generator)])
        share = float(torch.rand((), generator=generator))
        first, second = conditions[one], conditions[other]
        mixed.append(
            BodyCondition(
                torch.lerp(first.maps, second.maps, share),
                torch.lerp(first.signature, second.signature, share),
            )
        )
    return mixed
