"""Output never fails for its encoding, gives a terminal no orders, and draws boxes only where they can be shown."""

import io
import sys
from pathlib import Path

import pytest

from cli.main import main
from cli.rendering.consoles import can_show_boxes, progress_bars

SUITE = """\
name: meals
version: "1\\e[2J"
language: ja
format: {kind: plain, user: "{prompt} → 😀"}
decoding: {temperature: 0.5, max_tokens: 10, samples: 5}
jobs:
  - control: 夕食に
    tests:
      - {concept: "赤い\\a", prompt: "赤い。\\n夕食に", category: "色\\e[31m\\u202e"}
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["suites", "show", "m.yaml"],
        ["suites", "list", "."],
        ["suites", "lint", "m.yaml"],
        ["suites", "lint", "夕\ud800.yaml"],
        ["import", "p.csv", "--suite-out", "s.yaml"],
        ["import", "--help"],
        ["夕食"],
    ],
    ids=" ".join,
)
def test_output_never_fails_for_its_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(SUITE, encoding="utf-8")
    Path("p.csv").write_text("prompt,n_control,concept,色\n夕食に,,,\n赤い。夕食に,0,赤い,\n", encoding="utf-8")
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "argv", ["seep", *arguments])
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, 2)
    written = b""
    for stream in streams:
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        written += stream.buffer.getvalue()
    assert written
    assert b"Traceback" not in written
    assert b"\x1b" not in written
    assert b"\a" not in written
    # Where a stream says ASCII, typer takes it for misconfigured and writes UTF-8.
    assert "\u202e" not in written.decode("utf-8" if encoding == "ascii" else encoding)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"LANG": "de_DE.UTF-8", "TERM": "xterm"}, True),
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"LANG": "C"}, False),
        # What Python makes of the one before.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "C.UTF-8"}, True),
    ],
)
def test_boxes_are_drawn_where_they_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], shown: bool
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert can_show_boxes() == shown
    assert len(progress_bars().columns) == (4 if shown else 3)
