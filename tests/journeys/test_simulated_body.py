"""The converter of simulated bodies, on a small one with its layout and on the shared one."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture
from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT
from incarnate.capture.pictures import write_picture
from incarnate.capture.reading import has_truth, read_frame, read_truth
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.light.environment import Environment
from incarnate.light.files import save_environment
from incarnate.rigs.skinning import pose_rig, world_from_rest_joints

SIZE, CLIPS = 16, {"walk": ("train", 8), "jump": ("test", 2)}
NUM_FRAMES = sum(count for _, count in CLIPS.values())


@pytest.fixture
def converter(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # It is a script: what it shares with others lies beside it.
    monkeypatch.syspath_prepend(repository / "benchmarks")
    return importlib.import_module("convert_simulated_body")


def box(size: tuple[float, float, float], middle: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners (z up) and quads of an upright box."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    return corners * size + [0, 0, middle], np.array(quads)


def write_model(folder: Path) -> None:
    """A box of two joints that turn, and a wider box about its lower half."""
    vertices, quads = box((0.2, 0.1, 0.8), 0.0)
    joints = np.array([[0, 0, -0.8], [0, 0, 0.0]])
    upper = (vertices[:, 2] > 0).astype(float)
    angles = torch.randn(NUM_FRAMES, 2, 3, generator=torch.Generator().manual_seed(2)) * 0.2
    local = matrix_from_axis_angle(angles.double()).numpy()
    rotations = np.stack([local[:, 0], local[:, 0] @ local[:, 1]], 1)
    moved = np.linspace(-0.1, 0.1, NUM_FRAMES)[:, None] * [1, 0.5, 0.2]
    places = np.stack(
        [joints[0] + moved, joints[0] + moved + rotations[:, 0] @ (joints[1] - joints[0])], 1
    )
    shifts = places - np.einsum("fjab,jb->fja", rotations, joints)
    np.savez(
        folder / "body_model.npz",
        rest_vertices=vertices.astype(np.float32),
        rest_vertices_dressed=vertices.astype(np.float32),
        faces=quads.astype(np.int32),
        weights=np.stack([1 - upper, upper], -1).astype(np.float16),
        joints=joints.astype(np.float32),
        parent=np.array([-1, 0]),
        bones=np.array(["Hips", "Neck"]),
        frame_ids=np.arange(NUM_FRAMES),
        joint_rot=rotations.astype(np.float32),
        joint_pos=places.astype(np.float32),
        skin_matrix=np.concatenate([rotations, shifts[..., None]], -1).astype(np.float32),
    )  # fmt: skip
    skirt, quads = box((0.35, 0.35, 0.3), -0.5)
    np.savez(
        folder / "garment_gt.npz",
        frame_ids=np.arange(NUM_FRAMES),
        vertices=np.repeat(skirt[None], NUM_FRAMES, 0).astype(np.float16),
        faces=quads,
    )


def write_source(folder: Path) -> None:
    """A folder with the layout of the simulated body: two cameras, two clips."""
    folder.mkdir()
    write_model(folder)
    (folder / "hdr").mkdir()
    save_environment(Environment(torch.ones(4, 8, 3)), folder / "hdr" / "lobby.hdr")
    pose = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 4], [0, 0, 0, 1]])
    camera = {"K": [[24.0, 0, 8.5], [0, 24.0, 8.0], [0, 0, 1]], "w2c": pose.tolist()}
    clips = [(clip, split) for clip, (split, count) in CLIPS.items() for _ in range(count)]
    frames = [{"id": i, "split": split, "clip": clip} for i, (clip, split) in enumerate(clips)]
    about = {"cameras": [{"id": 0, **camera}, {"id": 1, **camera}], "fps": 30, "hdr": "lobby",
             "hdr_strength": 2.0, "frames": frames}  # fmt: skip
    (folder / "capture.json").write_text(json.dumps(about))
    half = np.zeros((SIZE, SIZE), np.uint8)
    half[2:14, 2:8], half[2:14, 8:14] = 255, 128
    for frame in range(NUM_FRAMES):
        for name in ("cam00", "cam01"):
            composited = (half[..., None] * np.array([0.8, 0.6, 0.4])).round().astype(np.uint8)
            write_picture(folder / name / f"{frame:04d}.jpg", composited)
            write_picture(folder / f"{name}_mask" / f"{frame:04d}.png", half)


@pytest.fixture
def converted(tmp_path: Path, converter: ModuleType) -> Capture:
    write_source(tmp_path / "source")
    converter.convert(tmp_path / "source", tmp_path / "capture")
    return load_capture(tmp_path / "capture")


def test_frames_are_parted_in_three_ways(converted: Capture) -> None:
    assert validate(converted) == []
    assert converted.test_cameras == (1,)
    kinds = [(index, converted.test_kind(index)) for index in converted.indices("test")]
    assert kinds == [(3, "held-out pose"), (8, "other clip"), (9, "other clip")]
    assert converted.light is not None
    assert float(converted.light.radiance.max()) == pytest.approx(2.0)


def test_colour_is_straight(converted: Capture) -> None:
    image = read_frame(converted, 0).image
    # Half covered pixels are as bright as covered ones, up to JPEG's ripples of a few steps.
    assert torch.allclose(image[5:11, 9:11].mean((0, 1)), image[5:11, 5:7].mean((0, 1)), atol=0.03)
    assert (image[0] == 0).all()


def test_the_track_is_the_true_skeleton(tmp_path: Path, converted: Capture) -> None:
    check_skinning(converted, tmp_path / "source")


def test_labels_are_drawn_for_what_is_judged(converted: Capture) -> None:
    labelled = [(i, k) for i in range(NUM_FRAMES) for k in (0, 1)
                if has_truth(converted, "label", i, k)]  # fmt: skip
    judged = {(i, 1) for i in range(NUM_FRAMES)} | {(i, 0) for i in converted.indices("test")}
    assert set(labelled) == judged
    label = read_truth(converted, "label", 8)[..., 0]
    assert label[4, 8] == LABEL_BODY
    assert label[11, 8] == LABEL_GARMENT


def test_a_source_without_garments_has_no_labels(tmp_path: Path, converter: ModuleType) -> None:
    write_source(tmp_path / "source")
    (tmp_path / "source" / "garment_gt.npz").unlink()
    converter.convert(tmp_path / "source", tmp_path / "capture")
    assert not load_capture(tmp_path / "capture").layout.truth


def check_skinning(capture: Capture, source: Path) -> None:
    """Our skinning matrices are the source's, turned into our axes."""
    model, track = np.load(source / "body_model.npz"), load_track(capture)
    axes = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=torch.float64)
    ids = model["frame_ids"].tolist()
    true = torch.from_numpy(model["skin_matrix"][[ids.index(s) for s in capture.sources]]).double()
    ours = world_from_rest_joints(track.rig, track.poses).double()
    # float32 through a chain of joints at about a metre from the origin.
    assert torch.allclose(ours[..., :3, :3], axes @ true[..., :3] @ axes.T, atol=5e-6)
    assert torch.allclose(ours[..., :3, 3], true[..., 3] @ axes.T, atol=5e-6)


def test_the_shared_body_is_posed_as_it_was_rendered(
    shared_data: Path, converter: ModuleType
) -> None:
    source = shared_data / "captures" / "body"
    model, rig = np.load(source / "body_model.npz"), converter.read_rig(source)
    rows = [0, 40, 90, 140]
    poses = converter.read_poses(source, rig, model["frame_ids"][rows].tolist())
    weights = model["weights"].astype(np.float64)
    affine = np.einsum(
        "vj,fjab->fvab", weights / weights.sum(1, keepdims=True), model["skin_matrix"][rows]
    )
    rest = model["rest_vertices_dressed"].astype(np.float64)
    true = np.einsum("fvab,vb->fva", affine[..., :3], rest) + affine[..., 3]
    ours = pose_rig(rig, poses).vertices
    # A tenth of a millimetre is asked for; float32 leaves less than a micrometre.
    assert torch.allclose(ours, converter.in_our_axes(true), atol=2e-6)
