"""Settings of made captures."""

import pytest

from incarnate.capture.synthetic.settings import PRESETS, SyntheticSettings


def test_presets_keep_the_last_sixth_or_so_for_tests() -> None:
    assert set(PRESETS) == {"smoke", "demo"}
    for settings in PRESETS.values():
        assert settings.num_test_frames / settings.num_frames == pytest.approx(0.15, abs=0.02)
        assert settings.light not in settings.relights


@pytest.mark.parametrize(("frames", "tests"), [(2, 1), (3, 1), (20, 3), (100, 15)])
def test_both_splits_have_frames(frames: int, tests: int) -> None:
    assert SyntheticSettings(num_frames=frames).num_test_frames == tests
