"""A small line chart as inline SVG; the page's style sheet gives it its colours."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 34


@dataclass(frozen=True)
class _Axes:
    """Maps data to the drawing's units."""

    first: int
    last: int
    low: float
    high: float
    step: float
    """Distance of the grid's lines."""

    def x(self, value: int) -> float:
        share = (value - self.first) / (self.last - self.first)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def curve_svg(xs: Sequence[int], lines: Mapping[str, Sequence[float]], *, unit: str) -> str:
    """Draw lines over whole numbers, with a grid and the lowest point of each line.

    Args:
        xs: Frame indices, rising; at least two.
        lines: Values over them, by name; at most two lines, in the order of `legend_html`.
        unit: Of the values.
    """
    assert len(xs) > 1, "a line needs two points"
    axes = _axes(xs, [value for line in lines.values() for value in line])
    label = escape(f"{', '.join(lines)}, {unit}, frame by frame")
    parts = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
    ]
    parts += _grid(axes, xs)
    for number, (name, values) in enumerate(lines.items()):
        points = " ".join(
            f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in zip(xs, values, strict=True)
        )
        parts.append(f'<polyline class="line{number}" points="{points}"/>')
        lowest, at = min(zip(values, xs, strict=True))
        text = f"{name}: lowest {lowest:.2f} {unit}, frame {at}"
        parts.append(
            f'<circle class="dot{number}" cx="{axes.x(at):.1f}" cy="{axes.y(lowest):.1f}" r="4">'
            f"<title>{escape(text)}</title></circle>"
        )
    return "".join(parts) + "</svg>"


def legend_html(names: Iterable[str]) -> str:
    """Which colour means what; text of the page, so that it stays readable where the chart shrinks.

    Args:
        names: Of the lines, in the chart's order.
    """
    keys = (
        f'<span class="key key{number}">{escape(name)}</span>' for number, name in enumerate(names)
    )
    return f'<p class="legend">{"".join(keys)}</p>'


def _axes(xs: Sequence[int], values: Sequence[float]) -> _Axes:
    low, high = min(values), max(values)
    step = _grid_step(high - low)
    bottom = math.floor(low / step) * step
    top = max(math.ceil(high / step) * step, bottom + step)
    return _Axes(xs[0], xs[-1], bottom, top, step)


def _grid_step(span: float) -> float:
    """The least of 1, 2, 5 × 10ⁿ that cuts a span into at most five parts."""
    least = max(span, 0.1) / 5
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _grid(axes: _Axes, xs: Sequence[int]) -> list[str]:
    parts: list[str] = []
    for i in range(round((axes.high - axes.low) / axes.step) + 1):
        value = axes.low + i * axes.step
        y = axes.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    bottom = _HEIGHT - 8
    parts.append(f'<text x="{_LEFT}" y="{bottom}">{xs[0]}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{bottom}" text-anchor="end">{xs[-1]}</text>')
    parts.append(f'<text x="{_WIDTH // 2}" y="{bottom}" text-anchor="middle">frame</text>')
    return parts
