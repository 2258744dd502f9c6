"""One optimisation step of a head avatar, stage by stage: 20k splats, 512², materials, light."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from benchmarks.timing import Threads, interleaved
from torch import Tensor

from incarnate.avatars.codes import fit_code_projection
from incarnate.avatars.head import HeadAvatar
from incarnate.avatars.seeding import start_on_surface
from incarnate.avatars.start import surroundings_of
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.splats.rasterize import rasterize
from incarnate.train.frames import TrainingFrame
from incarnate.train.losses import picture_loss, restraints
from incarnate.train.optimizer import SplatOptimizer
from incarnate.train.recipes import QUICK

NUM_SPLATS, SIZE = 20_000, 512
SPLATTED = ("means", "quaternions", "log_scales", "opacity_logits", "features")


@dataclass(frozen=True)
class Stage:
    """A part of the step, forward and backward."""

    name: str
    forward: Callable[[], Sequence[Tensor]]

    def both(self) -> None:
        """Forward, then backward from gradients of one."""
        outputs = [output for output in self.forward() if output.requires_grad]
        torch.autograd.backward(outputs, [torch.ones_like(output) for output in outputs])


def stage_times(repeats: int = 7) -> dict[str, float]:
    """Milliseconds of one thread's processor time for each stage, and for the whole step."""
    avatar, pose, frame = head_setting()
    optimizer = SplatOptimizer(avatar, QUICK)
    with Threads(1):
        stages = _stages(avatar, pose, frame)
        works: dict[str, Callable[[], object]] = {stage.name: stage.both for stage in stages}

        def step() -> None:
            splats = avatar.splat(pose, frame.camera)
            raster = rasterize(splats, frame.camera)
            image = avatar.shade(raster, frame.camera, None)
            terms = picture_loss(image, raster, frame, QUICK.losses)
            terms |= restraints(avatar, QUICK.losses)
            torch.stack(list(terms.values())).sum().backward()
            optimizer.step(1)

        step()
        works["optimizer"] = lambda: optimizer.step(1)
        works["whole step"] = step
        return {name: 1e3 * taken for name, taken in interleaved(works, repeats).items()}


def _stages(avatar: HeadAvatar, pose: Pose, frame: TrainingFrame) -> list[Stage]:
    """Each stage on inputs of its own, so that its backward pass ends where it begins."""
    camera = frame.camera
    posed = avatar.splat(pose, camera)
    splats = replace(posed, **{name: _leaf(getattr(posed, name)) for name in SPLATTED})
    drawn = rasterize(splats, camera)
    raster = replace(drawn, sums=_leaf(drawn.sums), alpha=_leaf(drawn.alpha))
    image = _leaf(avatar.shade(raster, camera, None))

    def rasterized() -> list[Tensor]:
        result = rasterize(splats, camera)
        return [result.sums, result.alpha]

    def deformed() -> list[Tensor]:
        result = avatar.splat(pose, camera)
        return [getattr(result, name) for name in SPLATTED]

    return [
        Stage("deform", deformed),
        Stage("rasterize", rasterized),
        Stage("shade", lambda: [avatar.shade(raster, camera, None)]),
        Stage("picture loss", lambda: _total(picture_loss(image, raster, frame, QUICK.losses))),
        Stage("restraints", lambda: _total(restraints(avatar, QUICK.losses))),
    ]


def head_setting() -> tuple[HeadAvatar, Pose, TrainingFrame]:
    """An untrained head of the embedded rig that fills the picture, and a frame of noise."""
    rig = default_head_rig()
    generator = torch.Generator().manual_seed(0)
    poses = _poses(rig, 30)
    start = start_on_surface(rig, NUM_SPLATS, generator)
    projection = fit_code_projection(rig, poses, QUICK.model.num_codes)
    around = surroundings_of(start, QUICK.model.num_nodes)
    avatar = HeadAvatar(QUICK.model, rig, projection, start, around)
    view = look_at(torch.tensor([0.0, 1.52, 1.1]), torch.tensor([0.0, 1.50, 0.0]))
    camera = Camera(pinhole_intrinsics(0.36, SIZE, SIZE), view, SIZE, SIZE)
    target = torch.rand(SIZE, SIZE, 3, generator=generator)
    with torch.no_grad():
        matte = rasterize(avatar.splat(poses[7], camera), camera).alpha
    return avatar, poses[7], TrainingFrame(0, camera, target, matte)


def _poses(rig: Rig, count: int) -> Pose:
    """Turns of the head, jaw and smiles."""
    phase = torch.linspace(0, 2 * math.pi, count + 1)[:-1]
    pose = rest_pose(rig, count)
    joints, expression = pose.joint_rotations.clone(), pose.expression.clone()
    joints[:, rig.joint_index("head") - 1, 1] = 0.3 * phase.sin()
    joints[:, rig.joint_index("jaw") - 1, 0] = 0.15 * (1 - phase.cos())
    expression[:, rig.expression_names.index("mouthSmileLeft")] = 0.5 + 0.5 * phase.cos()
    return replace(pose, joint_rotations=joints, expression=expression)


def _leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().requires_grad_()


def _total(terms: dict[str, Tensor]) -> list[Tensor]:
    return [torch.stack(list(terms.values())).sum()]
