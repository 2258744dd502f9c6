"""Distances to polylines, and where features lie on the rig."""

import pytest
import torch

from incarnate.capture.synthetic.outlines import (
    LEFT_BROW,
    LEFT_EYE,
    distance_to_line,
    signed_distance,
    smoothstep,
)
from incarnate.rigs.embedded import default_head_rig

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("point", "distance"),
    [((0.5, 0.5), 0.5), ((0.9, 0.5), 0.1), ((2.0, 0.5), -1.0), ((-3.0, -4.0), -5.0)],
)
def test_the_square(point: tuple[float, float], distance: float) -> None:
    found = signed_distance(torch.tensor([point]), SQUARE)
    assert found.item() == pytest.approx(distance, abs=1e-6)


def test_an_open_line_has_no_last_edge() -> None:
    middle = torch.tensor([[0.0, 0.5]])
    assert distance_to_line(middle, SQUARE).item() == pytest.approx(0.5)
    assert distance_to_line(middle, SQUARE, closed=True).item() == pytest.approx(0.0)


def test_signed_distance_changes_by_no_more_than_one_moves(generator: torch.Generator) -> None:
    points = 4 * torch.rand(400, 2, generator=generator) - 1.5
    moved = points + 0.1 * torch.randn(400, 2, generator=generator)
    change = (signed_distance(points, SQUARE) - signed_distance(moved, SQUARE)).abs()
    assert (change <= (points - moved).norm(dim=-1) + 1e-5).all()


def test_smoothstep_runs_both_ways() -> None:
    values = torch.linspace(-1, 2, 31)
    up = smoothstep(values, 0.0, 1.0)
    assert torch.allclose(smoothstep(values, 1.0, 0.0), 1 - up, atol=1e-6)
    assert (up.diff() >= 0).all()
    assert (up[values <= 0] == 0).all()
    assert (up[values >= 1] == 1).all()


def test_features_lie_on_the_rig() -> None:
    rig = default_head_rig()
    eye = rig.joints[rig.joint_index("left_eye_smplhf"), :2]
    assert signed_distance(eye[None], LEFT_EYE).item() > 2e-3
    brow = torch.tensor(LEFT_BROW)
    # Brows lie 1 to 3 cm above the eye's centre.
    above = brow[:, 1] - eye[1]
    assert (above > 0.008).all()
    assert (above < 0.03).all()
