"""What the joints of skeletons from elsewhere are called, in SMPL-X's names.

Mixamo, CMU's and MakeHuman's ``cmu_mb``, the usual BVH files, Unreal, Blender and VRM name the same
joints differently, and the same name means different joints: ``LeftShoulder`` is the collar bone
beside a ``LeftArm``, and the upper arm beside a ``LeftCollar``. Hence a skeleton's names are read
together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

SMPLX_BODY_JOINTS: Final = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar",
    "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
    "right_wrist",
)  # fmt: skip
"""The 22 joints that SMPL, SMPL-H and SMPL-X share, in their order."""

SMPLX_FACE_JOINTS: Final = ("jaw", "left_eye_smplhf", "right_eye_smplhf")

_FINGERS: Final = ("index", "middle", "pinky", "ring", "thumb")

SMPLX_HAND_JOINTS: Final = tuple(
    f"{side}_{finger}{number}"
    for side in ("left", "right")
    for finger in _FINGERS
    for number in (1, 2, 3)
)
"""Left hand, then right; SMPL-H and SMPL-X."""

SMPLX_JOINTS: Final = SMPLX_BODY_JOINTS + SMPLX_FACE_JOINTS + SMPLX_HAND_JOINTS
"""The 55 joints of SMPL-X in its order."""

SPINE: Final = ("spine1", "spine2", "spine3")

# A part's names in other skeletons; the best first, since both "wrist" and "hand" may be there.
_SIDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "hip": ("upleg", "upperleg", "upperleg1", "thigh", "thighbend", "femur", "hip"),
        "knee": ("knee", "lowerleg", "lowerleg1", "lowleg", "shin", "calf", "tibia", "leg"),
        "ankle": ("ankle", "foot"),
        "foot": ("foot", "toebase", "toes", "toe", "toe0", "ball", "toe11"),
        "collar": ("collar", "clavicle", "shoulder", "clavicle1"),
        "shoulder": ("upperarm", "uparm", "arm", "shldrbend", "shldr", "humerus", "upperarm1",
                     "shoulder"),
        "elbow": ("elbow", "forearm", "lowerarm", "lowerarm1", "lowarm", "forearmbend", "radius"),
        "wrist": ("wrist", "hand"),
        "eye_smplhf": ("eyesmplhf", "eye"),
    }
)  # fmt: skip
_MIDDLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "pelvis": ("pelvis", "hips", "hip", "root"),
        "neck": ("neck", "lowerneck", "neck1"),
        "head": ("head",),
        "jaw": ("jaw",),
    }
)
_SPINE_NAMES = re.compile(
    r"spine\d*|lowerback|upperback|thorax|abdomen\w*|waist|torso|(upper|lower)?chest\d*"
)
_FINGER_NAMES = re.compile(
    r"(?:hand|finger|f)?(thumb|index|middle|mid|ring|pinky|little)(?:finger)?"
    r"(\d|metacarpal|proximal|intermediate|distal|)"
)
_PHALANXES: Final = MappingProxyType(
    {"": 1, "proximal": 1, "intermediate": 2, "distal": 3, "1": 1, "2": 2, "3": 3}
)
# VRM 1 counts the thumb's bones from the palm.
_THUMB_FROM_PALM: Final = MappingProxyType({"metacarpal": 1, "proximal": 2, "distal": 3})
_FINGER_SPELLINGS: Final = MappingProxyType({"mid": "middle", "little": "pinky"})
_SIDE_WORDS: Final = MappingProxyType({"left": "left", "l": "left", "right": "right", "r": "right"})
_PREFIX_WORDS: Final = ("j", "bip", "bip1", "bip001", "def", "c", "mixamorig")
_WORDS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")

_Part = tuple[str, str]
"""A side, empty in the middle, and what it is called without it."""


def smplx_names(names: Sequence[str]) -> tuple[str, ...]:
    """The joints of a skeleton in SMPL-X's names, as far as they mean the same.

    A joint that SMPL-X has not keeps its own name, without prefix, capitals and underscores; so do
    two skeletons of one kind still match. The spine's joints are named by order: with two of them
    the second is ``spine3``, which carries arms and neck.

    Args:
        names: All joints of the skeleton, parents before their children.

    Returns:
        One name a joint, none of SMPL-X's twice.
    """
    return _read_together(tuple(names))


# Live motion asks for the same skeletons' names at every moment.
@lru_cache(maxsize=32)
def _read_together(names: tuple[str, ...]) -> tuple[str, ...]:
    parts = [_part(name) for name in names]
    given = dict(_middle_names(parts))
    given |= {
        index: f"{side}_{joint}"
        for side in ("left", "right")
        for index, joint in (*_limb_names(parts, side), *_finger_names(parts, side))
    }
    return tuple(
        given.get(index) or _own_name(part, names[index]) for index, part in enumerate(parts)
    )


def _part(name: str) -> _Part:
    bare = name.rpartition(":")[2].rpartition("|")[2]
    words = [_without_zeros(word.lower()) for word in _WORDS.findall(bare)]
    while len(words) > 1 and words[0] in _PREFIX_WORDS:
        words = words[1:]
    for place in (0, -1):
        if len(words) > 1 and words[place] in _SIDE_WORDS:
            side = _SIDE_WORDS[words.pop(place)]
            return side, "".join(words)
    return _glued_side("".join(words))


def _own_name(part: _Part, name: str) -> str:
    """What a joint is called that SMPL-X has not, though its name may look so."""
    own = "".join(part) or name
    return f"other_{own}" if own in SMPLX_JOINTS else own


def _glued_side(word: str) -> _Part:
    """``lfemur``, ``leftknee``, ``rthumb``: files without capitals."""
    sided = {spelling for spellings in _SIDED.values() for spelling in spellings}
    for prefix in ("left", "right", "l", "r"):
        rest = word.removeprefix(prefix)
        if rest != word and (rest in sided or _FINGER_NAMES.fullmatch(rest)):
            return _SIDE_WORDS[prefix], rest
    return "", word


def _without_zeros(word: str) -> str:
    return re.sub(r"0+(?=\d)", "", word)


def _middle_names(parts: Sequence[_Part]) -> Iterator[tuple[int, str]]:
    for joint, spellings in _MIDDLE.items():
        index = _first(parts, [("", spelling) for spelling in spellings])
        if index is not None:
            yield index, joint
    spine = [
        index
        for index, (side, name) in enumerate(parts)
        if not side and _SPINE_NAMES.fullmatch(name)
    ]
    if len(spine) > 2:
        yield from zip((spine[0], spine[len(spine) // 2], spine[-1]), SPINE, strict=True)
    else:
        # The root of a head and shoulders may be their only one, and it is the chest.
        yield from zip(spine[::-1], ("spine3", "spine1"), strict=False)


def _limb_names(parts: Sequence[_Part], side: str) -> Iterator[tuple[int, str]]:
    own = {name for part_side, name in parts if part_side == side}
    has_collar = bool(own & {"collar", "clavicle", "clavicle1"})
    has_arm = bool(own & (set(_SIDED["shoulder"]) - {"shoulder"}))
    unsuited = {
        "ankle": {"foot"} if "ankle" in own else set(),
        "foot": set() if "ankle" in own else {"foot"},
        "collar": set() if has_arm and not has_collar else {"shoulder"},
        "shoulder": {"shoulder"} if has_arm and not has_collar else set(),
    }
    for joint, spellings in _SIDED.items():
        fit = [(side, name) for name in spellings if name not in unsuited.get(joint, ())]
        index = _first(parts, fit)
        if index is not None:
            yield index, joint


def _finger_names(parts: Sequence[_Part], side: str) -> Iterator[tuple[int, str]]:
    from_palm = (side, "thumbmetacarpal") in parts
    taken: set[str] = set()
    for index, (part_side, name) in enumerate(parts):
        match = _FINGER_NAMES.fullmatch(name)
        if match is None or part_side != side:
            continue
        finger = _FINGER_SPELLINGS.get(match[1], match[1])
        phalanxes = _THUMB_FROM_PALM if from_palm and finger == "thumb" else _PHALANXES
        number = phalanxes.get(match[2])
        joint = f"{finger}{number}"
        if number is not None and joint not in taken:
            taken.add(joint)
            yield index, joint


def _first(parts: Sequence[_Part], wanted: Sequence[_Part]) -> int | None:
    return next((parts.index(part) for part in wanted if part in parts), None)
