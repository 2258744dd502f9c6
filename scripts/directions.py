"""Which MakeHuman targets become shape directions, and what one unit of each means."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ANCESTRIES = ("caucasian", "asian", "african")
SEXES = ("female", "male")
_AVERAGE = "averagemuscle-averageweight"

ReadTarget = Callable[[str], np.ndarray]
"""Displacements (vertices, 3) of a target by its name below ``targets/``."""


def macro_mean(read: ReadTarget) -> np.ndarray:
    """Displacement of the mean young adult from the base mesh."""
    return _over_sexes(read, "macrodetails/universal-{sex}-young-" + _AVERAGE) + np.mean(
        [_ancestry(read, name, "young") for name in ANCESTRIES], axis=0
    )


def macro_directions(read: ReadTarget) -> dict[str, np.ndarray]:
    """Directions of the whole body about the mean.

    Units: ``gender`` −1 female, +1 male; ``age`` +1 old; ``childhood`` +1 a child of about eleven;
    ``african`` and ``asian`` +1 MakeHuman's mean of that ancestry; ``weight``, ``muscle`` and
    ``proportions`` half of the slider's way; ``breast`` half of the cup size's; ``height`` 70 mm
    of stature.
    """
    young = "macrodetails/universal-{sex}-young-"
    mean_ancestry = np.mean([_ancestry(read, name, "young") for name in ANCESTRIES], axis=0)
    male, female = (
        read(young.format(sex=sex) + _AVERAGE)
        + np.mean([read(f"macrodetails/{a}-{sex}-young") for a in ANCESTRIES], axis=0)
        for sex in ("male", "female")
    )
    height = _half(read, "macrodetails/height/{sex}-young-" + _AVERAGE, "maxheight", "minheight")
    return {
        "gender": (male - female) / 2,
        "age": _at_age(read, "old") - _at_age(read, "young"),
        "childhood": _at_age(read, "child") - _at_age(read, "young"),
        "african": _ancestry(read, "african", "young") - mean_ancestry,
        "asian": _ancestry(read, "asian", "young") - mean_ancestry,
        "weight": _half(read, young[:-1], "averagemuscle-maxweight", "averagemuscle-minweight") / 2,
        "muscle": _half(read, young[:-1], "maxmuscle-averageweight", "minmuscle-averageweight") / 2,
        "proportions": _half(
            read,
            "macrodetails/proportions/{sex}-young-" + _AVERAGE,
            "idealproportions",
            "uncommonproportions",
        )
        / 2,
        # Targets are in decimetres, and stature is the difference of the highest and lowest point.
        "height": height * (0.7 / _stature(height)),
        "breast": (
            read(f"breast/female-young-{_AVERAGE}-maxcup-averagefirmness")
            - read(f"breast/female-young-{_AVERAGE}-mincup-averagefirmness")
        )
        / 4,
    }


def _over_sexes(read: ReadTarget, pattern: str) -> np.ndarray:
    return np.mean([read(pattern.format(sex=sex)) for sex in SEXES], axis=0)


def _ancestry(read: ReadTarget, ancestry: str, age: str) -> np.ndarray:
    return _over_sexes(read, f"macrodetails/{ancestry}-{{sex}}-{age}")


def _at_age(read: ReadTarget, age: str) -> np.ndarray:
    ancestry = np.mean([_ancestry(read, name, age) for name in ANCESTRIES], axis=0)
    return ancestry + _over_sexes(read, f"macrodetails/universal-{{sex}}-{age}-{_AVERAGE}")


def _half(read: ReadTarget, pattern: str, high: str, low: str) -> np.ndarray:
    return (_over_sexes(read, f"{pattern}-{high}") - _over_sexes(read, f"{pattern}-{low}")) / 2


def _stature(displacement: np.ndarray) -> float:
    return float(np.ptp(displacement[:, 1]))


@dataclass(frozen=True)
class Local:
    """A local direction from one target, or from a pair of opposites."""

    name: str
    """MakeHuman's name without the part that says the sign."""
    folder: str
    opposites: tuple[str, str] | None
    """Endings of the positive and the negative target; None: the one target is the direction."""
    millimetres: float
    """How far the 95th percentile of the vertices that move moves per unit. Chosen near one
    standard deviation among adults, so that a prior of unit variance is sane."""
    one_sided: bool
    """Stored for the left side only; the right follows by mirroring."""

    def read(self, read: ReadTarget) -> np.ndarray:
        """The displacement, not scaled, and for a one-sided target of the left side only."""
        stem = f"{self.folder}/{'l-' if self.one_sided else ''}{self.name}"
        if self.opposites is None:
            return read(stem)
        positive, negative = (read(f"{stem}-{ending}") for ending in self.opposites)
        return (positive - negative) / 2


_GROW = ("incr", "decr")
_UP = ("up", "down")
_FORWARD = ("forward", "backward")
_OUT = ("out", "in")


def _local(
    folder: str,
    millimetres: float,
    names: str,
    opposites: tuple[str, str] | None = _GROW,
    *,
    one_sided: bool = False,
) -> list[Local]:
    return [Local(name, folder, opposites, millimetres, one_sided) for name in names.split()]


