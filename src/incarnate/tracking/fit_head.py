"""Fits the head rig to the landmarks of a clip: one identity and lens, a pose for every frame."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.points import spread_indices
from incarnate.geometry.transforms import rigid_transform
from incarnate.rigs.landmarks import MEDIAPIPE_CONTOUR, MEDIAPIPE_IRISES
from incarnate.rigs.rig import Pose, Rig
from incarnate.tracking.bundle import (
    FocalPrior,
    SharedFit,
    SharedProblem,
    fit_shared,
    with_focal,
)
from incarnate.tracking.displacement_field import add_field
from incarnate.tracking.evidence import Evidence, project_frames
from incarnate.tracking.head_model import LandmarkModel, landmark_model
from incarnate.tracking.head_observations import HeadObservations, landmark_evidence
from incarnate.tracking.head_priors import HeadHabits, PosePrior, head_prior
from incarnate.tracking.head_start import (
    RigidFit,
    expect_focal,
    fit_rigid,
    start_parameters,
    upright_camera,
)
from incarnate.tracking.orientation import (
    DETECTOR_SHOWS,
    HeadOrientation,
    expected_orientation,
)
from incarnate.tracking.photometric import ClipPictures, learn_appearance, photometric_term
from incarnate.tracking.sequence import SequenceProblem, fit_sequence

LANDMARK_SET = "mediapipe478"

_RIGID_SHARE = 0.35
_SHARED_FRAMES = 48
_ROUNDS = 2
_SHARED_STEPS = 10
_POSE_STEPS = 12
_FREE_CHEST = 0.5
_ALIGNMENTS = 3
_ALIGNMENT_STEPS = 2


@dataclass(frozen=True)
class FitSettings:
    """How a head is fitted to landmarks."""

    habits: HeadHabits = field(default_factory=HeadHabits)
    sigma: float = 0.006
    """Usual error of a landmark, as a share of the face's size in the picture."""
    correlation: float = 8.0
    """How many neighbouring landmarks err together: each counts by its inverse."""
    shared_trust: float = 0.25
    """How much a frame counts for identity: the detector errs alike in all frames."""
    surface_points: int = 1500
    """Points of the face whose pixels are aligned, where the fit is given pictures."""
    depth_turn: float = 0.005
    """Radians by which turns told by the landmarks' depths are taken to be off: less than they are,
    since what landmarks err by in the picture's plane is alike in all frames."""
    depth_shows: tuple[float, float, float] = DETECTOR_SHOWS
    """How much of a nod, turn and tilt they tell."""
    pixel_trust: float = 1.0
    """How much each of them counts, against a landmark's 1 / `correlation`."""


@dataclass(frozen=True)
class HeadFit:
    """A rig fitted to a clip."""

    rig: Rig
    """With the identity folded in."""
    shape: Float[Tensor, "shapes"]
    offset: Float[Tensor, "vertices 3"]
    """The part of the identity that the shape space lacks, metres."""
    poses: Pose
    camera: Camera
    pixels: Float[Tensor, "frames landmarks 2"]
    """The fitted landmarks in the crop."""
    errors: Float[Tensor, "frames"]
    """Mean distance of fitted and detected landmarks, pixels."""


def fit_head(
    rig: Rig,
    seen: HeadObservations,
    settings: FitSettings | None = None,
    report: Callable[[int, int], None] | None = None,
    *,
    pictures: ClipPictures | None = None,
) -> HeadFit:
    """Fit a head rig to a clip.

    First a rigid pose in every frame; then identity, focal length and poses on some frames that
    differ much; then the poses of all frames with smoothness; and both again from there, now with
    the turns of the head that the landmarks' depths tell: in the picture's plane, detectors show
    nods at half their size. With pictures, the poses are last aligned with the pixels.

    Args:
        rig: A head rig with the landmark set ``mediapipe478``.
        seen: What was detected.
        settings: Weights; the defaults suit phone and webcam clips.
        report: Told how many of how many steps are done.
        pictures: The clip's frames, small; poses follow the landmarks alone if left out.
    """
    setup = _set_up(rig, seen, settings or FitSettings())
    landmark_steps = _ROUNDS * (_SHARED_STEPS + _POSE_STEPS)
    pixel_steps = 0 if pictures is None else _ALIGNMENTS * _ALIGNMENT_STEPS
    steps = _Steps(report, landmark_steps + pixel_steps)
    parameters = setup.start(setup.expected_focal.pixels)
    chosen = spread_frames(setup.prior.mean, parameters, _SHARED_FRAMES)
    fit = SharedFit(
        identity=torch.zeros(len(setup.model.by_identity), dtype=torch.float64),
        focal=setup.expected_focal.pixels,
        parameters=parameters[chosen],
    )
    for round_ in range(_ROUNDS):
        done = round_ * (_SHARED_STEPS + _POSE_STEPS)
        fit = _fit_identity(setup, fit, chosen, steps.at(done))
        if round_ == 0:
            parameters = setup.start(fit.focal)
        parameters = _fit_poses(setup, fit, parameters, steps.at(done + _SHARED_STEPS))
        fit = replace(fit, parameters=parameters[chosen])
        if round_ == 0:
            setup = setup.with_orientation(parameters)
    if pictures is not None:
        parameters = _align_pixels(setup, fit, parameters, pictures, steps.at(landmark_steps))
    return _result(rig, setup, fit, parameters)


