"""Each way in which a JSON field can be wrong, and the exact text that says so."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incarnate.capture.json_fields import Fields, describe
from incarnate.errors import CaptureError

Read = Callable[[Fields], object]

FAULTS: list[tuple[object, Read, str]] = [
    ([1], lambda f: f.text("a"), "f: is a list; expected an object {...}."),
    ({}, lambda f: f.text("a"), 'f lacks the field "a"; add it.'),
    ({"a": ""}, lambda f: f.text("a"), 'f: field "a" is ""; expected a non-empty string.'),
    ({"a": 3}, lambda f: f.text("a"), 'f: field "a" is 3; expected a non-empty string.'),
    (
        {"a": ["x", 3]},
        lambda f: f.optional_texts("a"),
        'f: field "a" is a list; expected a list of non-empty strings.',
    ),
    (
        {"a": "x"},
        lambda f: f.choice("a", ("train", "test")),
        'f: field "a" is "x"; expected one of "train", "test".',
    ),
    (
        {"a": True},
        lambda f: f.integer("a", 0),
        'f: field "a" is true; expected a whole number ≥ 0.',
    ),
    ({"a": 0}, lambda f: f.integer("a", 1), 'f: field "a" is 0; expected a whole number ≥ 1.'),
    ({"a": math.nan}, lambda f: f.number("a"), 'f: field "a" is nan; expected a finite number.'),
    ({"a": -2.0}, lambda f: f.positive("a"), 'f: field "a" is -2.0; expected a number above 0.'),
    (
        {"a": [[1, 2], [3]]},
        lambda f: f.matrix("a", 2),
        'f: field "a" is a list; expected 2 rows of 2 finite numbers.',
    ),
    (
        {"a": []},
        lambda f: f.children("a"),
        'f: field "a" is a list; expected a list of at least one object.',
    ),
    ({"a": [7]}, lambda f: f.children("a"), "f: a[0] is 7; expected an object {...}."),
    ({"matte": 1}, lambda f: (f.optional_text("mattes"), f.finish()),
     'f has an unknown field "matte"; did you mean "mattes"?'),
    ({"zzz": 1}, lambda f: f.finish(), 'f has an unknown field "zzz"; remove it.'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "read", "text"), FAULTS)
def test_a_fault_is_named(value: object, read: Read, text: str) -> None:
    place = "f:" if isinstance(value, list) else "f"
    with pytest.raises(CaptureError) as caught:
        read(Fields(value, place))
    assert str(caught.value) == text


@pytest.mark.parametrize("content", [{}, {"a": None}])
def test_null_and_absent_fields_are_the_same(content: dict[str, object]) -> None:
    assert Fields(content, "f").optional_text("a") is None
    assert Fields(content, "f").optional_integer("a", 0) is None
    assert Fields(content, "f").optional_child("a") is None
    assert list(Fields(content, "f").child("a").names()) == []


def test_an_object_that_is_kept_whole_needs_no_reading() -> None:
    fields = Fields({"x": 1, "y": [2]}, "f")
    assert fields.anything() == {"x": 1, "y": [2]}
    fields.finish()


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=3, max_size=3))
def test_matrices_are_read_as_they_are(rows: list[list[float]]) -> None:
    assert Fields({"m": rows}, "f").matrix("m", 3) == tuple(map(tuple, rows))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "null"), (False, "false"), ("x" * 50, '"' + "x" * 37 + '..."'), ({}, "an object")],
)
def test_values_are_shown_short(value: object, shown: str) -> None:
    assert describe(value) == shown
