"""What is known of heads before looking: how far they turn, how smoothly, what the scores say."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, gaze_turn
from incarnate.rigs.rig import Rig

_EXPRESSION_LOW, _EXPRESSION_HIGH = -0.1, 1.2
_BOUND_PRECISION = 1 / 0.03**2


@dataclass(frozen=True)
class PosePrior:
    """A Gaussian on each parameter and on its acceleration; soft walls around expressions."""

    times: Float[Tensor, "frames"]
    """Seconds."""
    mean: Float[Tensor, "frames parameters"]
    precision: Float[Tensor, "parameters"]
    """Inverse variance around the mean."""
    calmness: Float[Tensor, "parameters"]
    """Inverse variance of the acceleration, per (1/30 s)⁴."""
    num_expressions: int

    def __getitem__(self, frames: Int[Tensor, "chosen"]) -> "PosePrior":
        """The prior of some frames."""
        return replace(self, times=self.times[frames], mean=self.mean[frames])

    def cost(self, parameters: Float[Tensor, "frames parameters"]) -> Float[Tensor, "frames"]:
        """Half the squared distance from what is expected, without smoothness."""
        spread = self.precision * (parameters - self.mean) ** 2
        return 0.5 * (spread.sum(-1) + (_BOUND_PRECISION * self._beyond(parameters) ** 2).sum(-1))

    def gradient(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "frames parameters"]:
        """Derivative of `cost`."""
        wall = _BOUND_PRECISION * self._beyond(parameters)
        return self.precision * (parameters - self.mean) + wall

    def curvature(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "frames parameters"]:
        """Diagonal of the second derivative of `cost`."""
        return self.precision + _BOUND_PRECISION * (self._beyond(parameters) != 0)

    def _beyond(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "frames parameters"]:
        """How far expressions are outside of their range, signed; zero elsewhere."""
        beyond = torch.zeros_like(parameters)
        expression = parameters[:, -self.num_expressions :]
        beyond[:, -self.num_expressions :] = expression - expression.clamp(
            _EXPRESSION_LOW, _EXPRESSION_HIGH
        )
        return beyond


@dataclass(frozen=True)
class Spread:
    """How far a kind of parameter strays from its mean, and how it accelerates."""

    deviation: float
    """Standard deviation around the mean: radians, metres or units of expression."""
    acceleration: float
    """Standard deviation of the second difference at 30 frames a second, in calm stretches."""


@dataclass(frozen=True)
class HeadHabits:
    """The spread of every kind of parameter of a talking head."""

    chest_turn: Spread = Spread(0.02, 0.000125)
    chest_shift: Spread = Spread(0.02, 0.0002)
    neck: Spread = Spread(0.15, 0.001)
    head: Spread = Spread(0.35, 0.0015)
    jaw_open: Spread = Spread(0.15, 0.012)
    jaw_aside: Spread = Spread(0.01, 0.0005)
    gaze: Spread = Spread(0.15, 0.03)
    gaze_roll: Spread = Spread(0.005, 0.0005)
    expression: Spread = Spread(0.2, 0.015)
    eyelids: Spread = Spread(0.3, 0.15)
    unseen: Spread = Spread(0.03, 0.0075)
    """Units that the detector does not measure and landmarks hardly show."""


def neutral_scores(scores: Float[np.ndarray, "frames scores"]) -> Float[np.ndarray, "scores"]:
    """What the detector gives for this person's face at rest.

    Faces differ at rest (low brows, narrow eyes), and the detector takes that for expression. A
    face passes through rest often, so a low percentile over the clip is rest; at most 0.3, lest an
    expression held throughout be taken for the person's features.
    """
    return np.minimum(np.percentile(scores, 10, axis=0), 0.3)


def head_prior(
    rig: Rig,
    times: Float[np.ndarray, "frames"],
    scores: Float[np.ndarray, "frames scores"],
    score_names: tuple[str, ...],
    habits: HeadHabits | None = None,
) -> PosePrior:
    """The prior of a clip, from the detector's expression scores.

    Args:
        rig: The head rig.
        times: Seconds.
        scores: In [0, 1].
        score_names: One a score, ARKit names.
        habits: Spreads; those of a talking head if left out.
    """
    habits = habits or HeadHabits()
    above = np.maximum(scores - neutral_scores(scores), 0)
    units = dict(zip(score_names, torch.from_numpy(above).T, strict=True))
    none = torch.zeros(len(times), dtype=torch.float64)
    expression = torch.stack([units.get(name, none) for name in rig.expression_names], -1)
    joints = torch.zeros(len(times), rig.num_joints - 1, 3, dtype=torch.float64)
    joints[:, rig.joint_index("jaw") - 1, 0] = JAW_OPEN_RADIANS * units.get("jawOpen", none)
    for side in ("Left", "Right"):
        eye = rig.joint_index(f"{side.lower()}_eye_smplhf") - 1
        look = {way: units.get(f"eyeLook{way}{side}", none) for way in EYE_LOOK_RADIANS}
        joints[:, eye] = gaze_turn(look, side)
    chest = torch.zeros(len(times), 6, dtype=torch.float64)
    spreads = _spreads(rig, frozenset(score_names), habits)
    return PosePrior(
        times=torch.from_numpy(times),
        mean=torch.cat([chest, joints.flatten(1), expression], -1),
        precision=torch.tensor([s.deviation for s in spreads], dtype=torch.float64) ** -2,
        calmness=torch.tensor([s.acceleration for s in spreads], dtype=torch.float64) ** -2,
        num_expressions=rig.num_expressions,
    )


def _spreads(rig: Rig, measured: frozenset[str], habits: HeadHabits) -> list[Spread]:
    """One spread a parameter, in the order of `LandmarkModel.pack`."""
    spreads = [habits.chest_turn] * 3 + [habits.chest_shift] * 3
    by_joint = {
        "neck": [habits.neck] * 3,
        "head": [habits.head] * 3,
        "jaw": [habits.jaw_open, habits.jaw_aside, habits.jaw_aside],
        "left_eye_smplhf": [habits.gaze, habits.gaze, habits.gaze_roll],
        "right_eye_smplhf": [habits.gaze, habits.gaze, habits.gaze_roll],
    }
    for name in rig.joint_names[1:]:
        spreads += by_joint[name]
    for name in rig.expression_names:
        if name not in measured or name in ("cheekPuff", "jawForward"):
            spreads.append(habits.unseen)
        elif name.startswith(("eyeBlink", "eyeWide")):
            spreads.append(habits.eyelids)
        else:
            spreads.append(habits.expression)
    return spreads
