"""The training loss of a head avatar: the picture, and what keeps the avatar sane."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.head import HeadAvatar
from incarnate.avatars.intrinsics import light_roughness
from incarnate.avatars.materials import (
    START_OCCLUSION_LOGIT,
    START_REFLECTANCE_LOGIT,
    START_ROUGHNESS_LOGIT,
)
from incarnate.avatars.nodes import at_splats, mean_over_splats
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import srgb_from_linear
from incarnate.splats.raster import Raster
from incarnate.train.frames import TrainingFrame
from incarnate.train.image_losses import l1_ssim
from incarnate.train.recipes import LossWeights

# Units in which squared distances are counted, metres.
_DRIFT_UNIT = 5e-3
_CORRECTIVE_UNIT = 1e-3
# A splat larger than this standard deviation is a blob, not a surface, metres.
_LARGEST_SCALE = 12e-3
# Log-ratio by which a splat's thin axis is at least thinner than its others.
_LEAST_FLATNESS = 0.7
# Coverage from which the depth of a pixel is that of a surface.
_SOLID = 0.9
# Radiances below this are as good as dark.
_FAINT_LIGHT = 1e-3
# Log-ratio of two albedos at which they count as different pigments.
_ALBEDO_SPREAD = 0.25
# The same for a splat and its neighbourhood: pores and beard stay, the shading of folds goes.
_DETAIL_SPREAD = 0.2


@runtime_checkable
class PictureWeights(Protocol):
    """Weights of the terms that compare pictures, of heads and bodies alike."""

    @property
    def l1(self) -> float:
        """Mean absolute difference."""
        ...

    @property
    def ssim(self) -> float:
        """One minus the structural similarity."""
        ...

    @property
    def alpha(self) -> float:
        """Mean absolute difference of coverage and matte."""
        ...


def picture_loss(
    image: Float[Tensor, "height width 3"],
    raster: Raster,
    frame: TrainingFrame,
    weights: PictureWeights,
) -> dict[str, Tensor]:
    """Weighted terms that compare one rendered picture with one frame.

    Args:
        image: Linear RGB of the avatar over black.
        raster: Where it came from, for its alpha.
        frame: What the camera saw.
        weights: The recipe's weights.
    """
    l1, ssim = l1_ssim(srgb_from_linear(image), frame.target)
    return {
        "l1": weights.l1 * l1,
        "ssim": weights.ssim * (1 - ssim),
        "alpha": weights.alpha * (raster.alpha - frame.matte).abs().mean(),
    }


def albedo_loss(raster: Raster, frame: TrainingFrame, weights: LossWeights) -> dict[str, Tensor]:
    """The weighted distance to the albedo that a network guessed; nothing where there is none."""
    if frame.albedo is None or weights.pseudo_albedo == 0:
        return {}
    apart = srgb_from_linear(raster.sum("albedo")) - frame.albedo
    return {"pseudo_albedo": weights.pseudo_albedo * apart.abs().mean()}


def depth_normal_loss(raster: Raster, camera: Camera, weights: LossWeights) -> dict[str, Tensor]:
    """One minus the cosine between splatted normals and those of the splatted depth, weighted.

    Pixels count by their coverage, where that is a surface's to all sides. A weight of zero costs
    no time.
    """
    if weights.depth_normal == 0:
        return {}
    solid = -torch.nn.functional.max_pool2d(-raster.alpha.detach()[None], 3, stride=1)[0]
    weight = torch.where(solid > _SOLID, solid, 0)
    splatted = torch.nn.functional.normalize(raster.sum("normal")[1:-1, 1:-1], dim=-1)
    apart = 1 - (splatted * normals_of_depth(raster.depth, camera)).sum(-1)
    mean = (weight * apart).sum() / weight.sum().clamp(min=1)
    return {"depth_normal": weights.depth_normal * mean}


def normals_of_depth(
    depth: Float[Tensor, "height width"], camera: Camera
) -> Float[Tensor, "rows columns 3"]:
    """Unit world normals, toward the camera, of the surface that a depth map shows.

    Args:
        depth: z in camera axes, metres.
        camera: Its view.

    Returns:
        Those of all pixels but the outermost.
    """
    rotation = camera.camera_from_world[:3, :3]
    rays = camera.pixel_rays() @ rotation.T
    points = rays / rays[..., 2:] * depth[..., None]
    right = points[1:-1, 2:] - points[1:-1, :-2]
    down = points[2:, 1:-1] - points[:-2, 1:-1]
    # With y down and z forward, down × right points back at the camera.
    return torch.nn.functional.normalize(torch.linalg.cross(down, right), dim=-1) @ rotation


def restraints(avatar: HeadAvatar, weights: LossWeights) -> dict[str, Tensor]:
    """Weighted terms on the avatar's parameters alone.

    Short fits cheat where nothing stops them: splats drift to fake moving highlights by parallax,
    rotations turn to fake shading, bases overfit (docs/head.md).
    """
    drift = (avatar.means - avatar.start_means).square().sum(-1) / _DRIFT_UNIT**2
    turn = _half_turn_squared(avatar.quaternions, avatar.start_quaternions)
    terms = {
        "drift": weights.drift * drift.mean(),
        "normal": weights.normal * turn.mean(),
        "flatness": weights.flatness * shape_penalty(avatar.log_scales),
    }
    if avatar.model.bases == "learned":
        size = avatar.corrective_basis.square().sum((1, 2)) / _CORRECTIVE_UNIT**2
        terms["correctives"] = weights.correctives * size.mean()
    if avatar.model.shading == "shaded":
        terms["light"] = weights.light * light_penalty(
            avatar.learned_light.radiance, avatar.start_light.radiance
        )
        variety, detail = _albedo_variety(avatar)
        terms["albedo"] = weights.albedo * variety + weights.detail * detail
        terms["residual"] = weights.residual * avatar.residual.square().mean()
        own = avatar.splat_residual.square().mean()
        terms["splat_residual"] = weights.splat_residual * own
        if avatar.model.occlusion == "learned":
            terms["occlusion"] = weights.occlusion * _occlusion_size(avatar)
        rougher = avatar.roughness_logits - START_ROUGHNESS_LOGIT
        shinier = avatar.reflectance_logits - START_REFLECTANCE_LOGIT
        terms["materials"] = weights.materials * (rougher.square() + shinier.square()).mean()
    return terms


def _half_turn_squared(
    quaternions: Float[Tensor, "splats 4"], starts: Float[Tensor, "splats 4"]
) -> Float[Tensor, "splats"]:
    """sin²(angle/2) between rotations; the starts are unit quaternions."""
    cosine = (torch.nn.functional.normalize(quaternions, dim=-1) * starts).sum(-1)
    return 1 - cosine.square()


def shape_penalty(log_scales: Float[Tensor, "splats 3"]) -> Float[Tensor, ""]:
    """Penalty on splats that lose their thin axis, or outgrow a surface's detail."""
    limit = torch.log(log_scales.new_tensor(_LARGEST_SCALE))
    too_large = torch.relu(log_scales - limit).square().sum(-1)
    thin = log_scales[:, 2] - log_scales[:, :2].amin(-1)
    too_thick = torch.relu(thin + _LEAST_FLATNESS).square()
    return (too_large + too_thick).mean()


