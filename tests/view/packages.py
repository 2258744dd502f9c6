"""Avatars without training that have something of everything that a package carries."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tests.avatars.moving_bodies import SMALL_BODY, ring_of_cameras, small_body, waving_poses
from tests.avatars.people import portrait_camera, small_avatar, talking_poses
from tests.avatars.tiny_networks import awake

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_model import BodyModel
from incarnate.avatars.distilled import DistilledModel
from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.splats.files.gltf_container import parse_glb
from incarnate.train.body_distillation import distil_body
from incarnate.view.package import EXTENSION
from incarnate.whole_files import write_whole


def lively_avatar(num_splats: int = 1500, model: HeadModel | None = None) -> HeadAvatar:
    """Coloured, glossy in places, with learned bases, occlusion, residual, and its own light."""
    avatar = small_avatar(model, num_splats)
    draw = torch.Generator().manual_seed(7)
    waves = torch.sin(40 * avatar.means.detach() + 1)

    def noise(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=draw)

    with torch.no_grad():
        avatar.albedo_logits.copy_(waves)
        avatar.roughness_logits.copy_(2 * waves[:, 0])
        avatar.reflectance_logits.copy_(2 * waves[:, 1])
        avatar.corrective_basis.add_(1e-3 * noise(avatar.corrective_basis))
        avatar.occlusion_basis.add_(0.3 * noise(avatar.occlusion_basis))
        avatar.residual.add_(0.2 * noise(avatar.residual))
        avatar.splat_residual.add_(0.2 * noise(avatar.splat_residual))
        rows = torch.linspace(2, -1, avatar.model.light_height)[:, None, None]
        avatar.light_logits.add_(rows + torch.tensor([0.4, 0.0, -0.3]))
    return avatar.requires_grad_(False)


def lively_stage(avatar: HeadAvatar, size: int = 96) -> Stage:
    """Eight poses before a camera that looks at the face."""
    return Stage(portrait_camera(size), talking_poses(avatar.rig, 8), fps=25.0, test_start=8)


def lively_body(model: BodyModel = SMALL_BODY) -> BodyAvatar:
    """A striped body that its pose changes, with its decoder."""
    body = small_body(model)
    torch.manual_seed(3)
    if body.network is not None:
        awake(body.network)
    if body.memory is not None:
        awake(body.memory)
    waves = torch.sin(40 * body.means.detach() + 1)
    with torch.no_grad():
        body.albedo_logits.copy_(waves)
        body.roughness_logits.copy_(2 * waves[:, 0])
        if body.skinning is not None:
            body.skinning.changes.add_(0.3 * torch.randn(body.skinning.changes.shape))
        rows = torch.linspace(2, -1, model.light_height)[:, None, None]
        body.light_logits.add_(rows + torch.tensor([0.4, 0.0, -0.3]))
    body.requires_grad_(False)
    if model.dependence == "posed":
        conditions = [body.condition(pose) for pose in waving_poses(body.rig, 9)]
        fit = DistilledModel(num_components=8, hidden=8, steps=20)
        body.distilled = distil_body(body, conditions, fit, num_mixed=8).painter
        body.decoder = "distilled"
    return body


def body_stage(body: BodyAvatar, size: int = 96) -> Stage:
    """Two clips of four frames before a camera that sees the whole body; it walks to the side."""
    poses = waving_poses(body.rig, 8)
    place = poses.root_translation.clone()
    place[:, 0] = torch.linspace(-0.2, 0.2, 8)
    camera = next(iter(ring_of_cameras(1, size).values()))
    clips = ("raise",) * 4 + ("lower",) * 4
    return Stage(camera, replace(poses, root_translation=place), 25.0, 8, clips)


def extension_of(path: Path) -> dict[str, Any]:
    return parse_glb(path.read_bytes()).document["extensions"][EXTENSION]


def misfits(value: Any, rule: dict[str, Any], root: dict[str, Any], where: str) -> list[str]:
    """Faults of a value under the part of JSON Schema that ours uses."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None),
             "number": (int, float)}  # fmt: skip
    asked = rule.get("type", [])
    asked = [asked] if isinstance(asked, str) else asked
    faults = []
    if asked and not any(isinstance(value, kinds[kind]) for kind in asked):
        faults.append(f"{where}: {value!r} is no {asked}")
    if value not in rule.get("enum", [value]) or value != rule.get("const", value):
        faults.append(f"{where}: {value!r} is not allowed")
    if isinstance(value, dict):
        known = rule.get("properties", {})
        missing = [key for key in rule.get("required", []) if key not in value]
        faults += [f"{where}.{key} is missing" for key in missing]
        if rule.get("additionalProperties") is False:
            faults += [f"{where}.{key} is unknown" for key in value if key not in known]
        for key in value.keys() & known.keys():
            faults += misfits(value[key], known[key], root, f"{where}.{key}")
    if "oneOf" in rule:
        kinds_of = [misfits(value, one, root, where) for one in rule["oneOf"]]
        if sum(not found for found in kinds_of) != 1:
            faults += min(kinds_of, key=len) or [f"{where}: more than one of the kinds"]
    if isinstance(value, list) and "items" in rule:
        for item in value:
            faults += misfits(item, rule["items"], root, where)
    return faults


def changed(path: Path, change: str, to: Any, out: Path) -> Path:
    """The package with one entry of its extension replaced (a path of keys, with dots)."""
    raw = path.read_bytes()
    glb = parse_glb(raw)
    entry = glb.document["extensions"][EXTENSION]
    *above, last = change.split(".")
    for key in above:
        entry = entry[int(key) if key.isdecimal() else key]
    entry[last] = to
    text = json.dumps(glb.document).encode()
    text += b" " * (-len(text) % 4)
    body = len(glb.binary).to_bytes(4, "little") + b"BIN\0" + bytes(glb.binary)
    head = len(text).to_bytes(4, "little") + b"JSON" + text
    total = (12 + len(head) + len(body)).to_bytes(4, "little")
    write_whole(b"glTF" + (2).to_bytes(4, "little") + total + head + body, out)
    return out
