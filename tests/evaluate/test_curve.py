"""The line chart: every point inside the drawing, higher values higher, text escaped."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incarnate.evaluate.curve import curve_svg, legend_html

SIZE = (720, 220)


def points_of(svg: str) -> list[list[tuple[float, float]]]:
    """The points of each line."""
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]  # pyright: ignore[reportReturnType]
        for line in ElementTree.fromstring(svg).iter("polyline")
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-200, 200, allow_nan=False), min_size=2, max_size=30),
    st.floats(1e-6, 1e4),
)
def test_every_point_is_inside_and_in_order(values: list[float], scale: float) -> None:
    values = [value * scale for value in values]
    (points,) = points_of(curve_svg(range(5, 5 + len(values)), {"a": values}, unit="dB"))
    xs, ys = zip(*points, strict=True)
    assert all(0 <= x <= SIZE[0] for x in xs)
    assert all(0 <= y <= SIZE[1] for y in ys)
    assert list(xs) == sorted(xs)
    # SVG's y points down: the largest value is the highest point.
    assert ys[values.index(max(values))] == min(ys)
    assert ys[values.index(min(values))] == max(ys)


def test_values_are_in_proportion() -> None:
    (points,) = points_of(curve_svg([0, 1, 3], {"a": [20.0, 25.0, 30.0]}, unit="dB"))
    (x0, y0), (x1, y1), (x2, y2) = points
    # Coordinates are written with one digit.
    assert (x1 - x0) * 3 == pytest.approx(x2 - x0, abs=0.3)
    assert (y1 - y0) * 2 == pytest.approx(y2 - y0, abs=0.3)


@pytest.mark.parametrize("values", [[7.0, 7.0], [0.0, 0.0], [23.01, 23.012]])
def test_a_flat_line_is_drawn_too(values: list[float]) -> None:
    svg = curve_svg([0, 1], {"a": values}, unit="dB")
    assert all(math.isfinite(number) for line in points_of(svg) for pair in line for number in pair)
    assert "nan" not in svg


def test_the_grid_has_round_steps() -> None:
    svg = curve_svg([0, 1, 2], {"a": [21.3, 30.2, 24.0]}, unit="dB")
    shown = [float(text) for text in re.findall(r'text-anchor="end">([-\d.]+)<', svg)]
    labels = shown[: shown.index(max(shown)) + 1]
    assert labels == [20, 22, 24, 26, 28, 30, 32]


def test_the_lowest_frame_of_each_line_is_named() -> None:
    lines = {"matte": [30.0, 20.5, 31.0], "whole": [33.0, 34.0, 32.0]}
    svg = curve_svg([40, 41, 42], lines, unit="dB")
    titles = [title.text for title in ElementTree.fromstring(svg).iter("title")]
    assert titles == ["matte: lowest 20.50 dB, frame 41", "whole: lowest 32.00 dB, frame 42"]


def test_names_are_escaped() -> None:
    svg = curve_svg([0, 1], {'<b>"&': [1.0, 2.0]}, unit="<i>")
    ElementTree.fromstring(svg)
    assert "<b>" not in svg
    assert "<i>" not in svg


def test_a_legend_names_lines_in_order_and_escaped() -> None:
    text = legend_html(["a", "<b>"])
    assert text.index("key0") < text.index(">a<") < text.index("key1") < text.index("&lt;b&gt;")
