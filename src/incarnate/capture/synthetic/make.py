"""Makes a whole capture of a made person: pictures, mattes, truth, codes, and other lights."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.capture import Capture, Consent, Track
from incarnate.capture.files import load_capture
from incarnate.capture.synthetic.figure import make_figure, pose_figure
from incarnate.capture.synthetic.lighting import LightRig, sampled_lights
from incarnate.capture.synthetic.motion import make_motion
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.person import Person, make_person
from incarnate.capture.synthetic.picture import Studio, light_up, resolved, see
from incarnate.capture.synthetic.settings import SyntheticSettings
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic.visibility import spread_occluders
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.light.sampling import irradiance_toward
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose

Progress = Callable[[int, int, str], None]

_EYE, _TARGET, _FOV = (0.0, 1.535, 0.95), (0.0, 1.528, 0.0), 0.365
_EXPOSURE, _BRIGHTEST = 0.75, 1.5
"""Diffuse light over π that a face should get on average, and at most on any side."""
_LIGHT_ROWS = 256
_MAX_WORKERS = 8
_CONSENT = Consent(
    subject="nobody: a made person",
    statement="Drawn from a seed; no real person is shown, so nobody has to agree.",
    source="incarnate.capture.synthetic on the embedded rig (MakeHuman data, CC0)",
)


@dataclass(frozen=True)
class _Shown:
    """One frame, drawn."""

    image: Float[Tensor, "height width 4"]
    """Straight linear RGB, and coverage."""
    relit: dict[str, Tensor]
    truth: dict[str, Tensor]


def write_synthetic_capture(
    folder: Path | str, settings: SyntheticSettings, progress: Progress | None = None
) -> Capture:
    """Make a capture of a person who does not exist.

    Args:
        folder: Where to; an older capture there is replaced when the new one is whole.
        settings: Who, how many pictures, under which lights; `PRESETS` has two.
        progress: Called with frames done, frames in all and what is being done.

    Returns:
        The capture, opened.

    Raises:
        CaptureError: The folder exists and holds something else.
    """
    person = make_person(default_head_rig(), settings.seed)
    num_test = settings.num_test_frames
    poses = make_motion(
        person.rig, settings.num_frames - num_test, num_test, fps=settings.fps, seed=settings.seed
    )
    studio = _studio(person, settings)
    environments = {
        name: exposed(procedural_environment(name, _LIGHT_ROWS))
        for name in (settings.light, *settings.relights)
    }
    lights = {
        name: sampled_lights(env, settings.light_samples, settings.seed)
        for name, env in environments.items()
    }
    header = CaptureHeader(
        f"synthetic-{settings.seed}", {"front": studio.camera}, settings.fps,
        consent=_CONSENT, provenance={"settings": asdict(settings)},
    )  # fmt: skip
    with CaptureWriter(folder, header) as writer:
        writer.set_light(environments[settings.light])
        for name in settings.relights:
            writer.add_relight(name, environments[name])
        for index, shown in enumerate(_draw_all(studio, poses, settings, lights)):
            _write(writer, shown, index, settings)
            if progress is not None:
                progress(index + 1, settings.num_frames, "drawing frames")
        writer.set_track(_true_track(person, poses))
    return load_capture(folder)


def exposed(env: Environment) -> Environment:
    """The light, made so bright that a face neither drowns nor burns out."""
    bearings = torch.tensor([[0.0, 0.0, 1.0], [0.8, 0.0, 0.6], [-0.8, 0.0, 0.6], [0.0, 0.6, 0.8]])
    weights = torch.tensor([0.2126, 0.7152, 0.0722])
    received = torch.stack([irradiance_toward(env, normal) @ weights for normal in bearings])
    gain = min(_EXPOSURE / received.mean().item(), _BRIGHTEST / received.max().item())
    return env.scaled(gain)


def _studio(person: Person, settings: SyntheticSettings) -> Studio:
    figure = make_figure(person, settings.hair_locks, settings.seed)
    rest = torch.cat([person.rig.vertices, figure.hair_rest])
    camera = Camera(
        pinhole_intrinsics(_FOV, settings.size, settings.size),
        look_at(torch.tensor(_EYE), torch.tensor(_TARGET)),
        settings.size,
        settings.size,
    )
    return Studio(
        figure,
        make_skin_paint(draw_palette(settings.seed), settings.seed),
        spread_occluders(rest, figure.faces),
        camera,
        settings.supersampling,
    )


def _draw_all(
    studio: Studio, poses: Pose, settings: SyntheticSettings, lights: dict[str, LightRig]
) -> Iterator[_Shown]:
    """Frames in order; each is drawn alone, so that the number of workers changes nothing."""
    first_test = settings.num_frames - settings.num_test_frames
    main, relit = settings.light, settings.relights

    def draw(index: int) -> _Shown:
        wanted = (main, *relit) if index >= first_test else (main,)
        return _draw(studio, poses[index], {name: lights[name] for name in wanted},
                     with_truth=index >= first_test)  # fmt: skip

    with ThreadPoolExecutor(max_workers=min(_MAX_WORKERS, os.cpu_count() or 1)) as pool:
        yield from pool.map(draw, range(settings.num_frames))


def _draw(studio: Studio, pose: Pose, lights: dict[str, LightRig], *, with_truth: bool) -> _Shown:
    posed = pose_figure(studio.figure, pose)
    fragments = see(studio, posed)
    images = [straight(light_up(studio, posed, fragments, light)) for light in lights.values()]
    relit = dict(zip(list(lights)[1:], images[1:], strict=True))
    truth: dict[str, Tensor] = {}
    if with_truth:
        material = fragments.material
        ones = torch.ones_like(material.roughness)
        values = torch.cat([fragments.normals, material.albedo, material.roughness, ones], -1)
        maps = straight(resolved(studio, fragments, values))
        truth["normal"] = torch.nn.functional.normalize(maps[..., :3], dim=-1)
        truth["albedo"], truth["roughness"] = maps[..., 3:6], maps[..., 6:7]
    return _Shown(images[0], relit, truth)


def straight(
    premultiplied: Float[Tensor, "height width channels"],
) -> Float[Tensor, "height width channels"]:
    """Divide by the last channel, coverage, which stays."""
    coverage = premultiplied[..., -1:]
    values = premultiplied[..., :-1] / coverage.clamp(min=1e-8)
    return torch.cat([values, coverage], -1)


def _write(writer: CaptureWriter, shown: _Shown, index: int, settings: SyntheticSettings) -> None:
    is_test = bool(shown.truth)
    frame = writer.add_frame(index / settings.fps, "test" if is_test else "train")
    rgba = bytes_from_linear(shown.image)
    rgba[..., 3] = (shown.image[..., 3].numpy() * 255 + 0.5).astype("uint8")
    writer.write_image(frame, rgba)
    for name, image in shown.relit.items():
        writer.write_relit(name, frame, bytes_from_linear(image[..., :3]))
    for kind in ("albedo", "normal", "roughness"):
        if kind in shown.truth:
            writer.write_truth(kind, frame, shown.truth[kind])


def _true_track(person: Person, poses: Pose) -> Track:
    """What a perfect tracker would find: the true identity, with the generic expressions."""
    return Track(
        rig=person.rig,
        poses=poses,
        residuals=torch.zeros(len(poses)),
        origin="truth",
        shape=person.shape,
        offset=person.offset,
    )
