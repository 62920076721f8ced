"""How the content of a file is printed."""

import pytest

from cli.rendering.output import echo_content

CONTENT = "run,model\nr,\x1b[31mred\n\nlast"


def test_a_program_gets_a_files_content_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    echo_content(CONTENT)
    assert capsys.readouterr().out == CONTENT


def test_a_terminal_gets_escapes_for_what_it_would_obey(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    echo_content(CONTENT + "\n")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert printed.split("\n")[::2] == ["run,model", "", ""]
