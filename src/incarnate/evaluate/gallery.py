"""The pictures of a report: worst, median and best frames, other lights, surface maps."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.evaluate.maps import SurfaceComparison
from incarnate.evaluate.scores import Pair, PictureGroup, PictureRow, Report
from incarnate.evaluate.trial import Trial
from incarnate.geometry.colors import bytes_from_linear

ERROR_AT_WHITE = 0.25
"""Mean absolute error of a pixel at which the heat map is brightest."""
DEGREES_AT_WHITE = 45.0
"""The same for angles between normals."""

# Five points of matplotlib's "inferno" (CC0), from no error to the brightest.
_HEAT = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))


def draw_pictures(trial: Trial, report: Report) -> tuple[PictureRow, ...]:
    """Draw the frames that say most about an avatar.

    Args:
        trial: Avatar and capture.
        report: Their scores, by which the frames are chosen.
    """
    ranked = sorted(report.frames, key=lambda scores: scores.psnr_matte)
    chosen = {"worst": ranked[0], "median": ranked[len(ranked) // 2], "best": ranked[-1]}
    rows = [
        comparison_row(
            "frames",
            f"{word.capitalize()} frame: {scores.index}",
            f"{scores.psnr_matte:.1f} dB inside the matte, {scores.psnr:.1f} dB whole",
            trial.pair(scores.index),
        )
        for word, scores in chosen.items()
        # Of a single frame, one row says it all.
        if word == "worst" or len(ranked) > 2
    ]
    for light, relit in report.relit.items():
        middle = sorted(relit, key=lambda scores: scores.psnr_relit)[len(relit) // 2]
        caption = f"{middle.psnr_relit:.1f} dB after the gain, {middle.psnr_relit_raw:.1f} dB raw"
        pair = trial.pair(middle.index, light)
        rows.append(_relit_row(f"Under {light}: frame {middle.index}", caption, pair))
    known = [scores.index for scores in report.frames if trial.has_surfaces(scores.index)]
    if known:
        index = known[len(known) // 2]
        rows += _surface_rows(index, trial.surfaces(index))
    return tuple(rows)


def heat(
    values: Float[Tensor, "height width"], at_white: float
) -> UInt8[np.ndarray, "height width 3"]:
    """Colours from black over red to pale yellow; ``at_white`` and above are the brightest."""
    table = torch.tensor(_HEAT, dtype=torch.float32)
    position = (values.float() / at_white).clamp(0, 1) * (len(_HEAT) - 1)
    low = position.floor().long().clamp(max=len(_HEAT) - 2)
    part = (position - low)[..., None]
    return (table[low] * (1 - part) + table[low + 1] * part + 0.5).to(torch.uint8).numpy()


def comparison_row(group: PictureGroup, title: str, caption: str, pair: Pair) -> PictureRow:
    """Truth, avatar and the error between them as a heat map."""
    image, truth = pair.encoded
    error = heat((image - truth).abs().mean(-1), ERROR_AT_WHITE)
    return PictureRow(
        group,
        title,
        caption,
        (
            ("truth", bytes_from_linear(pair.truth)),
            ("avatar", bytes_from_linear(pair.image)),
            (f"error, 0 to {ERROR_AT_WHITE:g}", error),
        ),
    )


def _relit_row(title: str, caption: str, pair: Pair) -> PictureRow:
    panels = (
        ("truth", bytes_from_linear(pair.truth)),
        ("avatar", bytes_from_linear(pair.image)),
        ("avatar after the gain", bytes_from_linear(pair.with_best_gains().image)),
    )
    return PictureRow("relit", title, caption, panels)


def _surface_rows(index: int, surfaces: SurfaceComparison) -> list[PictureRow]:
    rows: list[PictureRow] = []
    degrees, inside = surfaces.degrees, surfaces.inside
    if surfaces.normals is not None and degrees is not None:
        ours, truth = (_normal_colours(normals, inside) for normals in surfaces.normals)
        angles = heat(degrees * inside, DEGREES_AT_WHITE)
        panels = (
            ("truth", truth),
            ("avatar", ours),
            (f"angle, 0° to {DEGREES_AT_WHITE:g}°", angles),
        )
        caption = f"mean angle {surfaces.normal_degrees or 0:.1f}°; world axes as colours"
        rows.append(PictureRow("maps", f"Normals: frame {index}", caption, panels))
    if surfaces.albedo is not None:
        pair = surfaces.albedo.with_best_gains()
        panels = tuple(
            (label, bytes_from_linear(picture * inside[..., None]))
            for label, picture in (("truth", pair.truth), ("avatar after the gain", pair.image))
        )
        caption = f"{surfaces.psnr_albedo or 0:.1f} dB after the gain"
        rows.append(PictureRow("maps", f"Albedo: frame {index}", caption, panels))
    return rows


def _normal_colours(
    normals: Float[Tensor, "height width 3"], inside: Float[Tensor, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    unit = torch.nn.functional.normalize(normals, dim=-1)
    return ((0.5 * unit + 0.5) * inside[..., None] * 255 + 0.5).to(torch.uint8).numpy()
