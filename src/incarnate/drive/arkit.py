"""Face motion as ARKit records it: 52 expression channels, head and eye angles; CSV in and out.

The files are those of the Live Link Face app: a header, then a row a frame with a timecode
``hh:mm:ss:ff.sub`` (frame of the second and fraction of a frame), the number of channels, and the
channels. A row whose count is zero was written while no face was found.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from incarnate.errors import DriveError
from incarnate.whole_files import whole

# Apple's order, which is that of the files.
ARKIT_EXPRESSIONS: Final = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight",
    "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight",
    "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
ARKIT_ANGLES: Final = (
    "headYaw", "headPitch", "headRoll", "leftEyeYaw", "leftEyePitch", "leftEyeRoll", "rightEyeYaw",
    "rightEyePitch", "rightEyeRoll",
)  # fmt: skip
ARKIT_CHANNELS: Final = ARKIT_EXPRESSIONS + ARKIT_ANGLES

_TIMECODE: Final = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})[:;](\d{1,3}(?:\.\d+)?)")
_RATES = (24, 25, 30, 48, 50, 60, 120, 240)
_USUAL_RATE = 60
_DAY = 24 * 3600


@dataclass(frozen=True)
class FaceRecording:
    """ARKit's channels over time."""

    times: Float[np.ndarray, "frames"]
    """Seconds of the day, rising."""
    values: Float[np.ndarray, "frames 61"]
    """In the order of `ARKIT_CHANNELS`: expressions in [0, 1], angles in radians about ARKit's face
    axes (yaw about up, positive to the subject's left; pitch positive down; roll positive towards
    the subject's right shoulder)."""
    fps: float
    """Nominal frames a second; single frames may be missing."""

    def channel(self, name: str) -> Float[np.ndarray, "frames"]:
        """One channel by its ARKit name."""
        return self.values[:, ARKIT_CHANNELS.index(name)]

    def regular(self) -> "FaceRecording":
        """The recording at exactly `fps`: frames that are missing are filled in linearly."""
        count = round((self.times[-1] - self.times[0]) * self.fps) + 1
        times = self.times[0] + np.arange(count) / self.fps
        columns = [np.interp(times, self.times, column) for column in self.values.T]
        return FaceRecording(times, np.stack(columns, 1), self.fps)


