"""The trained model, kept between test runs where the command keeps it."""

from pathlib import Path

import pytest

from seep.suites.loading import load_suite
from seep.suites.schema import Suite

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def trained() -> Path:
    from calibration.model import ensure_model  # torch: not for those who only collect tests

    return ensure_model(REPOSITORY / ".seep" / "calibration")


@pytest.fixture(scope="session")
def suite(trained: Path) -> Suite:
    loaded = load_suite(trained / "suite.yaml")
    assert isinstance(loaded, Suite)
    return loaded
