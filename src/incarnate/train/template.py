"""Fit the template: a clothed person's surface in canonical space, from many poses and cameras.

Visual hull of many poses → implicit surface refined by volume rendering through inverse skinning →
marching cubes, less what no matte needs → skinning weights from the diffused volume. A template
that several frames decide keeps legs apart that touch in one of them, and has the skirt that the
body lacks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import torch

from incarnate.avatars.observations import spread_frames
from incarnate.avatars.template import TemplateMesh, extract_surface
from incarnate.capture.capture import Capture, Track
from incarnate.capture.reading import read_frame
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.grids import Grid, grid_around
from incarnate.rigs.canonical_body import CanonicalBody, canonical_body
from incarnate.rigs.skinning import world_from_rest_joints
from incarnate.rigs.weight_volume import strongest_weights
from incarnate.train.canonical_rays import RaySettings, bend_rays
from incarnate.train.distance_field import DistanceField, FieldSettings, fit_field
from incarnate.train.phantoms import without_phantoms
from incarnate.train.visual_hull import PoseViews, body_distance, hull_distance, hull_share

Progress = Callable[[int, int, str], None]
TemplatePreset = Literal["smoke", "quick", "standard"]

_CHUNK = 1 << 18


@dataclass(frozen=True)
class TemplateRecipe:
    """How a template is fitted."""

    num_poses: int = 20
    """Training poses that are looked at, as unlike each other as possible."""
    longest_side: int = 512
    """Pictures larger than this are read smaller, pixels."""
    hull_voxel: float = 0.0125
    """Resolution of the visual hull, metres."""
    reach: float = 0.2
    """How far from the body clothes may be, metres."""
    threshold: float = 0.5
    """Share of the poses in which a point lies in all mattes, from which on it is of the person."""
    tolerance: float = 0.06
    """How far clothes may swing beside what skinning says, metres."""
    agreement: float = 0.9
    """Share of the poses in which a point has to be near all mattes, else it is a phantom."""
    surface_voxel: float = 0.01
    """Resolution of marching cubes, metres."""
    weight_voxels: int = 64**3
    """Size of the volume of skinning weights."""
    rays: RaySettings = field(default_factory=RaySettings)
    surface: FieldSettings = field(default_factory=FieldSettings)
    seed: int = 0


TEMPLATE_PRESETS: Final[dict[TemplatePreset, TemplateRecipe]] = {
    "smoke": TemplateRecipe(
        num_poses=6,
        longest_side=192,
        hull_voxel=0.025,
        surface_voxel=0.02,
        weight_voxels=32**3,
        rays=RaySettings(per_frame=150),
        surface=FieldSettings(steps=60, rays_per_step=512, correction_voxel=0.04),
    ),
    "quick": TemplateRecipe(),
    "standard": TemplateRecipe(
        num_poses=32,
        longest_side=1024,
        hull_voxel=0.01,
        surface_voxel=0.0075,
        rays=RaySettings(per_frame=500),
        surface=FieldSettings(steps=600, rays_per_step=4096, correction_voxel=0.02),
    ),
}
"""Recipes by name."""


def fit_template(
    capture: Capture, track: Track, recipe: TemplateRecipe, *, progress: Progress | None = None
) -> TemplateMesh:
    """Fit the template of a person to the training frames and cameras of a capture.

    Args:
        capture: Pictures with mattes, of several cameras.
        track: The rig and its pose in each frame.
        recipe: How.
        progress: Called with steps done, steps in all, and what is going on.

    Raises:
        AvatarError: There are no training frames, or nothing of the person is inside the mattes.
    """
    tell = progress or _silent
    generator = torch.Generator().manual_seed(recipe.seed)
    views = _read_views(capture, track, recipe, tell)
    tell(0, 1, "template · weights of the volume")
    body = canonical_body(track.rig, num_voxels=recipe.weight_voxels, margin=recipe.reach + 0.05)
    tell(1, 1, "template · weights of the volume")
    grid = grid_around(body.vertices, margin=recipe.reach, voxel_size=recipe.hull_voxel)
    start, skin = _start(body, grid, views, recipe, tell)
    surface, _ = extract_surface(grid, start)
    rays = bend_rays(body, surface, views, recipe.rays, generator=generator, progress=tell)
    shape = fit_field((grid, start), skin, rays, recipe.surface, generator=generator, progress=tell)
    return _mesh(body, shape, views, recipe, tell)


@torch.no_grad()
def _start(
    body: CanonicalBody,
    grid: Grid,
    views: list[PoseViews],
    recipe: TemplateRecipe,
    progress: Progress,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Signed distances of the hull joined with the body, and of the body alone."""
    skin = body_distance(body, grid, reach=recipe.reach)
    near = torch.nonzero((skin > 0) & (skin < recipe.reach))[:, 0]
    share = torch.zeros(grid.num_voxels)
    share[near] = hull_share(
        body,
        grid.centers()[near],
        views,
        tolerance=recipe.tolerance,
        agreement=recipe.agreement,
        progress=progress,
    )
    return hull_distance(grid, share, skin, threshold=recipe.threshold), skin


@torch.no_grad()
def _mesh(
    body: CanonicalBody,
    shape: DistanceField,
    views: list[PoseViews],
    recipe: TemplateRecipe,
    progress: Progress,
) -> TemplateMesh:
    """Marching cubes on a finer grid, where hands and feet are joined in from the body itself."""
    grid = grid_around(body.vertices, margin=recipe.reach, voxel_size=recipe.surface_voxel)
    centers = grid.centers()
    distance = torch.cat([shape.distance(part) for part in centers.split(_CHUNK)])
    skin = body_distance(body, grid, reach=recipe.reach)
    distance = torch.minimum(distance, skin)
    mesh = extract_surface(grid, distance)
    worn = without_phantoms(body, grid, (distance, skin), mesh, views, progress=progress)
    vertices, faces = mesh if worn is distance else extract_surface(grid, worn)
    return TemplateMesh(
        vertices=vertices,
        faces=faces,
        weights=strongest_weights(body.volume.sample(vertices)),
        colors=shape.color(vertices).clamp(min=0),
    )


def _read_views(
    capture: Capture, track: Track, recipe: TemplateRecipe, progress: Progress
) -> list[PoseViews]:
    candidates = capture.indices("train")
    if not candidates:
        raise AvatarError(f"{capture.folder} has no training frames; its splits are all 'test'.")
    chosen = spread_frames(track, candidates, recipe.num_poses)
    views = []
    for done, index in enumerate(chosen):
        frames = tuple(
            read_frame(capture, index, k, _size(capture.cameras[k], recipe.longest_side))
            for k in capture.train_cameras
        )
        joints = world_from_rest_joints(track.rig, track.poses[index])
        views.append(PoseViews(joints, frames))
        progress(done + 1, len(chosen), "template · reading frames")
    return views


def _size(camera: Camera, longest_side: int) -> tuple[int, int] | None:
    """The size to read pictures at; None keeps their own."""
    scale = longest_side / max(camera.width, camera.height)
    return None if scale >= 1 else (round(camera.width * scale), round(camera.height * scale))


def _silent(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""