@dataclass(frozen=True)
class _Steps:
    """Adds up the steps of several solvers for one progress report."""

    report: Callable[[int, int], None] | None
    total: int

    def at(self, done: int) -> Callable[[int], None]:
        def tell(steps: int) -> None:
            if self.report is not None:
                self.report(done + steps, self.total)

        return tell


@dataclass(frozen=True)
class _Setup:
    """What stays the same through the stages of a fit."""

    rig: Rig
    """With the displacement field's directions behind the shape basis."""
    model: LandmarkModel
    prior: PosePrior
    evidence: Evidence
    rigid: RigidFit
    expected_focal: FocalPrior
    camera: Camera
    """Upright; with the expected focal length."""
    settings: FitSettings
    orientation: HeadOrientation | None = None
    """How the head turns by the landmarks' depths; known when a first fit says around what."""

    def with_orientation(self, parameters: Float[Tensor, "frames parameters"]) -> "_Setup":
        """The setup with `orientation`, around the mean of a fit's poses."""
        orientation = expected_orientation(
            self.model,
            self.rigid.rotation,
            parameters,
            shown=self.settings.depth_shows,
            deviation=self.settings.depth_turn,
        )
        return replace(self, orientation=orientation)

    def start(self, focal: float) -> Float[Tensor, "frames parameters"]:
        """The rigid poses, as they are under a focal length."""
        camera = with_focal(self.camera, focal)
        return start_parameters(self.rigid, self.rig, camera, self.prior.mean)


def _set_up(rig: Rig, seen: HeadObservations, settings: FitSettings) -> _Setup:
    landmarks = rig.landmarks[LANDMARK_SET]
    rest = landmarks.on(rig.vertices, rig.faces)
    extended = add_field(rig, rest[: -len(MEDIAPIPE_IRISES)])
    model = landmark_model(extended, landmarks)
    rigid = fit_rigid(torch.from_numpy(seen.points), rest.double(), _rigid_landmarks(model))
    expected_focal = expect_focal(rigid, seen.longer_side)
    return _Setup(
        rig=extended,
        model=model,
        prior=head_prior(rig, seen.times, seen.scores, seen.score_names, settings.habits),
        evidence=landmark_evidence(seen, sigma=settings.sigma, correlation=settings.correlation),
        rigid=rigid,
        expected_focal=expected_focal,
        camera=upright_camera(
            rigid, with_focal(seen.picture.to(torch.float64), expected_focal.pixels)
        ),
        settings=settings,
    )


def _fit_identity(
    setup: _Setup, fit: SharedFit, chosen: Int[Tensor, "chosen"], report: Callable[[int], None]
) -> SharedFit:
    evidence = setup.evidence[chosen]
    evidence = replace(evidence, weights=evidence.weights * setup.settings.shared_trust)
    prior = _anchored(setup.prior[chosen], fit.parameters, _FREE_CHEST)
    turned = None if setup.orientation is None else setup.orientation[chosen]
    problem = SharedProblem(
        setup.model, setup.camera, evidence, prior, setup.expected_focal, orientation=turned
    )
    return fit_shared(problem, fit, iterations=_SHARED_STEPS, report=report)


def _fit_poses(
    setup: _Setup,
    fit: SharedFit,
    parameters: Float[Tensor, "frames parameters"],
    report: Callable[[int], None],
) -> Float[Tensor, "frames parameters"]:
    problem = _sequence_problem(setup, fit, parameters)
    return fit_sequence(problem, parameters, iterations=_POSE_STEPS, report=report)


