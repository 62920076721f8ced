"""Files are written whole and together, or not at all."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.writing import write_files


def test_files_are_written_as_they_are_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old and longer than the new")
    write_files({tmp_path / "a": "one\r\n", tmp_path / "b": "é"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"one\r\n", "b": "é".encode()}


@pytest.mark.parametrize("wrong", ["a-folder", "no-folder/b"])
def test_where_one_file_cannot_be_written_the_others_are_not_either(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "a").write_text("as it was")
    with pytest.raises(InputError, match=f"{wrong}: cannot be written: "):
        write_files({tmp_path / "a": "new", tmp_path / wrong: "new"})
    assert (tmp_path / "a").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a-folder"]


@pytest.mark.parametrize("target", ["a", "nothing"])
def test_a_link_is_refused_and_what_it_points_to_is_as_it_was(tmp_path: Path, target: str) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(InputError, match="link: cannot be written: a symbolic link, which is not followed"):
        write_files({tmp_path / "b": "new", tmp_path / "link": "new"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "link"}
    assert (tmp_path / "a").read_text() == "old"


def test_links_that_somebody_has_put_beside_an_output_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("as it was")
    for name in (".out.part", ".out.tmp", "out.part", ".out"):
        (tmp_path / name).symlink_to(tmp_path / "victim")
    write_files({tmp_path / "out": "new"})
    assert (tmp_path / "victim").read_text() == "as it was"
    assert (tmp_path / "out").read_text() == "new"


def test_files_of_prompts_and_answers_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "there").chmod(0o644)
    write_files({tmp_path / "fresh": "a prompt", tmp_path / "there": b"an answer"})
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.iterdir())] == [0o600, 0o600]
