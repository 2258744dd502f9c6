"""What all tests share: checked shapes, one thread, seeds, and where the test data lies."""

import os
from pathlib import Path

# Set before torch is imported: two workers with one thread each fill two cores, more only queue.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

REPOSITORY = Path(__file__).resolve().parents[1]
TEST_DATA = Path(os.environ.get("INCARNATE_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
if (TEST_DATA / "models").is_dir():
    os.environ.setdefault("INCARNATE_MODELS", str(TEST_DATA / "models"))

import jaxtyping  # noqa: E402

# Every annotated shape of the package is checked at run time, in tests only: it costs
# 0.2–0.7 ms a call. The hook has to stand before the package's first import.
jaxtyping.install_import_hook("incarnate", "beartype.beartype")

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)

# The first call of an operator may take a second on a busy machine, which says nothing about the
# law under test; and a run that is repeated shall draw the same examples.
hypothesis.settings.register_profile("calm", deadline=None, derandomize=True)
hypothesis.settings.load_profile("calm")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of footage, captures and model files that are too large for the repository."""
    if not TEST_DATA.is_dir():
        pytest.skip("the test data is absent: set INCARNATE_TEST_DATA to its folder")
    return TEST_DATA


@pytest.fixture
def no_model_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test may put model files: a folder that is searched first, and is not there yet."""
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


@pytest.fixture
def generator() -> torch.Generator:
    """A fresh source of randomness with a fixed seed."""
    return torch.Generator().manual_seed(20260)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """A test that draws from torch's global generator draws the same each time, on one thread.

    Commands take as many threads as there are cores and leave it at that.
    """
    torch.manual_seed(20260)
    torch.set_num_threads(1)