def _align_pixels(
    setup: _Setup,
    fit: SharedFit,
    parameters: Float[Tensor, "frames parameters"],
    pictures: ClipPictures,
    report: Callable[[int], None],
) -> Float[Tensor, "frames parameters"]:
    """Poses that agree with the pixels too; what the face looks like is learned in between."""
    problem = _sequence_problem(setup, fit, parameters)
    term = photometric_term(
        pictures,
        setup.rig.with_identity(fit.identity.float()),
        problem.camera,
        count=setup.settings.surface_points,
        strength=setup.settings.pixel_trust,
    )
    for round_ in range(_ALIGNMENTS):
        term = learn_appearance(term, parameters)
        problem = replace(problem, photometric=term)
        parameters = fit_sequence(problem, parameters, iterations=_ALIGNMENT_STEPS)
        report((round_ + 1) * _ALIGNMENT_STEPS)
    return parameters


def _sequence_problem(
    setup: _Setup, fit: SharedFit, parameters: Float[Tensor, "frames parameters"]
) -> SequenceProblem:
    prior = _anchored(setup.prior, parameters, setup.settings.habits.chest_shift.deviation)
    model, camera = setup.model.with_identity(fit.identity), with_focal(setup.camera, fit.focal)
    return SequenceProblem(model, camera, setup.evidence, prior, orientation=setup.orientation)


def _result(
    rig: Rig, setup: _Setup, fit: SharedFit, parameters: Float[Tensor, "frames parameters"]
) -> HeadFit:
    model = setup.model.with_identity(fit.identity)
    camera = with_focal(setup.camera, fit.focal)
    pixels = project_frames(model, parameters, camera)
    errors = (pixels - setup.evidence.points).norm(dim=-1).mean(-1)
    # The world's origin is put where the chest rests on average; until here it was the camera.
    middle = parameters[:, 3:6].median(0).values
    parameters = parameters.clone()
    parameters[:, 3:6] -= middle
    turn = camera.camera_from_world[:3, :3]
    camera = replace(camera, camera_from_world=rigid_transform(turn, turn @ middle))
    identity = fit.identity.float()
    num_shapes = len(rig.shape_names)
    offset = torch.einsum("s,svc->vc", identity[num_shapes:], setup.rig.shape_basis[num_shapes:])
    person = setup.rig.with_identity(identity)
    return HeadFit(
        rig=person,
        shape=identity[:num_shapes],
        offset=offset,
        poses=_single(setup.model.unpack(parameters)),
        camera=camera.to(torch.float32),
        pixels=pixels.float(),
        errors=errors.float(),
    )


def _single(pose: Pose) -> Pose:
    return replace(
        pose,
        root_rotation=pose.root_rotation.float(),
        root_translation=pose.root_translation.float(),
        joint_rotations=pose.joint_rotations.float(),
        expression=pose.expression.float(),
    )


def spread_frames(
    expected: Float[Tensor, "frames parameters"],
    parameters: Float[Tensor, "frames parameters"],
    count: int,
) -> Int[Tensor, "chosen"]:
    """Frames that differ much in pose and expression, half of them spread evenly in time."""
    frames = len(parameters)
    if frames <= count:
        return torch.arange(frames)
    even = torch.linspace(0, frames - 1, count // 2).round().long()
    # Joint rotations (radians) and expressions (units) are of like size; translations are not.
    features = torch.cat([parameters[:, 6:], expected[:, 6:]], -1)
    far = spread_indices(features, count - len(even))
    return torch.unique(torch.cat([even, far]))


def _rigid_landmarks(model: LandmarkModel) -> Bool[Tensor, "landmarks"]:
    """The third of the landmarks that expressions and the jaw move least."""
    by_unit = model.by_expression.sum(2).norm(dim=-1).amax(0)
    by_jaw = model.rest[:, model.rig.joint_index("jaw"), 3] * 0.05
    moves = by_unit + by_jaw
    moves[list(MEDIAPIPE_CONTOUR + MEDIAPIPE_IRISES)] = torch.inf
    return moves <= moves.quantile(_RIGID_SHARE)


def _anchored(
    prior: PosePrior, parameters: Float[Tensor, "frames parameters"], deviation: float
) -> PosePrior:
    """The chest stays near its median place, within a standard deviation in metres."""
    mean, precision = prior.mean.clone(), prior.precision.clone()
    mean[:, 3:6] = parameters[:, 3:6].median(0).values
    precision[3:6] = deviation**-2
    return replace(prior, mean=mean, precision=precision)
