import pytest
import torch
from tests.avatars.moving_bodies import ring_of_cameras

from incarnate.errors import ModelFileError
from incarnate.evaluate.lpips_weights import read_weights
from incarnate.geometry.colors import srgb_from_linear
from incarnate.train.frames import TrainingFrame
from incarnate.train.perceptual import PatchPerceptual

CAMERA = next(iter(ring_of_cameras(1, 80).values()))


@pytest.fixture(scope="module", autouse=True)
def _weights() -> None:
    try:
        read_weights("vgg")
    except ModelFileError as error:
        pytest.skip(str(error))


def frame_of(image: torch.Tensor) -> TrainingFrame:
    matte = torch.zeros(80, 80)
    matte[20:60, 30:70] = 1
    return TrainingFrame(0, CAMERA, srgb_from_linear(image), matte)


def test_is_zero_for_the_truth_and_pulls_towards_it() -> None:
    truth, loss = torch.rand(80, 80, 3), PatchPerceptual(32, 0)
    assert float(loss(truth, frame_of(truth), 0)) == pytest.approx(0, abs=1e-6)
    image = torch.rand(80, 80, 3, requires_grad=True)
    before = loss(image, frame_of(truth), 5)
    before.backward()
    assert image.grad is not None
    touched = image.grad.abs().sum(-1) > 0
    # Only one patch is looked at.
    assert 0 < int(touched.sum()) <= 32 * 32
    with torch.no_grad():
        moved = image - 1e-2 * image.grad / image.grad.norm()
        assert loss(moved, frame_of(truth), 5) < before


def test_a_step_has_one_patch_and_another_step_another() -> None:
    truth, image, loss = torch.rand(80, 80, 3), torch.rand(80, 80, 3), PatchPerceptual(32, 1)
    first = float(loss(image, frame_of(truth), 1))
    assert float(loss(image, frame_of(truth), 1)) == first
    assert float(loss(image, frame_of(truth), 2)) != first
