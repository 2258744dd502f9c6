"""What is named with --source, and how an avatar begins to follow it."""

from pathlib import Path

import pytest
from tests.drive.faces import recording_of
from tests.view.puppets import is_phase, read_until

from incarnate.avatars.files import load_head
from incarnate.cli.live import Following, Listening, beginning_of, bridge_to, live_source
from incarnate.cli.view import package_of
from incarnate.drive.arkit import write_arkit_csv
from incarnate.drive.live import FeedSource
from incarnate.drive.live_clip import ClipSource
from incarnate.drive.recorder import recorder_for
from incarnate.errors import DriveError


def test_sources_are_what_their_names_say(avatar_folder: Path, tmp_path: Path) -> None:
    who = load_head(avatar_folder)
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


def test_a_bridge_speaks_of_the_package_and_refuses_what_there_is_not(
    avatar_folder: Path, tmp_path: Path
) -> None:
    package = package_of(avatar_folder)
    assert bridge_to("vmc", package, Listening(), Following()).name == "VMC"
    write_arkit_csv(recording_of(30, jawOpen=0.5), tmp_path / "take.csv")
    bridge = bridge_to(str(tmp_path / "take.csv"), package, Listening(), Following(0.0, 0.0))
    assert bridge.name == "take.csv"
    with bridge, bridge.listening() as parts:
        read = read_until(parts, is_phase("ended"))
    names = read[0][1]
    assert {"jaw", "head"} <= {*names["joints"]}
    _, pose = next(event for event in read if event[0] == "pose")
    jaw = names["joints"].index("jaw")
    # The jaw's own axis is x; half of it is half of the turn of a wide open mouth.
    assert pose["rotations"][4 * jaw] > 0.05
    with pytest.raises(DriveError, match="there is no source 'telepathy'"):
        bridge_to("telepathy", package, Listening(), Following())
    with pytest.raises(DriveError, match="--calibrate 99: give 0 to 60"):
        bridge_to("vmc", package, Listening(), Following(calibrate=99.0))
