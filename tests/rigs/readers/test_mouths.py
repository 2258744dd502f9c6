from dataclasses import replace
from functools import cache

import pytest
import torch
from tests.rigs.readers.heads import bare_head
from tests.rigs.tiny import make_rig, random_pose

from incarnate.geometry.cameras import Camera
from incarnate.geometry.closest_points import closest_surface_points
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.readers.mouths import LipLine, find_lips, grow_mouth
from incarnate.rigs.rig import Rig, rest_pose
from incarnate.rigs.skinning import pose_rig
from incarnate.rigs.uv_layout import lay_out


@cache
def lips_of_bare_head() -> LipLine:
    lips = find_lips(bare_head())
    assert lips is not None
    return lips


@cache
def grown_head() -> Rig:
    return grow_mouth(bare_head(), lips_of_bare_head())


def new_part(name: str) -> torch.Tensor:
    rig = grown_head()
    return rig.parts == rig.part_names.index(name)


def test_lips_are_found_where_the_landmarks_have_them() -> None:
    rig, lips = default_head_rig(), lips_of_bare_head()
    marks = rig.landmarks["mediapipe478"].on(rig.vertices, rig.faces)
    # The middle of the inner lips, and from it to a corner; corners share the jaw and end early.
    assert (lips.center - (marks[13] + marks[14]) / 2).norm() < 5e-3
    half_width = float(marks[308, 0] - marks[78, 0]) / 2
    assert 0.7 * half_width < lips.half_width < 1.1 * half_width
    jaw = rig.skinning_weights[:, rig.joint_index("jaw")]
    assert jaw[lips.lower].min() > jaw[lips.upper].mean()


def test_skin_without_a_slit_has_no_lips(generator: torch.Generator) -> None:
    rig = bare_head()
    assert find_lips(make_rig(generator)) is None
    # A jaw that fades along the face: no two places that touch differ.
    share = ((1.5 - rig.vertices[:, 1]) / 0.1).clamp(0, 1)
    weights = torch.zeros_like(rig.skinning_weights)
    weights[:, rig.joint_index("jaw")], weights[:, rig.joint_index("head")] = share, 1 - share
    assert find_lips(replace(rig, skinning_weights=weights)) is None
    # The same head at a tenth of its size, in a wrong unit, has no mouth of a person.
    assert find_lips(replace(rig, vertices=0.1 * rig.vertices)) is None


def test_what_was_there_stays() -> None:
    rig, grown, count = bare_head(), grown_head(), len(bare_head().vertices)
    assert torch.equal(grown.vertices[:count], rig.vertices)
    assert torch.equal(grown.faces[: len(rig.faces)], rig.faces)
    assert torch.equal(grown.skinning_weights[:count], rig.skinning_weights)
    assert torch.equal(grown.joints, rig.joints)
    assert grown.part_names == ("skin", "other", "mouth", "teeth")
    assert not grown.expression_basis[:, count:].any()
    assert grown.pose_basis is not None
    assert not grown.pose_basis[:, count:].any()
    assert grown.pose_basis[:, :count].all()


def test_front_teeth_stand_where_a_modelled_head_has_them() -> None:
    rig, grown = default_head_rig(), grown_head()
    real = rig.faces[rig.parts[rig.faces[:, 0]] == rig.part_names.index("teeth")]
    teeth = grown.vertices[new_part("teeth")]
    front = teeth[teeth[:, 0].abs() < 0.01]
    _, _, distance = closest_surface_points(front, rig.vertices, real)
    # The modelled teeth are 3 to 5 mm thick, and each is round where the row is smooth.
    assert distance.max() < 5e-3
    assert distance.median() < 3e-3


@pytest.mark.parametrize("yaw", [-0.6, 0.0, 0.6])
def test_nothing_shows_beside_the_lips(yaw: float) -> None:
    rig, center = grown_head(), lips_of_bare_head().center
    cos, sin = torch.cos(torch.tensor(yaw)), torch.sin(torch.tensor(yaw))
    turn = torch.tensor([[cos, 0, -sin], [0, -1, 0], [-sin, 0, -cos]])
    points = (rig.vertices - center) @ turn.T + torch.tensor([0, 0, 0.5])
    intrinsics = torch.tensor([[500.0, 0, 100], [0, 500.0, 100], [0, 0, 1]])
    raster = rasterize_mesh(points, rig.faces, Camera(intrinsics, torch.eye(4), 200, 200))
    inside = raster.covered & (raster.face >= len(bare_head().faces))
    rows, columns = inside.nonzero(as_tuple=True)
    # A millimetre is a pixel. The lips of the mean shape part by up to 1 mm over 46 mm.
    assert inside.sum() < 80
    assert ((rows - 100).abs() < 8).all()
    assert ((columns - 100).abs() < 30).all()


