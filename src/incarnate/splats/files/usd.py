"""USD with a ParticleField3DGaussianSplat: y up, metres, one time sample a frame of an animation.

Needs ``usd-core`` 26.3 or newer, the extra ``usd``. Opacity and scale are linear, as its schema has
them; orientations are ``wxyz``; the coefficients of a splat stand together, by degree.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import (
    MAX_BYTES,
    NUM_COEFFICIENTS,
    SplatCloud,
    check_count,
    checked_cloud,
    logits_of,
    opacities,
)
from incarnate.whole_files import whole

ENDINGS: Final = (".usd", ".usda", ".usdc", ".usdz")
"""Names that USD files have; .usda is text, .usdz can only be read."""

_PRIM: Final = "ParticleField3DGaussianSplat"
# Extents cover splats up to three standard deviations.
_REACH: Final = 3.0


def write_usd(
    clouds: Iterable[SplatCloud],
    path: Path,
    *,
    fps: float = 24.0,
    notes: Mapping[str, str] | None = None,
) -> int:
    """Write a cloud, or an animation of one, as USD.

    Args:
        clouds: One a frame, of the same number of splats; world axes. They are asked for one by
            one, and what does not change is written once.
        path: Ends in .usd, .usda or .usdc.
        fps: Frames a second.
        notes: Facts to keep with the layer: consent, licences.

    Returns:
        The number of frames.

    Raises:
        SplatFileError: usd-core is missing, the name is of another kind, or there is no frame.
    """
    if path.suffix not in ENDINGS[:3]:
        raise SplatFileError(f"{path}: the name of a USD file ends in {', '.join(ENDINGS[:3])}.")
    usd = _usd()
    with whole(path) as partial:
        stage = usd.Usd.Stage.CreateNew(str(partial))
        usd.UsdGeom.SetStageUpAxis(stage, usd.UsdGeom.Tokens.y)
        usd.UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        stage.SetFramesPerSecond(fps)
        stage.SetTimeCodesPerSecond(fps)
        stage.GetRootLayer().customLayerData = dict(notes or {})
        field = usd.UsdVol.ParticleField3DGaussianSplat.Define(stage, "/Splats")
        stage.SetDefaultPrim(field.GetPrim())
        count = _write_frames(usd, field, clouds, path)
        if count > 1:
            stage.SetStartTimeCode(0)
            stage.SetEndTimeCode(count - 1)
        stage.GetRootLayer().Save()
        del field, stage
    return count


def read_usd(path: Path) -> list[SplatCloud]:
    """Read the clouds of the first field of splats: one a time sample, or one alone.

    Raises:
        SplatFileError: usd-core is missing, or it is no such file, or a damaged or too large one.
    """
    source = str(path)
    if not path.is_file():
        raise SplatFileError(f"there is no file {path}.")
    if path.stat().st_size > MAX_BYTES or path.suffix not in ENDINGS:
        raise SplatFileError(
            f"{source} is longer than {MAX_BYTES >> 30} GiB, or ends in none of "
            f"{', '.join(ENDINGS)}."
        )
    usd = _usd()
    stage = _open(usd, source)
    prims = [prim for prim in stage.Traverse() if prim.GetTypeName() == _PRIM]
    if not prims:
        raise SplatFileError(f"{source} holds no {_PRIM}.")
    field = usd.UsdVol.ParticleField3DGaussianSplat(prims[0])
    times = field.GetPositionsAttr().GetTimeSamples() or [usd.Usd.TimeCode.Default()]
    return [_cloud_at(field, time, source) for time in times]


def _open(usd: ModuleType, source: str) -> Any:
    """The stage of a file that refers to no other: a foreign file shall open nothing by itself."""
    try:
        layer = usd.Sdf.Layer.FindOrOpen(source)
        others = layer.GetCompositionAssetDependencies() if layer else []
        stage = usd.Usd.Stage.Open(layer, usd.Usd.Stage.LoadNone) if layer and not others else None
    except usd.Tf.ErrorException:
        layer, others, stage = None, [], None
    if others:
        raise SplatFileError(f"{source} refers to other files ({others[0]}); flatten it first.")
    if stage is None:
        raise SplatFileError(f"{source} can't be read as USD; it is damaged, or of another kind.")
    return stage


def _usd() -> ModuleType:
    """``pxr`` with the modules that are used here.

    Raises:
        SplatFileError: It is not installed, or too old.
    """
    try:
        import pxr
        from pxr import Sdf, Tf, Usd, UsdGeom, UsdVol, Vt  # noqa: F401
    except ImportError as error:
        raise SplatFileError(
            f"USD files need usd-core ({error}): pip install 'incarnate[usd]'"
        ) from None
    if not hasattr(UsdVol, _PRIM):
        raise SplatFileError(
            "this usd-core knows no splats; 26.3 or newer does: pip install -U usd-core"
        )
    return pxr


def _write_frames(usd: ModuleType, field: Any, clouds: Iterable[SplatCloud], path: Path) -> int:
    """One sample a frame for what moves; what a frame repeats is not written again."""
    first: SplatCloud | None = None
    known: dict[str, np.ndarray] = {}
    count = 0
    for count, cloud in enumerate(clouds, 1):
        if first is None:
            first = cloud
            field.GetRadianceSphericalHarmonicsDegreeAttr().Set(cloud.degree)
            field.GetProjectionModeHintAttr().Set("perspective")
            field.GetSortingModeHintAttr().Set("zDepth")
        if len(cloud) != len(first) or cloud.degree != first.degree:
            raise SplatFileError(f"{path}: the frames have different numbers of splats.")
        for name, array in _arrays(cloud).items():
            if name in known and np.array_equal(known[name], array):
                continue
            # A value that holds for all time, and from the first change on also samples.
            attribute = field.GetPrim().GetAttribute(name)
            value = _vt(usd, name, array)
            if name not in known:
                attribute.Set(value)
            else:
                if not attribute.GetTimeSamples():
                    attribute.Set(attribute.Get(), 0)
                _hold(attribute, count - 2)
                attribute.Set(value, count - 1)
            known[name] = array
    if first is None:
        raise SplatFileError(f"{path}: there is no frame to write.")
    return count


def _hold(attribute: Any, time: int) -> None:
    """Repeat the last sample at a time, so that a reader does not blend over frames that stood."""
    if attribute.GetTimeSamples()[-1] < time:
        attribute.Set(attribute.Get(time), time)


def _arrays(cloud: SplatCloud) -> dict[str, np.ndarray]:
    scales = np.exp(cloud.log_scales)
    reach = _REACH * scales.max(1, keepdims=True)
    extent = np.stack([(cloud.means - reach).min(0), (cloud.means + reach).max(0)])
    return {
        "positions": cloud.means,
        "orientations": cloud.quaternions,
        "scales": scales,
        "opacities": opacities(cloud.opacity_logits),
        "radiance:sphericalHarmonicsCoefficients": cloud.harmonics.reshape(-1, 3),
        "extent": extent.astype(np.float32),
    }


def _vt(usd: ModuleType, name: str, array: np.ndarray) -> Any:
    array = np.ascontiguousarray(array, np.float32)
    if name == "orientations":
        # Quaternions are wxyz for Gf's constructor; its memory holds xyzw.
        return usd.Vt.QuatfArray.FromNumpy(np.ascontiguousarray(np.roll(array, -1, axis=1)))
    kind = usd.Vt.FloatArray if array.ndim == 1 else usd.Vt.Vec3fArray
    return kind.FromNumpy(array)


def _cloud_at(field: Any, time: Any, source: str) -> SplatCloud:
    """The cloud at a time; arrays of half floats serve where those of floats are absent."""
    positions = _numbers(field, "positions", time)
    count = len(positions)
    check_count(source, count)
    degree = field.GetRadianceSphericalHarmonicsDegreeAttr().Get(time)
    if not isinstance(degree, int) or not 0 <= degree < len(NUM_COEFFICIENTS):
        raise SplatFileError(f"{source}: harmonics of degree {degree}; 0 to 3 are read.")
    shapes = {
        "orientations": (count, 4),
        "scales": (count, 3),
        "opacities": (count,),
        "radiance:sphericalHarmonicsCoefficients": (count * NUM_COEFFICIENTS[degree], 3),
    }
    arrays = [_numbers(field, name, time) for name in shapes]
    for (name, shape), array in zip(shapes.items(), arrays, strict=True):
        if array.shape != shape:
            raise SplatFileError(f"{source}: {name} has the shape {array.shape}, not {shape}.")
    orientations, scales, opacity, coefficients = arrays
    if not (scales >= 0).all():
        raise SplatFileError(f"{source}: a scale is negative; scales are linear in USD.")
    with np.errstate(divide="ignore"):
        log_scales = np.log(scales)
    fields = {
        "means": positions,
        "quaternions": np.roll(orientations, 1, axis=1),
        "log_scales": log_scales,
        "opacity_logits": logits_of(opacity.clip(0, 1)),
        "harmonics": coefficients.reshape(count, -1, 3),
    }
    return checked_cloud(source, fields)


def _numbers(field: Any, name: str, time: Any) -> np.ndarray:
    for variant in (name, f"{name}h"):
        value = field.GetPrim().GetAttribute(variant).Get(time)
        if value is not None:
            return np.asarray(value, np.float32)
    return np.zeros(0, np.float32)
