"""``incarnate export``: write an avatar for other programs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro

from incarnate.cli.motion import Motion, clips_of
from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.render import Lighting, lights_of

if TYPE_CHECKING:
    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.files import Stage
    from incarnate.avatars.head import HeadAvatar
    from incarnate.drive.clips import Clip
    from incarnate.light.environment import Environment
    from incarnate.splats.files.cloud import SplatCloud

ONE_FRAME: Final = Motion(frames="0:1")
"""What is exported if nothing is said: the first frame of the avatar's own motion."""

OWN_LIGHT: Final = Lighting()


@dataclass(frozen=True)
class Colours:
    """How light becomes colours that any viewer can show."""

    degree: Literal[0, 1, 2, 3] = 3
    """Degree of the spherical harmonics: how finely colour depends on the side it is seen from."""
    axes: Literal["y-down", "y-up"] = "y-down"
    """Which way the y axis of a PLY points; most viewers of PLY take it to point down."""


@dataclass(frozen=True)
class Job:
    """All that a format needs to write an avatar."""

    avatar: "HeadAvatar | BodyAvatar"
    stage: "Stage"
    """Camera, and the avatar's own motion."""
    clip: "Clip"
    lights: "list[Environment | None]"
    lighting: Lighting
    colours: Colours
    output: Path
    notes: Mapping[str, str]
    """What is known of consent and licences."""
    about: Mapping[str, object]
    """All that the avatar's file says of it."""
    webcam: bool = False
    """Whether a page can follow a face before a webcam."""

    def clouds(self, progress: ConsoleProgress) -> "Iterable[SplatCloud]":
        """The frames, baked one by one as they are asked for."""
        from incarnate.avatars.baking import BakeSettings, bake

        poses = self.clip.moments()
        settings = BakeSettings(degree=self.colours.degree, exposure=self.lighting.exposure)
        for index, light in enumerate(self.lights):
            yield bake(self.avatar, poses[index], self.stage.camera, light, settings)
            progress(index + 1, len(self.lights), "baking")


@dataclass(frozen=True)
class Format:
    """A kind of file to write."""

    write: Callable[[Job], str]
    """Writes it; returns what it wrote, in words."""
    endings: tuple[str, ...]
    """How its files are named; a format without endings writes a folder."""
    holds: Literal["frames", "clips"] = "frames"
    """Whether it is one or more posed avatars, or an avatar and how it moves."""
    next_step: str = "docs/export.md lists programs that open it, and which way up"
    """What to do with it."""


def export(
    avatar: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    format: Literal["ply", "spz", "glb", "usd", "package", "web"] | None = None,
    *,
    motion: tyro.conf.OmitArgPrefixes[Motion] = ONE_FRAME,
    also: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    lighting: tyro.conf.OmitArgPrefixes[Lighting] = OWN_LIGHT,
    colours: tyro.conf.OmitArgPrefixes[Colours] = Colours(),
    webcam: bool = False,
) -> None:
    """Write an avatar for other programs: posed and lit as splats, or whole for the browser.

    Args:
        avatar: Folder of the avatar.
        output: The file; for many frames of PLY or SPZ, and for web, a folder.
        format: What to write; told from the ending of the output if left out. package and web hold
            the whole avatar and its clips, to be lit where it is shown: of the options below they
            look at those of the motion.
        motion: Which pose, or which frames of what motion.
        also: Another motion that a package or web folder takes along, whatever --drive takes; may
            be given several times. Each is a clip of its own, of all its frames.
        lighting: What lights it; the light is baked into the colours.
        colours: How that is done.
        webcam: Of web: put beside the page what follows a face before the visitor's webcam.
    """
    from incarnate.avatars.files import load_stage, read_manifest
    from incarnate.avatars.opening import load_avatar
    from incarnate.cli.threads import use_threads
    from incarnate.errors import SplatFileError

    use_threads(0)
    chosen = format_of(output, format)
    if webcam and chosen is not FORMATS["web"]:
        raise SplatFileError("only a page can follow a webcam: --webcam needs --format web.")
    if chosen.holds == "clips" and motion.frames == ONE_FRAME.frames:
        motion = replace(motion, frames=":")
    if also and chosen.holds != "clips":
        raise SplatFileError("--also is for package and web: other formats hold a single motion.")
    who, stage = load_avatar(avatar), load_stage(avatar)
    clip = clips_of(motion, also, stage, who)
    job = Job(
        avatar=who,
        stage=stage,
        clip=clip,
        lights=lights_of(lighting, len(clip)),
        lighting=lighting,
        colours=colours,
        output=output,
        notes=notes_of(read_manifest(avatar)),
        about=read_manifest(avatar),
        webcam=webcam,
    )
    print(f"wrote {output}: {chosen.write(job)}")
    print(f"next: {chosen.next_step.format(output=output)}")


