"""Bent rays: each sample, posed again, lies on the ray of its pixel."""

import torch
from tests.train.capsule_views import COLOR, sleeve_views

from incarnate.train.canonical_rays import CanonicalRays, RaySettings, bend_rays
from incarnate.train.visual_hull import PoseViews

SETTINGS = RaySettings(per_frame=40, num_samples=20, step=0.01, band=0.04)


def bent(views: list[PoseViews], generator: torch.Generator) -> CanonicalRays:
    body, _ = sleeve_views()
    return bend_rays(body, body.vertices, views, SETTINGS, generator=generator)


def test_posed_samples_lie_on_straight_rays(generator: torch.Generator) -> None:
    body, views = sleeve_views()
    view = PoseViews(views[1].world_from_rest, views[1].frames[:1])
    rays = bent([view], generator)
    center = view.frames[0].camera.center
    posed = body.posed(view.world_from_rest)
    counts = rays.is_known.sum(1)
    assert (counts > 3).sum() > 10
    for ray in torch.nonzero(counts > 3)[:, 0]:
        offsets = posed.pose(rays.points[ray][rays.is_known[ray]]) - center
        distance = offsets.norm(dim=-1)
        directions = offsets / distance[:, None]
        # Roots are within 0.1 mm, seen from 1.2 m and more.
        assert (directions - directions[0]).norm(dim=-1).max() < 3e-4
        assert (distance.diff() > 0).all()


def test_rays_carry_what_their_pixel_shows(generator: torch.Generator) -> None:
    _, views = sleeve_views(num_cameras=2)
    rays = bent(views, generator)
    assert len(rays) == 3 * 2 * SETTINGS.per_frame
    assert rays.points.shape == (len(rays), SETTINGS.num_samples, 3)
    torch.testing.assert_close(rays.colors, torch.tensor(COLOR).expand(len(rays), 3))
    # Most rays are drawn about the outline, on both of its sides.
    assert 0.2 < rays.mattes.mean() < 0.8
    # Where the matte says "person", the ray meets the band around the surface.
    assert rays.is_known.any(1)[rays.mattes > 0.5].float().mean() > 0.95
