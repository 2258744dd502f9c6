import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from tests.avatars.people import small_avatar

from incarnate.avatars.head import HeadAvatar
from incarnate.geometry.cameras import Camera
from incarnate.train.checkpoints import Checkpoint, read_checkpoint
from incarnate.train.frames import TrainingFrame
from incarnate.train.loop import run_to_the_end
from incarnate.train.recipes import SMOKE, HeadRecipe


@dataclass
class Counting:
    """A training that only counts."""

    recipe: HeadRecipe
    step: int = 0
    avatar: HeadAvatar = field(default_factory=lambda: small_avatar(num_splats=3))
    capture: Any = field(default_factory=lambda: SimpleNamespace(name="ada", consent=None))

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.step, {}, {}, {})


@dataclass
class CountingRun:
    training: Counting
    saved: list[dict[str, Any]] = field(default_factory=list)

    def advance(self) -> dict[str, float]:
        self.training.step += 1
        return {"l1": 0.02 * self.training.recipe.losses.l1}

    def save(self, about: dict[str, Any]) -> None:
        self.saved.append(about)

    def preview(self) -> tuple[torch.Tensor, TrainingFrame]:
        assert not torch.is_grad_enabled()
        camera = Camera(torch.eye(3), torch.eye(4), 8, 8)
        frame = TrainingFrame(0, camera, torch.zeros(8, 8, 3), torch.zeros(8, 8), None)
        return torch.zeros(8, 8, 3), frame


def test_steps_that_are_left_are_taken_and_told(tmp_path: Path) -> None:
    run = CountingRun(Counting(replace(SMOKE, steps=45, checkpoint_seconds=1e9), step=10))
    told = []
    run_to_the_end(run, tmp_path, lambda *words: told.append(words))
    assert told[0] == (11, 45, "training · L1 2.00 % · 3 splats")
    assert len(told) == 35
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], row["splats"]) for row in rows] == [(20, 3), (40, 3)]
    assert [about["steps"] for about in run.saved] == [45]
    assert run.saved[0]["capture"] == "ada"
    found = read_checkpoint(tmp_path)
    assert found is not None
    assert found.step == 45
    assert [path.name for path in (tmp_path / "previews").iterdir()] == ["000045.jpg"]


def test_checkpoints_are_written_on_the_way(tmp_path: Path) -> None:
    run = CountingRun(Counting(replace(SMOKE, steps=3, checkpoint_seconds=0.0)))
    run_to_the_end(run, tmp_path, None)
    assert [about["steps"] for about in run.saved] == [1, 2, 3, 3]
