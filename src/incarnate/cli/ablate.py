"""``incarnate ablate head`` and ``ablate body``: what each part of a method is worth."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.train import BodyPreset, Preset

if TYPE_CHECKING:
    from incarnate.evaluate.scores import Options
    from incarnate.train.body_recipes import BodyRecipe
    from incarnate.train.recipes import HeadRecipe

ArmName = Literal[
    "encoder",
    "optimised-codes",
    "frozen-bases",
    "codes-8",
    "codes-16",
    "baked",
    "no-shadows",
    "no-occlusion",
    "free-normals",
    "no-depth-normals",
    "no-normal-restraint",
    "no-splat-residual",
    "no-albedo-prior",
]

BodyArmName = Literal[
    "another-seed",
    "static",
    "rig-surface",
    "static-rig-surface",
    "fixed-skinning",
    "no-history",
    "no-memory",
    "one-stage",
    "no-details",
    "no-network",
    "bases",
    "styleunet",
    "unet",
    "mlp",
    "styleunet-alone",
    "unet-alone",
    "mlp-alone",
    "bases-alone",
    "projection",
    "projection-alone",
    "three-cameras",
    "perceptual",
]


@dataclass(frozen=True)
class Setting:
    """The arms, and what they share; left out, the preset decides."""

    arms: tuple[ArmName, ...] = ()
    """What to leave out or do another way, one at a time; all of it if left out."""
    preset: Preset = "demo"
    """smoke, demo, quick or standard, as in `incarnate train head`."""
    steps: int | None = None
    """Optimisation steps of each arm."""
    size: int | None = None
    """Longest side of the training pictures, pixels."""
    seed: int | None = None
    """Seeds the start and the order of frames."""


@dataclass(frozen=True)
class Measuring:
    """How arms are measured; as in `incarnate evaluate`."""

    test_size: int | None = None
    """Height in pixels at which pictures are compared; the capture's own if left out."""
    stride: int = 1
    """Use every n-th test frame; captures may know true surfaces in some frames only."""
    max_frames: int | None = None
    """Use at most so many test frames, spread over the split."""
    lpips: Literal["both", "alex", "none"] = "alex"
    """Which perceptual distances: with VGG a frame takes seconds."""


def head(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    setting: tyro.conf.OmitArgPrefixes[Setting] = Setting(),
    measuring: tyro.conf.OmitArgPrefixes[Measuring] = Measuring(),
    threads: int = 0,
) -> None:
    """Train the whole method and arms without a part of it, and compare them on test frames.

    Run the same command again to go on after an interruption; measured arms are not run again.

    Args:
        capture: A tracked capture.
        output: Folder of the arms and of the table.
        setting: Which arms there are, and what they share.
        measuring: How they are measured.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.capture.files import load_capture
    from incarnate.cli.threads import use_threads
    from incarnate.train.ablation import run_ablation

    use_threads(threads)
    with ConsoleProgress() as progress:
        results = run_ablation(
            load_capture(capture),
            recipe_of(setting),
            output,
            arms=setting.arms or None,
            options=options_of(measuring),
            progress=progress,
        )
    print((output / "ablation.md").read_text(encoding="utf-8"))
    print(f"wrote {output / 'ablation.md'} and ablation.json: {len(results)} trainings")
    print(f"next: open {output / 'whole' / 'report' / 'report.html'}, and those of the arms")


def recipe_of(setting: Setting) -> "HeadRecipe":
    """The recipe of the whole method."""
    from incarnate.cli.train import Changes, changed_recipe
    from incarnate.train.recipes import recipe_of as preset_recipe

    changes = Changes(steps=setting.steps, size=setting.size, seed=setting.seed)
    return changed_recipe(preset_recipe(setting.preset), changes)


def options_of(measuring: Measuring) -> "Options":
    """The options of the evaluation."""
    from incarnate.evaluate.scores import Options

    return Options(
        size=measuring.test_size,
        stride=measuring.stride,
        max_frames=measuring.max_frames,
        lpips=measuring.lpips,
    )


@dataclass(frozen=True)
class BodySetting:
    """The arms, and what they share; left out, the preset decides."""

    arms: tuple[BodyArmName, ...] = ()
    """What to leave out or do another way, one at a time; all of it if left out. What an arm is
    compared with is run as well."""
    preset: BodyPreset = "demo"
    """smoke, demo, quick, standard or paper, as in `incarnate train body`."""
    steps: int | None = None
    """Optimisation steps of each arm."""
    size: int | None = None
    """Longest side of the training pictures, pixels."""
    map_size: int | None = None
    """Side of the position maps in pixels, as in `incarnate train body`."""
    views: int | None = None
    """Cameras of each step."""
    seed: int | None = None
    """Seeds networks, the order of poses and the choice of cameras."""
    surface: Literal["template", "rig"] | None = None
    """Where the splats of the whole method lie."""


def body(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    setting: tyro.conf.OmitArgPrefixes[BodySetting] = BodySetting(),
    measuring: tyro.conf.OmitArgPrefixes[Measuring] = Measuring(),
    threads: int = 0,
) -> None:
    """Train a body and arms that differ in a part, and compare them on what training never read.

    Run the same command again to go on after an interruption; measured arms are not run again.

    Args:
        capture: A calibrated capture of several cameras, with a track.
        output: Folder of the arms and of the tables.
        setting: Which arms there are, and what they share.
        measuring: How they are measured.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.capture.files import load_capture
    from incarnate.cli.threads import use_threads
    from incarnate.train.body_ablation import run_body_ablation

    use_threads(threads)
    with ConsoleProgress() as progress:
        results = run_body_ablation(
            load_capture(capture),
            body_recipe(setting),
            output,
            arms=setting.arms or None,
            options=options_of(measuring),
            progress=progress,
        )
    done = sum(not result.skipped for result in results)
    print((output / "ablation.md").read_text(encoding="utf-8"))
    print(f"wrote {output / 'ablation.md'} and ablation.json: {done} of {len(results)} arms")
    print(f"next: open {output / 'whole' / 'report' / 'report.html'}, and those of the arms")


def body_recipe(setting: BodySetting) -> "BodyRecipe":
    """The recipe of the whole method."""
    from incarnate.cli.train import BodyChanges, changed_body_recipe
    from incarnate.train.body_recipes import body_recipe_of

    changes = BodyChanges(
        steps=setting.steps,
        size=setting.size,
        map_size=setting.map_size,
        views=setting.views,
        seed=setting.seed,
        surface=setting.surface,
    )
    return changed_body_recipe(body_recipe_of(setting.preset), changes)