def format_of(output: Path, chosen: str | None) -> Format:
    """The format that is asked for, or else the first with the output's ending.

    Raises:
        SplatFileError: The ending belongs to none, or not to the one chosen.
    """
    from incarnate.errors import SplatFileError

    ending = output.suffix.lower()
    if chosen is None:
        found = next((known for known in FORMATS.values() if ending in known.endings), None)
        if found is None:
            known = ", ".join(FORMATS)
            raise SplatFileError(f"{output} says no format by its ending; give --format {known}.")
        return found
    if ending and ending not in FORMATS[chosen].endings:
        raise SplatFileError(f"{output} ends in {ending}, but --format is {chosen}: rename it.")
    return FORMATS[chosen]


def notes_of(manifest: Mapping[str, object]) -> dict[str, str]:
    """What a file keeps about the person: consent and licences, a line each."""
    notes = {"made with": "incarnate"}
    for part in ("consent", "licenses"):
        entries = manifest.get(part)
        if isinstance(entries, Mapping):
            notes |= {f"{part} {key}": str(text) for key, text in entries.items() if text}
    if not manifest.get("consent"):
        notes["consent"] = "not stated"
    return notes


def write_sequence(job: Job, ending: str, write: "Callable[[SplatCloud, Path], None]") -> str:
    """Write one file, or a numbered one a frame into a folder.

    Raises:
        SplatFileError: Many frames are to go into a file, or one into a name without an ending.
    """
    from incarnate.errors import SplatFileError

    many = len(job.clip) > 1
    if many and job.output.suffix:
        raise SplatFileError(
            f"{len(job.clip)} frames are as many {ending} files: give -o a folder, a name without "
            "an ending."
        )
    if not many and not job.output.suffix:
        raise SplatFileError(f"one frame is one file: give -o a name that ends in {ending}.")
    digits = max(len(str(len(job.clip) - 1)), 4)
    cloud = None
    with ConsoleProgress() as progress:
        for index, cloud in enumerate(job.clouds(progress)):
            name = job.output / f"{index:0{digits}}{ending}" if many else job.output
            write(cloud, name)
    assert cloud is not None
    files = f"{len(job.clip)} files, " if many else ""
    return f"{files}{len(cloud)} splats, harmonics of degree {cloud.degree}"


def _write_ply(job: Job) -> str:
    from incarnate.splats.files.ply import write_ply

    def write(cloud: "SplatCloud", path: Path) -> None:
        write_ply(cloud, path, axes=job.colours.axes, notes=job.notes)

    return f"{write_sequence(job, '.ply', write)}, {job.colours.axes}"


def _write_spz(job: Job) -> str:
    import json

    from incarnate.splats.files.spz import write_spz
    from incarnate.whole_files import write_whole

    report = write_sequence(job, ".spz", write_spz)
    # SPZ has no place for words.
    notes = job.output.with_name(f"{job.output.name}.json")
    write_whole(json.dumps(dict(job.notes), indent=2, ensure_ascii=False), notes)
    return f"{report}; consent and licences in {notes.name}"


def _write_glb(job: Job) -> str:
    from incarnate.errors import SplatFileError
    from incarnate.splats.files.glb import write_glb

    if len(job.clip) > 1:
        raise SplatFileError(
            f"a GLB of splats holds one pose, not {len(job.clip)} frames: choose one with "
            "--frames, or export the motion as usd, or as a folder of ply or spz."
        )
    return write_sequence(job, ".glb", lambda cloud, path: write_glb(cloud, path, notes=job.notes))


def _write_usd(job: Job) -> str:
    from incarnate.splats.files.usd import write_usd

    with ConsoleProgress() as progress:
        count = write_usd(
            job.clouds(progress), job.output, fps=float(job.clip.fps), notes=job.notes
        )
    return f"{count} frames, {job.clip.fps:g} a second"


def _package(job: Job) -> bytes:
    from incarnate.view.package import packed

    clip = job.clip
    shown = replace(
        job.stage,
        poses=clip.poses,
        fps=float(clip.fps),
        test_start=len(clip),
        clips=clip.names,
    )
    return packed(job.avatar, shown, job.about)


def _write_package(job: Job) -> str:
    from incarnate.whole_files import write_whole

    content = _package(job)
    write_whole(content, job.output)
    return f"the whole avatar, {len(content) / 1e6:.1f} MB"


def _write_web(job: Job) -> str:
    from incarnate.model_files import find_model
    from incarnate.view.web import write_web_folder

    model = find_model("face_landmarker").read_bytes() if job.webcam else None
    download = write_web_folder(_package(job), job.output, face_model=model)
    return f"a page with the avatar; visitors download {download / 1e6:.1f} MB"


FORMATS: Final[Mapping[str, Format]] = {
    "ply": Format(_write_ply, (".ply",)),
    "spz": Format(_write_spz, (".spz",)),
    "glb": Format(_write_glb, (".glb",)),
    "usd": Format(_write_usd, (".usd", ".usda", ".usdc")),
    "package": Format(
        _write_package, (".glb",), "clips", "incarnate view {output} shows it in the browser"
    ),
    "web": Format(
        _write_web,
        (),
        "clips",
        "open {output}/index.html, or put the folder on any web server as it is",
    ),
}
"""What ``--format`` may be; where endings are shared, the first is meant."""
