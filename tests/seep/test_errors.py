"""What is wrong is said in one line."""

import pytest

from seep.errors import InputError, OneLine, Refused, Unavailable


@pytest.mark.parametrize("kind", [InputError, Unavailable, Refused])
def test_names_with_line_ends_and_colours_forge_no_line(kind: type[OneLine]) -> None:
    assert str(kind("run a\nb\r\x1b[31m\x85\u2028c: it is é")) == r"run a\nb\r\x1b[31m\x85\u2028c: it is é"
