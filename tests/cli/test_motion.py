"""What drives an avatar in ``incarnate render``."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.drive.faces import recording_of
from tests.drive.skeletal import write_bvh

from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder
from incarnate.avatars.files import Stage, load_head, load_stage
from incarnate.cli.motion import Motion, clip_of, clips_of, frame_slice, reader_of
from incarnate.drive.arkit import write_arkit_csv
from incarnate.errors import RenderError
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.rig import Rig, rest_pose


@pytest.mark.parametrize(
    ("text", "frames"),
    [(":", range(6)), ("2:", range(2, 6)), (":2", range(2)), ("1:3", range(1, 3)), ("-2:", [4, 5])],
)
def test_frames_are_written_as_slices(text: str, frames: range | list[int]) -> None:
    assert list(range(6)[frame_slice(text, 6)]) == list(frames)


@pytest.mark.parametrize("text", ["", "3", "a:b", "4:2", "6:", "1:2:3"])
def test_what_names_no_frame_is_refused(text: str) -> None:
    with pytest.raises(RenderError, match="write first:end, such as 0:6"):
        frame_slice(text, 6)


@pytest.fixture(scope="module")
def stage(avatar_folder: Path) -> Stage:
    return load_stage(avatar_folder)


@pytest.fixture(scope="module")
def rig(avatar_folder: Path) -> Rig:
    return load_head(avatar_folder).rig


def test_its_own_motion_is_untouched(stage: Stage, rig: Rig) -> None:
    clip = clip_of(Motion(), stage, rig)
    assert clip.fps == stage.fps
    for name in ("root_rotation", "root_translation", "joint_rotations", "expression"):
        assert torch.equal(getattr(clip.poses, name), getattr(stage.poses, name))


def test_the_clips_of_its_own_motion_stay_apart(stage: Stage, rig: Rig) -> None:
    two = replace(stage, clips=("smile",) * 3 + ("nod",) * 3)
    clip = clip_of(Motion(frames="1:"), two, rig)
    assert clip.names == ("smile",) * 2 + ("nod",) * 3
    assert [now.past is None for now in clip.moments()] == [True, False, True, False, False]


def test_motions_that_come_along_have_the_rate_of_the_first_and_names_of_their_own(
    avatar_folder: Path, stage: Stage, tmp_path: Path
) -> None:
    avatar = load_head(avatar_folder)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_arkit_csv(recording_of(31, 60.0), tmp_path / folder / "take.csv")
    first, second = (str(tmp_path / folder / "take.csv") for folder in ("a", "b"))
    clip = clips_of(Motion(frames="2:"), [first, second], stage, avatar)
    assert clip.fps == stage.fps
    # Half a second each, at 25 frames a second.
    assert clip.names == ("capture",) * 4 + ("take",) * 13 + ("take 2",) * 13
    own, driven = clip_of(Motion(), stage, avatar.rig), clip_of(Motion(first), stage, avatar.rig)
    assert torch.equal(clip.poses.expression[:4], own.poses.expression[2:])
    torch.testing.assert_close(clip.poses.expression[4], driven.poses.expression[0])
    alone = clips_of(Motion(first), (), stage, avatar)
    assert (alone.fps, set(alone.names), len(alone)) == (60.0, {"take"}, 31)


def test_a_motion_file_turns_the_head_at_the_avatars_rate(
    stage: Stage, rig: Rig, tmp_path: Path
) -> None:
    body = default_body_rig()
    nod = rest_pose(body, 21)
    nod.joint_rotations[10:, body.joint_index("head") - 1, 0] = 0.3
    path = write_bvh(body, nod, tmp_path / "nod.bvh", fps=60.0)
    clip = clip_of(Motion(drive=str(path), uncalibrated=True), stage, rig)
    assert clip.fps == stage.fps
    assert len(clip) == int(20 / 60 * stage.fps + 1e-3) + 1
    head = clip.poses.joint_rotations[:, rig.joint_index("head") - 1]
    torch.testing.assert_close(
        head[[0, -1]], torch.tensor([[0, 0, 0], [0.3, 0, 0]]), atol=1e-5, rtol=0
    )
    shift = (
        clip.poses.root_translation.median(0).values - stage.poses.root_translation.median(0).values
    )
    assert shift.abs().max() < 1e-5


def test_a_recording_drives_relative_to_chosen_frames(
    stage: Stage, rig: Rig, tmp_path: Path
) -> None:
    smile = [0.0] * 10 + [0.1] * 10 + [0.4] * 10
    recording = recording_of(30, 60.0, eyeBlinkLeft=torch.tensor(smile).numpy())
    write_arkit_csv(recording, tmp_path / "take.csv")
    drive, index = str(tmp_path / "take.csv"), rig.expression_names.index("eyeBlinkLeft")

    def blink(**options: str | bool) -> float:
        motion = Motion(drive=drive, frames="29:", **options)  # pyright: ignore[reportArgumentType]
        return float(clip_of(motion, stage, rig).poses.expression[0, index])

    assert blink() == pytest.approx(0.4, abs=1e-6)
    assert blink(neutral="10:20") == pytest.approx(0.3, abs=1e-6)
    assert blink(neutral="20:") == pytest.approx(0.0, abs=1e-6)
    assert blink(uncalibrated=True) == pytest.approx(0.4, abs=1e-6)
    assert blink(neutral="0:10") == pytest.approx(0.4, abs=1e-6)


def test_smoothing_calms_its_own_motion_too(stage: Stage, rig: Rig) -> None:
    smooth = clip_of(Motion(smooth=0.5), stage, rig).poses.expression
    assert smooth.diff(dim=0).abs().sum() < stage.poses.expression.diff(dim=0).abs().sum()


@pytest.mark.parametrize(
    ("motion", "text"),
    [
        (Motion(neutral="0:3"), "the avatar drives itself"),
        (Motion(drive="x.csv", neutral="0:3", uncalibrated=True), "leave one out"),
        (Motion(frames="99:"), "--frames '99:' names no frame"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    motion: Motion, text: str, stage: Stage, rig: Rig
) -> None:
    with pytest.raises(RenderError, match=text):
        clip_of(motion, stage, rig)


def test_a_neutral_beyond_the_clip_is_refused(stage: Stage, rig: Rig, tmp_path: Path) -> None:
    write_arkit_csv(recording_of(4), tmp_path / "take.csv")
    with pytest.raises(RenderError, match="--neutral '9:12' names no frame: the motion has 4"):
        clip_of(Motion(drive=str(tmp_path / "take.csv"), neutral="9:12"), stage, rig)


def test_an_encoder_reads_the_drivers_pictures(
    avatar_folder: Path, capture_folder: Path, stage: Stage
) -> None:
    avatar = load_head(avatar_folder)
    avatar.encoder = ExpressionEncoder(EncoderModel(width=0.35, size=32), avatar.rig)
    avatar.requires_grad_(False)
    asked = Motion(drive=str(capture_folder), expressions="encoder", uncalibrated=True)
    tracked = replace(asked, expressions="tracked")
    assert reader_of(asked, avatar) is avatar.encoder
    assert reader_of(tracked, avatar) is None
    by_encoder, by_track = (
        clip_of(motion, stage, avatar.rig, reader_of(motion, avatar)).poses
        for motion in (asked, tracked)
    )
    assert not torch.equal(by_encoder.expression, by_track.expression)
    assert torch.equal(by_encoder.root_rotation, by_track.root_rotation)


def test_an_encoder_that_is_not_there_or_sees_nothing_is_refused(avatar_folder: Path) -> None:
    avatar = load_head(avatar_folder)
    with pytest.raises(RenderError, match="an avatar keeps none of its own"):
        reader_of(Motion(expressions="encoder"), avatar)
    with pytest.raises(RenderError, match=r"has no encoder .* --expression encoder"):
        reader_of(Motion(drive="you.mp4", expressions="encoder"), avatar)
