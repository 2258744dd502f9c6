"""Takes that were recorded drive avatars again, equal to what was seen live."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.drive.senders import blend, bones, degrees_between, face_packet, t_posed_offsets, turn

from incarnate.drive.arkit import ARKIT_CHANNELS, read_arkit_csv
from incarnate.drive.body_motion import load_body_motion
from incarnate.drive.live import Bone, LiveFrame
from incarnate.drive.live_pose import Poser
from incarnate.drive.livelink import LiveLinkDecoder
from incarnate.drive.recorder import BodyRecorder, FaceRecorder, recorder_for
from incarnate.drive.reenactment import load_driver
from incarnate.drive.vmc import VmcDecoder
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig, default_head_rig


def faces(count: int) -> list[LiveFrame]:
    """Packets of a phone at 60 a second; they come 7 ms late, and unevenly."""
    decoder, generator = LiveLinkDecoder(), np.random.default_rng(4)
    frames = []
    for index in range(count):
        values = dict(zip(ARKIT_CHANNELS, generator.random(61), strict=True))
        arrived = 50 + index / 60 + 0.007 + 0.004 * generator.random()
        frame = decoder.decode(face_packet(36_000 * 60 + index, **values), arrived)
        assert frame is not None
        frames.append(frame)
    return frames


def test_a_face_is_read_back_equal(tmp_path: Path) -> None:
    frames = faces(200)
    recorder = recorder_for(tmp_path / "take.csv")
    for frame in frames:
        recorder.add(frame)
    assert recorder.write() == "200 frames of a face"
    recording = read_arkit_csv(tmp_path / "take.csv")
    assert recording.fps == 60
    # Numbers are written so that they are read bit by bit; times to a thousandth of a frame.
    assert np.array_equal(
        recording.values, np.stack([frame.face for frame in frames if frame.face is not None])
    )
    np.testing.assert_allclose(recording.times, 36_000 + np.arange(200) / 60, atol=1e-9)


def test_a_recorded_face_moves_a_rig_as_it_did_live(tmp_path: Path) -> None:
    rig, frames = default_head_rig(), faces(12)
    recorder = FaceRecorder(tmp_path / "take.csv")
    for frame in frames:
        recorder.add(frame)
    recorder.write()
    poses = load_driver(tmp_path / "take.csv", rig).clip.poses
    poser = Poser(rig)
    assert len(poses) == 12
    for index, frame in enumerate(frames):
        live = poser(frame)
        # The file is resampled at its own times, where 1/60 s is rounded.
        for name in ("joint_rotations", "expression"):
            torch.testing.assert_close(
                getattr(poses[index], name), getattr(live, name), atol=1e-5, rtol=0
            )


def test_times_are_those_of_arrival_where_the_sender_tells_none(tmp_path: Path) -> None:
    recorder = FaceRecorder(tmp_path / "take.csv")
    decoder = VmcDecoder()
    for arrived in (100.0, 100.02, 100.02, 100.5):
        frame = decoder.decode(blend(A=arrived / 1000), arrived)
        assert frame is not None
        recorder.add(frame)
    recorder.add(LiveFrame(101.0, bones={"Head": Bone((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))}))
    recorder.write()
    recording = read_arkit_csv(tmp_path / "take.csv")
    # To a thousandth of a sixtieth of a second.
    np.testing.assert_allclose(recording.times, [100.0, 100.02, 100.5], atol=1e-5)


def test_a_clock_that_is_set_back_does_not_turn_the_file_back(tmp_path: Path) -> None:
    recorder, values = FaceRecorder(tmp_path / "take.csv"), np.zeros(61)
    for arrived, sent in ((10.0, 500.0), (10.1, 500.1), (10.2, 3.0), (10.3, 3.1)):
        recorder.add(LiveFrame(arrived, face=values, sent=sent))
    recorder.write()
    times = read_arkit_csv(tmp_path / "take.csv").times
    np.testing.assert_allclose(times, [500.0, 500.1, 500.2, 500.3], atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_recorded_body_moves_as_it_did_live(scale: float, tmp_path: Path) -> None:
    rig, offsets = default_body_rig(), t_posed_offsets(scale)
    recorder, decoder, poser = BodyRecorder(tmp_path / "take.npz"), VmcDecoder(), Poser(rig)
    live = []
    for index in range(5):
        turns = {
            "Hips": turn(y=0.1 * index),
            "LeftLowerArm": turn(y=-0.2 * index),
            "RightUpperArm": turn(z=0.25 * index),
            "Neck": turn(x=0.05 * index),
        }
        packet = bones(turns, offsets=offsets, hips=(0.02 * index, 0.9 * scale, 0.0))
        frame = decoder.decode(packet, index / 60)
        assert frame is not None
        recorder.add(frame)
        live.append(poser(frame))
    assert recorder.write() == "5 frames of a body"
    clip = load_body_motion(tmp_path / "take.npz", rig)
    assert (clip.fps, len(clip)) == (60, 5)
    for index, pose in enumerate(live):
        # The rest poses of the two ways differ by the spread of the T-pose's legs.
        assert degrees_between(clip.poses.joint_rotations[index], pose.joint_rotations) < 0.1
        assert degrees_between(clip.poses.root_rotation[index], pose.root_rotation) < 0.1
        way = clip.poses.root_translation[index] - clip.poses.root_translation[0]
        torch.testing.assert_close(
            way, pose.root_translation - live[0].root_translation, atol=1e-4, rtol=0
        )


def test_bodies_are_brought_to_an_even_rate(tmp_path: Path) -> None:
    recorder = BodyRecorder(tmp_path / "take.npz")
    for arrived, angle in ((0.0, 0.0), (0.05, 0.5), (0.2, 2.0)):
        frame = VmcDecoder().decode(bones({"Hips": turn(y=angle)}), arrived)
        assert frame is not None
        recorder.add(frame)
    recorder.write()
    with np.load(tmp_path / "take.npz", allow_pickle=False) as file:
        turned = file["global_orient"]
        assert file["body_pose"].shape == (13, 63)
    np.testing.assert_allclose(turned[:, 1], 10 * np.arange(13) / 60, atol=1e-6)


def test_nothing_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match="no face came"):
        recorder_for(tmp_path / "take.csv").write()
    with pytest.raises(DriveError, match="no bones came"):
        recorder_for(tmp_path / "take.NPZ").write()
    with pytest.raises(DriveError, match=r"give \.csv for a face"):
        recorder_for(tmp_path / "take.mp4")
    assert not list(tmp_path.iterdir())
