"""Fixtures of the tests under faults, and their two forms: `pytest tests/faults`, and `pytest tests/faults --long`."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.faults.brokers import FaultyBroker
from tests.faults.form import LONG, SHORT, Form, Report
from tests.faults.questions import Questions, write_questions
from tests.faults.verifier import Rows, undisturbed
from tests.faults.world import faulty_stack
from tests.stack import Stack

Prepare = Callable[[int], tuple[Questions, Rows]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The form, and where what was measured is written."""
    parser.addoption("--long", action="store_true", help="as often and as long as is promised: half an hour")
    parser.addoption("--figures", default="", help="a file that gets a line for what each test has measured")


@pytest.fixture(scope="session")
def form(pytestconfig: pytest.Config) -> Form:
    """How much is tried."""
    return LONG if pytestconfig.getoption("--long", False) else SHORT


@pytest.fixture
def report(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Report:
    """Writes down what a test has measured: figures by their names."""

    def write(**figures: object) -> None:
        line = f"{request.node.name}: " + ", ".join(f"{name} {value}" for name, value in figures.items())
        print(line)
        if path := pytestconfig.getoption("--figures", ""):
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{line}\n".encode())
            os.close(file)

    return write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all of a module's parts."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Suites of so many jobs, and what an undisturbed run leaves of them; each is made once."""

    @cache
    def prepared(jobs: int) -> tuple[Questions, Rows]:
        folder = tmp_path_factory.mktemp("prepared")
        questions = write_questions(folder, jobs)
        return questions, undisturbed(questions, folder)

    return prepared


@pytest.fixture(scope="module")
def jobs(form: Form) -> int:
    """How many jobs a module's suite has."""
    return form.jobs


@pytest.fixture(scope="module")
def questions(prepare: Prepare, jobs: int) -> Questions:
    """The suite and its answers."""
    return prepare(jobs)[0]


@pytest.fixture(scope="module")
def expected(prepare: Prepare, jobs: int) -> Rows:
    """What an undisturbed run of it leaves in the database."""
    return prepare(jobs)[1]


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions) -> Iterator[Stack]:
    """A broker that can be disturbed, a database, and services that are not started yet."""
    with faulty_stack(folder, questions, FaultyBroker(folder / "kafka")) as stack:
        yield stack
