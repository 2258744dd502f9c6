"""Writes small body sets with the files and keys of the public ones; and what they project."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation
from tests.rigs.readers.flames import write_npz
from tests.rigs.readers.smplxs import SmplxCode, smplx_fields, smplx_forward

WIDTH, HEIGHT, FRAMES = 48, 40, 6
K = np.array([[50.0, 0, 21.3], [0, 52.0, 22.4], [0, 0, 1]])
HALF_PIXEL = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
"""From OpenCV's pixels to ours, in K."""
Y_DOWN = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class MadeBody:
    """A person of a few frames, and still cameras; the world has y down."""

    fields: dict[str, object]
    codes: tuple[SmplxCode, ...]
    turns: tuple[np.ndarray, ...]
    """camera_from_set rotations."""
    shifts: tuple[np.ndarray, ...]

    def pixels(self, frame: int, camera: int) -> np.ndarray:
        """Where a pinhole camera sees the vertices; OpenCV's pixels."""
        vertices = smplx_forward(self.fields, self.codes[frame], first_expression=300)
        return project(vertices, self.turns[camera], self.shifts[camera])


def project(points: np.ndarray, turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    seen = points @ turn.T + shift
    return (seen / seen[:, 2:] @ K.T)[:, :2]


def made_body(num_cameras: int = 3) -> MadeBody:
    """Someone who stands in a world with y down, seen from around."""
    random = np.random.default_rng(4)
    shape = random.standard_normal(10)
    codes = []
    for _ in range(FRAMES):
        rotations = 0.2 * random.standard_normal((55, 3))
        rotations[23:25] = 0
        root = Y_DOWN @ Rotation.from_rotvec(rotations[0]).as_matrix()
        rotations[0] = Rotation.from_matrix(root).as_rotvec()
        codes.append(
            SmplxCode(shape, random.standard_normal(10), rotations, 0.1 * random.standard_normal(3))
        )
    turns, shifts = [], []
    for number in range(num_cameras):
        # OpenCV's axes are those of a world with y down, turned about it.
        turn = Rotation.from_euler("y", 50.0 * number + 7, degrees=True).as_matrix()
        turns.append(turn)
        shifts.append(np.array([0.1, -0.2, 7.0]))
    return MadeBody(smplx_fields(), tuple(codes), tuple(turns), tuple(shifts))


def write_model(path: Path) -> Path:
    """The model that the codes are of."""
    return write_npz(made_body().fields, path)


def write_params(body: MadeBody, path: Path) -> None:
    """smpl_params.npz."""
    rotations = np.stack([code.rotations for code in body.codes]).astype(np.float32)
    np.savez(
        path,
        betas=body.codes[0].shape[None].astype(np.float32),
        global_orient=rotations[:, 0],
        transl=np.stack([code.translation for code in body.codes]).astype(np.float32),
        body_pose=rotations[:, 1:22].reshape(FRAMES, 63),
        jaw_pose=rotations[:, 22],
        expression=np.stack([code.expression for code in body.codes]).astype(np.float32),
        left_hand_pose=rotations[:, 25:40].reshape(FRAMES, 45),
        right_hand_pose=rotations[:, 40:55].reshape(FRAMES, 45),
    )


def write_pictures(body: MadeBody, frame: int, camera: int, files: tuple[Path, Path]) -> None:
    """A picture, and a matte that holds all vertices."""
    pixels = body.pixels(frame, camera)
    low, high = pixels.min(0).astype(int) - 2, pixels.max(0).astype(int) + 3
    matte = np.zeros((HEIGHT, WIDTH), np.uint8)
    matte[max(low[1], 0) : high[1], max(low[0], 0) : high[0]] = 255
    color = np.full((HEIGHT, WIDTH, 3), 40 + 10 * frame + camera, np.uint8)
    for path, picture in zip(files, (color, matte), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, quality=100, subsampling=0)


def calibration(body: MadeBody, names: list[str], **more: object) -> str:
    """calibration.json."""
    return json.dumps(
        {
            name: {
                "K": K.reshape(-1).tolist(),
                "R": turn.reshape(-1).tolist(),
                "T": shift.tolist(),
                "imgSize": [WIDTH, HEIGHT],
                **more,
            }
            for name, turn, shift in zip(names, body.turns, body.shifts, strict=True)
        }
    )


def write_thuman4(folder: Path) -> MadeBody:
    body = made_body()
    folder.mkdir(parents=True)
    names = [f"cam{camera:02d}" for camera in range(3)]
    (folder / "calibration.json").write_text(calibration(body, names))
    write_params(body, folder / "smpl_params.npz")
    for camera, name in enumerate(names):
        for frame in range(FRAMES):
            file = f"{name}/{frame:08d}.jpg"
            files = (folder / "images" / file, folder / "masks" / file)
            write_pictures(body, frame, camera, files)
    return body


def write_avatarrex(folder: Path, lens: tuple[float, ...] = (0.0,) * 5) -> MadeBody:
    body = made_body()
    folder.mkdir(parents=True)
    names = ["22010708", "22010710", "22053925"]
    text = calibration(body, names, distCoeff=list(lens))
    (folder / "calibration_full.json").write_text(text)
    write_params(body, folder / "smpl_params.npz")
    for camera, name in enumerate(names):
        for frame in range(FRAMES):
            place = folder / name
            files = (place / f"{frame:08d}.jpg", place / "mask" / "pha" / f"{frame:08d}.jpg")
            write_pictures(body, frame, camera, files)
    return body


def write_actorshq(folder: Path) -> MadeBody:
    body = made_body()
    scale = folder / "4x"
    scale.mkdir(parents=True)
    write_params(body, folder / "smpl_params.npz")
    header = ["name", "w", "h", "rx", "ry", "rz", "tx", "ty", "tz", "fx", "fy", "px", "py"]
    with (scale / "calibration.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        for camera, (turn, shift) in enumerate(zip(body.turns, body.shifts, strict=True)):
            name = f"Cam{camera + 1:03d}"
            inverse = Rotation.from_matrix(turn.T).as_rotvec()
            # Shares of the picture count from its corner.
            rows.writerow(
                [name, WIDTH, HEIGHT, *inverse, *(-turn.T @ shift), K[0, 0] / WIDTH,
                 K[1, 1] / HEIGHT, (K[0, 2] + 0.5) / WIDTH, (K[1, 2] + 0.5) / HEIGHT]
            )  # fmt: skip
            for frame in range(FRAMES):
                rgb = scale / "rgbs" / name / f"{name}_rgb{frame:06d}.jpg"
                mask = scale / "masks" / name / f"{name}_mask{frame:06d}.png"
                write_pictures(body, frame, camera, (rgb, mask))
    return body
