"""A file or folder is whole or absent, whatever happens while it is written."""

from pathlib import Path

import pytest

from incarnate.whole_files import discard, try_folder, whole, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def break_off(path: Path) -> None:
    """Begin to write, and fail."""
    with whole(path) as partial:
        partial.mkdir()
        (partial / "a").write_text("half")
        partial.mkdir()


def test_a_file_is_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    write_whole("Größe\n", tmp_path / "new" / "a.txt")
    write_whole(b"abc", tmp_path / "new" / "b")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "Größe\n".encode()
    assert (tmp_path / "new" / "b").read_bytes() == b"abc"
    assert names(tmp_path / "new") == ["a.txt", "b"]


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole("old", path)
    with pytest.raises(FileExistsError):
        break_off(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_new_file_replaces_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole("old", path)
    with whole(path) as partial:
        assert partial.suffix == ".txt"
        assert partial.parent == tmp_path
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_folder_appears_whole_and_remains_of_a_killed_run_go(tmp_path: Path) -> None:
    folder = tmp_path / "avatar"
    with pytest.raises(FileExistsError):
        break_off(folder)
    (tmp_path / ".partial-avatar").mkdir()
    (tmp_path / ".partial-avatar" / "remains").write_text("of a killed run")
    with whole(folder) as partial:
        partial.mkdir()
        (partial / "a").write_text("1")
    assert names(tmp_path) == ["avatar"]
    assert names(folder) == ["a"]


def test_a_link_is_discarded_and_not_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    discard(tmp_path / "link")
    discard(tmp_path / "nothing")
    assert names(tmp_path) == ["folder"]


def test_a_folder_is_tried_and_left_empty(tmp_path: Path) -> None:
    try_folder(tmp_path / "new" / "report")
    assert list((tmp_path / "new" / "report").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        try_folder(tmp_path / "file" / "report")
