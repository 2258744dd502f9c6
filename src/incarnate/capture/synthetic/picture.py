"""Draws a figure: samples of a z-buffer, painted once, lit under as many lights as wanted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic.figure import Figure, PosedFigure, Surface
from incarnate.capture.synthetic.lighting import (
    LightRig,
    gathered_light,
    reflected_share,
    specular_light,
)
from incarnate.capture.synthetic.materials import Material
from incarnate.capture.synthetic.painting import Painted, paint_points, vertex_attributes
from incarnate.capture.synthetic.skin import SkinPaint
from incarnate.capture.synthetic.visibility import Occluders, visible_light
from incarnate.geometry.cameras import Camera
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh

_SKIN_FACING, _HAIR_FACING = 0.02, 0.35
"""Least cosine between normal and view; a ribbon of hair stands for round strands, which always
show a side that faces the viewer."""
_HAIR_OPENNESS = 0.6
"""Share of glossy light that gets in and out between strands of hair."""
_MAX_SURFACES = 16
"""More kinds of surface than any figure has."""

Painter = Callable[
    [Figure, SkinPaint, Int[Tensor, "points"], Float[Tensor, "points channels"]], Painted
]
"""Paints points of a figure; `paint_points` is one."""


@dataclass(frozen=True)
class Studio:
    """What all pictures of a capture share."""

    figure: Figure
    paint: SkinPaint
    occluders: Occluders
    camera: Camera
    supersampling: int

    @property
    def fine_camera(self) -> Camera:
        """The camera that draws the samples."""
        factor = self.supersampling
        return self.camera.resized(self.camera.width * factor, self.camera.height * factor)


@dataclass(frozen=True)
class Fragments:
    """What the samples of a picture see."""

    samples: Int[Tensor, "fragments"]
    """Row-major index of the sample in the supersampled picture."""
    surfaces: Int[Tensor, "fragments"]
    """The kind of surface that each sees."""
    weights: scipy.sparse.csr_array
    """(fragments, vertices): each is a mixture of its triangle's corners."""
    groups: Int[Tensor, "fragments"]
    """Fragments of one pixel and surface share a highlight."""
    leaders: Int[Tensor, "groups"]
    """One fragment of each group."""
    normals: Float[Tensor, "fragments 3"]
    """Unit, world, bumps included, turned to the viewer."""
    views: Float[Tensor, "fragments 3"]
    """Unit vectors toward the viewer."""
    openness: Float[Tensor, "fragments 1"]
    """Share of glossy light that is not lost between strands of hair; one elsewhere."""
    material: Material


def see(studio: Studio, posed: PosedFigure, painter: Painter = paint_points) -> Fragments:
    """Find and paint what each sample of the picture sees."""
    figure, fine = studio.figure, studio.fine_camera
    raster = rasterize_mesh(posed.vertices, figure.faces, fine)
    samples = torch.nonzero(raster.covered.reshape(-1))[:, 0]
    surfaces = figure.surfaces[raster.face.reshape(-1)[samples]]
    weights = _mixtures(raster, samples, figure.faces, len(posed.vertices))
    groups, leaders = _groups(studio, samples, surfaces)
    attributes = torch.from_numpy(weights @ vertex_attributes(figure, posed).numpy())
    painted = painter(figure, studio.paint, surfaces, attributes)
    views = -fine.pixel_rays().reshape(-1, 3)[samples]
    is_hair = (surfaces == int(Surface.HAIR))[:, None]
    normals = _turned(painted.normals, views, torch.where(is_hair, _HAIR_FACING, _SKIN_FACING))
    openness = torch.where(is_hair, _HAIR_OPENNESS, 1.0)
    return Fragments(
        samples, surfaces, weights, groups, leaders, normals, views, openness, painted.material
    )


def light_up(
    studio: Studio,
    posed: PosedFigure,
    fragments: Fragments,
    lights: LightRig,
    visible: Float[Tensor, "receivers samples"] | None = None,
) -> Float[Tensor, "height width 4"]:
    """Light what is seen.

    Args:
        studio: What all pictures share.
        posed: The figure.
        fragments: What the picture's samples see.
        lights: The light.
        visible: `arriving_light`, where several cameras see one pose; found anew if left out.

    Returns:
        Linear RGB premultiplied by coverage, and coverage.
    """
    figure = studio.figure
    normals = posed.normals[figure.receivers]
    if visible is None:
        visible = arriving_light(studio, posed, lights)
    vectors = gathered_light(lights, normals, visible).flatten(1)[figure.lit_as]
    vectors = torch.from_numpy(fragments.weights @ vectors.numpy()).unflatten(-1, (3, 3))
    diffuse = (vectors @ fragments.normals[..., None])[..., 0].clamp(min=0)
    specular, share = _highlights(figure, fragments, lights, visible)
    kept = (1 - share)[fragments.groups]
    colour = fragments.material.albedo * diffuse * kept + specular[fragments.groups]
    return resolved(studio, fragments, torch.cat([colour, torch.ones_like(kept)], -1))


