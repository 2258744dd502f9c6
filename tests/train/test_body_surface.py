from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, write_body_capture

from incarnate.avatars.template import TEMPLATE_NAME, load_template, template_of_rig
from incarnate.capture.tracks import load_track
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.train.body_recipes import SMOKE_BODY
from incarnate.train.body_surface import body_surface, maps_of_template

RECIPE = replace(SMOKE_BODY, model=SMALL_BODY, template="smoke")


def test_the_rig_as_its_own_template_gives_the_rigs_maps() -> None:
    rig = default_body_rig()
    maps = maps_of_template(template_of_rig(rig, canonical_pose(rig)), rig, 64)
    plain = position_maps_of_rig(rig, 64)
    assert torch.equal(maps.mask, plain.mask)
    torch.testing.assert_close(maps.rest_points, plain.rest_points, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_a_template_is_fitted_once_and_found_again(tmp_path: Path) -> None:
    capture = write_body_capture(tmp_path / "capture", size=96)
    track = load_track(capture)
    said: list[str] = []
    recipe = replace(RECIPE, surface="template")
    first = body_surface(
        capture, track, recipe, tmp_path, progress=lambda _done, _total, text: said.append(text)
    )
    assert said
    template = load_template(tmp_path / TEMPLATE_NAME)
    # The painted person wears nothing: the template is the body again, as two cameras show it.
    extent = template.vertices.amax(0) - template.vertices.amin(0)
    assert 1.4 < float(extent[1]) < 2.0
    said.clear()
    again = body_surface(capture, track, recipe, tmp_path, progress=None)
    assert torch.equal(first.points, again.points)
