"""Fit a body avatar to a multi-view capture: the training loop, resumable at any step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_colors import color_from_frames
from incarnate.avatars.body_files import body_tensors, restore_body, save_body
from incarnate.avatars.files import stage_of
from incarnate.avatars.pose_condition import make_pose_condition
from incarnate.avatars.pose_memory import choose_keys, kernel_width
from incarnate.avatars.pose_signature import pose_signatures
from incarnate.capture.capture import Capture, Track
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.rigs.canonical import is_body
from incarnate.rigs.position_maps import PositionMaps
from incarnate.splats.rasterize import rasterize
from incarnate.train.body_losses import body_restraints
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.body_stages import body_stages, stage_at
from incarnate.train.body_surface import body_surface
from incarnate.train.checkpoints import Checkpoint, claim_folder, read_checkpoint
from incarnate.train.frames import TrainingFrame, frame_order
from incarnate.train.loop import Progress, run_to_the_end
from incarnate.train.losses import picture_loss
from incarnate.train.perceptual import PatchPerceptual
from incarnate.train.views import TrainingViews, View

# Steps for which pictures are decoded in advance.
_AHEAD = 3


class BodyTraining:
    """One training: an avatar, its optimizer, and where it stands."""

    def __init__(
        self,
        capture: Capture,
        track: Track,
        recipe: BodyRecipe,
        *,
        maps: PositionMaps,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Begin, or go on from a checkpoint of the same recipe and capture.

        Args:
            capture: A capture of one or more cameras.
            track: Its track.
            recipe: How.
            maps: Where the splats lie.
            checkpoint: Where an earlier run stood.
        """
        self.capture, self.track, self.recipe = capture, track, recipe
        self.frames = capture.indices("train")
        self.avatar = start_body(capture, track, recipe, maps=maps, colored=checkpoint is None)
        self.conditions = self.avatar.conditions(track.poses, capture.times, capture.clips)
        self.avatar.learn_poses([self.conditions[index] for index in self.frames])
        self._perceptual = None
        if recipe.losses.perceptual > 0:
            self._perceptual = PatchPerceptual(recipe.perceptual_patch, recipe.seed)
        self.step = 0 if checkpoint is None else checkpoint.step
        self._stages = body_stages(self.avatar, recipe)
        self.stage = stage_at(self._stages, self.step)
        self.optimizer = self.stage.optimizer(self.avatar, recipe)
        if checkpoint is not None:
            restore_body(self.avatar, checkpoint.avatar)
            # Between two stages it is of the first, and none of it has a name in the second.
            self.optimizer.restore(checkpoint.optimizer)

    def views(self, step: int) -> tuple[View, ...]:
        """The pictures of a step: one pose, seen by some training cameras; a function of it."""
        frame = self.frames[frame_order(len(self.frames), step, self.recipe.seed)]
        cameras = self.capture.train_cameras
        count = min(self.recipe.views, len(cameras))
        chosen = np.random.default_rng((self.recipe.seed, 1, step)).permutation(len(cameras))
        return tuple(View(frame, cameras[i]) for i in chosen[:count])

    def is_coarse(self, step: int) -> bool:
        """Whether a step draws at half the size."""
        return stage_at(self._stages, step).is_coarse(step, self.recipe.coarse_share)

    def advance(self, frames: list[TrainingFrame]) -> dict[str, float]:
        """Take one optimisation step on pictures of one pose; returns the weighted loss terms."""
        self._enter_stage()
        index, losses = frames[0].index, self.recipe.losses
        pose, condition = self.track.poses[index], self.conditions[index]
        posed = self.avatar.model.dependence == "posed"
        chance = np.random.default_rng((self.recipe.seed, 2, self.step)).random()
        recall = self.stage.recall(self.recipe, chance)
        painted = self.avatar.painted(condition, recall) if posed else None
        splats = self.avatar.posed(pose, painted)
        terms = body_restraints(self.avatar, painted, losses)
        for frame in frames:
            raster = rasterize(splats, frame.camera)
            image = self.avatar.shade(raster, frame.camera, None)
            for name, value in picture_loss(image, raster, frame, losses).items():
                terms[name] = terms.get(name, 0.0) + value / len(frames)
            if self._perceptual and frame is frames[0] and self._is_perceptual():
                terms["perceptual"] = losses.perceptual * self._perceptual(image, frame, self.step)
        torch.stack(list(terms.values())).sum().backward()
        self.optimizer.step(self.step - self.stage.first)
        self.step += 1
        return {name: float(value.detach()) for name, value in terms.items()}

    def checkpoint(self) -> Checkpoint:
        """The whole state, from which another `BodyTraining` goes on."""
        return Checkpoint(self.step, body_tensors(self.avatar), self.optimizer.state(), {})

    def _is_perceptual(self) -> bool:
        """Whether this step pays for the perceptual loss; coarse pictures have no detail."""
        return self.step % self.recipe.perceptual_every == 0 and not self.is_coarse(self.step)

    def _enter_stage(self) -> None:
        """Go on to the stage that the next step belongs to."""
        stage = stage_at(self._stages, self.step)
        if stage != self.stage:
            self.stage = stage
            self.optimizer = stage.optimizer(self.avatar, self.recipe)


