"""From a distilled body to the body of a package: what its clips need of what the pose changes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.distilled_body import DistilledPainter
from incarnate.avatars.files import Stage
from incarnate.avatars.pose_changes import CHANGE_LIMITS, CHANGE_UNITS, POSE_CHANNELS
from incarnate.avatars.pose_condition import make_pose_condition
from incarnate.avatars.pose_signature import pose_signatures
from incarnate.errors import AvatarError
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.view.package_body import BODY_INFLUENCES, Changes, PackagedBody
from incarnate.view.package_reduction import (
    principal_directions,
    resting_splats,
    strongest_joints,
    surface_of,
    without_mesh,
)

MOST_COEFFICIENTS: Final = 64
"""Directions of change that a package keeps at most, if left to itself."""
# Share of the changes' variance within the clips that is kept; with the rest left out, pictures
# agree within some 50 dB.
_KEPT = 0.9995
# An offset of a millimetre counts as much as two hundredths of any other channel's unit range:
# stripes that move by a pixel change a picture more than a shade of theirs.
_OFFSET_GAIN = 50.0
_OFFSETS = slice(3, 6)
_NO_ENERGY = 1e-18


@torch.no_grad()
def baked_body(
    avatar: BodyAvatar, stage: Stage, num_coefficients: int = MOST_COEFFICIENTS
) -> tuple[PackagedBody, Stage]:
    """Reduce a body avatar to what some clips need, before any rounding.

    Args:
        avatar: Trained and distilled; it is not changed.
        stage: The camera, and the clips that are to be shown: each frame is baked.
        num_coefficients: How many directions of change to keep at most; fewer if those do.

    Returns:
        The body, and the stage with the coefficients of each frame as its expression.

    Raises:
        AvatarError: Nothing was distilled from the body.
    """
    changes, coefficients = _baked_changes(avatar, stage, num_coefficients)
    names = tuple(f"change {index}" for index in range(coefficients.shape[1]))
    joints, weights = strongest_joints(avatar.skinning_weights(), BODY_INFLUENCES)
    rig = without_mesh(avatar.rig)
    body = PackagedBody(
        rig=replace(
            rig,
            expression_names=names,
            expression_basis=rig.expression_basis.new_zeros(len(names), 0, 3),
        ),
        splats=resting_splats(avatar),
        joints=joints,
        weights=weights,
        surface=surface_of(avatar),
        changes=changes,
        light=replace(avatar.learned_light, name="capture"),
        shading=avatar.model.shading,
    )
    poses = replace(stage.poses, expression=coefficients, expression_names=names)
    return body, replace(stage, poses=poses)


def _baked_changes(
    avatar: BodyAvatar, stage: Stage, num_coefficients: int
) -> tuple[Changes, Float[Tensor, "frames coefficients"]]:
    units, limits = (avatar.means.new_tensor(values) for values in (CHANGE_UNITS, CHANGE_LIMITS))
    if avatar.model.dependence == "static":
        nothing = avatar.means.new_zeros(avatar.num_splats, POSE_CHANNELS, 1)
        still = avatar.means.new_zeros(len(stage.poses), 1)
        return Changes(nothing[..., 0], nothing, units, limits), still
    painter = avatar.distilled
    if painter is None:
        raise AvatarError(
            "a body is packed with its small decoder, and this one has none yet: make it with "
            "`incarnate distil AVATAR CAPTURE`, CAPTURE being what the body was trained on"
        )
    times = [index / stage.fps for index in range(len(stage.poses))]
    found = _components(avatar, painter, stage.poses, times, stage.clips)
    at_rest = _components(avatar, painter, rest_pose(avatar.rig).as_batch(), [0.0], ())[0]
    decoder, reading = painter.decoder, painter.reading
    whole = torch.stack([reading.read(component) for component in decoder.basis], -1)
    if avatar.memory is not None and avatar.memory.details is not None:
        whole = torch.cat([whole, avatar.memory.details[..., None]], -1)
    start = reading.read(decoder.mean) + whole @ at_rest
    basis, coefficients = _reduced(whole, found - at_rest, units, num_coefficients)
    return Changes(start, basis, units, limits), coefficients


def _components(
    avatar: BodyAvatar,
    painter: DistilledPainter,
    poses: Pose,
    times: Sequence[float],
    clips: tuple[str, ...],
) -> Float[Tensor, "frames components"]:
    """Where poses lie among the decoder's components, and those of the memory's details."""
    condition = make_pose_condition(avatar.maps, avatar.model.signature)
    signatures = pose_signatures(condition, avatar.rig, poses, times, clips)
    found = painter.decoder.limited(painter.inputs(signatures))
    if avatar.memory is None:
        return found
    shares = torch.stack([avatar.memory.shares(signature) for signature in signatures])
    found = found + shares @ painter.key_coefficients
    if avatar.memory.details is None:
        return found
    return torch.cat([found, shares.sum(1, keepdim=True)], 1)


def _reduced(
    whole: Float[Tensor, "splats channels components"],
    coefficients: Float[Tensor, "frames components"],
    units: Float[Tensor, "channels"],
    most: int,
) -> tuple[Float[Tensor, "splats channels kept"], Float[Tensor, "frames kept"]]:
    """The directions in which the clips change splats most, and the frames' places along them.

    As for a head: Uᵀ M takes a frame f to its coefficients, with U the principal directions of the
    changes M f.
    """
    gain = units.clone()
    gain[_OFFSETS] *= _OFFSET_GAIN
    rows = (whole * gain[:, None]).flatten(0, 1)
    gram = (rows.T @ rows).double()
    frames = coefficients.double()
    moments = frames.T @ frames / len(frames)
    # A clip that never moves along some component leaves it out, but must not stop the roots.
    floor = 1e-9 * moments.diagonal().mean().clamp(min=_NO_ENERGY)
    moments += floor * torch.eye(len(moments), dtype=moments.dtype)
    to_basis, energy = principal_directions(gram, moments)
    found = frames @ gram @ to_basis
    # What moves within the clips decides, however far all of them are from the pose at rest.
    moving = found.var(0, correction=0).sum()
    left_out = energy.sum() - energy.cumsum(0)
    count = min(int((left_out > (1 - _KEPT) * moving).sum()) + 1, most, len(energy))
    found, to_basis = found[:, :count], to_basis[:, :count]
    # Coefficients of the order of one keep bytes of the basis away from their ends.
    size = found.square().mean(0).sqrt().clamp(min=1e-12)
    basis = (whole.flatten(0, 1) @ (to_basis * size).float()).unflatten(0, whole.shape[:2])
    return basis, (found / size).float()