def light_penalty(
    radiance: Float[Tensor, "height width 3"], start: Float[Tensor, "height width 3"]
) -> Float[Tensor, ""]:
    """Roughness of the log-ratio of a light to the one it started from, and its mean squared.

    Albedo times light is all that a picture shows: the mean fixes the scale between the two. It
    is taken over colours, since a grey-light prior was found wrong (docs/head.md).
    """
    ratio = (radiance + _FAINT_LIGHT) / (start + _FAINT_LIGHT)
    return light_roughness(ratio) + torch.log(ratio).mean().square()


def _occlusion_size(avatar: HeadAvatar) -> Float[Tensor, ""]:
    """Mean squared departure of the occlusion logits from their start, over splats and poses.

    Codes have unit variance, so the squares of a basis add up to the variance that it causes.
    Occlusion is kept under every light: free, it takes what the training light's model misses,
    the shading of a turning head included, and the avatar carries that light along.
    """
    still = (avatar.occlusion_logits - START_OCCLUSION_LOGIT).square()
    return (still + avatar.occlusion_basis.square().sum(-1)).mean()


def _albedo_variety(avatar: HeadAvatar) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Robust distances between the log albedos of all pairs of nodes, and of splats to their nodes.

    Few pigments make up a head, so what varies gently over it is light, not albedo (the global
    sparsity of Barron and Malik, "Shape, illumination, and reflectance from shading", TPAMI 2015).
    Pairs that differ much, as skin and hair do, no longer pull at each other.
    """
    log = torch.nn.functional.logsigmoid(avatar.albedo_logits)
    reads = avatar.node_reads
    mean, weight = mean_over_splats(log, reads, len(avatar.residual))
    detail = (log - at_splats(mean, reads)) / _DETAIL_SPREAD
    mean = mean[weight > 0]
    ratio = (mean[:, None] - mean[None]) / _ALBEDO_SPREAD
    return torch.log1p(ratio.square()).mean(), torch.log1p(detail.square()).mean()
