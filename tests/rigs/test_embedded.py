from dataclasses import replace

import pytest
import torch
from scipy.spatial import KDTree
from torch import Tensor

from incarnate.geometry.meshes import face_normals
from incarnate.rigs import landmarks as lists
from incarnate.rigs.embedded import (
    EMBEDDED_RIGS,
    EYE_LOOK_RADIANS,
    JAW_OPEN_RADIANS,
    LANDMARK_SETS,
    default_body_rig,
    default_head_rig,
    gaze_turn,
)
from incarnate.rigs.files import check_rig
from incarnate.rigs.rig import Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

MIRROR = torch.tensor([-1.0, 1.0, 1.0])
MILLIMETRE = 1e-3


def landmarks(
    rig: Rig,
    units: dict[str, float] | None = None,
    turn: tuple[str, tuple[float, float, float]] | None = None,
) -> Tensor:
    """The 478 landmarks in metres, with units at values and one joint turned (axis-angle)."""
    pose = rest_pose(rig)
    rotations, expression = pose.joint_rotations.clone(), pose.expression.clone()
    for name, value in (units or {}).items():
        expression[rig.expression_names.index(name)] = value
    if turn is not None:
        rotations[rig.joint_index(turn[0]) - 1] = torch.tensor(turn[1])
    posed = pose_rig(rig, replace(pose, joint_rotations=rotations, expression=expression))
    return rig.landmarks["mediapipe478"].on(posed.vertices, rig.faces)


def counterparts(rig: Rig) -> Tensor:
    """For each vertex the one on the other side, by position and part."""
    # The eyeballs and the mouth's inside lie close to each other: parts are set apart by a metre.
    left, right = (rig.part_names.index(f"{side}_eye") for side in ("left", "right"))
    swapped = rig.parts.clone()
    swapped[rig.parts == left], swapped[rig.parts == right] = right, left
    here = torch.cat([rig.vertices, rig.parts[:, None].float()], 1)
    there = torch.cat([rig.vertices * MIRROR, swapped[:, None].float()], 1)
    _, nearest = KDTree(here.numpy()).query(there.numpy())
    return torch.from_numpy(nearest)


def test_sizes_are_those_of_the_base_mesh() -> None:
    body, head = default_body_rig(), default_head_rig()
    skin = [body.part_names.index(name) for name in ("skin", "lips", "mouth")]
    assert int(torch.isin(body.parts, torch.tensor(skin)).sum()) == 13_380
    assert body.num_joints == 55
    assert body.num_expressions == head.num_expressions == 51
    assert "jawOpen" not in body.expression_names
    assert head.joint_names[0] == "spine3"
    # Captures and avatars name the head rig: its topology is a part of their format.
    assert (len(head.vertices), len(head.faces)) == (5459, 10724)


@pytest.mark.parametrize("name", EMBEDDED_RIGS)
def test_embedded_rigs_are_sound_and_free(name: str) -> None:
    rig = EMBEDDED_RIGS[name]()
    assert rig.name == name
    assert rig.license == "CC0-1.0"
    check_rig(rig, source=name)
    assert (rig.skinning_weights > 0).sum(1).max() <= 9
    # Weights are multiples of 2⁻¹², but for what a cut adds up: exact in float32.
    assert torch.equal(rig.skinning_weights.sum(1), torch.ones(len(rig.vertices)))
    # Seen from outside faces turn counter-clockwise: the volume by the divergence theorem is that
    # of a person, or of a head and the open shell of a chest.
    corner = rig.vertices[rig.faces[:, 0]] - rig.vertices.mean(0)
    volume = float((corner * face_normals(rig.vertices, rig.faces)).sum() / 6)
    assert 0.004 < volume < 0.1


def test_the_body_stands_and_faces_forward() -> None:
    body = default_body_rig()
    assert abs(float(body.vertices[body.parts == 0, 1].min())) < 1e-4
    assert 1.6 < float(body.vertices[:, 1].max()) < 1.8
    nose = body.landmarks["mediapipe478"].on(body.vertices, body.faces)[4]
    assert nose[2] > body.joints[body.joint_index("head"), 2] + 0.05
    assert body.joints[body.joint_index("left_wrist"), 0] > 0.3
    assert body.joints[body.joint_index("right_wrist"), 0] < -0.3


