"""Makes a whole capture of a made body: pictures from many cameras, mattes, track and truth."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.capture import Capture, Consent, Split, Track
from incarnate.capture.files import load_capture
from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT, LABEL_NOTHING
from incarnate.capture.synthetic.lighting import LightRig, sampled_lights
from incarnate.capture.synthetic.make import exposed, straight
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.picture import (
    Fragments,
    Studio,
    arriving_light,
    light_up,
    resolved,
    see,
)
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic.visibility import spread_occluders
from incarnate.capture.synthetic_body.clips import Clip, make_clip
from incarnate.capture.synthetic_body.doll import Doll, labels_of, make_doll, paint_doll, pose_doll
from incarnate.capture.synthetic_body.ring import camera_ring
from incarnate.capture.synthetic_body.settings import BodyCaptureSettings
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.procedural import procedural_environment
from incarnate.rigs.rig import Pose

Progress = Callable[[int, int, str], None]

_LIGHT_ROWS = 256
_MAX_WORKERS = 8
_CONSENT = Consent(
    subject="nobody: a made person",
    statement="Drawn from a seed; no real person is shown, so nobody has to agree.",
    source="incarnate.capture.synthetic_body on the embedded rig (MakeHuman data, CC0)",
)


@dataclass(frozen=True)
class _Moment:
    """One pose of a clip."""

    clip: str
    split: Split
    pose: Pose


@dataclass(frozen=True)
class _View:
    """One picture, drawn."""

    image: Float[Tensor, "height width 4"]
    """Straight linear RGB, and coverage."""
    labels: Float[Tensor, "height width 1"]
    normals: Float[Tensor, "height width 3"]
    albedo: Float[Tensor, "height width 3"]


def make_body_capture(
    folder: Path | str, settings: BodyCaptureSettings, progress: Progress | None = None
) -> Capture:
    """Make a multi-view capture of a person who does not exist, in a loose skirt.

    Args:
        folder: Where to; an older capture there is replaced when the new one is whole.
        settings: Who, which clips, how many cameras; `BODY_PRESETS` has two.
        progress: Called with poses done, poses in all and what is being done.

    Returns:
        The capture, opened. Every picture has true labels; those of test frames and of the test
        camera have true normals and albedo as well.

    Raises:
        CaptureError: The folder exists and holds something else.
    """
    doll = make_doll(settings)
    moments = _moments(doll, settings)
    cameras = camera_ring(settings.num_cameras, settings.size, settings.seed)
    env = exposed(procedural_environment(settings.light, _LIGHT_ROWS))
    lights = sampled_lights(env, settings.light_samples, settings.seed)
    studio = _studio(doll, next(iter(cameras.values())), settings)
    header = CaptureHeader(
        f"synthetic-body-{settings.seed}", cameras, settings.fps, rig="incarnate-body",
        consent=_CONSENT, provenance={"settings": asdict(settings)},
        test_cameras=(list(cameras)[-1],),
    )  # fmt: skip
    with CaptureWriter(folder, header) as writer:
        writer.set_light(env)
        drawn = _draw_all(doll, studio, moments, list(cameras.values()), lights)
        for index, (moment, views) in enumerate(zip(moments, drawn, strict=True)):
            frame = writer.add_frame(index / settings.fps, moment.split, clip=moment.clip)
            for camera, view in enumerate(views):
                judged = moment.split == "test" or camera == len(views) - 1
                _write(writer, view, frame, camera, with_truth=judged)
            if progress is not None:
                progress(index + 1, len(moments), "drawing poses")
        writer.set_track(_true_track(doll, moments))
    return load_capture(folder)


def _moments(doll: Doll, settings: BodyCaptureSettings) -> list[_Moment]:
    def clip(name: str, frames: int, *, train: bool) -> Clip:
        return make_clip(doll.person.personal, name, frames=frames, seed=settings.seed, train=train)

    clips = [clip(name, settings.train_clip_frames, train=True) for name in settings.train_clips]
    clips += [clip(name, settings.test_clip_frames, train=False) for name in settings.test_clips]
    return [
        _Moment(clip.name, split, clip.poses[i])
        for clip in clips
        for i, split in enumerate(clip.splits)
    ]


def _studio(doll: Doll, camera: Camera, settings: BodyCaptureSettings) -> Studio:
    return Studio(
        doll.figure,
        make_skin_paint(draw_palette(settings.seed), settings.seed),
        spread_occluders(doll.rest, doll.occluding),
        camera,
        settings.supersampling,
    )


def _draw_all(
    doll: Doll, studio: Studio, moments: list[_Moment], cameras: list[Camera], lights: LightRig
) -> Iterator[list[_View]]:
    """Poses in order; each is drawn alone, so that the number of workers changes nothing."""

    def draw(moment: _Moment) -> list[_View]:
        posed = pose_doll(doll, moment.pose)
        visible = arriving_light(studio, posed, lights)
        views: list[_View] = []
        for camera in cameras:
            place = replace(studio, camera=camera)
            fragments = see(place, posed, lambda _, *rest: paint_doll(doll, *rest))
            image = straight(light_up(place, posed, fragments, lights, visible))
            views.append(_with_truth(place, fragments, image))
        return views

    with ThreadPoolExecutor(max_workers=min(_MAX_WORKERS, os.cpu_count() or 1)) as pool:
        yield from pool.map(draw, moments)


def _with_truth(
    studio: Studio, fragments: Fragments, image: Float[Tensor, "height width 4"]
) -> _View:
    figure = studio.figure
    places = torch.from_numpy(fragments.weights @ figure.places.numpy())
    ones = torch.ones(len(fragments.samples), 1)
    values = torch.cat([fragments.normals, fragments.material.albedo, ones], -1)
    maps = straight(resolved(studio, fragments, values))
    seen = labels_of(fragments.surfaces, places)[:, None]
    shares = resolved(
        studio, fragments,
        torch.cat([(seen == LABEL_BODY).float(), (seen == LABEL_GARMENT).float()], -1),
    )  # fmt: skip
    # What most of a pixel shows, the background among it.
    nothing = 1 - shares.sum(-1, keepdim=True)
    names = torch.tensor([LABEL_NOTHING, LABEL_BODY, LABEL_GARMENT])
    labels = names[torch.cat([nothing, shares], -1).argmax(-1)][..., None].float()
    normals = torch.nn.functional.normalize(maps[..., :3], dim=-1)
    return _View(image, labels, normals, maps[..., 3:6])


def _write(
    writer: CaptureWriter, view: _View, frame: int, camera: int, *, with_truth: bool
) -> None:
    rgba = bytes_from_linear(view.image)
    rgba[..., 3] = (view.image[..., 3].numpy() * 255 + 0.5).astype("uint8")
    writer.write_image(frame, rgba, camera)
    writer.write_truth("label", frame, view.labels, camera)
    if with_truth:
        writer.write_truth("normal", frame, view.normals, camera)
        writer.write_truth("albedo", frame, view.albedo, camera)


def _true_track(doll: Doll, moments: list[_Moment]) -> Track:
    """What a perfect tracker would find: the bare body and its poses, and nothing of the cloth."""
    poses = [moment.pose for moment in moments]
    return Track(
        rig=doll.person.rig,
        poses=Pose(
            torch.stack([pose.root_rotation for pose in poses]),
            torch.stack([pose.root_translation for pose in poses]),
            torch.stack([pose.joint_rotations for pose in poses]),
            torch.stack([pose.expression for pose in poses]),
            poses[0].expression_names,
        ),
        residuals=torch.zeros(len(poses)),
        origin="truth",
        shape=doll.person.shape,
        offset=doll.person.offset,
    )
