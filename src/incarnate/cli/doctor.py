"""``incarnate doctor``: what is installed, what is missing, and how to get it."""

import sys
from typing import Final

_MARKS: Final = {"ok": "ok", "absent": "--", "broken": "!!"}


def doctor(fetch: bool = False) -> int:
    """Say what is installed, what is missing, and how to get it.

    Args:
        fetch: First fetch the model files that are missing from their publishers.
    """
    from incarnate.cli.inspections import findings

    if fetch:
        _fetch_missing()
    broken = absent = 0
    for finding in findings():
        print(f"{_MARKS[finding.state]}  {finding.part:<26} {finding.detail}")
        if finding.state != "ok" and finding.remedy:
            print(f"    {'':<26} get it: {finding.remedy}")
        broken += finding.state == "broken"
        absent += finding.state == "absent"
    print(f"{broken} parts to mend, {absent} optional parts absent")
    return 1 if broken else 0


def _fetch_missing() -> None:
    """Fetch each missing model; one that can't be had does not keep the others away."""
    from incarnate.errors import ModelFileError
    from incarnate.model_files import MODEL_NAMES, fetch_model, find_model

    for name in MODEL_NAMES:
        try:
            find_model(name)
        except ModelFileError:
            try:
                print(f"fetched {fetch_model(name)}")
            except ModelFileError as error:
                print(f"error: {error}", file=sys.stderr)
