"""Paths with a tilde are read as a shell reads them."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.paths import expanded


def test_a_tilde_is_the_home_folder_and_other_paths_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/models") == Path("/home/me/models")
    assert expanded("models/~me") == Path("models/~me")


def test_a_tilde_of_nobody_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^~nobody-at-all/x: expected a path, found no home folder [^\n]+$"):
        expanded("~nobody-at-all/x")
