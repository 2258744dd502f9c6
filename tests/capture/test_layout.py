"""Patterns of file names."""

from incarnate.capture.layout import Layout, fill_pattern


def test_patterns_name_camera_and_frame() -> None:
    assert fill_pattern("a/{camera}/{frame:06d}.png", "left", 12) == "a/left/000012.png"
    assert fill_pattern("{frame}.jpg", "left", 12) == "12.jpg"


def test_the_default_layout_gives_each_picture_its_own_file() -> None:
    pattern = Layout().images
    paths = {fill_pattern(pattern, camera, frame) for camera in "ab" for frame in range(3)}
    assert len(paths) == 6
