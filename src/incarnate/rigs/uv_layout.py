"""A rig's texture layout as a picture to paint on."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear, linear_from_srgb
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.rigs.rig import Rig

# Width of a drawn edge on its triangle's side, pixels; in small triangles a share of their height,
# so that eyes and lips stay visible below their wires.
_LINE_WIDTH, _LINE_SHARE = 1.0, 0.12
# How much a line hides of what is below it, so that what is painted stays readable.
_LINE_OPACITY = 0.6
# sRGB of lines, a part each, told apart by hue; rigs with more parts begin again.
_PART_COLOURS = (
    (0.35, 0.75, 1.0), (1.0, 0.35, 0.45), (0.9, 0.5, 1.0), (0.3, 0.95, 0.5),
    (0.2, 0.8, 0.7), (1.0, 0.9, 0.4), (1.0, 0.6, 0.2),
)  # fmt: skip


@dataclass(frozen=True)
class UvLayout:
    """Which point of the rest surface each texel of a picture shows."""

    raster: MeshRaster
    """Triangle and weights of each texel; the top row is v = 1."""
    corners: Float[Tensor, "texels 2"]
    """Texture coordinates in pixels, the centre of the top-left one at (0.5, 0.5)."""

    def read(
        self, values: Float[Tensor, "vertices width_of_value"], faces: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "height width width_of_value"]:
        """Values at the rig's vertices, interpolated to the texels; zero beside the layout."""
        return self.raster.interpolate(values, faces)


def lay_out(rig: Rig, size: int) -> UvLayout:
    """The layout of a rig on a square picture.

    Args:
        rig: Whose.
        size: Side of the picture, pixels.
    """
    corners = torch.stack([rig.uv[:, 0], 1 - rig.uv[:, 1]], -1) * size
    flat = torch.cat([corners, torch.ones_like(corners[:, :1])], -1)
    # With these intrinsics a point at depth one projects to its own x and y.
    camera = Camera(torch.eye(3), torch.eye(4), size, size)
    return UvLayout(rasterize_mesh(flat, rig.uv_faces, camera), corners)


def draw_uv_layout(
    rig: Rig, size: int = 2048, fill: Float[Tensor, "size size 3"] | None = None
) -> UInt8[np.ndarray, "size size 3"]:
    """The wireframe of a rig's texture layout, coloured by part.

    Args:
        rig: Whose.
        size: Side of the picture, pixels.
        fill: Linear RGB below the wires, such as the person's albedo; black if left out.
    """
    layout = lay_out(rig, size)
    below = torch.zeros(size, size, 3) if fill is None else fill
    face = layout.raster.face.clamp(min=0)
    palette = torch.tensor(_PART_COLOURS)
    part = rig.parts[rig.faces[:, 0]] % len(palette)
    wires = linear_from_srgb(palette)[part[face]]
    visible = layout.raster.covered & _near_edge(layout, rig.uv_faces)
    share = (_LINE_OPACITY * visible)[..., None]
    return bytes_from_linear(torch.lerp(below, wires, share.expand_as(wires)))


def _near_edge(layout: UvLayout, uv_faces: Int[Tensor, "faces 3"]) -> Bool[Tensor, "height width"]:
    """Which texels lie on a wire."""
    corners = layout.corners[uv_faces]
    edges = corners.roll(-1, 1) - corners.roll(-2, 1)
    one, other = edges[:, 0], edges[:, 1]
    twice_area = (one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).abs()
    # A corner's weight falls from one to zero over the triangle's height above the opposite edge.
    heights = twice_area[:, None] / edges.norm(dim=-1).clamp(min=1e-12)
    width = (_LINE_SHARE * heights.min(-1).values).clamp(max=_LINE_WIDTH)
    face = layout.raster.face.clamp(min=0)
    distance = (layout.raster.barycentric * heights[face]).min(-1).values
    return distance < width[face]
