"""`make setup` installs vLLM for the hardware that is here, or for the one that is named."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NEEDED = ("Makefile", "pyproject.toml", "requirements/cpu.txt", "requirements/gpu.txt", "requirements/uv.txt")
GPU = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout before its setup."""
    for name in (*NEEDED, "deploy/local/kafka.pom.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, tmp_path / name)
    return tmp_path


def tool(folder: Path, script: str) -> None:
    """A stand-in for NVIDIA's tool."""
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "nvidia-smi").chmod(0o755)


def planned(checkout: Path, *arguments: str) -> str:
    """What `make setup` would do."""
    environment = {**os.environ, "PATH": f"{checkout}:/usr/bin:/bin"}
    command = ["make", "--dry-run", "--no-print-directory", "setup", *arguments]
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=True, timeout=300
    ).stdout


def lock(commands: str) -> set[str]:
    """The locks of libraries that the commands install."""
    return {name for name in ("cpu", "gpu") if f"-r requirements/{name}.txt" in commands}


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        (f"echo '{GPU}'", (), "gpu"),
        (f"echo '{GPU}'", ("GPU=0",), "cpu"),
        ("echo 'NVIDIA-SMI has failed: no driver'; exit 9", (), "cpu"),
        ("echo 'No devices were found'", (), "cpu"),
        (None, (), "cpu"),
        (None, ("GPU=1",), "gpu"),
    ],
)
def test_the_lock_is_that_of_the_hardware(
    checkout: Path, script: str | None, arguments: tuple[str, ...], expected: str
) -> None:
    if script is not None:
        tool(checkout, script)
    assert lock(planned(checkout, *arguments)) == {expected}


def test_a_setup_ends_with_what_to_type_next(checkout: Path) -> None:
    assert planned(checkout).splitlines()[-1] == 'echo "set-up: done; next: .venv/bin/seep doctor; make demo"'


def test_a_setup_keeps_its_build_until_the_other_is_asked_for(checkout: Path) -> None:
    tool(checkout, f"echo '{GPU}'")
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".complete").write_text("requirements/cpu.txt\n", encoding="utf-8")
    assert lock(planned(checkout)) == set()
    changed = planned(checkout, "GPU=1")
    assert lock(changed) == {"gpu"}
    # Both builds are files of one package: the other's must not stay.
    first, second, *_ = changed.splitlines()
    assert first.startswith("bash deploy/local/prerequisites.sh ")
    assert second == "rm -rf .venv"
