"""A person's shape from coefficients, from a mesh, from an offset."""

import math
from dataclasses import replace

import pytest
import torch
from tests.capture.readers.flame import SHAPES, VERTICES, flame_rig

from incarnate.capture.readers.head_set import FlameCodes
from incarnate.capture.readers.identity import fit_canonical, identity_of
from incarnate.errors import CaptureError
from incarnate.rigs.rig import Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

SHAPE = torch.tensor([0.7, -1.2, 0.4])


def codes(**changes: torch.Tensor) -> FlameCodes:
    zeros = torch.zeros(1, 3)
    plain = FlameCodes(torch.zeros(1, 4), zeros, zeros, zeros, zeros, torch.zeros(1, 2, 3))
    return replace(plain, **changes)


def canonical(rig: Rig, degrees: float) -> torch.Tensor:
    pose = rest_pose(rig)
    pose.joint_rotations[rig.joint_index("jaw") - 1, 0] = math.radians(degrees)
    return pose_rig(rig, pose).vertices


@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_a_mesh_tells_shape_and_offset_with_the_jaw_open_or_closed(degrees: float) -> None:
    rig = flame_rig()
    mesh = canonical(rig.with_identity(SHAPE), degrees)
    shape, offset, notes = fit_canonical(rig, mesh)
    # Float32 of unit displacements of a centimetre on a head of ten.
    torch.testing.assert_close(shape, SHAPE, atol=1e-4, rtol=0)
    assert offset.abs().max() < 1e-6
    assert "within 0.00 mm of canonical.obj" in notes[0]


@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_a_mesh_of_some_vertices_in_another_order_tells_the_shape(degrees: float) -> None:
    rig = flame_rig()
    order = torch.randperm(VERTICES, generator=torch.Generator().manual_seed(2))[: VERTICES - 12]
    mesh = canonical(rig.with_identity(SHAPE), degrees)[order]
    shape, offset, notes = fit_canonical(rig, mesh)
    # As above, of fewer vertices.
    torch.testing.assert_close(shape, SHAPE, atol=2e-4, rtol=0)
    assert offset.abs().max() < 1e-6
    assert "whose 28 vertices were matched by distance" in notes[0]


def test_what_no_shape_explains_becomes_an_offset() -> None:
    rig = flame_rig()
    bumps = 1e-3 * torch.randn(VERTICES, 3, generator=torch.Generator().manual_seed(0))
    mesh = canonical(rig.with_identity(SHAPE, bumps), 12.0)
    identity = identity_of(rig, codes(canonical=mesh))
    # Float32 of a head of ten centimetres.
    torch.testing.assert_close(canonical(identity.rig, 12.0), mesh, atol=1e-6, rtol=0)


def test_a_mesh_of_something_else_is_refused() -> None:
    rig = flame_rig()
    with pytest.raises(CaptureError, match="mm from every shape of the rig 'tiny-flame'"):
        fit_canonical(rig, 3 * rig.vertices)
    with pytest.raises(CaptureError, match="flame/shape would do instead"):
        fit_canonical(rig, rig.vertices[:25] + 0.01 * rig.vertices[25:26])


def test_coefficients_are_cut_to_what_the_rig_has() -> None:
    rig = flame_rig()
    more = torch.cat([SHAPE, torch.tensor([0.5])])
    identity = identity_of(rig, codes(shape=more))
    assert torch.equal(identity.shape, SHAPE)
    assert f"4 shape coefficients, the rig {SHAPES}: the rest is left out" in identity.notes[0]
    fewer = identity_of(rig, codes(shape=SHAPE[:1]))
    assert torch.equal(fewer.shape, torch.tensor([0.7, 0, 0]))
    assert fewer.notes == ()


def test_an_offset_is_added_at_rest() -> None:
    rig = flame_rig()
    identity = identity_of(rig, codes(shape=SHAPE, offset=torch.full((VERTICES, 3), 0.01)))
    assert torch.equal(identity.rig.vertices, rig.with_identity(SHAPE).vertices + 0.01)
    with pytest.raises(CaptureError, match="static_offset has 41 vertices, but the rig"):
        identity_of(rig, codes(offset=torch.zeros(VERTICES + 1, 3)))


def test_without_a_shape_the_mean_is_taken_and_it_is_said() -> None:
    identity = identity_of(flame_rig(), codes())
    assert torch.equal(identity.rig.vertices, flame_rig().vertices)
    assert "nothing of the person's shape" in identity.notes[0]
