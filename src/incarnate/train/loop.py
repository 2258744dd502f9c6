"""The loop of a training that may be killed at any moment and goes on from its checkpoint."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TextIO, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.checkpoints import Checkpoint, write_checkpoint
from incarnate.train.frames import TrainingFrame
from incarnate.train.previews import write_preview
from incarnate.train.recipes import HeadRecipe

Progress = Callable[[int, int, str], None]
_METRICS_EVERY = 20


@runtime_checkable
class Training(Protocol):
    """A training that stands between two steps."""

    step: int
    """How many steps are done."""

    @property
    def capture(self) -> Capture:
        """What it learns from."""
        ...

    @property
    def recipe(self) -> HeadRecipe | BodyRecipe:
        """How."""
        ...

    @property
    def avatar(self) -> HeadAvatar | BodyAvatar:
        """What has been learned."""
        ...

    def checkpoint(self) -> Checkpoint:
        """The whole state, from which another training goes on."""
        ...


@runtime_checkable
class Run(Protocol):
    """A training with the pictures that it is shown, and the folder where its avatar goes."""

    @property
    def training(self) -> Training:
        """What is run."""
        ...

    def advance(self) -> dict[str, float]:
        """Take the next step; the weighted loss terms."""
        ...

    def save(self, about: dict[str, Any]) -> None:
        """Write the avatar as it is now, with JSON facts about it."""
        ...

    def preview(self) -> tuple[Float[Tensor, "height width 3"], TrainingFrame]:
        """What the avatar shows, linear RGB over black, and the frame that it should look like."""
        ...


def run_to_the_end(run: Run, notes: Path, progress: Progress | None) -> None:
    """Take the steps that are left; write checkpoint, avatar and preview on the way and at the end.

    Args:
        run: What is left to do.
        notes: Folder of checkpoint, metrics and previews.
        progress: Called with steps done, steps in all, and what is going on.
    """
    training, recipe = run.training, run.training.recipe
    last_saved = time.monotonic()
    with (notes / "metrics.jsonl").open("a") as metrics:
        while training.step < recipe.steps:
            terms = run.advance()
            if training.step % _METRICS_EVERY == 0:
                _write_metrics(metrics, training, terms)
            if progress is not None:
                l1 = 100 * terms["l1"] / recipe.losses.l1
                text = f"training · L1 {l1:.2f} % · {training.avatar.num_splats} splats"
                progress(training.step, recipe.steps, text)
            if time.monotonic() - last_saved > recipe.checkpoint_seconds:
                _save(run, notes)
                last_saved = time.monotonic()
    _save(run, notes)


def _save(run: Run, notes: Path) -> None:
    training = run.training
    write_checkpoint(training.checkpoint(), notes)
    consent = training.capture.consent
    run.save({
        "capture": training.capture.name,
        "consent": asdict(consent) if consent else None,
        "recipe": asdict(training.recipe),
        "steps": training.step,
    })  # fmt: skip
    with torch.no_grad():
        image, frame = run.preview()
    write_preview(image, frame, notes / "previews" / f"{training.step:06d}.jpg")


def _write_metrics(metrics: TextIO, training: Training, terms: dict[str, float]) -> None:
    row = {"step": training.step, "time": time.time(), "splats": training.avatar.num_splats}
    metrics.write(json.dumps(row | {k: round(v, 6) for k, v in terms.items()}) + "\n")
    metrics.flush()
