"""What keeps a body avatar sane while it is trained; its pictures are compared as a head's are."""

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.pose_changes import decode_changes
from incarnate.train.body_recipes import BodyLosses
from incarnate.train.losses import light_penalty, shape_penalty

# Units in which squared distances are counted, metres.
_OFFSET_UNIT, _DRIFT_UNIT = 1e-2, 2e-2


def body_restraints(
    avatar: BodyAvatar, painted: Float[Tensor, "splats channels"] | None, weights: BodyLosses
) -> dict[str, Tensor]:
    """Weighted terms on the avatar's parameters and on what the pose changes.

    Args:
        avatar: The avatar.
        painted: What network and memory paint for the pose; None if nothing does.
        weights: The recipe's weights.
    """
    drift = (avatar.means - avatar.start_means).square().sum(-1) / _DRIFT_UNIT**2
    terms = {
        "drift": weights.drift * drift.mean(),
        "flatness": weights.flatness * shape_penalty(avatar.log_scales),
    }
    if avatar.skinning is not None:
        terms["skinning"] = weights.skinning * avatar.skinning.changes.square().mean()
    if painted is not None:
        offsets = decode_changes(painted).offsets / _OFFSET_UNIT
        terms["offsets"] = weights.offsets * offsets.square().mean()
        terms["changes"] = weights.changes * painted.square().mean()
    if avatar.model.shading == "shaded":
        light = avatar.learned_light.radiance
        terms["light"] = weights.light * light_penalty(light, torch.ones_like(light))
    return terms