def read_arkit_csv(path: Path, fps: float | None = None) -> FaceRecording:
    """Read what the Live Link Face app wrote; names may be PascalCase or camelCase.

    Args:
        path: The CSV file. Angles beyond ±π are taken for degrees; those that lack are zero.
        fps: Frames a second of its timecodes; told from them if left out (60 in short files).

    Raises:
        DriveError: The file is missing, is no such file, lacks columns or holds no numbers.
    """
    try:
        rows = [row for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if row]
    except FileNotFoundError:
        raise DriveError(
            f"there is no file {path}; give a .csv that the Live Link Face app wrote"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DriveError(
            f"{path} can't be read as a CSV file ({error}); give one that the Live Link Face app "
            "wrote"
        ) from error
    columns = _columns(path, rows[0] if rows else [])
    width = 1 + max(columns.values())
    faces = [(line, row) for line, row in enumerate(rows[1:], 2) if not _is_empty(row, columns)]
    if not faces:
        raise DriveError(f"{path} holds no frame with a face: nothing can be driven by it")
    codes, values = [], np.zeros((len(faces), len(ARKIT_CHANNELS)))
    for index, (line, row) in enumerate(faces):
        where = f"{path}, row {line}"
        if len(row) < width:
            raise DriveError(f"{where} has {len(row)} fields, the header promises {width}")
        codes.append(_timecode(row[columns["timecode"]], where))
        values[index] = _numbers(row, columns, where)
    fps = fps or _rate(codes)
    return FaceRecording(_times(codes, fps, path), _in_radians(values), fps)


def write_arkit_csv(recording: FaceRecording, path: Path) -> None:
    """Write a recording as the Live Link Face app does.

    The file has another name until it is whole. Times are kept to a thousandth of a frame.
    """
    names = [name[0].upper() + name[1:] for name in ARKIT_CHANNELS]
    with whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["Timecode", "BlendShapeCount", *names])
        for time, row in zip(recording.times, recording.values, strict=True):
            code = _timecode_of(float(time), recording.fps)
            writer.writerow([code, len(row), *(repr(float(value)) for value in row)])


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Where each known column stands, by its name in lower case."""
    found = {name.strip().lower(): index for index, name in enumerate(header)}
    wanted = ("timecode", *ARKIT_EXPRESSIONS)
    missing = [name for name in wanted if name.lower() not in found]
    if len(missing) > len(wanted) // 2:
        raise DriveError(
            f"{path} is no recording of the Live Link Face app: its first row should name "
            "Timecode, BlendShapeCount, EyeBlinkLeft and the other 51 expressions of ARKit"
        )
    if missing:
        raise DriveError(
            f"{path} lacks {len(missing)} of the columns that drive a face: {', '.join(missing)}"
        )
    known = ("timecode", "blendshapecount", *(name.lower() for name in ARKIT_CHANNELS))
    return {name: found[name] for name in known if name in found}


def _is_empty(row: list[str], columns: dict[str, int]) -> bool:
    """Whether the app had lost the face."""
    count = columns.get("blendshapecount")
    return count is not None and count < len(row) and row[count].strip() == "0"


def _numbers(row: list[str], columns: dict[str, int], where: str) -> Float[np.ndarray, "61"]:
    numbers = np.zeros(len(ARKIT_CHANNELS))
    for index, name in enumerate(ARKIT_CHANNELS):
        if name.lower() not in columns:
            continue
        text = row[columns[name.lower()]]
        try:
            numbers[index] = float(text)
        except ValueError:
            numbers[index] = np.nan
        if not np.isfinite(numbers[index]):
            raise DriveError(f"{where}: {name} is {text!r}, expected a number")
    return numbers


def _timecode(text: str, where: str) -> tuple[int, float]:
    """Whole seconds of the day, and the frame within the second."""
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        raise DriveError(f"{where}: the timecode is {text!r}, expected hh:mm:ss:ff.sub")
    hours, minutes, seconds = (int(match[group]) for group in (1, 2, 3))
    return 3600 * hours + 60 * minutes + seconds, float(match[4])


def _timecode_of(time: float, fps: float) -> str:
    # Rounded first: 59.9996 frames are the next second.
    seconds, thousandths = divmod(round(time * fps * 1000), round(fps * 1000))
    minutes, second = divmod(seconds % _DAY, 60)
    frame, sub = divmod(thousandths, 1000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}:{frame:02d}.{sub:03d}"


def _rate(codes: list[tuple[int, float]]) -> float:
    """The rate whose last frame in a second is the highest that was seen."""
    highest = int(max(frame for _, frame in codes))
    if len({second for second, _ in codes}) < 3 and highest < _USUAL_RATE:
        return float(_USUAL_RATE)  # Too short to have seen the end of a whole second.
    return float(next((rate for rate in _RATES if highest < rate), highest + 1))


def _times(codes: list[tuple[int, float]], fps: float, path: Path) -> Float[np.ndarray, "frames"]:
    times = np.array([second + frame / fps for second, frame in codes])
    # A clock that falls by half a day has passed midnight.
    times += _DAY * np.cumsum(np.diff(times, prepend=times[0]) < -_DAY / 2)
    falls = np.flatnonzero(np.diff(times) <= 0)
    if len(falls):
        raise DriveError(
            f"{path}: the timecodes don't rise at frame {int(falls[0]) + 1}; each row needs its "
            "own time, in order"
        )
    return times


def _in_radians(values: Float[np.ndarray, "frames 61"]) -> Float[np.ndarray, "frames 61"]:
    # No neck turns by half a circle: such numbers are degrees.
    angles = values[:, len(ARKIT_EXPRESSIONS) :]
    if np.abs(angles).max() > np.pi:
        values[:, len(ARKIT_EXPRESSIONS) :] = np.deg2rad(angles)
    return values
