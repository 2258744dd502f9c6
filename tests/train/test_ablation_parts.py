"""What ablations share: names are checked, measured arms found, differences printed."""

import json
from pathlib import Path

import pytest

from incarnate.errors import AvatarError
from incarnate.evaluate.report import Figure
from incarnate.train.ablation_parts import check_names, gain_text, is_trained, measured, prefixed


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    check_names([], ["baked"])
    check_names(["baked"], ["baked", "codes-8"])
    with pytest.raises(AvatarError, match="no arm 'no-hair'; these exist: baked, codes-8"):
        check_names(["baked", "no-hair"], ["baked", "codes-8"])


def test_a_result_counts_only_if_it_was_measured_as_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    assert measured(path, {}) is None
    path.write_text(json.dumps({"options": {"stride": 2}, "figures": {"psnr": 20.0}}))
    found = measured(path, {"options": {"stride": 2}})
    assert found is not None
    assert found["figures"] == {"psnr": 20.0}
    assert measured(path, {"options": {"stride": 1}}) is None
    assert measured(path, {"trained": "whole"}) is None


def test_an_avatar_of_a_checkpoint_is_not_trained_yet(tmp_path: Path) -> None:
    assert not is_trained(tmp_path, 5)
    facts = {"format": "incarnate-avatar", "version": 1, "steps": 3}
    (tmp_path / "avatar.json").write_text(json.dumps(facts))
    assert not is_trained(tmp_path, 5)
    assert is_trained(tmp_path, 3)


def test_progress_says_what_it_is_of() -> None:
    told: list[tuple[int, int, str]] = []
    tell = prefixed(lambda *what: told.append(what), "2/3 baked")
    assert tell is not None
    tell(1, 9, "training")
    assert told == [(1, 9, "2/3 baked: training")]
    assert prefixed(None, "2/3 baked") is None


@pytest.mark.parametrize(
    ("ours", "theirs", "text"),
    [(20.0, 18.75, "+1.25 dB"), (18.0, 18.5, "-0.50 dB"), (None, 1.0, "–"), (1.0, None, "–")],
)
def test_a_difference_has_its_sign(ours: float | None, theirs: float | None, text: str) -> None:
    assert gain_text(Figure("psnr", "PSNR", " dB", 2, "higher"), ours, theirs) == text
