"""``incarnate drive``: a sender on loopback moves an avatar into a video, and into a file."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.drive.faces import recording_of
from tests.drive.senders import blend, bones, face_packet, sender, turn

from incarnate.cli import main
from incarnate.drive.arkit import read_arkit_csv, write_arkit_csv
from incarnate.tracking.video import read_video

QUICK = ("--seconds", "0.4", "--fps", "10", "--calibrate", "0.2", "--size", "32", "--wait", "60")


@pytest.fixture
def port() -> int:
    """One that was free a moment ago."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Phone(threading.Thread):
    """Sends packets, 60 a second, until it is told to stop; garbage among them."""

    def __init__(self, port: int, kind: str) -> None:
        super().__init__(daemon=True)
        self.port, self.kind = port, kind
        self.done = threading.Event()

    def run(self) -> None:
        with sender(self.port) as send:
            index = 0
            while not self.done.is_set():
                index += 1
                try:
                    send(self.packet(index))
                    if index % 10 == 0:
                        send(b"garbage")
                except ConnectionRefusedError:
                    pass  # Nobody listens yet.
                time.sleep(1 / 60)

    def packet(self, index: int) -> bytes:
        if self.kind == "livelink":
            return face_packet(index, jawOpen=0.5, headYaw=0.25 * np.sin(index / 10))
        return bones({"Head": turn(y=0.3)}) if index % 2 else blend(A=0.5)

    def __enter__(self) -> "Phone":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join()


@pytest.mark.parametrize(
    "sent",
    [("livelink", "steady", "take.csv"), ("vmc", "live", "take.npz")],
)
def test_what_is_sent_becomes_a_video_and_a_recording(
    sent: tuple[str, str, str],
    avatar_folder: Path,
    port: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind, pace, take = sent
    out, record = tmp_path / "live.mp4", tmp_path / take
    words = [
        "drive", str(avatar_folder), "--source", kind, "--port", str(port), "-o", str(out),
        "--record", str(record), "--pace", pace, *QUICK,
    ]  # fmt: skip
    with Phone(port, kind):
        assert main(words) == 0
    shown = capsys.readouterr().out
    assert f"waiting for {kind} on 127.0.0.1 port {port}" in shown
    assert "warning: dropped " in shown
    assert "latency: motion was " in shown
    assert "(median; 95 in 100 at most " in shown
    assert f"wrote {out}: 4 pictures, 10 a second" in shown
    assert f"render {avatar_folder} --drive {record}" in shown
    assert len(list(read_video(out))) == 4
    # The recording drives the avatar again.
    words = ["render", str(avatar_folder), "--drive", str(record), "--frames", ":2", "--size", "32"]
    assert main([*words, "-o", str(tmp_path / "again.mp4")]) == 0
    if take.endswith(".csv"):
        recording = read_arkit_csv(record)
        assert set(recording.channel("jawOpen")) == {0.5}
        # At least the take's part of what was sent 60 times a second.
        assert len(recording.times) >= 10


def test_a_file_plays_as_if_live(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_arkit_csv(recording_of(60, jawOpen=np.linspace(0, 1, 60)), tmp_path / "take.csv")
    out = tmp_path / "pictures"
    words = ["drive", str(avatar_folder), "--source", str(tmp_path / "take.csv"), "-o", str(out)]
    assert main([*words, "--seconds", "30", "--fps", "10", "--calibrate", "0", "--size", "32"]) == 0
    # It ends with the file, which is a second long.
    assert 5 <= len(list(out.iterdir())) <= 11
    assert "next: --record take.csv keeps what arrives" in capsys.readouterr().out


def test_silence_says_what_to_look_at(
    avatar_folder: Path, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["drive", str(avatar_folder), "--source", "vmc", "--port", str(port), "--wait", "0.1"]
    assert main([*words, "-o", str(tmp_path / "x.mp4")]) == 2
    assert f"no motion came in 0 s from vmc on 127.0.0.1 port {port}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--calibrate", "-1"), "--calibrate -1: give 0 to 60 seconds"),
        (("--fps", "0"), "give up to an hour"),
        (("--record", "take.txt"), "give .csv for a face"),
        (("--background", "plaid"), "background 'plaid' is not known"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    words: tuple[str, ...],
    text: str,
    avatar_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_arkit_csv(recording_of(2), tmp_path / "take.csv")
    base = ["drive", str(avatar_folder), "--source", str(tmp_path / "take.csv")]
    assert main([*base, "-o", str(tmp_path / "x.mp4"), *words]) == 2
    assert text in capsys.readouterr().err
