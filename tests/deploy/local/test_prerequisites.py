"""What set-up needs is checked before anything is fetched, and all that is missing is told at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path("deploy/local/prerequisites.sh").resolve()
ALWAYS_THERE = ("bash", "sed", "df", "awk")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of the tools that every machine has, and no Java, no Maven."""
    folder = tmp_path / "a folder with blanks"
    folder.mkdir()
    for name in ALWAYS_THERE:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    # Where there is an environment, how much room is left does not matter.
    stand_in(folder, ".venv/bin/python", "3.11")
    return folder


def stand_in(tools: Path, name: str, says: str) -> None:
    (tools / name).parent.mkdir(parents=True, exist_ok=True)
    (tools / name).write_text(f"#!/bin/bash\necho '{says}'\n", encoding="utf-8")
    (tools / name).chmod(0o755)


def check(tools: Path, python: str = sys.executable) -> tuple[int, str]:
    command = [str(tools / "bash"), str(SCRIPT), python]
    done = subprocess.run(
        command, env={"PATH": str(tools)}, cwd=tools, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stderr


def test_all_that_is_missing_is_told_with_the_packages_that_bring_it(tools: Path) -> None:
    code, error = check(tools, "python3.11-that-is-not-here")
    assert code == 2
    assert [line.split(":")[1].strip() for line in error.splitlines() if line.startswith("seep")] == [
        "python3.11-that-is-not-here",
        "java",
        "mvn",
    ]
    assert error.count("Debian: apt install ") == error.count("macOS: brew install ") == 3


@pytest.mark.parametrize(
    ("version", "code"), [('openjdk version "17.0.9"', 0), ('openjdk version "21"', 0), ('java version "1.8.0_292"', 2)]
)
def test_java_17_or_newer_is_enough(tools: Path, version: str, code: int) -> None:
    stand_in(tools, "java", version)
    stand_in(tools, "mvn", "Apache Maven")
    assert check(tools)[0] == code


def test_another_python_is_refused_by_its_version(tools: Path) -> None:
    stand_in(tools, "python3.13", "3.13")
    assert "python3.13: expected Python 3.11 or 3.12, and it is 3.13" in check(tools, "python3.13")[1]