def arriving_light(
    studio: Studio, posed: PosedFigure, lights: LightRig
) -> Float[Tensor, "receivers samples"]:
    """The share of each light that reaches each receiver of the figure, 0 to 1."""
    figure = studio.figure
    normals = posed.normals[figure.receivers]
    points = posed.vertices[figure.receivers] + figure.lifts[:, None] * normals
    return visible_light(points, normals, studio.occluders.on(posed.vertices), lights.directions)


def resolved(
    studio: Studio, fragments: Fragments, values: Float[Tensor, "fragments channels"]
) -> Float[Tensor, "height width channels"]:
    """The mean over the samples of each pixel; samples that see nothing count as zero."""
    factor, view = studio.supersampling, studio.camera
    fine = view.width * factor
    row, column = fragments.samples // fine, fragments.samples % fine
    pixel = (row // factor) * view.width + column // factor
    sums = values.new_zeros(view.height * view.width, values.shape[-1])
    sums.index_add_(0, pixel, values)
    return sums.view(view.height, view.width, -1) / factor**2


def _highlights(
    figure: Figure,
    fragments: Fragments,
    lights: LightRig,
    visible: Float[Tensor, "receivers samples"],
) -> tuple[Float[Tensor, "groups 3"], Float[Tensor, "groups 1"]]:
    """Specular light of each group, and the share that its diffuse layer lacks."""
    lead, material = fragments.leaders, fragments.material
    normals, rough, f0 = (
        _group_means(values, fragments.groups, len(lead))
        for values in (fragments.normals, material.roughness, material.reflectance)
    )
    normals = torch.nn.functional.normalize(normals, dim=-1)
    weights = fragments.weights[lead.numpy()]
    # Light is gathered at fewer points than there are vertices: rename the columns.
    columns = figure.lit_as.numpy()[weights.indices]
    weights = scipy.sparse.csr_array(
        (weights.data, columns, weights.indptr), shape=(len(lead), len(visible))
    )
    arriving = torch.from_numpy(weights @ visible.numpy()) * fragments.openness[lead]
    views = fragments.views[lead]
    specular = specular_light(lights, normals, views, (rough, f0), arriving)
    return specular, reflected_share(rough, (normals * views).sum(-1, keepdim=True), f0)


def _mixtures(
    raster: MeshRaster, samples: Int[Tensor, "fragments"], faces: Tensor, num_vertices: int
) -> scipy.sparse.csr_array:
    """Barycentric weights as rows of a matrix over the vertices."""
    corners = faces[raster.face.reshape(-1)[samples]].reshape(-1).numpy()
    barycentric = raster.barycentric.reshape(-1, 3)[samples].reshape(-1).numpy()
    rows = np.arange(0, 3 * len(samples) + 1, 3)
    return scipy.sparse.csr_array((barycentric, corners, rows), shape=(len(samples), num_vertices))


def _groups(
    studio: Studio, samples: Int[Tensor, "fragments"], surfaces: Int[Tensor, "fragments"]
) -> tuple[Int[Tensor, "fragments"], Int[Tensor, "groups"]]:
    """Number the pairs of pixel and surface, and name the first fragment of each."""
    factor, width = studio.supersampling, studio.camera.width
    row, column = samples // (width * factor), samples % (width * factor)
    pixel = (row // factor) * width + column // factor
    keys = (pixel * _MAX_SURFACES + surfaces).numpy()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return torch.from_numpy(inverse), torch.from_numpy(first)


def _group_means(values: Tensor, groups: Int[Tensor, "fragments"], count: int) -> Tensor:
    total = torch.zeros(count, values.shape[-1]).index_add_(0, groups, values)
    return total / torch.bincount(groups, minlength=count)[:, None]


def _turned(
    normals: Float[Tensor, "points 3"],
    views: Float[Tensor, "points 3"],
    least: Float[Tensor, "points 1"],
) -> Float[Tensor, "points 3"]:
    """Normals that look away, at silhouettes and on backs of hair, turned until n·v is enough."""
    short = (least - (normals * views).sum(-1, keepdim=True)).clamp(min=0)
    return torch.nn.functional.normalize(normals + short * views, dim=-1)
