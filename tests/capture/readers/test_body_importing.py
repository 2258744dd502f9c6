"""A set of any layout becomes a capture whose rig lies where the set's own projection has it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.capture.readers.body_sets import (
    FRAMES,
    HEIGHT,
    WIDTH,
    K,
    MadeBody,
    write_actorshq,
    write_avatarrex,
    write_model,
    write_thuman4,
)

from incarnate.capture.readers.actorshq import read_actorshq
from incarnate.capture.readers.avatarrex import read_avatarrex
from incarnate.capture.readers.body_importing import ImportedBody, import_body_set
from incarnate.capture.readers.body_set import BodySet
from incarnate.capture.readers.distortion import distorted
from incarnate.capture.readers.selection import Selection
from incarnate.capture.readers.thuman4 import read_thuman4
from incarnate.capture.reading import read_frame
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.rigs.readers.smplx import load_smplx
from incarnate.rigs.skinning import pose_rig

LAYOUTS: list[tuple[Callable[[Path], MadeBody], Callable[[Path], BodySet]]] = [
    (write_thuman4, read_thuman4),
    (write_avatarrex, read_avatarrex),
    (write_actorshq, read_actorshq),
]
LENS = (-0.2, 0.05, 0.003, -0.002, 0.01)


def imported(folder: Path, body_set: BodySet, **choice: object) -> ImportedBody:
    rig = load_smplx(write_model(folder / "SMPLX_NEUTRAL.npz"))
    selection = Selection(**choice)  # pyright: ignore[reportArgumentType]
    return import_body_set(body_set, rig, folder / "c", selection=selection, fps=30.0)


@pytest.mark.parametrize(("write", "read"), LAYOUTS)
def test_the_rig_lies_where_the_set_has_it(
    tmp_path: Path,
    write: Callable[[Path], MadeBody],
    read: Callable[[Path], BodySet],
) -> None:
    body = write(tmp_path / "set")
    found = imported(tmp_path, read(tmp_path / "set"))
    capture, track = found.capture, load_track(found.capture)
    assert found.notes == ()
    assert (capture.num_frames, capture.test_cameras, track.origin) == (FRAMES, (2,), "imported")
    assert validate(capture) == []
    for frame in range(FRAMES):
        vertices = pose_rig(track.rig, track.poses[frame]).vertices
        # The world is upright: the root's up points up.
        for camera, view in enumerate(capture.cameras):
            expected = body.pixels(frame, camera) + 0.5
            # Pixels: float32 codes and cameras, seven metres away.
            np.testing.assert_allclose(view.project(vertices).numpy(), expected, atol=2e-3)
    assert track.poses.root_rotation.norm(dim=-1).max() < 1.0


def test_only_the_chosen_pictures_are_read(tmp_path: Path) -> None:
    write_thuman4(tmp_path / "s")
    for path in (tmp_path / "s" / "images").rglob("*.jpg"):
        if path.parent.name != "cam01" or int(path.stem) % 2:
            path.write_bytes(b"never decoded")
    found = imported(tmp_path, read_thuman4(tmp_path / "s"), cameras=("cam01",), every=2, shrink=2)
    assert found.capture.sources == (0, 2, 4)
    assert found.capture.times == pytest.approx((0.0, 2 / 30, 4 / 30))
    frame = read_frame(found.capture, 1)
    assert frame.image.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert (frame.camera.width, frame.camera.height) == (WIDTH // 2, HEIGHT // 2)


def test_distortion_is_taken_out(tmp_path: Path) -> None:
    write_avatarrex(tmp_path / "s", LENS)
    # A white dot where the lens shows the point that a pinhole camera sees at (38.0, 33.0).
    seen = np.linalg.inv(K) @ np.array([38.0, 33.0, 1.0])
    place = K[:2, :2] @ distorted(torch.from_numpy(seen[:2]), torch.tensor(LENS).double()).numpy()
    place += K[:2, 2]
    assert np.abs(place - np.array([38.0, 33.0])).max() > 0.3
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    near = np.exp(-((columns - place[0]) ** 2 + (rows - place[1]) ** 2) / 6)
    picture = np.repeat((near * 255).round().astype(np.uint8)[..., None], 3, -1)
    Image.fromarray(picture).save(tmp_path / "s" / "22010708" / "00000002.jpg", quality=100)
    found = imported(tmp_path, read_avatarrex(tmp_path / "s"))
    image = read_frame(found.capture, 2).image[..., 1].numpy() ** 0.5
    image = np.where(image > 0.2, image, 0)
    middle = [(image * axis).sum() / image.sum() for axis in (columns, rows)]
    # A tenth of a pixel: JPEG twice, and a dot that is itself distorted a little.
    np.testing.assert_allclose(middle, [38.0, 33.0], atol=0.1)


def test_poses_of_another_model_are_doubted(tmp_path: Path) -> None:
    write_thuman4(tmp_path / "s")
    path = tmp_path / "s" / "smpl_params.npz"
    arrays = dict(np.load(path))
    np.savez(
        path, **(arrays | {"transl": arrays["transl"] + np.array([2.5, 0.0, 0.0], np.float32)})
    )
    (note,) = imported(tmp_path, read_thuman4(tmp_path / "s")).notes
    assert "check --format, --smplx and --poses" in note
