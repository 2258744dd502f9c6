"""A lit avatar for viewers that can't shade: its colours by direction, in spherical harmonics."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.avatar import Avatar
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import srgb_from_linear
from incarnate.geometry.rotations import quaternion_normalized
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose
from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.harmonics import HarmonicFit, even_directions
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

# What a splat looks like from behind counts this much beside a frontal view: other splats hide it.
_BACK_WEIGHT = 0.02
# So long a lens sees all splats along one direction, to a ten-thousandth of a degree.
_FOCAL_LENGTH = 1e12


@dataclass(frozen=True)
class BakeSettings:
    """How colours are baked."""

    degree: int = 3
    """Of the spherical harmonics, 0 to 3: 3, 12, 27 or 48 numbers a splat."""
    num_directions: int = 64
    """From how many sides each splat is looked at."""
    exposure: float = 0.0
    """Brightens by so many stops."""


@torch.no_grad()
def bake(
    avatar: Avatar,
    pose: Pose,
    camera: Camera,
    light: Environment | None = None,
    settings: BakeSettings = BakeSettings(),
) -> SplatCloud:
    """The posed, lit avatar as a cloud whose colours any viewer of splats can show.

    Every splat is shaded alone, as if it covered a pixel, from directions all around; the sRGB
    colours are fitted by least squares, views of its front first. Viewers blend what comes out in
    sRGB; Python shades blended materials in linear light. docs/export.md has what that costs.

    Args:
        avatar: Who.
        pose: One pose in the rig's order.
        camera: Where view-dependent channels of the avatar are asked for.
        light: What lights the person; None is the light of the training capture.
        settings: Degree, directions, exposure.
    """
    splats = avatar.splat(pose, camera, light)
    fit = HarmonicFit(len(splats), settings.degree)
    for direction in even_directions(settings.num_directions):
        radiance = shade_splats(avatar, splats, direction, light)
        colours = srgb_from_linear(radiance * 2.0**settings.exposure).clamp(0, 1)
        fit.add(direction, colours, _weights(splats, direction))
    return SplatCloud(
        means=splats.means.float().numpy(),
        quaternions=quaternion_normalized(splats.quaternions).float().numpy(),
        log_scales=splats.log_scales.float().numpy(),
        opacity_logits=splats.opacity_logits.float().numpy(),
        harmonics=fit.solve().numpy(),
    )


def shade_splats(
    avatar: Avatar, splats: Splats, direction: Float[Tensor, "3"], light: Environment | None
) -> Float[Tensor, "splats 3"]:
    """Linear colour of every splat, seen from afar along a direction.

    The avatar is handed a picture one pixel high in which each splat covers a pixel of its own: so
    the colours are those of its own shading, whatever kind of avatar it is.
    """
    count = len(splats)
    raster = Raster(
        sums=splats.features[None],
        alpha=splats.features.new_ones(1, count),
        depth_sum=splats.features.new_ones(1, count),
        channels=splats.channels,
    )
    lens = torch.tensor(
        [[_FOCAL_LENGTH, 0.0, 0.5 * count], [0.0, _FOCAL_LENGTH, 0.5], [0.0, 0.0, 1.0]]
    )
    view = torch.eye(4)
    # Any roll will do: the least component of the direction gives an axis that is not along it.
    across = torch.linalg.cross(direction, torch.eye(3)[direction.abs().argmin()], dim=0)
    view[0, :3] = torch.nn.functional.normalize(across, dim=0)
    view[2, :3] = direction
    view[1, :3] = torch.linalg.cross(view[2, :3], view[0, :3], dim=0)
    return avatar.shade(raster, Camera(lens, view, count, 1), light)[0]


def _weights(splats: Splats, direction: Float[Tensor, "3"]) -> Float[Tensor, "splats"]:
    """How much a view counts: most when it is frontal, equally where there is no normal."""
    if "normal" not in splats.channels:
        return splats.means.new_ones(len(splats))
    return (splats["normal"] @ -direction).clamp(min=0) + _BACK_WEIGHT
