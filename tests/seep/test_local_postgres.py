"""The embedded PostgreSQL server, shared by processes and outlived by none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from seep.errors import InputError
from seep.local_postgres import local_postgres

pytestmark = pytest.mark.slow

HOLD = """
import sys
from pathlib import Path
from seep.local_postgres import local_postgres
with local_postgres(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


def another_user(folder: Path) -> subprocess.Popen[str]:
    """A process that uses the server until its input ends."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", HOLD, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


def started_at(dsn: str) -> object:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT pg_postmaster_start_time()").fetchone()


def is_up(dsn: str) -> bool:
    try:
        return started_at(dsn) is not None
    except psycopg.OperationalError:
        return False


def test_the_server_runs_while_it_is_used_and_keeps_its_data(tmp_path: Path) -> None:
    with local_postgres(tmp_path / "postgres") as dsn, psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    assert not is_up(dsn)
    with local_postgres(tmp_path / "postgres") as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_processes_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / ("folder" * 20) / "postgres"
    first, second = another_user(folder), another_user(folder)
    assert first.stdout is not None
    assert second.stdout is not None
    dsn = first.stdout.readline().strip()
    assert second.stdout.readline().strip() == dsn
    first.communicate()
    assert is_up(dsn)
    second.communicate()
    assert not is_up(dsn)


def test_a_user_that_was_killed_does_not_keep_the_server_up(tmp_path: Path) -> None:
    user = another_user(tmp_path)
    assert user.stdout is not None
    dsn = user.stdout.readline().strip()
    user.kill()
    user.wait()
    before = started_at(dsn)
    with local_postgres(tmp_path) as again:
        assert (again, started_at(again)) == (dsn, before)
    assert not is_up(dsn)


def test_a_process_id_left_by_a_crashed_server_is_not_taken_for_one(tmp_path: Path) -> None:
    with local_postgres(tmp_path):
        pid_file = tmp_path / "data" / "postmaster.pid"
        server, *rest = pid_file.read_text().splitlines()
        crashed = psutil.Process(int(server))
        crashed.send_signal(signal.SIGQUIT)
        crashed.wait()
    pid_file.write_text("\n".join([str(os.getpid()), *rest]))
    with local_postgres(tmp_path) as dsn:
        assert is_up(dsn)


def test_a_folder_that_the_server_cannot_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without spaces"), local_postgres(tmp_path / "with a space"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no folder for the local PostgreSQL"), local_postgres(tmp_path / "file"):
        pass
