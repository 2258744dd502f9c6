"""What is named with --source, and how an avatar begins to follow it."""

from pathlib import Path

import pytest
from tests.drive.faces import recording_of

from incarnate.avatars.files import load_avatar
from incarnate.cli.live import Following, Listening, beginning_of, live_source
from incarnate.drive.arkit import write_arkit_csv
from incarnate.drive.live import FeedSource
from incarnate.drive.live_clip import ClipSource
from incarnate.drive.recorder import recorder_for
from incarnate.errors import DriveError


def test_sources_are_what_their_names_say(avatar_folder: Path, tmp_path: Path) -> None:
    who = load_avatar(avatar_folder)
    for name in ("livelink", "vmc", "webcam"):
        assert isinstance(live_source(name, who, Listening(), None), FeedSource)
    write_arkit_csv(recording_of(2), tmp_path / "take.csv")
    take = str(tmp_path / "take.csv")
    assert isinstance(live_source(take, who, Listening(), None), ClipSource)
    with pytest.raises(DriveError, match="is a recording already"):
        live_source(take, who, Listening(), recorder_for(tmp_path / "b.csv"))
    with pytest.raises(DriveError, match="there is no source 'telepathy': give livelink, vmc"):
        live_source("telepathy", who, Listening(), None)
    with pytest.raises(DriveError, match="--allow-remote SENDER_ADDRESS"):
        live_source("vmc", who, Listening(address="0.0.0.0"), None)


def test_what_is_waited_for_is_named_with_its_port() -> None:
    usual = beginning_of("livelink", Listening(), Following())
    assert usual.where == "livelink on 127.0.0.1 port 11111"
    other = beginning_of("vmc", Listening(port=7, wait=2.0), Following(0.0, 0.0))
    assert other.where == "vmc on 127.0.0.1 port 7"
    assert (other.calibrate, other.cutoff, other.patience) == (0.0, None, 2.0)
    assert beginning_of("take.csv", Listening(), Following()).where == "take.csv"
