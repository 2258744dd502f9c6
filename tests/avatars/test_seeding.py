"""Starting splats lie on the rig, flat on its surface, and cover it evenly."""

import torch
from tests.avatars.people import painted

from incarnate.avatars.seeding import (
    FLATNESS,
    joined_starts,
    quaternions_from_normals,
    sample_rig,
    start_on_surface,
)
from incarnate.avatars.start import HeadStart
from incarnate.geometry.meshes import face_normals
from incarnate.geometry.rotations import matrix_from_quaternion
from incarnate.rigs.embedded import default_head_rig


def test_splats_start_on_the_surface(generator: torch.Generator) -> None:
    rig = default_head_rig()
    start = start_on_surface(rig, 2000, generator)
    nearest = torch.cdist(start.means, rig.vertices).min(-1).values
    longest_edge = (rig.vertices[rig.faces] - rig.vertices[rig.faces].roll(1, 1)).norm(dim=-1).max()
    assert nearest.max() < longest_edge


def test_thin_axis_is_the_normal(generator: torch.Generator) -> None:
    rig = default_head_rig()
    samples = sample_rig(rig, 2000, torch.Generator().manual_seed(3))
    start = start_on_surface(rig, 2000, torch.Generator().manual_seed(3))
    axis = matrix_from_quaternion(start.quaternions)[..., 2]
    normal = torch.nn.functional.normalize(
        face_normals(rig.vertices, rig.faces)[samples.faces], dim=-1
    )
    # Smooth vertex normals differ from those of the faces where the mesh is curved.
    assert (axis * normal).sum(-1).median() > 0.98
    ratio = (start.log_scales[:, 0] - start.log_scales[:, 2]).exp()
    torch.testing.assert_close(ratio, torch.full_like(ratio, FLATNESS))


def test_interpolation_at_samples_is_linear(generator: torch.Generator) -> None:
    rig = default_head_rig()
    samples = sample_rig(rig, 500, generator)
    means = samples.interpolate(rig.vertices, rig.faces)
    twice = samples.interpolate(2 * rig.vertices + 1, rig.faces)
    torch.testing.assert_close(twice, 2 * means + 1, rtol=1e-5, atol=1e-5)
    assert samples.interpolate(painted(rig), rig.faces).shape == (500, 3)


def test_quaternions_turn_z_into_any_normal() -> None:
    normals = torch.cat([torch.eye(3), -torch.eye(3), torch.randn(20, 3)]).double()
    normals = torch.nn.functional.normalize(normals, dim=-1)
    turned = matrix_from_quaternion(quaternions_from_normals(normals))[..., 2]
    torch.testing.assert_close(turned, normals, rtol=0, atol=1e-12)


def test_joined_starts_keep_order(generator: torch.Generator) -> None:
    rig = default_head_rig()
    first = start_on_surface(rig, 10, generator)
    second = start_on_surface(rig, 5, generator)
    joined = joined_starts([first, second])
    assert isinstance(joined, HeadStart)
    torch.testing.assert_close(joined.means[:10], first.means)
    torch.testing.assert_close(joined.skinning_logits[10:], second.skinning_logits)
