"""Files are written whole and together, or not at all."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.writing import write_texts


def test_files_are_written_as_they_are_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old and longer than the new")
    write_texts({tmp_path / "a": "one\r\n", tmp_path / "b": "é"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"one\r\n", "b": "é".encode()}


@pytest.mark.parametrize("wrong", ["a-folder", "no-folder/b"])
def test_where_one_file_cannot_be_written_the_others_are_not_either(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "a").write_text("as it was")
    with pytest.raises(InputError, match=f"{wrong}: cannot be written: "):
        write_texts({tmp_path / "a": "new", tmp_path / wrong: "new"})
    assert (tmp_path / "a").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a-folder"]


def test_a_link_still_points_to_the_file_after_writing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    write_texts({tmp_path / "link": "new"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text() == "new"
