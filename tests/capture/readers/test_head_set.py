"""The rule of the split, and the order of frames."""

from pathlib import Path

from incarnate.capture.readers.head_set import first_that_exists, natural_key, split_by_rule


def test_the_rule_keeps_the_end() -> None:
    splits, notes = split_by_rule(1000, 350)
    assert splits == ("train",) * 650 + ("test",) * 350
    assert notes == ()


def test_a_small_set_keeps_a_share_and_says_so() -> None:
    splits, notes = split_by_rule(100, 350)
    assert splits == ("train",) * 85 + ("test",) * 15
    assert notes == (
        "the set has 100 frames, too few to keep its last 350 for testing: the last 15 (15 in "
        "100) are kept instead, so figures do not compare with published ones",
    )
    assert split_by_rule(2, 350)[0] == ("train", "test")


def test_frames_come_in_the_order_of_their_numbers() -> None:
    names = ["image/10.png", "image/9.png", "image/100.png"]
    assert sorted(names, key=natural_key) == ["image/9.png", "image/10.png", "image/100.png"]
    assert sorted(["t2_c10", "t2_c9", "t1_c11"], key=natural_key) == ["t1_c11", "t2_c9", "t2_c10"]


def test_the_first_file_that_exists_is_found(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    assert first_that_exists([tmp_path / "a", tmp_path / "b"]) == tmp_path / "b"
    assert first_that_exists([tmp_path / "a"]) is None
