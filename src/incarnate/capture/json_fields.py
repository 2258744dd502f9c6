"""Reads typed values out of parsed JSON, and says precisely what is wrong where."""

import difflib
import math
from collections.abc import Iterator, Mapping

from incarnate.errors import CaptureError


class Fields:
    """One JSON object that is read field by field; `finish` refuses what nobody asked for.

    ``place`` is how errors call the object, such as ``capture.json: cameras[0]``.
    """

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise CaptureError(f"{place} is {describe(value)}; expected an object {{...}}.")
        self._values: dict[str, object] = {str(key): entry for key, entry in value.items()}
        self._asked: list[str] = []
        self.place = place

    def text(self, name: str) -> str:
        """A string that is not empty."""
        value = self._required(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, value, "a non-empty string")
        return value

    def optional_text(self, name: str) -> str | None:
        """A non-empty string, or None where the field is null or left out."""
        return None if self._absent(name) else self.text(name)

    def optional_texts(self, name: str) -> tuple[str, ...]:
        """A list of non-empty strings; empty where the field is null or left out."""
        if self._absent(name):
            return ()
        value = self._values[name]
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self._wrong(name, value, "a list of non-empty strings")
        return tuple(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few strings."""
        value = self._required(name)
        if value not in choices:
            raise self._wrong(name, value, "one of " + ", ".join(f'"{c}"' for c in choices))
        return str(value)

    def integer(self, name: str, minimum: int) -> int:
        """A whole number, at least ``minimum``."""
        value = self._required(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self._wrong(name, value, f"a whole number ≥ {minimum}")
        return value

    def optional_integer(self, name: str, minimum: int) -> int | None:
        """A whole number, or None where the field is null or left out."""
        return None if self._absent(name) else self.integer(name, minimum)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._required(name)
        if not _is_number(value):
            raise self._wrong(name, value, "a finite number")
        return float(value)  # pyright: ignore[reportArgumentType]

    def positive(self, name: str) -> float:
        """A finite number above zero."""
        value = self.number(name)
        if value <= 0:
            raise self._wrong(name, value, "a number above 0")
        return value

    def matrix(self, name: str, size: int) -> tuple[tuple[float, ...], ...]:
        """A square matrix as a list of rows of finite numbers."""
        value = self._required(name)
        rows = value if isinstance(value, list) else []
        good = len(rows) == size and all(
            isinstance(row, list) and len(row) == size and all(map(_is_number, row)) for row in rows
        )
        if not good:
            raise self._wrong(name, value, f"{size} rows of {size} finite numbers")
        return tuple(tuple(float(entry) for entry in row) for row in rows)

    def child(self, name: str) -> "Fields":
        """An object inside this one; an empty one where the field is null or left out."""
        value = {} if self._absent(name) else self._values[name]
        return Fields(value, f"{self.place}: {name}")

    def optional_child(self, name: str) -> "Fields | None":
        """An object inside this one, or None where the field is null or left out."""
        return None if self._absent(name) else self.child(name)

    def children(self, name: str) -> list["Fields"]:
        """A list of at least one object."""
        value = self._required(name)
        if not isinstance(value, list) or not value:
            raise self._wrong(name, value, "a list of at least one object")
        return [Fields(v, f"{self.place}: {name}[{i}]") for i, v in enumerate(value)]

    def names(self) -> Iterator[str]:
        """The names that the object has, for objects whose keys are free."""
        return iter(self._values)

    def anything(self) -> dict[str, object]:
        """The whole object, unread."""
        self._asked.extend(self._values)
        return dict(self._values)

    def finish(self) -> None:
        """Refuse fields that nobody asked for: a misspelt optional field must not pass."""
        for name in self._values:
            if name not in self._asked:
                close = difflib.get_close_matches(name, self._asked, n=1)
                hint = f'did you mean "{close[0]}"?' if close else "remove it."
                raise CaptureError(f'{self.place} has an unknown field "{name}"; {hint}')

    def _absent(self, name: str) -> bool:
        self._asked.append(name)
        return self._values.get(name) is None

    def _required(self, name: str) -> object:
        self._asked.append(name)
        if name not in self._values:
            raise CaptureError(f'{self.place} lacks the field "{name}"; add it.')
        return self._values[name]

    def _wrong(self, name: str, value: object, expected: str) -> CaptureError:
        return CaptureError(
            f'{self.place}: field "{name}" is {describe(value)}; expected {expected}.'
        )


def describe(value: object) -> str:
    """How errors show a JSON value: short values themselves, long ones by their kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}..."'
    if isinstance(value, int | float):
        return str(value)
    return "a list" if isinstance(value, list) else "an object"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
