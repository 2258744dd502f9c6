"""One made person and one small capture of it, shared by the tests of this folder."""

import pytest

from incarnate.capture.capture import Capture
from incarnate.capture.synthetic.figure import Figure, make_figure
from incarnate.capture.synthetic.make import write_synthetic_capture
from incarnate.capture.synthetic.person import Person, make_person
from incarnate.capture.synthetic.settings import SyntheticSettings
from incarnate.rigs.embedded import default_head_rig

SMALL = SyntheticSettings(
    size=64, num_frames=8, relights=("sky",), supersampling=2, light_samples=64, hair_locks=300
)


@pytest.fixture(scope="session")
def person() -> Person:
    return make_person(default_head_rig(), 7)


@pytest.fixture(scope="session")
def figure(person: Person) -> Figure:
    return make_figure(person, 300, 7)


@pytest.fixture(scope="session")
def small_capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Eight frames of 64×64, the last of them for tests and under the sky as well."""
    return write_synthetic_capture(tmp_path_factory.mktemp("captures") / "small", SMALL)
