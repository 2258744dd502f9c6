"""The expression encoder: expression coefficients, eyelids and jaw, read from a picture.

``E(I) = (ψ, θ_jaw)``; eyelids are expression coefficients of the rig. Head pose, neck and gaze
stay what tracking says. HRAvatar (arXiv 2503.08224); docs/head.md.
"""

from dataclasses import dataclass, replace
from typing import Literal, final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from incarnate.avatars.mobilenet import Backbone, MobileNet, NetworkStyle
from incarnate.rigs.rig import Pose, Rig

# What codes can approach but never pass: a little more than a blendshape's range, and what a jaw
# can do about x, y and z (open, aside, roll), radians. Tracked codes beyond it widen the range.
EXPRESSION_RANGE = (-0.15, 1.15)
JAW_RANGES = ((-0.15, 0.75), (-0.25, 0.25), (-0.25, 0.25))
_JAW = "jaw"


@dataclass(frozen=True)
class EncoderModel:
    """What the encoder is made of; its weights depend on it."""

    backbone: Backbone = "small"
    """MobileNetV3, small or large; the minimal ones have no squeeze and only 3×3 kernels."""
    width: float = 1.0
    """Factor on all channel counts of the backbone."""
    size: int = 128
    """Side of the crop, pixels."""
    norm: Literal["group", "frozen"] = "group"
    """``frozen`` for published weights: their batch statistics, never those of a batch here."""
    padding: Literal["symmetric", "same"] = "symmetric"
    """``same`` for timm's ``tf_`` weights."""
    epsilon: float = 1e-5
    """Added to variances; 1e-3 for timm's ``tf_`` weights."""
    scaling: Literal["half", "imagenet", "none"] = "half"
    """What the backbone sees of a value v in [0, 1]: 2v − 1, ImageNet's scaling, or v itself."""


@final
class ExpressionEncoder(nn.Module):
    """Maps crops to codes: the rig's expression coefficients, then the jaw's three angles.

    A crop is sRGB, the person over black, placed by `incarnate.avatars.crops`. Each row of a
    result depends on its own crop alone, in training as at test time.
    """

    low: Tensor
    span: Tensor

    def __init__(self, model: EncoderModel, rig: Rig) -> None:
        super().__init__()
        self.model = model
        self.backbone = MobileNet(
            model.backbone, NetworkStyle(model.width, model.norm, model.padding, model.epsilon)
        )
        low, high = default_ranges(rig)
        self.head = nn.Linear(self.backbone.num_features, len(low))
        self.register_buffer("low", low)
        self.register_buffer("span", high - low)
        self._scaling = _scaling(model.scaling)
        self._rig = rig

    def forward(self, crops: Float[Tensor, "batch size size 3"]) -> Float[Tensor, "batch codes"]:
        """Codes of crops with values in [0, 1]."""
        return self.codes(self.trunk(crops))

    def trunk(
        self, crops: Float[Tensor, "batch size size 3"]
    ) -> Float[Tensor, "batch channels height width"]:
        """The part that stays fixed while the rest is trained with an avatar."""
        mean, deviation = self._scaling
        scaled = (crops - crops.new_tensor(mean)) / crops.new_tensor(deviation)
        return self.backbone.trunk(scaled.permute(0, 3, 1, 2).contiguous())

    def codes(
        self, trunk: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch codes"]:
        """The last stage and the linear head, mapped smoothly into the codes' ranges."""
        return self.low + self.span * torch.sigmoid(self.head(self.backbone.pooled(trunk)))

    def center_on(self, codes: Float[Tensor, "frames codes"]) -> None:
        """Let ranges hold tracked codes with room to spare, and answer their mean at first."""
        with torch.no_grad():
            room = 0.1 * (codes.amax(0) - codes.amin(0)) + 1e-3
            high = torch.maximum(self.low + self.span, codes.amax(0) + room)
            self.low.copy_(torch.minimum(self.low, codes.amin(0) - room))
            self.span.copy_(high - self.low)
            self.head.bias.copy_(torch.logit((codes.mean(0) - self.low) / self.span))
            self.head.weight.mul_(0.1)

    @torch.no_grad()
    def pose(self, tracked: Pose, crops: UInt8[Tensor, "frames size size 3"]) -> Pose:
        """Tracked poses, one a crop, with the expression, eyelids and jaw that the crops show.

        Crops go through one at a time, so that a result never depends, to the last bit, on how
        many there are.
        """
        codes = [self(crop[None].to(self.low.dtype) / 255)[0] for crop in crops]
        return with_codes(tracked, self._rig, torch.stack(codes))


def codes_of(pose: Pose, rig: Rig) -> Float[Tensor, "*batch codes"]:
    """What an encoder is to find: expression coefficients, then the jaw's angles."""
    if _JAW not in rig.joint_names:
        return pose.expression
    jaw = pose.joint_rotations[..., rig.joint_index(_JAW) - 1, :]
    return torch.cat([pose.expression, jaw], -1)


def with_codes(pose: Pose, rig: Rig, codes: Float[Tensor, "*batch codes"]) -> Pose:
    """A pose with other expression, eyelids and jaw; head pose, neck and gaze stay."""
    count = rig.num_expressions
    replaced = replace(pose, expression=codes[..., :count])
    if _JAW not in rig.joint_names:
        return replaced
    joint = torch.tensor([rig.joint_index(_JAW) - 1], device=codes.device)
    joints = pose.joint_rotations.index_copy(-2, joint, codes[..., None, count:])
    return replace(replaced, joint_rotations=joints)


def code_reach(rig: Rig) -> Float[Tensor, "codes"]:
    """Metres that the surface moves at most per unit of each code."""
    reach = rig.expression_basis.norm(dim=-1).amax(-1)
    if _JAW not in rig.joint_names:
        return reach
    jaw = rig.joint_index(_JAW)
    arms = (rig.vertices - rig.joints[jaw]) * rig.skinning_weights[:, jaw, None]
    about_axes = [arms[:, [b for b in range(3) if b != a]].norm(dim=-1).max() for a in range(3)]
    return torch.cat([reach, torch.stack(about_axes)])


def default_ranges(rig: Rig) -> tuple[Float[Tensor, "codes"], Float[Tensor, "codes"]]:
    """Lower and upper bounds of the codes of a rig of blendshapes."""
    ranges = [EXPRESSION_RANGE] * rig.num_expressions
    if _JAW in rig.joint_names:
        ranges += JAW_RANGES
    low, high = rig.vertices.new_tensor(ranges).unbind(-1)
    return low.clone(), high.clone()


def _scaling(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return {
        "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    }[name]
