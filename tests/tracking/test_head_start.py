"""The first guess: similarities are exact, and the head starts where it is seen."""

import pytest
import torch
from tests.tracking.heads import seen_head

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.embedded import default_head_rig
from incarnate.tracking.bundle import with_focal
from incarnate.tracking.head_model import landmark_model
from incarnate.tracking.head_start import (
    RigidFit,
    expect_focal,
    fit_rigid,
    start_parameters,
    upright_camera,
)


def some_similarities(generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    turns = matrix_from_axis_angle(torch.randn(5, 3, generator=generator, dtype=torch.float64))
    scales = 500 + 1000 * torch.rand(5, generator=generator, dtype=torch.float64)
    shifts = 100 * torch.randn(5, 3, generator=generator, dtype=torch.float64)
    return turns, scales, shifts


def test_a_similarity_is_recovered_exactly(generator: torch.Generator) -> None:
    rest = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    turns, scales, shifts = some_similarities(generator)
    points = scales[:, None, None] * rest @ turns.transpose(1, 2) + shifts[:, None]
    rigid = torch.arange(30) < 20
    points[:, ~rigid] += 50  # those that move are not looked at
    fit = fit_rigid(points, rest, rigid)
    torch.testing.assert_close(fit.rotation, turns)
    torch.testing.assert_close(fit.scale, scales)
    again = scales[:, None] * (turns @ fit.center) + shifts
    torch.testing.assert_close(fit.seen, again)


def test_a_mirrored_cloud_still_gives_a_rotation(generator: torch.Generator) -> None:
    rest = torch.randn(12, 3, generator=generator, dtype=torch.float64)
    fit = fit_rigid(rest[None] * torch.tensor([-1.0, 1, 1]), rest, torch.ones(12).bool())
    assert float(torch.linalg.det(fit.rotation[0])) == pytest.approx(1)


def test_the_head_starts_where_it_is_seen() -> None:
    head = seen_head(12, focal=900.0, distance=0.7, shape_spread=0.0)
    rig = default_head_rig()
    points = rig.landmarks["mediapipe478"]
    rest = points.on(rig.vertices, rig.faces).double()
    # All landmarks count as rigid here: the guess has to be rough, not blind.
    fit = fit_rigid(torch.from_numpy(head.seen.points), rest, torch.ones(len(rest)).bool())
    model = landmark_model(rig, points)
    camera = upright_camera(fit, with_focal(head.seen.picture.to(torch.float64), 900.0))
    mean = torch.zeros(12, model.num_parameters, dtype=torch.float64)
    start = start_parameters(fit, rig, camera, mean)
    pixels = camera.project(model.points(start))
    error = (pixels - torch.from_numpy(head.pixels)).norm(dim=-1).mean(-1)
    # Missing perspective and expression cost some pixels of a face 290 pixels high; a head put
    # about the rig's origin, 1.5 m below the face, would be off by fifty.
    assert float(error.max()) < 8


def test_the_upright_camera_sees_a_turned_head_upright() -> None:
    tilt = matrix_from_axis_angle(torch.tensor([0.2, -0.4, 0.3], dtype=torch.float64))
    fit = RigidFit(
        tilt.repeat(4, 1, 1), torch.ones(4).double(), torch.zeros(3).double(),
        torch.zeros(4, 3).double(),
    )  # fmt: skip
    camera = upright_camera(fit, seen_head(2).seen.picture.to(torch.float64))
    head_in_world = camera.camera_from_world[:3, :3].T @ tilt
    torch.testing.assert_close(head_in_world, torch.eye(3, dtype=torch.float64))
    assert not camera.camera_from_world[:3, 3].any()


@pytest.mark.parametrize("scale", [600.0, 1300.0, 2500.0])
def test_larger_faces_let_expect_longer_lenses(scale: float) -> None:
    fit = RigidFit(
        torch.eye(3).double().repeat(2, 1, 1), torch.full((2,), scale).double(),
        torch.zeros(3).double(), torch.zeros(2, 3).double(),
    )  # fmt: skip
    expected = expect_focal(fit, 1000.0)
    by_distance, by_lens = 0.75 * scale, 900.0
    assert min(by_distance, by_lens) <= expected.pixels <= max(by_distance, by_lens)
    # Two sources together are surer than the surer of them (0.45).
    assert expected.spread < 0.45
