"""Which splats of a head an edit reaches: all, those of a part, or those of a painted region."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from scipy.spatial import KDTree
from torch import Tensor, nn

from incarnate.avatars.head import HeadAvatar
from incarnate.errors import AvatarError
from incarnate.geometry.closest_points import closest_surface_points
from incarnate.rigs.rig import Rig
from incarnate.rigs.uv_layout import lay_out

SURFACE_REACH = 0.020
"""Splats farther than this from the rest surface (metres), such as hair, lie in no region."""
# Within this many metres a splat belongs to the surface in full: training moves splats.
_SURFACE_NEAR = 0.010
MAX_FEATHER = 0.030
"""Widest soft border, metres."""


@dataclass(frozen=True)
class PaintedRegion:
    """What a picture on the rig's uv says: white is reached, black is not, grey in part."""

    mask: Float[Tensor, "height width"]
    """In [0, 1]; the top row is v = 1."""
    feather: float = 0.0
    """Standard deviation of the soft border, metres."""


@dataclass(frozen=True)
class PartRegion:
    """A part of the rig."""

    name: str
    """One of the rig's ``part_names``."""
    feather: float = 0.0
    """Standard deviation of the soft border, metres."""


@dataclass(frozen=True)
class RestSurface:
    """Where splats lie on the rest surface of their rig."""

    faces: Int[Tensor, "splats"]
    """Triangle of the nearest surface point."""
    barycentric: Float[Tensor, "splats 3"]
    """Weights of its corners."""
    nearness: Float[Tensor, "splats"]
    """1 on and near the surface, falling to 0 at `SURFACE_REACH`."""

    @staticmethod
    def under(points: Float[Tensor, "splats 3"], rig: Rig) -> "RestSurface":
        """The nearest surface points of some points in rest space."""
        faces, barycentric, distance = closest_surface_points(points, rig.vertices, rig.faces)
        nearness = (SURFACE_REACH - distance) / (SURFACE_REACH - _SURFACE_NEAR)
        return RestSurface(faces, barycentric, nearness.clamp(0, 1))

    def read(
        self, values: Float[Tensor, "corners width"], triangles: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "splats width"]:
        """Values at vertices or texture coordinates, interpolated to the splats."""
        return (self.barycentric[..., None] * values[triangles[self.faces]]).sum(1)


def region_weights(
    avatar: HeadAvatar, region: PaintedRegion | PartRegion | None
) -> Float[Tensor, "splats"]:
    """How much of an edit each splat takes, in [0, 1]; None reaches the whole avatar.

    A splat is looked up where the rest surface is nearest to it. Hair and whatever else lies
    beyond `SURFACE_REACH` belongs to no region.

    Raises:
        AvatarError: The rig has no such part, the soft border is too wide, or no splat is reached.
    """
    means = avatar.means.detach()
    if region is None:
        return means.new_ones(len(means))
    if not 0 <= region.feather <= MAX_FEATHER:
        raise AvatarError(
            f"a soft border of {1000 * region.feather:g} mm: give 0 to {1000 * MAX_FEATHER:g} mm."
        )
    surface = RestSurface.under(means, avatar.rig)
    if isinstance(region, PartRegion):
        weights = _part_weights(surface, avatar.rig, region.name)
    else:
        uv = surface.read(avatar.rig.uv, avatar.rig.uv_faces)
        weights = sample_mask(region.mask, uv)
    weights = (_feathered(weights, means, region.feather) * surface.nearness).clamp(0, 1)
    if not bool((weights > 0).any()):
        raise AvatarError(
            "the region reaches no splat: nothing is white where the avatar's uv lies; "
            "`incarnate edit AVATAR --template FILE.png` draws that layout."
        )
    return weights


def mask_from_picture(
    pixels: UInt8[np.ndarray, "height width channels"],
) -> Float[Tensor, "height width"]:
    """A region's mask from an RGB or RGBA picture: its grey value, none where it is transparent."""
    values = torch.from_numpy(pixels.astype(np.float32) / 255)
    return values[..., :3].mean(-1) * (values[..., 3] if values.shape[-1] == 4 else 1.0)


def sample_mask(
    mask: Float[Tensor, "height width"], uv: Float[Tensor, "points 2"]
) -> Float[Tensor, "points"]:
    """Bilinear values of a picture at texture coordinates (origin bottom left)."""
    grid = torch.stack([2 * uv[:, 0] - 1, 1 - 2 * uv[:, 1]], -1)
    picture, places = mask.to(uv)[None, None], grid[None, None]
    return nn.functional.grid_sample(
        picture, places, padding_mode="border", align_corners=False
    ).flatten()


def albedo_on_uv(avatar: HeadAvatar, size: int) -> Float[Tensor, "size size 3"]:
    """The avatar's albedo over its rig's texture layout, linear RGB; black beside the layout."""
    rig = avatar.rig
    layout = lay_out(rig, size)
    covered = layout.raster.covered
    texels = layout.read(rig.vertices, rig.faces)[covered]
    # Faint splats are seldom seen, and their colours mean little.
    solid = avatar.opacity_logits.detach() > 0
    solid = solid if int(solid.sum()) > 1 else torch.ones_like(solid)
    tree = KDTree(avatar.means.detach()[solid].numpy())
    _, nearest = tree.query(texels.numpy(), k=2)
    picture = torch.zeros(size, size, 3)
    colours = avatar.albedo().detach()[solid]
    picture[covered] = colours[torch.from_numpy(np.asarray(nearest))].mean(1)
    return picture


def _part_weights(surface: RestSurface, rig: Rig, name: str) -> Float[Tensor, "splats"]:
    if name not in rig.part_names:
        known = ", ".join(rig.part_names)
        raise AvatarError(f"rig {rig.name!r} has no part {name!r}; these exist: {known}.")
    belongs = (rig.parts == rig.part_names.index(name)).to(rig.vertices)
    return surface.read(belongs[:, None], rig.faces)[:, 0]


def _feathered(
    weights: Float[Tensor, "splats"], means: Float[Tensor, "splats 3"], feather: float
) -> Float[Tensor, "splats"]:
    """Weights averaged over neighbouring splats by a Gaussian, cut off at two deviations."""
    if feather == 0:
        return weights
    tree = KDTree(means.double().numpy())
    apart = tree.sparse_distance_matrix(tree, 2 * feather, output_type="coo_matrix").tocsr()
    apart.data = np.exp(-0.5 * (apart.data / feather) ** 2)
    # A splat's distance to itself is no entry of a sparse matrix; its weight is one.
    apart.setdiag(1.0)
    smooth = (apart @ weights.double().numpy()) / np.asarray(apart.sum(1)).ravel()
    return torch.from_numpy(smooth).to(weights)
