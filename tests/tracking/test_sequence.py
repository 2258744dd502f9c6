"""The sequence solver: against dense algebra, on any frame times, and on a known motion."""

from dataclasses import replace

import pytest
import torch
from tests.tracking.heads import packed, seen_head

from incarnate.tracking.evidence import Evidence
from incarnate.tracking.head_model import landmark_model
from incarnate.tracking.head_priors import head_prior
from incarnate.tracking.sequence import (
    SequenceEquations,
    SequenceProblem,
    fit_sequence,
    second_difference,
    solve_banded,
)


def problem_and_truth(count: int = 10, noise: float = 0.0) -> tuple[SequenceProblem, torch.Tensor]:
    head = seen_head(count, noise=noise, shape_spread=0.0)
    points = torch.from_numpy(head.seen.points[..., :2])
    prior = head_prior(head.rig, head.seen.times, head.seen.scores, head.seen.score_names)
    truth = packed(head.pose)
    return SequenceProblem(
        landmark_model(head.rig, head.rig.landmarks["mediapipe478"]),
        head.camera.to(torch.float64),
        Evidence(points, torch.full(points.shape[:2], 0.125).double(), sigma=2.0),
        replace(prior, mean=truth.mean(0).expand_as(truth)),
    ), truth


def test_steady_motion_has_no_second_difference() -> None:
    times = torch.tensor([0.0, 0.03, 0.1, 0.11, 0.3, 0.31]).double()
    line = 3 + 2 * times[:, None]
    torch.testing.assert_close(
        second_difference(times).of(line), torch.zeros(4, 1).double(), atol=1e-12, rtol=0
    )


def test_at_thirty_frames_a_second_it_is_the_plain_second_difference() -> None:
    times = torch.arange(7).double() / 30
    values = (torch.arange(7).double() ** 3)[:, None]
    plain = values[2:] - 2 * values[1:-1] + values[:-2]
    torch.testing.assert_close(second_difference(times).of(values), plain)


def test_the_sum_of_squares_hardly_depends_on_the_frame_rate() -> None:
    sums = []
    for rate in (30, 60, 120):
        times = torch.arange(2 * rate).double() / rate
        second = second_difference(times).of(torch.sin(3 * times)[:, None])
        sums.append(float((second**2).sum()))
    # Sampling a smooth curve, and its ends.
    assert sums == pytest.approx([sums[-1]] * 3, rel=0.05)


def test_transposed_is_the_adjoint(generator: torch.Generator) -> None:
    times = torch.rand(9, generator=generator, dtype=torch.float64).cumsum(0)
    operator = second_difference(times)
    x = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    y = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    torch.testing.assert_close((operator.of(x) * y).sum(), (x * operator.transposed(y)).sum())


def test_the_banded_solution_is_the_dense_one(generator: torch.Generator) -> None:
    frames, width = 7, 5
    times = torch.rand(frames, generator=generator, dtype=torch.float64).cumsum(0)
    roots = torch.randn(frames, width, width, generator=generator, dtype=torch.float64)
    blocks = roots @ roots.transpose(1, 2) + torch.eye(width)
    weights = torch.rand(frames - 2, width, generator=generator, dtype=torch.float64)
    gradient = torch.randn(frames, width, generator=generator, dtype=torch.float64)
    operator = second_difference(times)
    dense = torch.block_diag(*blocks).reshape(frames, width, frames, width).clone()
    rows = operator.of(torch.eye(frames, dtype=torch.float64))
    for k in range(width):
        dense[:, k, :, k] += rows.T @ torch.diag(weights[:, k]) @ rows
    dense = dense.reshape(frames * width, -1)
    dense = dense + 0.3 * torch.diag(dense.diagonal())
    expected = torch.linalg.solve(dense, gradient.flatten()).unflatten(0, (frames, width))
    equations = SequenceEquations(gradient, blocks, operator.bands(weights))
    torch.testing.assert_close(solve_banded(equations, 0.3), expected)


def test_a_matrix_that_is_not_positive_gives_no_step() -> None:
    none = torch.zeros(4, 2).double()
    equations = SequenceEquations(
        none + 1, -torch.eye(2).double().repeat(4, 1, 1), (none, none, none)
    )
    assert not solve_banded(equations, 0.0).any()


def test_the_gradient_is_that_of_the_cost(generator: torch.Generator) -> None:
    problem, truth = problem_and_truth(6)
    # Rough enough that some accelerations lie past the knee.
    noise = 0.02 * torch.randn(truth.shape, generator=generator, dtype=torch.float64)
    parameters = truth + noise
    gradient = problem.equations(parameters).gradient
    direction = torch.randn(truth.shape, generator=generator, dtype=torch.float64)
    step = 1e-7
    slope = problem.cost(parameters + step * direction) - problem.cost(
        parameters - step * direction
    )
    expected = float((gradient * direction).sum())
    # Costs near 1e5 leave seven digits for a difference of 1e-7.
    assert slope / (2 * step) == pytest.approx(expected, rel=1e-3)


def test_a_known_motion_is_found_and_noise_is_calmed() -> None:
    problem, truth = problem_and_truth(24, noise=1.0)
    told: list[int] = []
    start = truth.mean(0).expand_as(truth).clone()
    fit = fit_sequence(problem, start, iterations=15, report=told.append)
    assert told == list(range(1, len(told) + 1))
    clean, found, seen = (
        problem.camera.project(problem.model.points(truth)),
        problem.camera.project(problem.model.points(fit)),
        problem.evidence.points,
    )
    error = float((found - clean).norm(dim=-1).mean())
    # The detector errs by 1.25 px; 478 landmarks in 24 frames know better.
    assert error < 0.5
    assert error < 0.4 * float((seen - clean).norm(dim=-1).mean())
