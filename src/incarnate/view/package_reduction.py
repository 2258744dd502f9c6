"""From a trained head avatar to the head of a package: fewer bases, fewer joints a splat."""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.avatars.avatar import Avatar
from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar, thin_axis
from incarnate.avatars.materials import REFLECTANCE_RANGE, ROUGHNESS_RANGE, decode_bounded
from incarnate.avatars.transfer import transfer_of, wholly_open
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.light.pictures import facing_normals
from incarnate.light.prefilter import prefilter
from incarnate.light.shading import SurfaceMaps, shade_surface
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.splats.splats import Splats
from incarnate.view.package_body import Packaged
from incarnate.view.package_head import (
    INFLUENCES,
    Deformation,
    Exposure,
    PackagedHead,
    Surface,
)

NUM_COEFFICIENTS = 48
"""Principal directions of deformation that a package keeps, if left to itself."""
TRANSFER_RANK = 32
"""Principal skies that shadows are made of."""

# Sigmoid of it is one to float32's last digit: no occlusion.
_OPEN = 20.0
# Coefficient of expressions that the motion never shows: sliders move them all the same.
_SLIDERS = 0.1
_NO_ENERGY = 1e-18


@torch.no_grad()
def reduced_head(
    avatar: HeadAvatar, stage: Stage, num_coefficients: int = NUM_COEFFICIENTS
) -> PackagedHead:
    """Reduce a head avatar to what a package holds, before any rounding to half floats.

    Args:
        avatar: Trained; it is not changed.
        stage: The person's own motion, whose directions come first.
        num_coefficients: How many directions of deformation to keep; all if it has fewer.
    """
    joints, weights = strongest_joints(avatar.skinning_weights(), INFLUENCES)
    return PackagedHead(
        rig=without_mesh(avatar.rig),
        splats=resting_splats(avatar),
        joints=joints,
        weights=weights,
        surface=surface_of(avatar),
        deformation=_deformation(avatar, stage.poses, num_coefficients),
        exposure=_exposure(avatar, stage.camera),
        light=replace(avatar.learned_light, name="capture"),
        shading=avatar.model.shading,
    )


def strongest_joints(
    weights: Float[Tensor, "splats joints"], most: int
) -> tuple[Int[Tensor, "splats influences"], Float[Tensor, "splats influences"]]:
    """The joints that move each splat most, and their share of its motion.

    Args:
        weights: Skinning weights; those below zero count as nothing.
        most: Joints to keep.

    Returns:
        Joints in falling order, and non-negative weights that sum to one; filled up with joint 0
        and nothing to whole sets of four, as glTF has them.
    """
    kept, joints = weights.topk(min(most, weights.shape[-1]))
    kept = kept.clamp(min=0)
    missing = (0, -kept.shape[-1] % 4)
    pad = torch.nn.functional.pad
    return pad(joints, missing), pad(kept / kept.sum(-1, keepdim=True), missing)


def resting_splats(avatar: HeadAvatar | BodyAvatar) -> Splats:
    """The splats in rest space, with the channel ``albedo``; rotations have unit length."""
    return Splats(
        means=avatar.means.detach(),
        quaternions=torch.nn.functional.normalize(avatar.quaternions.detach(), dim=-1),
        log_scales=avatar.log_scales.detach(),
        opacity_logits=avatar.opacity_logits.detach(),
        features=avatar.albedo(),
        channels=("albedo",) * 3,
    )


def surface_of(avatar: HeadAvatar | BodyAvatar) -> Surface:
    """Materials of the splats, decoded."""
    return Surface(
        albedo=avatar.albedo(),
        roughness=decode_bounded(avatar.roughness_logits.detach(), ROUGHNESS_RANGE),
        reflectance=decode_bounded(avatar.reflectance_logits.detach(), REFLECTANCE_RANGE),
    )


def without_mesh(rig: Rig) -> Rig:
    """The rig's joints and names, with a mesh of nothing."""
    return replace(
        rig,
        vertices=rig.vertices[:0],
        faces=rig.faces[:0],
        uv=rig.uv[:0],
        uv_faces=rig.uv_faces[:0],
        parts=rig.parts[:0],
        shape_basis=rig.shape_basis[:0, :0],
        shape_names=(),
        expression_basis=rig.expression_basis[:, :0],
        joint_shape_basis=rig.joint_shape_basis[:0],
        skinning_weights=rig.skinning_weights[:0],
        pose_basis=None,
        landmarks={},
    )


