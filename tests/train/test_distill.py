"""Distillation brings an encoder nearer to the tracked codes; the same seed, the same encoder."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.encoder import EncoderModel, code_reach, codes_of
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.train.distill import CropBank, EncoderRecipe, distill, rarity, read_bank, unexplained

QUICK = EncoderRecipe(model=EncoderModel(width=0.35, size=32), steps=80, rate=4e-3)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture", num_frames=12)


@pytest.fixture(scope="module")
def bank(capture: Capture) -> CropBank:
    return read_bank(capture, load_track(capture), capture.indices("train"), size=32)


def test_distillation_reduces_the_error_of_codes(capture: Capture, bank: CropBank) -> None:
    track = load_track(capture)
    told: list[str] = []
    encoder = distill(QUICK, track, bank, seed=1, progress=lambda i, n, text: told.append(text))
    poses = track.poses[torch.tensor(bank.indices)]
    targets = codes_of(poses, track.rig)
    found = codes_of(encoder.pose(poses, bank.crops), track.rig)
    # One is what the mean of all codes would leave.
    assert unexplained(found, targets, targets, code_reach(track.rig)) < 0.5
    assert len(told) == QUICK.steps
    assert "unexplained" in told[-1]


def test_the_same_seed_gives_the_same_encoder(capture: Capture, bank: CropBank) -> None:
    track, recipe = load_track(capture), replace(QUICK, steps=3)
    ours, theirs = (distill(recipe, track, bank, seed=5).state_dict() for _ in range(2))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert not ours["head.weight"].requires_grad


def test_the_mean_leaves_all_and_the_truth_nothing_unexplained(capture: Capture) -> None:
    track = load_track(capture)
    codes, reach = codes_of(track.poses, track.rig), code_reach(track.rig)
    mean = codes.mean(0).expand_as(codes)
    assert float(unexplained(mean, codes, codes, reach)) == pytest.approx(1, rel=1e-4)
    assert float(unexplained(codes, codes, codes, reach)) == 0


def test_rare_frames_are_drawn_more_often() -> None:
    codes = torch.tensor([[0.0], [0.0], [0.0], [1.0]])
    odds = rarity(codes, torch.ones(1))
    assert odds[3] > 1.5 * odds[0] > 0


def test_augmentation_leaves_the_middle_in_place(
    bank: CropBank, generator: torch.Generator
) -> None:
    assert bank.crops.shape == (10, 32, 32, 3)
    assert bank.pixels.shape == (10, 40, 40, 3)
    varied = torch.stack([bank.augmented(torch.tensor([0]), generator)[0] for _ in range(40)])
    assert varied.std(0).mean() > 0
    assert 0 <= varied.min() <= varied.max() <= 1
    # Shifts, scales and brightness even out over many draws.
    near = (varied.mean(0) - bank.crops[0].float() / 255).abs().mean()
    assert near < 0.1
