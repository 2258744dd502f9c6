"""Fitting an implicit surface: a ball is found from its silhouettes; opacity telescopes."""

import torch

from incarnate.geometry.grids import Grid
from incarnate.train.canonical_rays import CanonicalRays
from incarnate.train.distance_field import FieldSettings, fit_field, render_opacity

RADIUS = 0.1
COLOR = (0.5, 0.2, 0.1)
GRID = Grid(torch.full((3,), -0.2), 0.02, (21, 21, 21))


def rays_around_a_ball(generator: torch.Generator, count: int = 1500) -> CanonicalRays:
    """Straight rays that pass the origin at up to twice the ball's radius."""
    directions = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    aside = torch.nn.functional.normalize(
        torch.linalg.cross(directions, torch.randn(count, 3, generator=generator)), dim=-1
    )
    miss = 2 * RADIUS * torch.rand(count, generator=generator)
    along = torch.arange(-0.16, 0.16, 0.008)
    middle = miss[:, None] * aside
    points = middle[:, None] + along[:, None] * directions[:, None]
    return CanonicalRays(
        points,
        torch.rand(points.shape[:2], generator=generator) > 0.05,
        (miss < RADIUS).float(),
        torch.tensor(COLOR).expand(count, 3),
    )


def test_a_ball_is_found_from_its_silhouettes(generator: torch.Generator) -> None:
    start = GRID.centers().norm(dim=-1) - 0.85 * RADIUS
    body = GRID.centers().norm(dim=-1) - 0.5 * RADIUS
    settings = FieldSettings(steps=60, rays_per_step=200, correction_voxel=0.04, distance_rate=2e-3)
    told: list[str] = []
    field = fit_field(
        (GRID, start),
        body,
        rays_around_a_ball(generator),
        settings,
        generator=generator,
        progress=lambda done, total, text: told.append(text),
    )
    directions = torch.nn.functional.normalize(torch.randn(300, 3, generator=generator), dim=-1)
    found = field.distance(RADIUS * directions)
    # The start was 15 mm off; what is left is the samples' spacing and the coarse correction.
    assert found.abs().mean() < 0.004
    torch.testing.assert_close(
        field.color(RADIUS * directions).mean(0), torch.tensor(COLOR), rtol=0, atol=0.05
    )
    assert len(told) == settings.steps
    assert "silhouettes" in told[-1]


def test_opacity_is_one_minus_the_softest_that_the_ray_met(generator: torch.Generator) -> None:
    approach = torch.linspace(0.3, 0, 30) + torch.rand(5, 1, generator=generator) * 0.02 - 0.01
    distance = torch.cat([approach, approach.flip(1)], 1)
    opacity = render_opacity(distance, 0.01).sum(1)
    nearest = torch.sigmoid(distance.amin(1) / 0.01)
    # Telescoping is exact but for the guards against zero.
    torch.testing.assert_close(opacity, 1 - nearest, rtol=0, atol=1e-4)


def test_where_nothing_is_nothing_is_drawn() -> None:
    weights = render_opacity(torch.full((3, 8), torch.inf), 0.01)
    assert torch.equal(weights, torch.zeros(3, 8))


def test_a_sharp_surface_is_drawn_by_the_sample_that_crosses_it() -> None:
    distance = torch.tensor([[0.2, 0.1, -0.1, -0.2, 0.1]])
    weights = render_opacity(distance, 0.005)
    # Twenty widths before and behind the edge.
    torch.testing.assert_close(weights, torch.tensor([[0.0, 0, 1, 0, 0]]), rtol=0, atol=1e-5)
