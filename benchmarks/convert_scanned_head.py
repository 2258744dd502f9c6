"""Turn a path-traced scan (ICT-FaceKit head, world z up) into a capture folder of this project.

Usage: python benchmarks/convert_scanned_head.py SOURCE CAPTURE

SOURCE holds ``capture.json``, ``head_model.npz``, ``train/``, ``test/``, their ``_mask/`` folders,
``maps_*/`` and any number of ``relit_<light>/`` folders with ``hdr/<light>.hdr`` beside them. The
rig and its codes are the true ones, so the track has no error.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from path_traced import (
    RIG_FILE,
    Y_UP_FROM_Z_UP,
    camera_in_our_axes,
    read_light,
    straight_rgba,
    triangulated,
)

from incarnate.capture.capture import Consent, Track
from incarnate.capture.pictures import read_picture
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.colors import linear_from_bytes
from incarnate.geometry.rotations import axis_angle_from_matrix
from incarnate.rigs.rig import Pose, Rig


def read_rig(source: Path, about: dict) -> Rig:
    """The ICT head as a rig of two joints: a fixed chest and a head that turns about its pivot."""
    model = np.load(source / "head_model.npz", allow_pickle=False)
    vertices = torch.from_numpy(model["vertices"] @ Y_UP_FROM_Z_UP.T).float()
    deltas = model["deltas"] * float(model["delta_unit"]) @ Y_UP_FROM_Z_UP.T
    head = torch.from_numpy(model["head_weight"]).float()
    pivot = torch.from_numpy(Y_UP_FROM_Z_UP @ model["pivot"]).float()
    faces = triangulated(model["face_counts"], model["face_idx"])
    count = len(vertices)
    return Rig(
        name="ict-head",
        vertices=vertices,
        faces=faces,
        uv=torch.zeros(1, 2),
        uv_faces=torch.zeros_like(faces),
        parts=torch.zeros(count, dtype=torch.long),
        part_names=("skin",),
        shape_basis=torch.zeros(0, count, 3),
        shape_names=(),
        expression_basis=torch.from_numpy(deltas).float(),
        expression_names=tuple(arkit_name(name) for name in about["expressions"]),
        joints=torch.stack([pivot - torch.tensor([0.0, 0.15, 0.0]), pivot]),
        joint_shape_basis=torch.zeros(0, 2, 3),
        joint_names=("spine3", "head"),
        parents=(-1, 0),
        skinning_weights=torch.stack([1 - head, head], -1),
        license="MIT",
    )


def arkit_name(name: str) -> str:
    """``mouthSmile_L`` is ARKit's ``mouthSmileLeft``."""
    return name.replace("_L", "Left").replace("_R", "Right")


def read_poses(about: dict, rig: Rig) -> Pose:
    """Codes of the training frames, then of the test frames."""
    angles = np.concatenate([about["train"]["ypr"], about["test"]["ypr"]])
    weights = np.concatenate([about["train"]["weights"], about["test"]["weights"]])
    rotations = Y_UP_FROM_Z_UP @ head_rotations(angles) @ Y_UP_FROM_Z_UP.T
    zeros = torch.zeros(len(angles), 3)
    return Pose(
        root_rotation=zeros,
        root_translation=zeros,
        joint_rotations=axis_angle_from_matrix(torch.from_numpy(rotations))[:, None].float(),
        expression=torch.from_numpy(weights).float(),
        expression_names=rig.expression_names,
    )


def head_rotations(angles: np.ndarray) -> np.ndarray:
    """R = Rz(yaw) Rx(pitch) Ry(roll) in the source's axes, for rows of (yaw, pitch, roll)."""

    def about(axis: int, angle: np.ndarray) -> np.ndarray:
        result = np.tile(np.eye(3), (len(angle), 1, 1))
        i, j = (axis + 1) % 3, (axis + 2) % 3
        result[:, i, i] = result[:, j, j] = np.cos(angle)
        result[:, i, j], result[:, j, i] = -np.sin(angle), np.sin(angle)
        return result

    return about(2, angles[:, 0]) @ about(0, angles[:, 1]) @ about(1, angles[:, 2])


def convert(source: Path, target: Path) -> None:
    """Write the capture."""
    about = json.loads((source / "capture.json").read_text())
    rig = read_rig(source, about)
    camera = camera_in_our_axes(about["K"], about["w2c"], source / "train" / "0000.jpg")
    header = CaptureHeader(
        name="scanned-head",
        cameras={"front": camera},
        fps=about["fps"],
        encoding="png",
        rig=RIG_FILE,
        consent=Consent("Infinite, 3D head scan by Lee Perry-Smith", "CC BY 3.0, name the author",
                        "www.triplegangers.com; geometry ICT-FaceKit, MIT"),
        provenance={"renderer": "Blender Cycles", "source": "path-traced scan"},
    )  # fmt: skip
    with CaptureWriter(target, header) as writer:
        writer.write_rig(rig)
        num_train = write_frames(writer, source, "train", about, 0)
        write_frames(writer, source, "test", about, num_train)
        write_truth(writer, source, num_train)
        write_relights(writer, source, about, num_train)
        writer.set_light(
            read_light(source, about["hdr_train"], about["hdr_strength"][about["hdr_train"]])
        )
        poses = read_poses(about, rig)
        writer.set_track(Track(rig, poses, torch.zeros(len(poses)), origin="truth"))


def write_frames(writer: CaptureWriter, source: Path, split: str, about: dict, first: int) -> int:
    """Write one split; returns the number of its frames."""
    pictures = sorted((source / split).glob("*.jpg"))
    for offset, picture in enumerate(pictures):
        matte = source / f"{split}_mask" / f"{picture.stem}.png"
        index = writer.add_frame(
            (first + offset) / about["fps"], "train" if split == "train" else "test"
        )
        writer.write_image(index, straight_rgba(picture, matte))
    return len(pictures)


def write_truth(writer: CaptureWriter, source: Path, num_train: int) -> None:
    """Write the maps of those test frames that have them."""
    axes = torch.from_numpy(Y_UP_FROM_Z_UP).float()
    for picture in sorted((source / "maps_normal").glob("*.jpg")):
        index = num_train + int(picture.stem)
        normal = torch.from_numpy(read_picture(picture, "RGB")).float() / 127.5 - 1
        normal = torch.nn.functional.normalize(normal @ axes.T, dim=-1)
        writer.write_truth("normal", index, normal)
        albedo = linear_from_bytes(read_picture(source / "maps_albedo" / picture.name, "RGB"))
        writer.write_truth("albedo", index, albedo)
        roughness = read_picture(source / "maps_roughness" / picture.name, "L")
        writer.write_truth("roughness", index, torch.from_numpy(roughness).float()[..., None] / 255)


def write_relights(writer: CaptureWriter, source: Path, about: dict, num_train: int) -> None:
    """Write the test frames under every other light for which both pictures and map exist."""
    for folder in sorted(source.glob("relit_*")):
        name = folder.name.removeprefix("relit_")
        writer.add_relight(name, read_light(source, name, about["hdr_strength"][name]))
        for picture in sorted(folder.glob("*.jpg")):
            matte = source / "test_mask" / f"{picture.stem}.png"
            writer.write_relit(
                name, num_train + int(picture.stem), straight_rgba(picture, matte)[..., :3]
            )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
