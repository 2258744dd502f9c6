"""Which splats a region reaches: the uv, the surface and soft borders."""

import numpy as np
import pytest
import torch
from tests.avatars.people import small_avatar

from incarnate.avatars.regions import (
    SURFACE_REACH,
    PaintedRegion,
    PartRegion,
    RestSurface,
    albedo_on_uv,
    mask_from_picture,
    region_weights,
    sample_mask,
)
from incarnate.errors import AvatarError


def test_everything_is_reached_without_a_region() -> None:
    assert (region_weights(small_avatar(), None) == 1).all()


def test_a_white_picture_reaches_all_of_the_surface() -> None:
    weights = region_weights(small_avatar(), PaintedRegion(torch.ones(8, 8)))
    # The bilinear weights of white texels add up to one but for rounding.
    torch.testing.assert_close(weights, torch.ones_like(weights), rtol=0, atol=1e-6)


def test_what_is_far_from_the_surface_lies_in_no_region() -> None:
    avatar = small_avatar()
    normals = torch.nn.functional.normalize(
        avatar.means.detach() - torch.tensor([0, 1.5, 0]), dim=-1
    )
    avatar.means.data.add_(3 * SURFACE_REACH * normals)
    surface = RestSurface.under(avatar.means.detach(), avatar.rig)
    weights = region_weights(avatar, PaintedRegion(torch.ones(8, 8)))
    assert (weights == 0).sum() > 0.5 * avatar.num_splats
    torch.testing.assert_close(weights, surface.nearness, rtol=0, atol=1e-6)


def test_parts_share_the_surface_among_them() -> None:
    avatar = small_avatar(num_splats=2000)
    parts = [region_weights(avatar, PartRegion(name)) for name in avatar.rig.part_names]
    assert all((part > 0).any() for part in parts)
    total = torch.stack(parts).sum(0)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-5)


def test_a_soft_border_keeps_the_inside_and_reaches_out() -> None:
    avatar = small_avatar(num_splats=2000)
    hard = region_weights(avatar, PartRegion("lips"))
    soft = region_weights(avatar, PartRegion("lips", feather=0.008))
    assert (soft > 0).sum() > (hard > 0).sum()
    far = torch.cdist(avatar.means.detach(), avatar.means.detach()[hard > 0]).min(-1).values
    assert (soft[far > 0.017] == 0).all()  # cut off at two deviations


def test_masks_are_read_from_the_bottom_left() -> None:
    mask = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    corners = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
    torch.testing.assert_close(sample_mask(mask, corners), torch.tensor([0.1, 0.2, 0.3, 0.4, 0.25]))


def test_grey_is_a_share_and_transparency_is_none() -> None:
    pixels = np.array([[[255, 255, 255, 255], [255, 255, 255, 0], [51, 51, 51, 255]]], np.uint8)
    torch.testing.assert_close(mask_from_picture(pixels), torch.tensor([[1.0, 0.0, 0.2]]))
    assert torch.equal(mask_from_picture(pixels[..., :3])[0, :2], torch.ones(2))


def test_the_albedo_lies_on_the_layout_and_nowhere_else() -> None:
    avatar = small_avatar()
    avatar.albedo_logits.data.fill_(0.0)
    picture = albedo_on_uv(avatar, 64)
    inside = picture.sum(-1) > 0
    assert 0.2 < inside.float().mean() < 0.9
    torch.testing.assert_close(picture[inside], torch.full_like(picture[inside], 0.5))


@pytest.mark.parametrize(
    ("region", "text"),
    [
        (PartRegion("nose"), "no part 'nose'; these exist: skin, lips"),
        (PartRegion("lips", feather=0.5), "500 mm: give 0 to 30 mm"),
        (PaintedRegion(torch.zeros(4, 4)), r"reaches no splat.*--template"),
    ],
)
def test_regions_that_mean_nothing_are_refused(
    region: PaintedRegion | PartRegion, text: str
) -> None:
    with pytest.raises(AvatarError, match=text):
        region_weights(small_avatar(), region)
