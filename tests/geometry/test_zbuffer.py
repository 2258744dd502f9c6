"""The z-buffer against ray casting one pixel at a time, and against closed forms."""

import pytest
import torch
from torch import Tensor

from incarnate.geometry import zbuffer
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh


def make_camera(size: int = 24) -> Camera:
    intrinsics = pinhole_intrinsics(0.9, size + 5, size)
    intrinsics[0, 2] -= 2.3
    eye = torch.tensor([0.3, 0.2, 1.5])
    return Camera(intrinsics, look_at(eye, torch.zeros(3)), size + 5, size)


def cast_rays(vertices: Tensor, faces: Tensor, camera: Camera) -> tuple[Tensor, Tensor]:
    """Face and camera-space depth by solving every ray against every triangle (Cramer)."""
    rays = camera.to(torch.float64).pixel_rays()
    a, b, c = (vertices[faces[:, k]].double() for k in range(3))
    origin = camera.to(torch.float64).center
    system = torch.stack([b - a, c - a], -1)[None, None].expand(*rays.shape[:2], -1, -1, -1)
    columns = torch.cat([system, -rays[:, :, None, :, None].expand(*system.shape[:-1], 1)], -1)
    solution = torch.linalg.solve(columns, (origin - a).expand(system.shape[:-1])[..., None])
    u, v, distance = solution[..., 0].unbind(-1)
    inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0)
    nearest, face = torch.where(inside, distance, torch.inf).min(-1)
    forward = rays @ camera.camera_from_world[2, :3].double()
    return torch.where(nearest.isfinite(), face, -1), nearest * forward


def random_triangles(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    centres = 0.8 * torch.rand(count, 1, 3, generator=generator) - 0.4
    sizes = 0.02 + 0.4 * torch.rand(count, 1, 1, generator=generator) ** 3
    corners = centres + sizes * torch.randn(count, 3, 3, generator=generator)
    return corners.reshape(-1, 3), torch.arange(3 * count).reshape(-1, 3)


def test_agrees_with_ray_casting(generator: torch.Generator) -> None:
    vertices, faces = random_triangles(60, generator)
    camera = make_camera()
    face, depth = cast_rays(vertices, faces, camera)
    raster = rasterize_mesh(vertices, faces, camera)
    # One pixel in two hundred may lie within float32 rounding of an edge.
    assert (raster.face == face).float().mean() > 0.995
    same = (raster.face == face) & raster.covered
    assert same.sum() > 100
    # Depths are stored in float32: 1e-6 is ten of its steps at one metre.
    torch.testing.assert_close(raster.depth[same].double(), depth[same], rtol=1e-6, atol=1e-6)


def test_interpolated_positions_lie_on_the_pixel_rays(generator: torch.Generator) -> None:
    vertices, faces = random_triangles(40, generator)
    camera = make_camera()
    raster = rasterize_mesh(vertices, faces, camera)
    points = raster.interpolate(vertices, faces)[raster.covered]
    rows, cols = torch.nonzero(raster.covered, as_tuple=True)
    expected = torch.stack([cols, rows], -1) + 0.5
    # Perspective-correct weights put the point under the centre to a thousandth of a pixel.
    torch.testing.assert_close(camera.project(points), expected, rtol=0, atol=1e-3)


def test_neighbours_leave_no_gap_and_cover_the_picture() -> None:
    # A fan whose shared edges run through pixel centres and between them.
    ring = torch.linspace(0, 2 * torch.pi, 8)[:-1]
    corners = torch.stack([3 * ring.cos(), 3 * ring.sin(), torch.zeros(7)], -1)
    vertices = torch.cat([torch.zeros(1, 3), corners])
    faces = torch.tensor([[0, 1 + k, 1 + (k + 1) % 7] for k in range(7)])
    camera = Camera(pinhole_intrinsics(0.9, 33, 33), look_at(torch.tensor([0.0, 0, 1]),
                    torch.zeros(3)), 33, 33)  # fmt: skip
    raster = rasterize_mesh(vertices, faces, camera)
    assert bool(raster.covered.all())
    torch.testing.assert_close(raster.depth, torch.ones(33, 33), rtol=0, atol=1e-6)


def test_front_sides_only() -> None:
    vertices = torch.tensor([[-0.3, -0.3, 0.0], [0.3, -0.3, 0.0], [0.0, 0.4, 0.0]])
    toward, away = torch.tensor([[0, 1, 2]]), torch.tensor([[0, 2, 1]])
    camera = make_camera()
    both = rasterize_mesh(vertices, away, camera)
    front = rasterize_mesh(vertices, toward, camera, sides="front")
    assert bool((both.covered == front.covered).all())
    assert bool(both.covered.any())
    assert not bool(rasterize_mesh(vertices, away, camera, sides="front").covered.any())


def test_equal_depths_go_to_the_lower_face() -> None:
    vertices = torch.tensor([[-0.3, -0.3, 0.0], [0.3, -0.3, 0.0], [0.0, 0.4, 0.0]])
    raster = rasterize_mesh(vertices, torch.tensor([[0, 1, 2], [0, 1, 2]]), make_camera())
    assert int(raster.face.max()) == 0


@pytest.mark.parametrize(
    "corners",
    [
        [[-0.3, 0.0, 0.0], [0.3, 0.0, 2.0], [0.0, 0.4, 0.0]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.1, 0.1, 0.0]],
        [[9.0, 0.0, 0.0], [9.5, 0.0, 0.0], [9.2, 0.4, 0.0]],
    ],
    ids=["a corner behind the camera", "no area", "outside the picture"],
)
def test_triangles_that_cannot_be_drawn_leave_the_picture_empty(
    corners: list[list[float]],
) -> None:
    raster = rasterize_mesh(torch.tensor(corners), torch.tensor([[0, 1, 2]]), make_camera())
    assert not bool(raster.covered.any())
    assert bool((raster.depth == torch.inf).all())
    assert bool((raster.barycentric == 0).all())


def test_no_triangles_at_all() -> None:
    raster = rasterize_mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long), make_camera())
    assert not bool(raster.covered.any())


def test_memory_limit_does_not_change_the_picture(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    vertices, faces = random_triangles(60, generator)
    whole: MeshRaster = rasterize_mesh(vertices, faces, make_camera())
    monkeypatch.setattr(zbuffer, "_MAX_HITS", 50)
    parts = rasterize_mesh(vertices, faces, make_camera())
    assert bool((whole.face == parts.face).all())
    assert bool((whole.depth == parts.depth).all())
