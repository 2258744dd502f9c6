"""Shows what each part of a body's method is worth: same capture, seed and steps for all arms."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_files import load_body
from incarnate.avatars.template import TEMPLATE_NAME
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.evaluate.body_protocol import evaluate_body
from incarnate.evaluate.body_report import BODY_FIGURES, write_body_report
from incarnate.evaluate.body_scores import BodyReport
from incarnate.evaluate.scores import Options
from incarnate.train.ablation_parts import (
    Progress,
    check_names,
    is_trained,
    measured,
    prefixed,
)
from incarnate.train.body import train_body
from incarnate.train.body_ablation_table import BodyArmResult, body_ablation_markdown
from incarnate.train.body_arms import (
    BODY_ARMS,
    BODY_WHOLE,
    BodyArm,
    body_arm,
    trainer_of,
    why_skipped,
    with_cameras,
)
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.body_surface import body_surface
from incarnate.train.checkpoints import claim_folder
from incarnate.train.cpu_minutes import cpu_minutes, minutes_of
from incarnate.whole_files import write_whole

_RESULT = "result.json"


@dataclass(frozen=True)
class _Run:
    """What all arms share."""

    capture: Capture
    recipe: BodyRecipe
    """Of the whole method."""
    folder: Path
    options: Options


def run_body_ablation(
    capture: Capture,
    recipe: BodyRecipe,
    folder: Path,
    *,
    arms: Sequence[str] | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
) -> tuple[BodyArmResult, ...]:
    """Train and measure the whole method and arms that differ in a part, and write the table.

    Each training has a folder of its own, goes on where it was interrupted, and serves all arms
    that are trained alike; an arm is not measured again. A template is fitted once for all that
    read the same cameras.

    Args:
        capture: A capture of several cameras with test frames or test cameras.
        recipe: The whole method.
        folder: Where arms, ``ablation.md`` and ``ablation.json`` go.
        arms: Names among `BODY_ARMS`; all if left out. What they are compared with comes along.
        options: Of the evaluation; the whole protocol if left out.
        progress: Called with steps done, steps in all, and what is going on.

    Returns:
        What each arm is worth, or why it was skipped; the whole method first.

    Raises:
        AvatarError: There is no such arm, or a folder holds another training.
    """
    run = _Run(capture, recipe, folder, options or Options())
    chosen = chosen_arms(arms)
    results: list[BodyArmResult] = []
    for number, arm in enumerate(chosen, 1):
        reason = why_skipped(arm, recipe, capture)
        if reason:
            results.append(_result(arm, {}, {}, skipped=reason))
        else:
            tell = prefixed(progress, f"{number}/{len(chosen)} {arm.name}")
            results.append(_run_arm(arm, run, tell))
        _write_table(results, run)
    return tuple(results)


def chosen_arms(names: Sequence[str] | None) -> tuple[BodyArm, ...]:
    """The whole method, the arms of these names, and those that they are compared with.

    Raises:
        AvatarError: There is no such arm.
    """
    known = [arm.name for arm in BODY_ARMS]
    check_names(names or (), known)
    wanted = set(known if names is None else names)
    wanted |= {body_arm(name).against for name in wanted}
    return (BODY_WHOLE, *(arm for arm in BODY_ARMS if arm.name in wanted))


def _run_arm(arm: BodyArm, run: _Run, progress: Progress | None) -> BodyArmResult:
    trainer = trainer_of(arm, run.recipe)
    trained = run.folder / trainer.name
    claim_folder(trained / "training", trainer.change(run.recipe), run.capture.folder)
    wanted = {"options": json.loads(json.dumps(asdict(run.options))), "trained": trainer.name}
    path = run.folder / arm.name / _RESULT
    if found := measured(path, wanted):
        return _result(arm, found["splits"], found["own"])
    avatar = _trained(trainer, run, progress)
    report = evaluate_body(
        avatar, run.capture, options=run.options, projection=arm.projection, progress=progress
    )
    write_body_report(replace(report, avatar=arm.name), path.parent / "report")
    splits, own = _figures(report), _own_figures(report, avatar, trained)
    write_whole(json.dumps(wanted | {"splits": splits, "own": own}, indent=1), path)
    return _result(arm, splits, own)


def _trained(arm: BodyArm, run: _Run, progress: Progress | None) -> BodyAvatar:
    """The avatar of an arm; one that is wholly trained is read."""
    recipe, folder = arm.change(run.recipe), run.folder / arm.name
    if is_trained(folder, recipe.steps):
        return load_body(folder)
    capture = with_cameras(run.capture, arm.cameras)
    known = run.folder / BODY_WHOLE.name / "training" / TEMPLATE_NAME
    own = folder / "training" / TEMPLATE_NAME
    if arm.cameras is None and known.is_file() and not own.is_file():
        shutil.copyfile(known, own)
    # Fitted before the clock runs: arms differ in how they train on it.
    body_surface(capture, load_track(capture), recipe, folder / "training", progress=progress)
    with cpu_minutes(folder, progress) as tell:
        return train_body(capture, recipe, folder, progress=tell)


def _figures(report: BodyReport) -> dict[str, dict[str, float]]:
    """Means by split and name, without those that can't be had."""
    means = {
        split.name: {figure.key: split.mean(figure.key) for figure in BODY_FIGURES}
        for split in report.splits
    }
    return {
        name: {key: value for key, value in figures.items() if value is not None}
        for name, figures in means.items()
    }


def _own_figures(report: BodyReport, avatar: BodyAvatar, trained: Path) -> dict[str, float]:
    own = {"splats": float(avatar.num_splats)}
    for name, of_trained in (("flicker_trained", True), ("flicker_other", False)):
        value = report.flicker_of(trained=of_trained)
        own |= {} if value is None else {name: value}
    minutes = minutes_of(trained)
    return own if minutes is None else own | {"minutes": minutes}


def _result(
    arm: BodyArm,
    splits: dict[str, dict[str, float]],
    own: dict[str, float],
    skipped: str = "",
) -> BodyArmResult:
    return BodyArmResult(
        arm.name, arm.claim, arm.difference, arm.against, splits=splits, own=own, skipped=skipped
    )


def _write_table(results: Sequence[BodyArmResult], run: _Run) -> None:
    recipe = run.recipe
    content: dict[str, Any] = {
        "capture": run.capture.name,
        "recipe": asdict(recipe),
        "options": asdict(run.options),
        "arms": [asdict(result) for result in results],
    }
    write_whole(json.dumps(content, indent=1) + "\n", run.folder / "ablation.json")
    setting = (
        f"Capture {run.capture.name}, preset {recipe.preset}: {recipe.steps} steps at "
        f"{recipe.size} pixels, maps of {recipe.model.map_size}², seed {recipe.seed}; the same "
        "frames for all."
    )
    write_whole(body_ablation_markdown(results, setting), run.folder / "ablation.md")
