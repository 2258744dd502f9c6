"""Fit a head avatar to a capture: the training loop, resumable at any step."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.avatar import render
from incarnate.avatars.codes import fit_code_projection
from incarnate.avatars.coloring import colored_start
from incarnate.avatars.files import (
    avatar_from_tensors,
    avatar_tensors,
    save_avatar,
    stage_of,
)
from incarnate.avatars.head import HeadAvatar, thin_axis
from incarnate.avatars.intrinsics import part_light_from_albedo
from incarnate.avatars.observations import observe
from incarnate.avatars.seeding import joined_starts, start_on_surface
from incarnate.avatars.silhouette_seeding import start_beyond_silhouette
from incarnate.avatars.start import surroundings_of
from incarnate.avatars.transfer import surface_visibility
from incarnate.capture.capture import Capture, Track
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.rigs.canonical import is_body
from incarnate.splats.rasterize import rasterize
from incarnate.train.checkpoints import Checkpoint, claim_folder, read_checkpoint
from incarnate.train.densify import PullMeter, densification_steps, densify
from incarnate.train.expression import PoseSource, TrackedPoses, pose_source
from incarnate.train.frames import TrainingFrame, TrainingFrames, frame_order
from incarnate.train.loop import Progress, run_to_the_end
from incarnate.train.losses import albedo_loss, depth_normal_loss, picture_loss, restraints
from incarnate.train.optimizer import SplatOptimizer
from incarnate.train.recipes import HeadRecipe

# Frames from which the start takes colours and silhouettes, and their size in pixels.
_START_FRAMES, _START_SIZE = 24, 256


class HeadTraining:
    """One training: an avatar, its optimizer, and where it stands."""

    def __init__(
        self,
        capture: Capture,
        track: Track,
        recipe: HeadRecipe,
        checkpoint: Checkpoint | None = None,
        *,
        poses: PoseSource | None = None,
    ) -> None:
        """Begin, or go on from a checkpoint of the same recipe and capture.

        Args:
            capture: The capture.
            track: Its track.
            recipe: How.
            checkpoint: Where an earlier run stood.
            poses: Where the poses of frames come from, gone on from the same checkpoint; the
                track itself if left out.
        """
        self.recipe = recipe
        self.capture = capture
        self.track = track
        self.poses = poses or TrackedPoses(track.poses)
        self._events = densification_steps(recipe)
        if checkpoint is None:
            self.step = 0
            self.avatar = start_head(capture, track, recipe)
            self.optimizer = SplatOptimizer(self.avatar, recipe)
            self._meter = PullMeter(self.avatar.num_splats)
        else:
            self.step = checkpoint.step
            self.avatar = avatar_from_tensors(recipe.model, track.rig, checkpoint.avatar)
            self.optimizer = SplatOptimizer(self.avatar, recipe)
            self.optimizer.restore(checkpoint.optimizer)
            self._meter = PullMeter.from_state(checkpoint.pull)
        self.avatar.encoder = self.poses.encoder

    def advance(self, frame: TrainingFrame) -> dict[str, float]:
        """Take one optimisation step on one frame; returns the weighted loss terms."""
        pose = self.poses.pose(frame.index)
        splats = self.avatar.splat(pose, frame.camera)
        splats.means.retain_grad()
        raster = rasterize(splats, frame.camera)
        image = self.avatar.shade(raster, frame.camera, None)
        losses = self.recipe.losses
        terms = picture_loss(image, raster, frame, losses) | restraints(self.avatar, losses)
        if self.recipe.model.shading == "shaded":
            terms |= albedo_loss(raster, frame, losses)
            terms |= depth_normal_loss(raster, frame.camera, losses)
        terms |= self.poses.restraints(frame.index, pose)
        torch.stack(list(terms.values())).sum().backward()
        assert splats.means.grad is not None
        self._meter.add(splats.means.grad)
        self._hold_back()
        self.optimizer.step(self.step)
        self.poses.step(self.step)
        if self.step in self._events:
            densify(self.avatar, self.optimizer, self._meter.pull(), self.recipe)
            self._meter = PullMeter(self.avatar.num_splats)
        self.step += 1
        return {name: float(value.detach()) for name, value in terms.items()}

    def _hold_back(self) -> None:
        """Let light be divided between albedo and its model first, and what is left come last."""
        model = self.recipe.model
        if model.shading == "shaded" and model.splat_residual == "learned":
            late = self.step >= self.recipe.albedo_until * self.recipe.steps
            held = self.avatar.albedo_logits if late else self.avatar.splat_residual
            held.grad = None

    def checkpoint(self) -> Checkpoint:
        """The whole state, from which another `HeadTraining` goes on."""
        return Checkpoint(
            self.step,
            avatar_tensors(self.avatar),
            self.optimizer.state(),
            self._meter.state(),
            self.poses.state(),
        )


def start_head(capture: Capture, track: Track, recipe: HeadRecipe) -> HeadAvatar:
    """The avatar before its first step: placed, coloured from a few frames, lit by white light."""
    generator = torch.Generator().manual_seed(recipe.seed)
    observations = observe(capture, track, _START_FRAMES, _START_SIZE)
    starts = [start_on_surface(track.rig, recipe.surface_splats, generator)]
    beyond = start_beyond_silhouette(track.rig, observations, recipe.silhouette_splats, generator)
    if beyond is not None:
        starts.append(beyond)
    start = colored_start(joined_starts(starts), observations)
    if len(start.means) == 0:
        raise AvatarError(
            f"in {capture.folder} no part of the rig lies inside the mattes; "
            "look at `incarnate check` first."
        )
    normals = thin_axis(start.quaternions)
    visibility = surface_visibility(track.rig.vertices, track.rig.faces, start.means, normals)
    around = surroundings_of(start, recipe.model.num_nodes, visibility)
    training_poses = track.poses[torch.tensor(capture.indices("train"))]
    projection = fit_code_projection(track.rig, training_poses, recipe.model.num_codes)
    avatar = HeadAvatar(recipe.model, track.rig, projection, start, around)
    if recipe.model.shading == "shaded":
        part_light_from_albedo(avatar, observations, generator)
    return avatar


def train_head(
    capture: Capture, recipe: HeadRecipe, folder: Path, *, progress: Progress | None = None
) -> HeadAvatar:
    """Train a head avatar and write it, resuming what an earlier run left in the folder.

    Args:
        capture: A tracked capture with one camera.
        recipe: How.
        folder: The avatar's folder; checkpoints, metrics and previews go to ``training`` in it.
        progress: Called with steps done, steps in all, and what is going on.

    Returns:
        The trained avatar, also written to the folder.

    Raises:
        AvatarError: The folder holds another training, or the capture cannot be trained on.
    """
    notes, track = folder / "training", load_track(capture)
    if is_body(track.rig):
        raise AvatarError(
            f"{capture.folder} shows a whole body, its rig has arms and legs: train it with "
            "`incarnate train body`, or give the capture of a head."
        )
    claim_folder(notes, recipe, capture.folder)
    frames = _training_frames(capture, recipe, progress)
    checkpoint = read_checkpoint(notes)
    poses = pose_source(
        recipe.expression,
        capture,
        track,
        steps=recipe.steps,
        frames=frames.indices,
        seed=recipe.seed,
        state=checkpoint.expression if checkpoint else {},
        progress=progress,
    )
    training = HeadTraining(capture, track, recipe, checkpoint, poses=poses)
    run_to_the_end(_HeadRun(training, frames, folder), notes, progress)
    return training.avatar.requires_grad_(False).eval()


def _training_frames(
    capture: Capture, recipe: HeadRecipe, progress: Progress | None
) -> TrainingFrames:
    indices = capture.indices("train")
    if not indices:
        raise AvatarError(f"{capture.folder} has no training frames; its splits are all 'test'.")
    stride = max(1, -(-len(indices) // recipe.max_frames))
    return TrainingFrames(capture, indices[::stride], longest_side=recipe.size, progress=progress)


@dataclass(frozen=True)
class _HeadRun:
    """A training, its frames, and where its avatar goes (see `Run`)."""

    training: HeadTraining
    frames: TrainingFrames
    folder: Path

    def advance(self) -> dict[str, float]:
        training, recipe = self.training, self.training.recipe
        position = frame_order(len(self.frames), training.step, recipe.seed)
        coarse = training.step < recipe.coarse_steps
        return training.advance(self.frames.halved(position) if coarse else self.frames[position])

    def save(self, about: dict[str, Any]) -> None:
        stage = stage_of(self.training.capture, self.training.track)
        stage = replace(stage, poses=self.training.poses.motion())
        save_avatar(self.training.avatar, stage, self.folder, about)

    def preview(self) -> tuple[Float[Tensor, "height width 3"], TrainingFrame]:
        training = self.training
        frame = self.frames[training.step % len(self.frames)]
        return render(training.avatar, training.poses.pose(frame.index), frame.camera), frame
