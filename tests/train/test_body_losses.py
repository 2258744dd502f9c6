import torch
from tests.avatars.moving_bodies import ring_of_cameras, small_body, waving_poses

from incarnate.avatars.pose_changes import POSE_CHANNELS
from incarnate.geometry.colors import srgb_from_linear
from incarnate.splats.rasterize import rasterize
from incarnate.train.body_losses import body_restraints
from incarnate.train.body_recipes import BodyLosses
from incarnate.train.frames import TrainingFrame
from incarnate.train.losses import picture_loss

CAMERA = next(iter(ring_of_cameras(1).values()))


@torch.no_grad()
def test_a_picture_that_is_right_costs_nothing() -> None:
    body = small_body()
    raster = rasterize(body.splat(waving_poses(body.rig, 2)[0], CAMERA), CAMERA)
    image = body.shade(raster, CAMERA, None)
    frame = TrainingFrame(0, CAMERA, srgb_from_linear(image), raster.alpha)
    terms = picture_loss(image, raster, frame, BodyLosses())
    # SSIM of equal pictures is one to float32's rounding.
    assert all(abs(float(value)) < 1e-5 for value in terms.values())


@torch.no_grad()
def test_restraints_grow_with_what_they_restrain() -> None:
    body, weights = small_body(), BodyLosses()
    painted = torch.zeros(body.num_splats, POSE_CHANNELS)
    calm = body_restraints(body, painted, weights)
    assert float(calm["drift"]) == float(calm["offsets"]) == float(calm["changes"]) == 0
    assert float(calm["skinning"]) == 0
    assert body.skinning is not None
    body.skinning.changes.add_(2)
    body.means.add_(0.02)
    wild = body_restraints(body, painted + 1, weights)
    # 2 cm on each axis is three squared units.
    torch.testing.assert_close(wild["drift"], torch.tensor(3 * weights.drift), rtol=1e-4, atol=0)
    torch.testing.assert_close(wild["skinning"], torch.tensor(4 * weights.skinning))
    torch.testing.assert_close(wild["changes"], torch.tensor(weights.changes))
    assert wild["offsets"] > 0
    assert "offsets" not in body_restraints(body, None, weights)
