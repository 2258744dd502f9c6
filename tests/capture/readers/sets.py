"""Writes small data sets with the keys and shapes of the public ones; and what they project."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tests.capture.readers.flame import EXPRESSIONS, SHAPES, VERTICES, flame_vertices, rodrigues

from incarnate.capture.readers.importing import ImportedSet
from incarnate.rigs.skinning import pose_rig

WIDTH, HEIGHT = 40, 32
FOCAL = 90.0


@dataclass(frozen=True)
class Person:
    """Codes of a few frames, drawn at random."""

    shape: np.ndarray
    expression: np.ndarray
    pose: np.ndarray
    """(frames, 15): root, neck, jaw, eyes."""
    lids: np.ndarray


def person(frames: int) -> Person:
    random = np.random.default_rng(frames)
    return Person(
        random.normal(size=SHAPES),
        random.normal(size=(frames, EXPRESSIONS)),
        0.2 * random.normal(size=(frames, 15)),
        random.random((frames, 2)),
    )


def camera_to_world(turn: np.ndarray, distance: float = 0.5) -> np.ndarray:
    """A NeRF camera (x right, y up, looking along −z) on an orbit about the head."""
    result = np.eye(4)
    result[:3, :3] = rodrigues(turn)
    result[:3, 3] = result[:3, :3] @ [0.01, -0.02, distance]
    return result


def project_nerf(
    vertices: np.ndarray, to_world: np.ndarray, center: tuple[float, float]
) -> np.ndarray:
    """NeRF's projection: x right, y up, depth along −z."""
    seen = (vertices - to_world[:3, 3]) @ to_world[:3, :3]
    u = center[0] + FOCAL * seen[:, 0] / -seen[:, 2]
    v = center[1] - FOCAL * seen[:, 1] / -seen[:, 2]
    return np.stack([u, v], -1)


def write_picture(path: Path, mode: str, seed: int = 0) -> None:
    """A picture of a disc, coloured at random."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = (rows - HEIGHT / 2) ** 2 + (columns - WIDTH / 2) ** 2 < 20**2
    color = np.random.default_rng(seed).integers(60, 200, (HEIGHT, WIDTH, 3), np.uint8)
    alpha = np.where(inside, 255, 0).astype(np.uint8)
    pixels = {"RGB": color, "L": alpha, "RGBA": np.dstack([color, alpha])}[mode]
    Image.fromarray(pixels).save(path)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_numbers(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, values.reshape(1, -1))


def projected(imported: ImportedSet, frame: int, camera: int = 0) -> np.ndarray:
    """The rig's vertices in the capture's pictures, as its track and cameras have them."""
    vertices = pose_rig(imported.track.rig, imported.track.poses[frame]).vertices
    return imported.capture.cameras[camera].project(vertices[:VERTICES]).numpy()


def insta_vertices(who: Person, frame: int) -> np.ndarray:
    """INSTA's head stands still: only neck-free jaw and eyes move."""
    pose = who.pose[frame].copy()
    pose[:6] = 0
    return flame_vertices(who.shape, who.expression[frame], pose)


def six_numbers(axis_angles: np.ndarray) -> np.ndarray:
    """Rotations as the first two rows of their matrices."""
    return np.concatenate([rodrigues(r)[:2].ravel() for r in axis_angles.reshape(-1, 3)])


def write_insta(folder: Path, who: Person, *, num_test: int = 2) -> list[np.ndarray]:
    """An INSTA person with a canonical mesh; returns the cameras' world matrices."""
    frames = len(who.expression)
    cameras = [camera_to_world(0.3 * np.random.default_rng(i).normal(size=3))
               for i in range(frames)]  # fmt: skip
    about = {"fl_x": FOCAL, "fl_y": FOCAL, "cx": 21.0, "cy": 15.0, "w": WIDTH, "h": HEIGHT}
    listed = []
    for i in range(frames):
        name = f"{i:05d}"
        listed.append({"file_path": f"images/{name}.png", "exp_path": f"flame/exp/{name}.txt",
                       "transform_matrix": cameras[i].tolist(),
                       "seg_mask_path": f"seg_mask/{name}.png"})  # fmt: skip
        write_picture(folder / f"images/{name}.png", "RGBA", i)
        write_numbers(folder / f"flame/exp/{name}.txt", who.expression[i])
        write_numbers(folder / f"flame/jaw/{name}.txt", six_numbers(who.pose[i, 6:9]))
        write_numbers(folder / f"flame/eyes/{name}.txt", six_numbers(who.pose[i, 9:]))
    first = frames - num_test
    write_json(folder / "transforms_train.json", {**about, "frames": listed[:first][::-1]})
    write_json(folder / "transforms_val.json", {**about, "frames": listed[: first // 2]})
    write_json(folder / "transforms_test.json", {**about, "frames": listed[first:]})
    opened = np.zeros(15)
    opened[6] = np.radians(12)
    canonical = flame_vertices(who.shape, np.zeros(EXPRESSIONS), opened)
    lines = [f"v {x:.8f} {y:.8f} {z:.8f}" for x, y, z in canonical]
    (folder / "canonical.obj").write_text("\n".join([*lines, "f 1 2 3"]) + "\n")
    return cameras
