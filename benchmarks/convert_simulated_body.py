"""Turn a simulated, path-traced body (world z up) into a capture folder of this project.

Usage: python benchmarks/convert_simulated_body.py SOURCE CAPTURE

SOURCE holds ``capture.json``, ``body_model.npz``, ``hdr/``, ``camNN/`` and ``camNN_mask/``, and
``garment_gt.npz`` where labels are wanted; which clips it has does not matter. The last camera is a
test camera, and the middle sixth of each training clip are held-out poses. The skeleton is the true
one, so the track has no error.
"""

import json
import sys
from collections.abc import Iterator
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

from incarnate.capture.capture import Consent, Split, Track
from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT, LABEL_NOTHING
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import axis_angle_from_matrix
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.readers.unwrapping import unwrap_spheres
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig

HELD_OUT = 6
"""One frame in so many of a training clip is a held-out pose."""
PARTS = ("skin", "hair", "shoes")


def read_rig(source: Path) -> Rig:
    """The body under the garments, with hair, socks and shoes, as it was rendered."""
    model = np.load(source / "body_model.npz", allow_pickle=False)
    vertices = in_our_axes(model["rest_vertices_dressed"])
    joints, names = in_our_axes(model["joints"]), tuple(map(str, model["bones"]))
    weights = torch.from_numpy(model["weights"]).double()
    faces = triangulated(np.full(len(model["faces"]), 4), model["faces"].reshape(-1))
    parts = parts_of(vertices, in_our_axes(model["rest_vertices"]), joints[names.index("Neck")])
    uv, uv_faces = unwrap_spheres(vertices, faces, parts)
    count = len(vertices)
    return Rig(
        name="simulated-body",
        vertices=vertices,
        faces=faces,
        uv=uv,
        uv_faces=uv_faces,
        parts=parts,
        part_names=PARTS,
        shape_basis=torch.zeros(0, count, 3),
        shape_names=(),
        expression_basis=torch.zeros(0, count, 3),
        expression_names=(),
        joints=joints,
        joint_shape_basis=torch.zeros(0, len(names), 3),
        joint_names=names,
        parents=tuple(model["parent"].tolist()),
        # Half precision: rows miss one by up to 4e-4.
        skinning_weights=(weights / weights.sum(1, keepdim=True)).float(),
        license="CC0-1.0",
    )


def in_our_axes(points: np.ndarray) -> torch.Tensor:
    """Points of the source's world in ours."""
    return torch.from_numpy(points.astype(np.float64) @ Y_UP_FROM_Z_UP.T).float()


def parts_of(vertices: torch.Tensor, bare: torch.Tensor, neck: torch.Tensor) -> torch.Tensor:
    """Hair and shoes are where the rendered body stands off the bare one, above or below."""
    stands_off = (vertices - bare).norm(dim=-1) > 1e-4
    return torch.where(stands_off, torch.where(vertices[:, 1] > neck[1], 1, 2), 0)


def read_poses(source: Path, rig: Rig, frame_ids: list[int]) -> Pose:
    """World rotations of the joints as rotations about their parents, for some frames."""
    model = np.load(source / "body_model.npz", allow_pickle=False)
    rows = [model["frame_ids"].tolist().index(frame) for frame in frame_ids]
    axes = torch.from_numpy(Y_UP_FROM_Z_UP)
    world = axes @ torch.from_numpy(model["joint_rot"][rows]).double() @ axes.T
    parents = torch.tensor(rig.parents[1:])
    local = world[:, parents].transpose(-1, -2) @ world[:, 1:]
    root = in_our_axes(model["joint_pos"][rows, 0])
    return Pose(
        root_rotation=axis_angle_from_matrix(world[:, 0]).float(),
        root_translation=root - rig.joints[0],
        joint_rotations=axis_angle_from_matrix(local).float(),
        expression=torch.zeros(len(rows), 0),
        expression_names=(),
    )


