"""Fixtures that every part's tests share."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from seep.local_postgres import local_postgres

# A law holds however busy the machine is: no test may fail for being slow.
hypothesis.settings.register_profile("seep", deadline=None)
hypothesis.settings.load_profile("seep")
# For those who have an hour: pytest --hypothesis-profile=thorough.
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)


def pytest_configure(config: pytest.Config) -> None:
    """Gives every session a folder of its own.

    The usual one is made private anew by each session that starts, and a PostgreSQL of another session, which runs as
    another user where tests run as root, then cannot reach its data any more.
    """
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="seep-tests-")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps logs and data of failed tests only."""
    if exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(session.config.option.basetemp, ignore_errors=True)


SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with recorded generations of published models, which is not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"recorded generations are not at hand: no folder {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a real PostgreSQL server that lives as long as the tests."""
    with local_postgres(tmp_path_factory.mktemp("postgres")) as dsn:
        yield dsn


DATABASES = count()


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """The DSN of an empty database of the test's own."""
    name = f"test_{next(DATABASES)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield make_conninfo(postgres_server, dbname=name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def powerless(postgres_dsn: str) -> Iterator[str]:
    """A role that may connect, and has no rights in the database."""
    role = f"powerless_{conninfo_to_dict(postgres_dsn)['dbname']}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        yield role
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())