HEAD_DIRECTIONS = [
    *_local("head", 4.0, "head-scale-horiz head-scale-vert head-scale-depth head-back-scale-depth"),
    *_local("head", 2.5, "head-fat"),
    *_local("head", 4.0, "head-angle", _OUT),
    *_local("head", 3.0, "head-oval head-round head-rectangular head-triangular", None),
    *_local("head", 3.0, "head-diamond head-invertedtriangular", None),
    *_local("forehead", 3.0, "forehead-scale-vert forehead-temple forehead-nubian"),
    *_local("forehead", 3.0, "forehead-trans", _FORWARD),
    *_local("eyebrows", 2.0, "eyebrows-trans eyebrows-angle", _UP),
    *_local("eyebrows", 2.0, "eyebrows-trans", _FORWARD),
    *_local("eyes", 1.2, "eye-scale eye-height1 eye-height2 eye-height3", one_sided=True),
    *_local("eyes", 1.5, "eye-trans", _UP, one_sided=True),
    *_local("eyes", 1.5, "eye-trans", _OUT, one_sided=True),
    *_local("eyes", 1.2, "eye-corner1 eye-corner2", _UP, one_sided=True),
    *_local("eyes", 1.2, "eye-push1 eye-push2 eye-epicanthus", _OUT, one_sided=True),
    *_local("eyes", 1.5, "eye-bag", one_sided=True),
    *_local("eyes", 1.5, "eye-eyefold", _UP, one_sided=True),
    *_local("nose", 2.0, "nose-scale-vert nose-scale-horiz nose-scale-depth nose-volume"),
    *_local("nose", 1.5, "nose-width1 nose-width2 nose-width3 nose-hump nose-flaring"),
    *_local("nose", 1.5, "nose-nostrils-width nose-point-width nose-septumangle"),
    *_local("nose", 2.0, "nose-trans nose-base nose-point", _UP),
    *_local("mouth", 1.5, "mouth-scale-horiz mouth-scale-vert mouth-scale-depth"),
    *_local("mouth", 2.0, "mouth-trans", _UP),
    *_local("mouth", 2.0, "mouth-trans", _FORWARD),
    *_local("mouth", 1.2, "mouth-upperlip-height mouth-lowerlip-height"),
    *_local("mouth", 1.2, "mouth-upperlip-volume mouth-lowerlip-volume mouth-cupidsbow"),
    *_local("mouth", 1.5, "mouth-laugh-lines", _OUT),
    *_local("chin", 3.0, "chin-width chin-height chin-prominent chin-prognathism chin-bones"),
    *_local("chin", 2.0, "chin-jaw-drop chin-cleft"),
    *_local("chin", 3.0, "chin-triangle", None),
    *_local("cheek", 2.0, "cheek-bones cheek-inner cheek-volume", one_sided=True),
    *_local("cheek", 2.0, "cheek-trans", _UP, one_sided=True),
    *_local("ears", 2.5, "ear-scale ear-wing ear-lobe", one_sided=True),
    *_local("ears", 3.0, "ear-trans", _UP, one_sided=True),
    *_local("ears", 3.0, "ear-trans ear-rot", _FORWARD, one_sided=True),
    *_local("neck", 6.0, "neck-scale-horiz neck-scale-depth measure-neck-height neck-double"),
    *_local("neck", 6.0, "neck-trans", _FORWARD),
    *_local("torso", 8.0, "measure-shoulder-dist"),
]

BODY_DIRECTIONS = [
    *_local("torso", 10.0, "torso-scale-horiz torso-scale-depth torso-scale-vert torso-vshape"),
    *_local("torso", 10.0, "torso-muscle-pectoral torso-muscle-dorsi"),
    *_local("hip", 10.0, "hip-scale-horiz hip-scale-depth hip-scale-vert"),
    *_local("stomach", 15.0, "stomach-pregnant stomach-tone"),
    *_local("buttocks", 10.0, "buttocks-volume"),
    *_local("arms", 15.0, "measure-upperarm-length measure-lowerarm-length"),
    *_local("arms", 6.0, "measure-upperarm-circ"),
    *_local("legs", 20.0, "measure-upperleg-height measure-lowerleg-height"),
    *_local("legs", 8.0, "measure-thigh-circ measure-calf-circ"),
    *_local("hands", 6.0, "hand-scale hand-fingers-length", one_sided=True),
    *_local("feet", 8.0, "foot-scale", one_sided=True),
]


def direction_name(local: Local) -> str:
    """Unique name: directions that share MakeHuman's stem add the axis they move along."""
    axis = {_UP: "-vert", _FORWARD: "-depth", _OUT: "-horiz"}
    shared = local.name.endswith("-trans")
    return local.name + (axis[local.opposites] if shared and local.opposites else "")


EXPRESSION_NAMES = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight"),
    *("eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft"),
    *("eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower"),
    *("mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft"),
    *("mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)
"""ARKit's names without ``jawOpen``, which is the jaw joint's rotation."""