def splits_of(frames: list[dict]) -> list[Split]:
    """Test clips as they are; in each training clip a block in its middle is held out.

    A block, as a single frame between two training frames could be had by blending these.
    """
    splits: list[Split] = ["train" if frame["split"] == "train" else "test" for frame in frames]
    for clip in {frame["clip"] for frame in frames if frame["split"] == "train"}:
        rows = [row for row, frame in enumerate(frames) if frame["clip"] == clip]
        count = max(1, round(len(rows) / HELD_OUT)) if len(rows) > 1 else 0
        first = (len(rows) - count) // 2
        for row in rows[first : first + count]:
            splits[row] = "test"
    return splits


def camera_folders(source: Path, about: dict) -> list[Path]:
    """Where each camera's pictures lie."""
    return [source / f"cam{camera['id']:02d}" for camera in about["cameras"]]


def convert(source: Path, target: Path) -> None:
    """Write the capture."""
    about = json.loads((source / "capture.json").read_text())
    # Ids of one clip follow each other, and no two clips share one.
    frames = sorted(about["frames"], key=lambda frame: frame["id"])
    folders = camera_folders(source, about)
    cameras = {
        folder.name: camera_in_our_axes(
            camera["K"], camera["w2c"], folder / f"{frames[0]['id']:04d}.jpg"
        )
        for folder, camera in zip(folders, about["cameras"], strict=True)
    }
    header = CaptureHeader(
        name="simulated-body",
        cameras=cameras,
        fps=float(about["fps"]),
        rig=RIG_FILE,
        consent=Consent("nobody: a made body", "Body CC0; motion: credit mocap.cs.cmu.edu",
                        "MakeHuman body, CMU motion capture, simulated garments"),
        provenance={"renderer": "Blender Cycles", "source": "simulated body"},
        test_cameras=(folders[-1].name,),
    )  # fmt: skip
    rig = read_rig(source)
    poses = read_poses(source, rig, [frame["id"] for frame in frames])
    splits = splits_of(frames)
    with CaptureWriter(target, header) as writer:
        writer.write_rig(rig)
        for frame, split in zip(frames, splits, strict=True):
            index = writer.add_frame(
                frame["id"] / about["fps"], split, frame["id"], clip=frame["clip"]
            )
            for camera, folder in enumerate(folders):
                picture = folder / f"{frame['id']:04d}.jpg"
                matte = folder.with_name(f"{folder.name}_mask") / f"{frame['id']:04d}.png"
                writer.write_image(index, straight_rgba(picture, matte), camera)
        for index, camera, label in labels(
            source, frames, splits, (rig, poses, [*cameras.values()])
        ):
            writer.write_truth("label", index, label, camera)
        writer.set_light(read_light(source, about["hdr"], about["hdr_strength"]))
        writer.set_track(Track(rig, poses, torch.zeros(len(poses)), origin="truth"))


def labels(
    source: Path, frames: list[dict], splits: list[Split], posed: tuple[Rig, Pose, list[Camera]]
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Label maps (frame, camera, map) of all that is judged: test frames, and the test camera."""
    if not (source / "garment_gt.npz").is_file():
        return
    rig, poses, cameras = posed
    garment = np.load(source / "garment_gt.npz", allow_pickle=False)
    rows = {frame: row for row, frame in enumerate(garment["frame_ids"].tolist())}
    surface = garment["vertices"]
    cloth = triangulated(np.full(len(garment["faces"]), 4), garment["faces"].reshape(-1))
    faces = torch.cat([rig.faces, cloth + len(rig.vertices)])
    for index, (frame, split) in enumerate(zip(frames, splits, strict=True)):
        if frame["id"] not in rows:
            continue
        body = pose_rig(rig, poses[index]).vertices
        vertices = torch.cat([body, in_our_axes(surface[rows[frame["id"]]])])
        for camera, view in enumerate(cameras):
            if split == "test" or camera == len(cameras) - 1:
                seen = rasterize_mesh(vertices, faces, view).face
                label = torch.where(seen < len(rig.faces), LABEL_BODY, LABEL_GARMENT)
                yield index, camera, torch.where(seen < 0, LABEL_NOTHING, label)[..., None].float()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
