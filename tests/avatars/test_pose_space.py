import pytest
import torch

from incarnate.avatars.pose_space import PROJECTION_LIMIT, PoseSpace, fit_pose_space

SHAPE = (2, 3, 8, 8)
RANK = 6


@pytest.fixture
def conditions(generator: torch.Generator) -> torch.Tensor:
    """Forty poses that vary in six ways around a mean, with a silhouette."""
    bases = torch.randn(RANK, *SHAPE, generator=generator)
    strengths = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.5, 0.25])
    weights = torch.randn(40, RANK, generator=generator).clamp(-1.5, 1.5) * strengths
    conditions = 1 + torch.einsum("pr,r...->p...", weights, bases)
    conditions[..., :2] = 0
    return conditions


@pytest.fixture
def space(conditions: torch.Tensor) -> PoseSpace:
    return fit_pose_space(conditions, 4)


def test_components_are_those_of_a_singular_value_decomposition(
    conditions: torch.Tensor, space: PoseSpace
) -> None:
    centered = (conditions - conditions.mean(0)).flatten(1)
    _, singular, directions = torch.linalg.svd(centered, full_matrices=False)
    torch.testing.assert_close(space.deviations, singular[:4] / 39**0.5, rtol=1e-4, atol=0)
    overlap = (space.components @ directions[:4].T).abs()
    # Single precision, and neighbouring variances a factor of two apart.
    torch.testing.assert_close(overlap, torch.eye(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        space.components @ space.components.T, torch.eye(4), atol=1e-4, rtol=0
    )


def test_with_all_components_a_training_pose_within_range_comes_back(
    conditions: torch.Tensor,
) -> None:
    space = fit_pose_space(conditions)
    assert len(space.deviations) == RANK
    beta = space.coefficients(conditions)
    inside = (beta.abs() <= PROJECTION_LIMIT * space.deviations).all(1)
    assert int(inside.sum()) > 20
    # Single precision, values up to 20.
    torch.testing.assert_close(
        space.project(conditions[inside]), conditions[inside], atol=1e-3, rtol=0
    )


def test_what_is_discarded_is_what_a_training_pose_loses(
    conditions: torch.Tensor, space: PoseSpace
) -> None:
    inside = (space.coefficients(conditions).abs() <= PROJECTION_LIMIT * space.deviations).all(1)
    lost = conditions[inside] - space.project(conditions[inside])
    # Nothing of it lies along the components that were kept.
    along = lost.flatten(1) @ space.components.T
    torch.testing.assert_close(along, torch.zeros_like(along), atol=1e-3, rtol=0)
    full = fit_pose_space(conditions)
    share = full.coefficients(conditions[inside])[:, 4:].square().sum(1)
    torch.testing.assert_close(lost.flatten(1).square().sum(1), share, rtol=1e-3, atol=1e-3)


def test_projection_is_idempotent_and_clipped(space: PoseSpace, generator: torch.Generator) -> None:
    far = 30 * torch.randn(5, *SHAPE, generator=generator)
    projected = space.project(far)
    torch.testing.assert_close(space.project(projected), projected, atol=1e-3, rtol=0)
    beta = space.coefficients(projected)
    assert bool((beta.abs() <= PROJECTION_LIMIT * space.deviations * (1 + 1e-4)).all())
    pushed = space.compose(100 * space.deviations)
    limit = space.compose(PROJECTION_LIMIT * space.deviations)
    torch.testing.assert_close(space.project(pushed), limit, atol=1e-3, rtol=0)
    assert not bool(projected[..., :2].any())


def test_distance_tells_training_poses_from_others(
    conditions: torch.Tensor, space: PoseSpace, generator: torch.Generator
) -> None:
    near = space.distance(conditions)
    assert float((near <= space.training_distance * 1.0001).float().mean()) >= 0.94
    strange = conditions + 3 * torch.randn(40, *SHAPE, generator=generator)
    assert float(space.distance(strange).min()) > space.training_distance
    assert float(space.distance(space.mean)) < 1e-6
    # A step of one unit at every covered entry that no component explains is a distance of one.
    direction = torch.randn(SHAPE, generator=generator)
    direction[..., :2] = 0
    flat = direction.flatten()
    flat = flat - (flat @ space.components.T) @ space.components
    step = (flat / flat.norm() * space.num_covered**0.5).view(SHAPE)
    assert float(space.distance(space.mean + step)) == pytest.approx(1, abs=1e-4)


def test_a_single_pose_spans_nothing() -> None:
    space = fit_pose_space(torch.ones(1, *SHAPE))
    # All else is far from it, but no distance is blown up without bound.
    assert float(space.relative_distance(torch.zeros(SHAPE))) == pytest.approx(100)
    assert len(space.deviations) == 0
    torch.testing.assert_close(space.project(torch.zeros(SHAPE)), torch.ones(SHAPE))
