"""The whole fit on a head that is known: pose, expression, lens and features come back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.tracking.heads import SeenHead, seen_head

from incarnate.geometry.rotations import matrix_from_axis_angle, nearest_rotation
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking.fit_head import FitSettings, HeadFit, fit_head, spread_frames
from incarnate.tracking.smoothing import jitter

NOISE = 1.0
# Depths of the made detector are true: they tell turns as they are.
HONEST = FitSettings(depth_shows=(1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def head() -> SeenHead:
    return seen_head(40, focal=900.0, distance=0.7, noise=NOISE)


@pytest.fixture(scope="module")
def fit(head: SeenHead) -> HeadFit:
    return fit_head(head.rig, head.seen, HONEST)


def head_rotations(rig: Rig, pose: Pose, camera_from_world: torch.Tensor) -> torch.Tensor:
    """Rest space to camera axes."""
    turn = matrix_from_axis_angle(pose.root_rotation)
    for joint in ("neck", "head"):
        turn = turn @ matrix_from_axis_angle(pose.joint_rotations[:, rig.joint_index(joint) - 1])
    return camera_from_world[:3, :3] @ turn


def aligned(points: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Points turned, moved and scaled onto a target."""
    points, target = points - points.mean(0), target - target.mean(0)
    turned = points @ nearest_rotation(target.T @ points)
    return turned * ((turned * target).sum() / (turned**2).sum()) - target


def test_landmarks_are_met_within_the_detectors_error(head: SeenHead, fit: HeadFit) -> None:
    error = np.linalg.norm(fit.pixels.numpy() - head.pixels, axis=-1).mean()
    # Noise of one pixel an axis is 1.25 px long; the fit averages it over points and frames.
    assert error < 0.5 * 1.25 * NOISE
    assert float(fit.errors.mean()) == pytest.approx(1.25 * NOISE, rel=0.2)
    assert fit.errors.shape == (40,)


def test_the_result_is_one_rig_one_camera_and_poses_that_agree(
    head: SeenHead, fit: HeadFit
) -> None:
    vertices = pose_rig(fit.rig, fit.poses).vertices
    points = fit.rig.landmarks["mediapipe478"].on(vertices, fit.rig.faces)
    # The fit works in double precision, the result is in single.
    torch.testing.assert_close(fit.camera.project(points), fit.pixels, atol=0.02, rtol=0)
    person = head.rig.with_identity(fit.shape, fit.offset)
    torch.testing.assert_close(person.vertices, fit.rig.vertices, atol=1e-5, rtol=0)
    assert fit.rig.shape_names == ()


def test_head_turns_are_found(head: SeenHead, fit: HeadFit) -> None:
    true = head_rotations(head.rig, head.pose, head.camera.camera_from_world)
    found = head_rotations(head.rig, fit.poses, fit.camera.camera_from_world)
    apart = true.transpose(1, 2) @ found
    # A constant turn is a matter of what counts as straight ahead in a face's features.
    apart = apart @ nearest_rotation(apart.mean(0)).T
    cosine = (apart.diagonal(dim1=1, dim2=2).sum(-1) - 1) / 2
    degrees = torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))
    # The head turns by ±20°; a lens that is off by a fifth tilts turns by 1 in 20.
    assert float(degrees.mean()) < 1.5


def test_the_lens_is_found_about_as_well_as_a_face_tells(fit: HeadFit) -> None:
    # A face of 12 cm depth at 70 cm says little about perspective: a third is within its means.
    assert float(fit.camera.intrinsics[0, 0]) == pytest.approx(900, rel=0.33)
    assert fit.camera.intrinsics[0, 0] == fit.camera.intrinsics[1, 1]


def test_features_come_closer_to_the_persons(head: SeenHead, fit: HeadFit) -> None:
    corners = head.rig.faces[head.rig.landmarks["mediapipe478"].faces].unique()
    person = head.person.vertices[corners]
    found = aligned(fit.rig.vertices[corners], person).norm(dim=-1).mean()
    generic = aligned(head.rig.vertices[corners], person).norm(dim=-1).mean()
    # Depth comes from turns of the head alone; noise of a pixel is half a millimetre.
    assert float(found) < 2e-3
    assert float(found) < 0.7 * float(generic)


