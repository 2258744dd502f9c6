"""The covered region holds every touched pixel, and is tight about an opaque splat."""

from dataclasses import replace

import pytest
import torch
from tests.splats.scenes import doubled, maps, one_splat, random_splats, side_camera

from incarnate.splats.rasterize import rasterize
from incarnate.splats.regions import Region, covered_region


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_nothing_is_drawn_outside(precision: str) -> None:
    for seed in range(8):
        small = random_splats(12, seed=seed)
        small = replace(small, means=0.3 * small.means)
        camera = side_camera(61, 47)
        if precision == "float64":
            small, camera = doubled(small), camera.to(torch.float64)
        region = covered_region(small, camera)
        assert region is not None
        whole = rasterize(small, camera)
        outside = whole.alpha.clone()
        rows = slice(region.top, region.top + region.height)
        columns = slice(region.left, region.left + region.width)
        outside[rows, columns] = 0
        assert not outside.any()
        # The box of an ellipse may end in a pixel whose centre the ellipse passes by.
        inside = whole.alpha[rows, columns] > 0
        sides = (inside[:2], inside[-2:], inside[:, :2], inside[:, -2:])
        assert all(bool(side.any()) for side in sides)


def test_splats_out_of_sight_cover_nothing() -> None:
    camera = side_camera()
    behind = one_splat(means=(camera.center - camera.camera_from_world[2, :3])[None])
    assert covered_region(behind, camera) is None
    assert covered_region(random_splats(0), camera) is None


def test_a_regions_camera_sees_the_windows_rays() -> None:
    camera, region = side_camera(), Region(4, 6, 9, 7)
    rays = region.camera(camera).pixel_rays()
    # float32 coordinates of some tens of pixels.
    assert torch.allclose(rays, camera.pixel_rays()[6:13, 4:13], atol=1e-6)
    splats = random_splats(50)
    part = rasterize(splats, camera, region=region)
    assert all(image.shape[:2] == (7, 9) for image in maps(part))
