"""Templates: a file's round trip, and surfaces taken from a signed distance."""

import math
from pathlib import Path

import pytest
import torch
from tests.rigs.bodies import cmu_body

from incarnate.avatars.files import write_tensors
from incarnate.avatars.template import (
    TemplateMesh,
    extract_surface,
    load_template,
    save_template,
    template_of_rig,
)
from incarnate.errors import AvatarError
from incarnate.geometry.grids import Grid
from incarnate.geometry.meshes import face_normals
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.skinning import pose_rig

RADIUS = 0.3
GRID = Grid(torch.tensor([-0.5, -0.5, -0.5]), 0.05, (21, 21, 41))


def sphere(center: tuple[float, float, float], radius: float = RADIUS) -> torch.Tensor:
    return (GRID.centers() - torch.tensor(center)).norm(dim=-1) - radius


def volume_of(vertices: torch.Tensor, faces: torch.Tensor) -> float:
    """Positive where the triangles run counter-clockwise seen from outside."""
    return float((vertices[faces[:, 0]] * face_normals(vertices, faces)).sum() / 6)


def test_the_surface_of_a_sphere_is_a_sphere_seen_from_outside() -> None:
    vertices, faces = extract_surface(GRID, sphere((0.01, 0.02, 0.03)))
    radius = (vertices - torch.tensor([0.01, 0.02, 0.03])).norm(dim=-1)
    # Linear interpolation on a voxel of a sixth of the radius: h² / 8r.
    torch.testing.assert_close(radius, torch.full_like(radius, RADIUS), rtol=0, atol=1.5e-3)
    # The polyhedron lies inside the sphere by a percent or so.
    assert volume_of(vertices, faces) == pytest.approx(4 / 3 * math.pi * RADIUS**3, rel=0.03)


def test_only_the_largest_part_is_kept() -> None:
    both = torch.minimum(sphere((0.0, 0, 0)), sphere((0.0, 0, 1.2), 0.15))
    vertices, faces = extract_surface(GRID, both)
    alone, _ = extract_surface(GRID, sphere((0.0, 0, 0)))
    assert len(vertices) == len(alone)
    assert int(faces.max()) == len(vertices) - 1


def test_no_surface_is_an_error_that_says_where_to_look() -> None:
    with pytest.raises(AvatarError, match=r"no surface.*incarnate check"):
        extract_surface(GRID, torch.ones(GRID.num_voxels))


def test_a_template_survives_its_file(tmp_path: Path, generator: torch.Generator) -> None:
    template = TemplateMesh(
        torch.randn(4, 3, generator=generator),
        torch.tensor([[0, 1, 2], [1, 3, 2]]),
        torch.full((4, 5), 0.2),
        torch.rand(4, 3, generator=generator),
    )
    save_template(template, tmp_path / "template.safetensors")
    again = load_template(tmp_path / "template.safetensors")
    for name in ("vertices", "faces", "weights", "colors"):
        assert torch.equal(getattr(again, name), getattr(template, name))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("faces", torch.tensor([[0, 1, 9]]), "point outside the 4 vertices"),
        ("faces", torch.tensor([[0.0, 1, 2]]), "64-bit integers"),
        ("colors", torch.zeros(3, 3), r"colors has the shape \(3, 3\), expected \(4, 3\)"),
        ("weights", torch.zeros(2, 5), "one row for each of 4 vertices"),
        ("weights", None, "it lacks weights"),
    ],
)
def test_a_file_that_is_no_template_is_refused(
    tmp_path: Path, name: str, value: torch.Tensor | None, text: str
) -> None:
    tensors = {
        "vertices": torch.zeros(4, 3),
        "faces": torch.tensor([[0, 1, 2]]),
        "weights": torch.zeros(4, 5),
        "colors": torch.zeros(4, 3),
    }
    tensors.pop(name)
    write_tensors(tensors | ({} if value is None else {name: value}), tmp_path / "t.safetensors")
    with pytest.raises(AvatarError, match=text):
        load_template(tmp_path / "t.safetensors")


def test_a_rigs_own_surface_is_a_template() -> None:
    rig = cmu_body()
    pose = canonical_pose(rig)
    template = template_of_rig(rig, pose)
    torch.testing.assert_close(template.vertices, pose_rig(rig, pose).vertices)
    assert template.weights is rig.skinning_weights
    assert template.colors.shape == template.vertices.shape
