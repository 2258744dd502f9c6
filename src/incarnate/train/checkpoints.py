"""Checkpoints of a running training: what a killed run needs to go on."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from incarnate.avatars.files import read_tensors, write_tensors
from incarnate.errors import AvatarError
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.recipes import HeadRecipe
from incarnate.whole_files import write_whole

_NAME = "checkpoint.safetensors"
_RECIPE = "recipe.json"
_TAKEN: Final = {"capture.json": "a capture", "avatar.json": "an avatar"}
"""Files in an avatar's folder, without a training of its own, that say that it is taken."""
_PARTS = ("avatar", "optimizer", "pull", "expression")


@dataclass(frozen=True)
class Checkpoint:
    """The whole state of a training between two steps."""

    step: int
    """How many steps are done."""
    avatar: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    pull: dict[str, Tensor]
    """The densification meter."""
    expression: dict[str, Tensor] = field(default_factory=dict)
    """What the source of expressions has learned; empty for tracked ones."""


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write one file that replaces the last checkpoint at once, or not at all."""
    tensors = {"step": torch.tensor(checkpoint.step)}
    for part in _PARTS:
        tensors |= {f"{part}:{name}": value for name, value in getattr(checkpoint, part).items()}
    write_tensors(tensors, folder / _NAME)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint, or None where training has not written one yet."""
    if not (folder / _NAME).is_file():
        return None
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    tensors = read_tensors(folder / _NAME)
    step = int(tensors.pop("step"))
    for key, value in tensors.items():
        part, name = key.split(":", 1)
        parts[part][name] = value
    return Checkpoint(step, **parts)


def claim_folder(folder: Path, recipe: HeadRecipe | BodyRecipe, capture: Path) -> None:
    """Note what is trained here; refuse to go on with another recipe or capture.

    Args:
        folder: ``training`` in the avatar's folder.
        recipe: How it is trained.
        capture: Folder of what it is trained on.

    Raises:
        AvatarError: The folder belongs to a training that differs, the text says in what; or it
            holds a capture, or an avatar whose training was deleted.
    """
    path = folder / _RECIPE
    taken = [name for name in _TAKEN if (folder.parent / name).is_file()]
    if taken and not path.is_file():
        raise AvatarError(
            f"{folder.parent} holds {_TAKEN[taken[0]]} already, which stays as it is. Choose "
            "another output folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"capture": str(capture.resolve()), **asdict(recipe)}
    if not path.is_file():
        write_whole(json.dumps(wanted, indent=2), path)
        return
    found = json.loads(path.read_text())
    different = sorted(k for k in wanted if found.get(k) != json.loads(json.dumps(wanted[k])))
    if different:
        raise AvatarError(
            f"{folder.parent} holds a training that differs in {', '.join(different)}. "
            "Choose another output folder, or delete this one to start again."
        )