def start_body(
    capture: Capture, track: Track, recipe: BodyRecipe, *, maps: PositionMaps, colored: bool = True
) -> BodyAvatar:
    """The avatar before its first step: placed, coloured from a few frames, lit by white light.

    Raises:
        AvatarError: The capture has no training frames or cameras.
    """
    frames = capture.indices("train")
    if not frames or not capture.train_cameras:
        raise AvatarError(
            f"{capture.folder} has nothing to train on: {len(frames)} training frames, "
            f"{len(capture.train_cameras)} training cameras; mend the splits in capture.json."
        )
    model = recipe.model
    signature = make_pose_condition(maps, model.signature)
    signatures = pose_signatures(signature, track.rig, track.poses, capture.times, capture.clips)
    signatures = signatures[torch.tensor(frames)]
    keys = signatures[choose_keys(signatures, model.key_poses)] if model.key_poses else None
    width = 1.0 if keys is None else kernel_width(keys, model.memory_width)
    avatar = BodyAvatar(model, track.rig, maps, keys=keys, kernel_width=width, seed=recipe.seed)
    if colored:
        color_from_frames(avatar, capture, track)
    return avatar


def train_body(
    capture: Capture, recipe: BodyRecipe, folder: Path, *, progress: Progress | None = None
) -> BodyAvatar:
    """Train a body avatar and write it, resuming what an earlier run left in the folder.

    Args:
        capture: A calibrated capture with a track.
        recipe: How.
        folder: The avatar's folder; checkpoints, metrics and previews go to ``training`` in it.
        progress: Called with steps done, steps in all, and what is going on.

    Returns:
        The trained avatar, also written to the folder.

    Raises:
        AvatarError: The folder holds another training, or the capture cannot be trained on.
    """
    notes, track = folder / "training", load_track(capture)
    if not is_body(track.rig):
        raise AvatarError(
            f"{capture.folder} shows no whole body, its rig lacks arms or legs: train a head with "
            "`incarnate train head`, or give the capture of a body."
        )
    claim_folder(notes, recipe, capture.folder)
    maps = body_surface(capture, track, recipe, notes, progress=progress)
    training = BodyTraining(capture, track, recipe, maps=maps, checkpoint=read_checkpoint(notes))
    views = TrainingViews(capture, longest_side=recipe.size, most_bytes=recipe.memory_bytes)
    try:
        run_to_the_end(_BodyRun(training, views, folder), notes, progress)
    finally:
        views.close()
    return training.avatar.requires_grad_(False).eval()


@dataclass(frozen=True)
class _BodyRun:
    """A training, its pictures, and where its avatar goes (see `Run`)."""

    training: BodyTraining
    views: TrainingViews
    folder: Path

    def advance(self) -> dict[str, float]:
        training, views = self.training, self.views
        for ahead in range(1, _AHEAD + 1):
            views.expect(training.views(training.step + ahead))
        coarse = training.is_coarse(training.step)
        chosen = training.views(training.step)
        return training.advance([views.read(view, halved=coarse) for view in chosen])

    def save(self, about: dict[str, Any]) -> None:
        stage = stage_of(self.training.capture, self.training.track)
        save_body(self.training.avatar, stage, self.folder, about)

    def preview(self) -> tuple[Float[Tensor, "height width 3"], TrainingFrame]:
        training = self.training
        frame = self.views.read(training.views(training.step)[0])
        pose, condition = training.track.poses[frame.index], training.conditions[frame.index]
        splats = training.avatar.splat(pose, frame.camera, condition=condition)
        raster = rasterize(splats, frame.camera)
        return training.avatar.shade(raster, frame.camera, None), frame
