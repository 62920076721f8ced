"""Fixtures that every part's tests share."""

import gc
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import hypothesis
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from deploy.local.smollm2 import ensure_smollm2
from seep.errors import InputError
from seep.probes import PROBES
from seep.records import AnswerPart, RunManifest, ScoredJob
from tests.builders import JOBS, MONITORS, run_manifest, scored_job
from tests.commands import Command, run_command
from tests.databases import NUMBERS, database, postgres
from tests.kept_together import KeptTogether, rank_of
from tests.left_behind import end_with_this_process
from tests.loaded_once import loaded_once
from tests.stored import Stored

# A law holds however busy the machine is, and however often a record has to be drawn: no test may fail for being slow.
ALWAYS = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]
)
hypothesis.settings.register_profile("seep", ALWAYS)
hypothesis.settings.load_profile("seep")
# For those who have an hour: pytest --hypothesis-profile=thorough.
# make fuzz: what each parser from outside is given.
hypothesis.settings.register_profile("fuzz", ALWAYS, max_examples=100_000)
hypothesis.settings.register_profile("thorough", ALWAYS, max_examples=1000)
# For `-m "not slow"`, whose laws are tried on a hundred examples each by `make test`.
hypothesis.settings.register_profile("fast", ALWAYS, max_examples=20)


# What keeps those that this process starts alive.
STAYS_OPEN = pytest.StashKey[IO[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """Gives every session a folder of its own, and fast tests fewer examples.

    The usual folder is made private again by each session that starts. A PostgreSQL of another session, which runs as
    another user where tests run as root, then cannot reach its data any more.
    """
    if config.option.markexpr == "not slow" and not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("fast")
    # The store of whoever runs the tests is not theirs: without a checkout's, each folder has one of its own.
    os.environ["XDG_DATA_HOME"] = ".share"
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="seep-tests-")
    config.stash[STAYS_OPEN] = end_with_this_process()
    # Half of the time of collecting would be spent on looking for garbage among modules that stay.
    gc.disable()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Has `caplog` pass over Kafka's client.

    A client of an earlier test notices that its broker has ended, and says so from a thread of its own.
    """
    capturing: Any = session.config.pluginmanager.get_plugin("logging-plugin")
    capturing.caplog_handler.addFilter(lambda record: not record.name.startswith("kafka."))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps logs and data of failed tests only."""
    if exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(session.config.option.basetemp, ignore_errors=True)


TESTS = Path(__file__).parent
# What starts a server, loads a model or reads large files; whoever uses it is marked slow.
SLOW_FIXTURES = {
    "base_url",
    "bootstrap_servers",
    "loaded_metrics",
    "local_broker",
    "minilm_folder",
    "postgres_server",
    "shared_data",
    "smollm2_folder",
    "trained",
}
# Whole processes, charts made by helm, simulations.
SLOW_FOLDERS = ("benchmarks", "cluster", "deploy", "end_to_end", "faults")
# A module that is slow as a whole says so in this line.
SLOW_MODULE = re.compile(r"^pytestmark = pytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Keeps `-m "not slow"` from importing slow modules: torch and vLLM alone take half a minute."""
    if config.option.markexpr != "not slow" or not collection_path.is_relative_to(TESTS):
        return None
    if collection_path.relative_to(TESTS).parts[:1] in [(folder,) for folder in SLOW_FOLDERS]:
        return True
    is_slow = collection_path.suffix == ".py" and SLOW_MODULE.search(collection_path.read_text(encoding="utf-8"))
    return True if is_slow else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on garbage is collected again, and what was imported and collected is not looked through for it."""
    gc.freeze()
    gc.enable()


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Ends a run of fast tests whose modules bring torch along: each process would import it for longer than it tests.

    The module is to be marked slow as a whole, or to import within a fixture.
    """
    if hypothesis.settings.get_current_profile_name() == "fast" and "torch" in sys.modules:
        pytest.exit(f"{report.nodeid} imports torch, which no fast test needs: see SLOW_MODULE in tests/conftest.py", 2)


@pytest.hookimpl(optionalhook=True)  # pytest runs without its plug-in too
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> KeptTogether | None:
    """Has `--dist loadfile` keep more than files together."""
    return KeptTogether(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as slow whatever a fixture or a folder makes slow, and puts first what one process does alone."""
    items.sort(key=lambda item: rank_of(item.nodeid))
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in SLOW_FOLDERS or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with recorded generations of published models, which is not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"recorded generations are not at hand: no folder {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def semantic_needs_token_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of probes says for once that the semantic probe needs what no engine of today provides."""
    needs = frozenset[AnswerPart]({"text", "token_scores"})
    monkeypatch.setitem(PROBES, "semantic", replace(PROBES["semantic"], needs=needs))


@pytest.fixture(scope="session")
def command() -> Command:
    """Runs the `seep` command in this process: exit code, and what it printed on both streams."""
    return run_command


@pytest.fixture(scope="module")
def models_loaded_once() -> Iterator[None]:
    """The commands that a module's tests run in this process share the embedder's weights."""
    with loaded_once():
        yield


@pytest.fixture(scope="session")
def smollm2_folder() -> Path:
    """A small real language model, SmolLM2-135M-Instruct, with its own tokenizer and chat template."""
    try:
        return ensure_smollm2()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a real PostgreSQL server that lives as long as the tests."""
    with postgres(tmp_path_factory.mktemp("postgres")) as dsn:
        yield dsn


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """The DSN of an empty database of the test's own."""
    with database(postgres_server, "template1") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> Iterator[str]:
    """The name of a database with the current schema, to be copied."""
    from results.storage.migrate import migrate  # alembic: not for those who only collect tests

    with database(postgres_server, "template1") as dsn:
        migrate(dsn)
        yield str(conninfo_to_dict(dsn)["dbname"])


@pytest.fixture
def dsn(postgres_server: str, migrated: str) -> Iterator[str]:
    """The DSN of a database of the test's own, with the current schema."""
    with database(postgres_server, migrated) as dsn:
        yield dsn


@pytest.fixture
def powerless(postgres_server: str) -> str:
    """A role that may connect, and has no rights in any database."""
    role = f"powerless_{next(NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    return role


@pytest.fixture
def store(dsn: str) -> Iterator[Stored]:
    """A store on a database of its own."""
    with Stored(dsn) as opened:
        yield opened


@pytest.fixture(scope="session")
def scored() -> Callable[..., ScoredJob]:
    """Makes the scored job `job`: one test per category, with the leak scores of its samples."""
    return scored_job


@pytest.fixture(scope="session")
def manifest() -> Callable[..., RunManifest]:
    """Makes a manifest of `jobs` jobs with so many comparisons per category."""
    return run_manifest


@pytest.fixture
def send_run(
    store: Stored, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]
) -> Callable[..., None]:
    """Records a run of ten jobs with ten samples, leaking at a rate, and has it tested for its monitor."""

    def send(
        run_id: str, rate: float, monitor: str = "watch", jobs: int = JOBS, created_at: float = 1.0, **changes: object
    ) -> None:
        draw = random.Random(run_id)
        leaks = [[float(draw.random() < rate) for _ in range(10)] for _ in range(jobs)]
        facts = {"samples": 10, "monitor": monitor, "created_at": created_at}
        expected = manifest(JOBS, {"1": 10 * JOBS}, run_id=run_id, **facts)
        made = [scored(f"j{k}", {"1": leak}, run_id=run_id, metrics=["m"], **changes) for k, leak in enumerate(leaks)]
        store.record(made, [], [expected])
        store.publish(MONITORS)

    return send
