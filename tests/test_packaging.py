"""What an installed Seep brings besides its code."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SOURCES = ("seep", "results", "services", "cli", "calibration", "suites")
FILES = ("pyproject.toml", "README.md", "LICENSE")


def test_a_wheel_has_the_suites_that_go_by_their_names(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in SOURCES:
        shutil.copytree(name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(name, source / name)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    files = set(zipfile.ZipFile(wheel).namelist())
    assert {f"suites/{path.name}" for path in Path("suites").glob("*.yaml")} <= files
    # Looked for beside the package of the commands.
    assert "cli/lookups.py" in files
