import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from seep.built_once import built_once, point_current

SLOW_BUILD = """
import sys, time
from pathlib import Path
from seep.built_once import built_once
def build(folder):
    folder.mkdir()
    (folder / "half").touch()
    time.sleep(60)
built_once(Path(sys.argv[1]), "content", build)
"""


def write(folder: Path) -> None:
    folder.mkdir()
    (folder / "file").write_text("whole")


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    first = built_once(tmp_path / "new", "content", write)

    def fail(_: Path) -> None:
        raise AssertionError("built again")

    assert built_once(tmp_path / "new", "content", fail) == first == tmp_path / "new" / "content"
    assert list((tmp_path / "new").iterdir()) == [first]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        write(folder)
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        built_once(tmp_path, "content", half)
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_start_at_once_one_builds(tmp_path: Path) -> None:
    builds = []

    def slowly(folder: Path) -> None:
        builds.append(folder)
        folder.mkdir()
        time.sleep(0.3)
        (folder / "file").touch()

    found: list[list[Path]] = []

    def start() -> None:
        found.append(list(built_once(tmp_path, "content", slowly).iterdir()))

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert found == [[tmp_path / "content" / "file"]] * 3


def test_what_a_killed_process_left_is_not_used(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLOW_BUILD, tmp_path])
    while not list(tmp_path.glob("unfinished-*/half")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert built_once(tmp_path, "content", write).joinpath("file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["content"]


def test_the_current_link_follows_the_content(tmp_path: Path) -> None:
    old = point_current(built_once(tmp_path, "old", write))
    assert old.resolve() == tmp_path / "old"
    new = point_current(built_once(tmp_path, "new", write))
    assert (new, new.resolve()) == (old, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "new", "old"]
