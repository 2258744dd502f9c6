"""CSV files of the Live Link Face app: round trips, variants, and garbage in one sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.drive.faces import recording_of

from incarnate.drive.arkit import (
    ARKIT_CHANNELS,
    ARKIT_EXPRESSIONS,
    FaceRecording,
    read_arkit_csv,
    write_arkit_csv,
)
from incarnate.errors import DriveError

HEADER = ["Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in ARKIT_CHANNELS)]


def write(path: Path, *rows: list[object], header: list[str] = HEADER) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]) + "\n")
    return path


def row(timecode: str, value: float = 0.25, count: int = 61) -> list[object]:
    return [timecode, count, *[value] * count]


def test_the_channels_are_arkits() -> None:
    assert len(set(ARKIT_EXPRESSIONS)) == 52
    assert len(set(ARKIT_CHANNELS)) == 61


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(np.float64, st.tuples(st.integers(1, 4), st.just(61)), elements=st.floats(-1, 1)),
    first=st.integers(0, 86_000 * 60),
    fps=st.sampled_from([24.0, 30.0, 60.0]),
)
def test_what_was_written_is_read_again(
    values: np.ndarray, first: int, fps: float, tmp_path: Path
) -> None:
    times = (first // 60 * fps + np.arange(len(values))) / fps
    path = tmp_path / "take.csv"
    write_arkit_csv(FaceRecording(times, values, fps), path)
    read = read_arkit_csv(path, fps)
    np.testing.assert_array_equal(read.values, values)
    # Timecodes keep a thousandth of a frame.
    np.testing.assert_allclose(read.times, times, atol=0.51e-3 / fps)
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.csv"]


def test_names_in_camel_case_and_any_order(tmp_path: Path) -> None:
    names = ["timecode", "blendShapeCount", *reversed(ARKIT_CHANNELS)]
    numbers = [index / 100 for index in range(61)]
    path = write(tmp_path / "take.csv", ["10:00:00:00.000", 61, *numbers], header=names)
    np.testing.assert_array_equal(read_arkit_csv(path).values[0], numbers[::-1])


def test_angles_may_lack_and_may_be_degrees(tmp_path: Path) -> None:
    short = write(tmp_path / "a.csv", row("10:00:00:00.000", count=52), header=HEADER[:54])
    assert not read_arkit_csv(short).values[:, 52:].any()
    numbers = row("10:00:00:00.000", 0.0)
    numbers[HEADER.index("HeadYaw")] = 30
    degrees = read_arkit_csv(write(tmp_path / "b.csv", numbers))
    assert degrees.channel("headYaw")[0] == pytest.approx(np.pi / 6)


def test_frames_without_a_face_are_filled_in(tmp_path: Path) -> None:
    path = write(
        tmp_path / "take.csv",
        row("10:00:00:00.000", 0.0), ["10:00:00:01.000", 0], row("10:00:00:02.000", 0.5),
    )  # fmt: skip
    recording = read_arkit_csv(path)
    assert len(recording.times) == 2
    np.testing.assert_allclose(recording.regular().channel("jawOpen"), [0, 0.25, 0.5], atol=1e-9)


def test_the_rate_is_told_from_the_timecodes(tmp_path: Path) -> None:
    for fps, rate in ((30, 30), (24, 24), (60, 60)):
        codes = [f"10:00:{s:02d}:{f:02d}.000" for s in range(4) for f in range(fps)]
        recording = read_arkit_csv(write(tmp_path / "take.csv", *map(row, codes)))
        assert recording.fps == rate
        np.testing.assert_allclose(np.diff(recording.times), 1 / rate, atol=1e-9)
        assert len(recording.regular().times) == len(codes)


def test_midnight_does_not_end_a_take(tmp_path: Path) -> None:
    path = write(tmp_path / "take.csv", row("23:59:59:59.000"), row("00:00:00:00.000"))
    np.testing.assert_allclose(np.diff(read_arkit_csv(path).times), 1 / 60)


def test_a_regular_recording_is_as_it_was() -> None:
    recording = recording_of(90, jawOpen=np.linspace(0, 1, 90))
    # Times of the day are float64: 1e-11 s of rounding, times 61 units a second.
    np.testing.assert_allclose(recording.regular().values, recording.values, atol=1e-8)


@pytest.mark.parametrize(
    ("rows", "header", "text"),
    [
        ([], ["a", "b"], "is no recording of the Live Link Face app"),
        ([row("10:00:00:00.0")], [n for n in HEADER if n != "JawOpen"], "lacks 1 .*: jawOpen"),
        ([], HEADER, "holds no frame with a face"),
        ([["10:00:00:00.0", 0]], HEADER, "holds no frame with a face"),
        ([row("yesterday")], HEADER, "row 2: the timecode is 'yesterday', expected hh:mm:ss:ff"),
        ([row("10:00:00:00.0")[:20]], HEADER, "row 2 has 20 fields, the header promises 63"),
        ([row("10:00:00:00.0", float("nan"))], HEADER, "eyeBlinkLeft is 'nan', expected a number"),
        ([[*row("10:00:00:00.0")[:-1], "x"]], HEADER, "rightEyeRoll is 'x', expected a number"),
        ([row("10:00:01:00.0"), row("10:00:00:00.0")], HEADER, "the timecodes don't rise at"),
    ],
)
def test_garbage_is_refused(
    rows: list[list[object]], header: list[str], text: str, tmp_path: Path
) -> None:
    with pytest.raises(DriveError, match=text):
        read_arkit_csv(write(tmp_path / "take.csv", *rows, header=header))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00binary", b"\x00" * 99])
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "take.csv").write_bytes(content)
    with pytest.raises(DriveError, match=r"take\.csv"):
        read_arkit_csv(tmp_path / "take.csv")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=r"there is no file .*; give a .csv"):
        read_arkit_csv(tmp_path / "none.csv")