def _deformation(avatar: HeadAvatar, poses: Pose, num_coefficients: int) -> Deformation:
    """Rig's and learned bases in one, reduced to the directions in which splats move most.

    Features f (expression and codes) have second moments C = L Lᵀ over the motion, and a little
    more, so that every slider moves something. With M the stacked bases and U the principal
    directions of the displacements M f, Uᵀ M takes features to coefficients.
    """
    learned = avatar.corrective_basis.detach()
    if avatar.model.bases == "frozen":
        learned = torch.zeros_like(learned)
    whole = torch.cat([avatar.rig_basis, learned], -1)
    rows = whole.flatten(0, 1).double()
    features = torch.cat([poses.expression, avatar.projection(poses)], -1).double()
    moments = features.T @ features / len(features)
    moments += _SLIDERS**2 * torch.eye(len(moments), dtype=moments.dtype)
    gram = rows.T @ rows
    to_basis = principal_directions(gram, moments)[0][:, :num_coefficients]
    coefficients = to_basis.T @ gram
    # Coefficients of the order of one keep half floats of the basis away from their ends.
    size = ((coefficients @ moments) * coefficients).sum(-1).sqrt().clamp(min=1e-12)
    basis = (rows @ to_basis * size).to(whole.dtype).unflatten(0, whole.shape[:2])
    return Deformation(
        avatar.projection, (coefficients / size[:, None]).to(whole.dtype).contiguous(), basis
    )


def principal_directions(
    gram: Float[Tensor, "features features"], moments: Float[Tensor, "features features"]
) -> tuple[Float[Tensor, "features directions"], Float[Tensor, "directions"]]:
    """The directions in which M f moves most, for features f of given second moments.

    With moments C = L Lᵀ they are U = M L Q Λ^(−1/2), where Q Λ Qᵀ = Lᵀ Mᵀ M L.

    Args:
        gram: Mᵀ M.
        moments: C, positive definite.

    Returns:
        L Q Λ^(−1/2), which M takes to the unit directions in falling order, and the energies Λ
        along them. A direction without energy gives zeros.
    """
    lower = torch.linalg.cholesky(moments)
    energy, directions = torch.linalg.eigh(lower.T @ gram @ lower)
    energy = energy.flip(0).clamp(min=0)
    return lower @ directions.flip(1) * energy.clamp(min=_NO_ENERGY).rsqrt(), energy


def _exposure(avatar: HeadAvatar, camera: Camera) -> Exposure:
    model, share = avatar.model, avatar.shadow_share(torch.eye(avatar.rig.num_joints))
    visibility = avatar.visibility
    if model.shadows == "off":
        visibility = wholly_open(avatar.num_splats)
    transfer = transfer_of(thin_axis(avatar.start_quaternions), visibility)
    # The last components carry most.
    kept = slice(-TRANSFER_RANK, None)
    logits, basis = avatar.occlusion_logits.detach(), avatar.occlusion_basis.detach()
    if model.occlusion == "off":
        logits, basis = torch.full_like(logits, _OPEN), torch.zeros_like(basis)
    return Exposure(
        transfer=replace(
            transfer,
            weights=transfer.weights[:, kept],
            bare=transfer.bare[kept],
            open=transfer.open[kept],
        ),
        frame_joints=tuple(avatar.shadow_joints),
        frame_of_joint=share,
        logits=logits,
        basis=basis,
        training_gain=_training_gain(avatar, camera),
    )


def _training_gain(avatar: HeadAvatar, camera: Camera) -> Float[Tensor, "splats 3"]:
    """What the training light alone is multiplied by: exposure with the residual over without."""
    pose, light = rest_pose(avatar.rig), avatar.learned_light
    with_it = avatar.splat(pose, camera)["exposure"]
    return with_it / avatar.splat(pose, camera, light)["exposure"].clamp(min=1e-9)


@torch.no_grad()
def lit_colors(
    packaged: Packaged, camera: Camera, light: Environment | None = None
) -> Float[Tensor, "splats 3"]:
    """Linear colour of each splat at rest, as seen from a camera: for viewers that can't shade."""
    avatar: Avatar = packaged
    splats = avatar.splat(rest_pose(packaged.rig), camera, light)
    if packaged.shading == "baked":
        return splats["albedo"]
    to_camera = torch.nn.functional.normalize(camera.center - splats.means, dim=-1)
    exposure = splats["exposure"].clamp(min=1e-3)
    occlusion = exposure.mean(-1, keepdim=True)
    surface = SurfaceMaps(
        albedo=splats["albedo"] * (exposure / occlusion),
        roughness=splats["roughness"],
        reflectance=splats["reflectance"],
        normal=facing_normals(splats["normal"], to_camera),
        occlusion=occlusion,
    )
    ready = prefilter(packaged.light if light is None else light)
    return shade_surface(surface, to_camera, ready).radiance