def test_upper_teeth_ride_on_the_head_and_lower_ones_on_the_jaw() -> None:
    rig, lips = grown_head(), lips_of_bare_head()
    pose, jaw = rest_pose(rig), rig.joint_index("jaw")
    turns = pose.joint_rotations.clone()
    turns[jaw - 1, 0] = 0.4
    posed = pose_rig(rig, replace(pose, joint_rotations=turns))
    teeth = new_part("teeth").nonzero()[:, 0]
    upper, lower = teeth.chunk(2)
    assert rig.vertices[upper, 1].max() > lips.center[1] > rig.vertices[lower, 1].min()
    assert torch.equal(rig.skinning_weights[lower, jaw], torch.ones(len(lower)))
    # Poses go through float32 matrices at 1.5 m from the origin.
    torch.testing.assert_close(posed.vertices[upper], rig.vertices[upper], atol=1e-6, rtol=0)
    matrix = posed.world_from_rest[jaw]
    ridden = rig.vertices[lower] @ matrix[:3, :3].T + matrix[:3, 3]
    torch.testing.assert_close(posed.vertices[lower], ridden, atol=1e-6, rtol=0)


def test_identity_moves_teeth_as_it_moves_the_lips() -> None:
    rig, lips = bare_head(), lips_of_bare_head()
    shift, grow = torch.tensor([0.01, 0.02, -0.03]), rig.vertices - lips.center
    basis = torch.stack([shift.expand_as(grow), grow])
    names, joints = ("there", "wide"), torch.zeros(2, rig.num_joints, 3)
    two = replace(rig, shape_basis=basis, shape_names=names, joint_shape_basis=joints)
    moved = grow_mouth(two, lips).shape_basis[:, len(rig.vertices) :]
    # What all lips do, teeth do: weights sum to one.
    torch.testing.assert_close(moved[0], shift.expand_as(moved[0]))
    # A wider face has a wider row of teeth, left to left, without jumps between neighbours.
    points = grown_head().vertices[len(rig.vertices) :] - lips.center
    beside = points[:, 0].abs() > 0.01
    assert (moved[1, beside, 0] * points[beside, 0] > 0).all()
    edges = grown_head().faces[len(rig.faces) :, :2] - len(rig.vertices)
    stretch = (moved[1, edges[:, 0]] - moved[1, edges[:, 1]]).norm(dim=-1)
    length = (points[edges[:, 0]] - points[edges[:, 1]]).norm(dim=-1)
    # The softmax spreads neighbours by at most (extent of the lips / sigma)² / 4, about 1.5.
    assert (stretch < 2 * length + 1e-5).all()


def test_surfaces_face_the_viewer() -> None:
    rig, count = grown_head(), len(bare_head().faces)
    faces = rig.faces[count:]
    one, two, three = rig.vertices[faces].unbind(1)
    normals = torch.linalg.cross(two - one, three - one)
    middle = (one + two + three) / 3 - lips_of_bare_head().center
    inside = new_part("mouth")[faces[:, 0]]
    axis = torch.tensor([0.0, 0.0, -0.01])
    assert ((normals * (axis - middle)).sum(-1) > 0)[inside].float().mean() > 0.95
    front = new_part("teeth")[faces[:, 0]] & (middle[:, 0].abs() < 0.01)
    foremost = front & (middle[:, 2] > middle[front, 2].max() - 3e-3)
    # Fronts look ahead, edges up or down.
    assert (normals[foremost, 2] >= 0).all()
    assert (normals[foremost, 2] > 0).float().mean() > 0.4


def test_new_texels_lie_on_nothing_and_inside_the_texture() -> None:
    rig, grown = bare_head(), grown_head()
    new = grown.uv[len(rig.uv) :]
    assert new.min() >= 0
    assert new.max() <= 1
    size = 128
    used = lay_out(rig, size).raster.covered
    cells = (new * size).long().clamp(max=size - 1)
    assert not used[size - 1 - cells[:, 1], cells[:, 0]].any()
    assert (new.max(0).values - new.min(0).values).min() > 0.02


def test_grown_rigs_pose(generator: torch.Generator) -> None:
    rig = grown_head().with_identity(torch.tensor([0.3, -0.2, 0.1]))
    posed = pose_rig(rig, random_pose(rig, generator, 2))
    assert posed.vertices.isfinite().all()
