from pathlib import Path

from tests.avatars.moving_bodies import small_body, write_body_capture
from tests.avatars.people import painted

from incarnate.avatars.body_colors import color_from_frames
from incarnate.capture.tracks import load_track


def test_splats_take_the_colours_that_frames_show(tmp_path: Path) -> None:
    capture = write_body_capture(tmp_path / "capture", size=160)
    body = small_body()
    color_from_frames(body, capture, load_track(capture))
    true = body.maps.read(painted(body.rig), body.rig.faces)
    error = (body.albedo().detach() - true).abs().mean(-1)
    # Stripes are 8 cm wide and a pixel is 1.4 cm: most splats see their own colour.
    assert error.median() < 0.08
