"""Splats as other programs know them: geometry, and display colour in spherical harmonics."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from incarnate.errors import SplatFileError

MAX_SPLATS: Final = 10_000_000
"""Files that say they hold more are refused: no head or body needs a hundredth of it."""
MAX_BYTES: Final = 4 << 30
"""Longest file that is read; the largest cloud of degree 3 as PLY is smaller."""
NUM_COEFFICIENTS: Final = (1, 4, 9, 16)
"""Coefficients of spherical harmonics up to degree 0, 1, 2, 3."""

# Each basis function is even or odd under (x, y, z) → (x, −y, −z).
_SIGNS_OF_HALF_TURN: Final = np.array(
    [1, -1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1], np.float32
)
# Beyond, a float32 sigmoid is 0 or 1 to the last bit, and files say so by an infinite logit.
_LARGEST_LOGIT: Final = 20.0
# e^−30 m is far below any atom; files of linear scale write it as 0.
_SMALLEST_LOG_SCALE, _LARGEST_LOG_SCALE = -30.0, 30.0


@dataclass(frozen=True)
class SplatCloud:
    """N Gaussians whose colour depends on where they are seen from; float32, world axes.

    Colour is that of the screen (sRGB, blended as it is), ``0.5 + Σ Yₖ(d) cₖ``, with d the unit
    direction from the camera to the splat and Y as in `incarnate.splats.harmonics`.
    """

    means: Float[np.ndarray, "splats 3"]
    """Centres, metres, y up."""
    quaternions: Float[np.ndarray, "splats 4"]
    """Splat-to-world rotation, ``wxyz``, unit."""
    log_scales: Float[np.ndarray, "splats 3"]
    """Natural log of one standard deviation, metres."""
    opacity_logits: Float[np.ndarray, "splats"]
    """Sigmoid gives the opacity."""
    harmonics: Float[np.ndarray, "splats coefficients 3"]
    """Coefficients cₖ of red, green and blue; 1, 4, 9 or 16 of them."""

    def __post_init__(self) -> None:
        assert self.harmonics.shape[1] in NUM_COEFFICIENTS, self.harmonics.shape

    def __len__(self) -> int:
        return len(self.means)

    @property
    def degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return NUM_COEFFICIENTS.index(self.harmonics.shape[1])

    def turned_over(self) -> "SplatCloud":
        """The cloud after half a turn about x, (x, −y, −z): from y up to y down and back."""
        flip = np.array([1, -1, -1], np.float32)
        return replace(
            self,
            means=self.means * flip,
            # F R F, so that a second turn restores the very same quaternion.
            quaternions=self.quaternions * np.array([1, 1, -1, -1], np.float32),
            harmonics=self.harmonics * _SIGNS_OF_HALF_TURN[: self.harmonics.shape[1], None],
        )


def checked_cloud(source: str, fields: Mapping[str, np.ndarray]) -> SplatCloud:
    """The cloud of arrays that a file held, with harmless extremes brought into range.

    Args:
        source: What the error calls the file.
        fields: The fields of `SplatCloud`, of matching shapes; quaternions of any length.

    Raises:
        SplatFileError: A number is not finite.
    """
    values = {name: np.ascontiguousarray(array, np.float32) for name, array in fields.items()}
    values["opacity_logits"] = values["opacity_logits"].clip(-_LARGEST_LOGIT, _LARGEST_LOGIT)
    values["log_scales"] = values["log_scales"].clip(_SMALLEST_LOG_SCALE, _LARGEST_LOG_SCALE)
    for name, array in values.items():
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(1)
        if bad.any():
            raise SplatFileError(
                f"{source}: {name.replace('_', ' ')} of splat {bad.argmax()} are not finite; the "
                "file is damaged: write it again."
            )
    values["quaternions"] = _unit(values["quaternions"])
    return SplatCloud(**values)


def _unit(quaternions: Float[np.ndarray, "splats 4"]) -> Float[np.ndarray, "splats 4"]:
    """Unit quaternions; zero is no rotation."""
    wide = quaternions.astype(np.float64)
    length = np.linalg.norm(wide, axis=-1, keepdims=True)
    unit = np.where(length > 0, wide / np.where(length > 0, length, 1), (1.0, 0.0, 0.0, 0.0))
    return unit.astype(np.float32)


def opacities(logits: Float[np.ndarray, "splats"]) -> Float[np.ndarray, "splats"]:
    """Sigmoid of logits."""
    return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def logits_of(opacity: Float[np.ndarray, "splats"]) -> Float[np.ndarray, "splats"]:
    """Inverse of `opacities`; 0 and 1 become a large finite logit."""
    wide = opacity.astype(np.float64).clip(1e-8, 1 - 1e-8)
    return (np.log(wide) - np.log1p(-wide)).astype(np.float32)


def check_count(source: str, count: int) -> None:
    """Refuse a number of splats that no file of ours has, before memory is taken for it.

    Raises:
        SplatFileError: There are none, or more than `MAX_SPLATS`.
    """
    if not 0 < count <= MAX_SPLATS:
        raise SplatFileError(
            f"{source}: it says that it holds {count} splats; 1 to {MAX_SPLATS} are read."
        )


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of splats.

    Raises:
        SplatFileError: There is no such file, or it is longer than `MAX_BYTES`.
    """
    if not path.is_file():
        raise SplatFileError(f"there is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise SplatFileError(f"{path} is longer than {MAX_BYTES >> 30} GiB, the most that is read.")
    return path.read_bytes()
