"""Settings of made body captures."""

from dataclasses import asdict, replace

import pytest

from incarnate.capture.synthetic_body.clips import CLIP_NAMES
from incarnate.capture.synthetic_body.settings import BODY_PRESETS, BodyCaptureSettings


@pytest.mark.parametrize("name", BODY_PRESETS)
def test_presets_test_by_motions_that_they_do_not_train_on(name: str) -> None:
    preset = BODY_PRESETS[name]
    assert set(preset.train_clips + preset.test_clips) <= set(CLIP_NAMES)
    assert not set(preset.train_clips) & set(preset.test_clips)


def test_the_smoke_preset_is_a_small_part_of_the_work() -> None:
    def samples(s: BodyCaptureSettings) -> int:
        poses = len(s.train_clips) * s.train_clip_frames + len(s.test_clips) * s.test_clip_frames
        return poses * s.num_cameras * (s.size * s.supersampling) ** 2

    assert samples(BODY_PRESETS["smoke"]) < samples(BODY_PRESETS["demo"]) / 100


def test_settings_are_plain_values() -> None:
    assert BodyCaptureSettings(**asdict(BODY_PRESETS["smoke"])) == BODY_PRESETS["smoke"]


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(AssertionError, match="one camera to train on"):
        replace(BODY_PRESETS["smoke"], num_cameras=1)
    with pytest.raises(AssertionError, match="diagonals"):
        replace(BODY_PRESETS["smoke"], skirt_columns=33)
