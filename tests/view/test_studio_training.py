"""A training that is watched ends where one that is not does, and its panel follows it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import write_painted_capture

pytest.importorskip("viser", reason="the studio's extra is not installed")

from tests.view.studio_visitor import PATIENT, Visitor

from incarnate.avatars.files import load_head, load_stage
from incarnate.train.fit import train_head
from incarnate.train.recipes import SMOKE, HeadRecipe
from incarnate.view.studio import Studio
from incarnate.view.studio_cameras import viewpoint_of
from incarnate.view.studio_training import TrainingPanel

# A checkpoint after every step, so that the panel reads avatars while training writes them.
BUSY: HeadRecipe = replace(
    SMOKE, steps=22, size=32, coarse_steps=10, surface_splats=200, silhouette_splats=20,
    max_splats=300, checkpoint_seconds=0.0, model=replace(SMOKE.model, num_codes=4),
)  # fmt: skip


def test_watching_a_training_does_not_change_it(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=32)
    train_head(capture, BUSY, tmp_path / "alone")
    watched = tmp_path / "watched"
    with Studio("training") as studio:
        panel = TrainingPanel(studio, watched, every=0.01, size=256)
        assert "waiting" in panel.status.content
        with Visitor(studio.address) as visitor:
            visitor.look(viewpoint_of(capture.cameras[0]))
            train_head(capture, BUSY, watched)
            deadline = time.monotonic() + PATIENT
            while panel.avatar is None and time.monotonic() < deadline:
                time.sleep(0.02)
            assert panel.avatar is not None
            assert visitor.picture().size
            assert panel.avatar.wait(PATIENT)
        assert "step 20" in panel.status.content
        assert panel.curve.data[0].tolist() == [20.0]
        assert panel._picture is not None
    ours, other = load_head(watched).state_dict(), load_head(tmp_path / "alone").state_dict()
    assert all(torch.equal(value, other[name]) for name, value in ours.items())
    assert torch.equal(
        load_stage(watched).poses.expression, load_stage(tmp_path / "alone").poses.expression
    )


def test_an_avatar_is_read_only_when_somebody_looks(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=32)
    train_head(
        capture,
        replace(BUSY, steps=2, coarse_steps=1, checkpoint_seconds=99.0),
        tmp_path / "avatar",
    )
    with Studio("training") as studio:
        panel = TrainingPanel(studio, tmp_path / "avatar", every=99.0)
        panel.look()
        assert panel.avatar is None