def test_the_head_is_a_part_of_the_body() -> None:
    body, head = default_body_rig(), default_head_rig()
    # Exactly the same numbers, so that what is fitted to one holds for the other.
    some, plainly = head.vertices[::50], "donot_use_mm_for_euclid_dist"
    nearest = torch.cdist(some, body.vertices, compute_mode=plainly).argmin(1)
    assert torch.equal(body.vertices[nearest], some)
    for name in LANDMARK_SETS:
        torch.testing.assert_close(
            head.landmarks[name].on(head.vertices, head.faces),
            body.landmarks[name].on(body.vertices, body.faces),
        )
    assert not head.joint_shape_basis[:, head.joint_index("head")].any()


def test_landmarks_lie_on_the_skin_and_irises_on_the_eyes() -> None:
    rig = default_head_rig()
    for name, count in (("mediapipe478", 478), ("ibug68", 68)):
        points = rig.landmarks[name]
        assert points.faces.shape == (count,)
        assert points.barycentric.min() >= 0
        torch.testing.assert_close(points.barycentric.sum(1), torch.ones(count))
    parts = rig.parts[rig.faces[rig.landmarks["mediapipe478"].faces]]
    for side in ("left", "right"):
        eye = rig.part_names.index(f"{side}_eye")
        irises = list(getattr(lists, f"MEDIAPIPE_{side.upper()}_IRIS"))
        assert (parts[irises] == eye).all()
    hidden = torch.tensor([rig.part_names.index(name) for name in ("teeth", "tongue")])
    assert not torch.isin(parts[:468], hidden).any()


def test_the_68_points_are_taken_from_the_478() -> None:
    rig = default_head_rig()
    points, chosen = rig.landmarks["ibug68"], list(lists.IBUG68_FROM_MEDIAPIPE)
    assert torch.equal(points.faces, rig.landmarks["mediapipe478"].faces[chosen])


def test_landmarks_are_the_same_on_both_sides() -> None:
    found = landmarks(default_head_rig())
    distance = torch.cdist(found * MIRROR, found)
    # The surface is triangulated otherwise on the other side: a third of a millimetre.
    assert distance.min(1).values.max() < 1 * MILLIMETRE
    for right, left in ((33, 263), (133, 362), (61, 291), (234, 454), (105, 334)):
        assert (found[right] * MIRROR - found[left]).norm() < 1 * MILLIMETRE
        assert found[left, 0] > 0


def test_shapes_and_units_are_the_same_on_both_sides() -> None:
    body = default_body_rig()
    other = counterparts(body)
    # Stored as multiples of 20 µm.
    half_step = 1.1e-5
    torch.testing.assert_close(body.vertices[other], body.vertices * MIRROR, atol=1e-5, rtol=0)
    shapes = body.shape_basis[:, other] * MIRROR
    torch.testing.assert_close(shapes, body.shape_basis, atol=2 * half_step, rtol=0)
    swapped = [
        body.expression_names.index(
            name.replace("Left", "*").replace("Right", "Left").replace("*", "Right")
        )
        for name in body.expression_names
    ]
    units = body.expression_basis[swapped][:, other] * MIRROR
    torch.testing.assert_close(units, body.expression_basis, atol=2 * half_step, rtol=0)


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_closes_its_lids_and_no_others(side: str) -> None:
    rig = default_head_rig()
    blink, rest = landmarks(rig, {f"eyeBlink{side}": 1.0}), landmarks(rig)
    upper = list(getattr(lists, f"MEDIAPIPE_{side.upper()}_EYE_UPPER"))[1:-1]
    lower = list(getattr(lists, f"MEDIAPIPE_{side.upper()}_EYE_LOWER"))
    # As seen from the front: the upper lid, 2 mm thick, closes before the lower one. The points of
    # the margins do not face each other, hence the distance to the line of the lower ones.
    opening = distance_to_line(rest[upper], rest[lower])
    closed = distance_to_line(blink[upper], blink[lower])
    assert opening.max() > 7 * MILLIMETRE
    assert closed.max() < 1.5 * MILLIMETRE
    half = landmarks(rig, {f"eyeBlink{side}": 0.5})
    assert distance_to_line(half[upper], half[lower]).max() > 2.5 * MILLIMETRE
    other = "Right" if side == "Left" else "Left"
    still = list(getattr(lists, f"MEDIAPIPE_{other.upper()}_EYE_UPPER"))
    torch.testing.assert_close(blink[still], rest[still], atol=1e-4, rtol=0)


