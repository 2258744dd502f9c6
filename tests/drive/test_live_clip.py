"""A file that plays as if it were live."""

import pytest
import torch
from tests.drive.faces import talking

from incarnate.drive import live_clip
from incarnate.drive.clips import Clip
from incarnate.drive.live_clip import ClipSource
from incarnate.rigs.embedded import default_head_rig


def test_a_clip_plays_at_its_pace_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(live_clip, "clock", lambda: now[0])
    poses = talking(default_head_rig(), 5)
    with ClipSource(Clip(poses, 10.0)) as source:
        for passed, index, age in ((0.0, 0, 0.0), (0.15, 1, 0.05), (0.4, 4, 0.0), (0.45, 4, 0.05)):
            now[0] = 100.0 + passed
            shown = source.latest()
            assert shown is not None
            assert torch.equal(shown[0].expression, poses[index].expression)
            # Frames of a tenth of a second, in float64.
            assert shown[1] == pytest.approx(age, abs=1e-9)
            again = source.latest()
            assert again is not None
            assert again[0] is shown[0]
            assert not source.has_ended
        now[0] = 100.5001
        assert source.has_ended
        assert source.complaint() is None