def test_jaw_gaze_and_lids_follow(head: SeenHead, fit: HeadFit) -> None:
    def correlation(true: torch.Tensor, found: torch.Tensor) -> float:
        return float(torch.corrcoef(torch.stack([true, found]))[0, 1])

    rotations, found = head.pose.joint_rotations, fit.poses.joint_rotations
    jaw, eye = (head.rig.joint_index(name) - 1 for name in ("jaw", "left_eye_smplhf"))
    assert correlation(rotations[:, jaw, 0], found[:, jaw, 0]) > 0.95
    assert float((rotations - found)[:, jaw, 0].std()) < 0.035  # two degrees of seventeen
    assert correlation(rotations[:, eye, 1], found[:, eye, 1]) > 0.9
    blink = head.rig.expression_names.index("eyeBlinkLeft")
    assert correlation(head.pose.expression[:, blink], fit.poses.expression[:, blink]) > 0.9
    assert float(fit.poses.expression[20, blink]) > 0.7  # closed there


def test_the_fit_is_calmer_than_the_detector(head: SeenHead, fit: HeadFit) -> None:
    assert jitter(fit.pixels.double().numpy()) < 0.5 * jitter(head.seen.points[..., :2])


def test_the_chest_stays_in_place(fit: HeadFit) -> None:
    # It did not move in truth but for 1.5 cm of swaying.
    assert float(torch.rad2deg(fit.poses.root_rotation.norm(dim=-1)).max()) < 3
    assert float(fit.poses.root_translation.norm(dim=-1).max()) < 0.05
    assert float(fit.poses.root_translation.median(0).values.norm()) < 1e-3


def test_progress_never_runs_backwards(head: SeenHead) -> None:
    few = replace(
        head.seen,
        times=head.seen.times[:12],
        points=head.seen.points[:12],
        scores=head.seen.scores[:12],
    )
    told: list[tuple[int, int]] = []
    fit = fit_head(head.rig, few, FitSettings(), lambda done, total: told.append((done, total)))
    assert len(fit.poses) == 12
    assert all(b[0] >= a[0] for a, b in pairwise(told))
    assert all(done <= total for done, total in told)


def test_frames_for_the_identity_differ(generator: torch.Generator) -> None:
    parameters = torch.zeros(100, 20)
    parameters[70, 10] = 5.0
    chosen = spread_frames(torch.zeros(100, 20), parameters, 10)
    assert len(set(chosen.tolist())) == len(chosen) <= 10
    assert 70 in chosen.tolist()
    assert {0, 99} <= set(chosen.tolist())
    assert spread_frames(parameters[:4], parameters[:4], 10).tolist() == [0, 1, 2, 3]


def test_depths_tell_nods_that_the_picture_plane_hides(head: SeenHead) -> None:
    joints = head.pose.joint_rotations.clone()
    for name in ("neck", "head"):
        joints[:, head.rig.joint_index(name) - 1, 0] *= 0.5
    flat = replace(head.pose, joint_rotations=joints)
    surface = pose_rig(head.person, flat).vertices
    points = head.seen.points.copy()
    landmarks = head.person.landmarks["mediapipe478"].on(surface, head.person.faces)
    points[..., :2] = head.camera.project(landmarks).double().numpy()
    seen = replace(head.seen, points=points)
    true = head_rotations(head.rig, head.pose, head.camera.camera_from_world)

    def nods(settings: FitSettings) -> float:
        fit = fit_head(head.rig, seen, settings)
        found = head_rotations(head.rig, fit.poses, fit.camera.camera_from_world)
        # The height of where the face points, in the picture's axes, goes with the nod.
        return float(np.polyfit(true[:, 1, 2].numpy(), found[:, 1, 2].numpy(), 1)[0])

    # The rotation that fits flattened pixels and true depths best lies between the two.
    between = replace(HONEST, depth_shows=(0.72, 1.0, 1.0))
    assert nods(replace(between, depth_turn=10.0)) < 0.65
    assert nods(between) == pytest.approx(1.0, abs=0.1)