def distance_to_line(points: Tensor, line: Tensor) -> Tensor:
    """Distance of each point to a polyline in the frontal plane, metres."""
    points, line = points[:, :2], line[:, :2]
    start, step = line[:-1], line.diff(dim=0)
    along = ((points[:, None] - start) * step).sum(-1) / (step * step).sum(-1)
    nearest = start + along.clamp(0, 1)[..., None] * step
    return (points[:, None] - nearest).norm(dim=-1).min(1).values


def test_the_jaw_opens_downwards_and_leaves_the_upper_face() -> None:
    rig = default_head_rig()
    moved = landmarks(rig, turn=("jaw", (JAW_OPEN_RADIANS, 0.0, 0.0))) - landmarks(rig)
    lower_lip, chin, nose, brow = 17, 152, 4, 105
    assert moved[lower_lip, 1] < -20 * MILLIMETRE
    assert moved[chin, 1] < -15 * MILLIMETRE
    assert moved[[lower_lip, chin], 2].max() < 0
    assert moved[:, 0].abs().max() < 1 * MILLIMETRE
    # The upper lip pulls a little at the tip of the nose.
    assert moved[nose].norm() < 1.5 * MILLIMETRE
    assert moved[brow].norm() < 0.1 * MILLIMETRE


@pytest.mark.parametrize(
    ("way", "axis_angle", "component", "sign"),
    [
        ("Up", (-1.0, 0.0, 0.0), 1, 1.0),
        ("Down", (1.0, 0.0, 0.0), 1, -1.0),
        ("Out", (0.0, 1.0, 0.0), 0, 1.0),
        ("In", (0.0, -1.0, 0.0), 0, -1.0),
    ],
)
def test_gaze_joints_turn_the_left_iris(
    way: str, axis_angle: tuple[float, float, float], component: int, sign: float
) -> None:
    rig = default_head_rig()
    angle = EYE_LOOK_RADIANS[way]
    x, y, z = (angle * part for part in axis_angle)
    units = {each: torch.tensor([float(each == way)]) for each in EYE_LOOK_RADIANS}
    torch.testing.assert_close(gaze_turn(units, "Left"), torch.tensor([[x, y, z]]))
    torch.testing.assert_close(gaze_turn(units, "Right"), torch.tensor([[x, -y, z]]))
    moved = landmarks(rig, turn=("left_eye_smplhf", (x, y, z))) - landmarks(rig)
    irises = list(lists.MEDIAPIPE_LEFT_IRIS)
    # A ball of 12 to 16 mm about its centre: the iris moves by its radius times the sine.
    travel = sign * moved[irises[0], component] / torch.tensor(angle).sin()
    assert 12 * MILLIMETRE < travel < 17 * MILLIMETRE
    # The tear duct rides on the eye a little.
    assert moved[:468].norm(dim=-1).max() < 0.3 * MILLIMETRE


def test_units_move_what_their_names_say() -> None:
    rig = default_head_rig()
    rest = landmarks(rig)
    left_corner, right_corner, upper_lip, left_brow = 291, 61, 0, 334
    smile = landmarks(rig, {"mouthSmileLeft": 1.0}) - rest
    assert smile[left_corner, 1] > 3 * MILLIMETRE
    assert smile[left_corner, 0] > 3 * MILLIMETRE
    assert smile[right_corner].norm() < 2 * MILLIMETRE
    assert (landmarks(rig, {"mouthFrownLeft": 1.0}) - rest)[left_corner, 1] < -2 * MILLIMETRE
    assert (landmarks(rig, {"browOuterUpLeft": 1.0}) - rest)[left_brow, 1] > 2 * MILLIMETRE
    assert (landmarks(rig, {"browDownLeft": 1.0}) - rest)[left_brow, 1] < -1 * MILLIMETRE
    assert (landmarks(rig, {"mouthPucker": 1.0}) - rest)[left_corner, 0] < -4 * MILLIMETRE
    assert (landmarks(rig, {"mouthUpperUpLeft": 1.0}) - rest)[upper_lip, 1] > 0
    # Left is the subject's left, +x.
    assert (landmarks(rig, {"jawLeft": 1.0}) - rest)[152, 0] > 1 * MILLIMETRE
    assert (landmarks(rig, {"mouthLeft": 1.0}) - rest)[0, 0] > 1 * MILLIMETRE
