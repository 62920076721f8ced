"""No cell of a table is cut, however narrow the terminal is."""

import pytest
from rich.console import Console

from cli.rendering import tables
from cli.rendering.output import DataTable
from cli.rendering.tables import print_table

HEADINGS = ("category", "rate against control", "95 % interval", "verdict")
ROW = ("planted", "81.80 %", "[70.12, 90.00]", "drift")


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> str:
    monkeypatch.setattr(tables, "wide_console", lambda: Console(force_terminal=True, color_system=None, width=width))
    table = DataTable(*HEADINGS, title="in %")
    table.add_row(*ROW)
    print_table(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [20, 45, 60, 120])
def test_every_cell_stands_whole_on_a_line_that_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    text = printed(monkeypatch, capsys, width)
    assert all(cell in text for cell in ROW)
    assert all(word in text for heading in HEADINGS[1:] for word in heading.split())
    # A name and its value are not parted, though they be wider than the terminal.
    assert max(map(len, text.splitlines())) <= max(width, len("  95 % interval [70.12, 90.00],"))


def test_headings_give_way_before_the_rows_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(monkeypatch, capsys, 45).splitlines()
    assert "rate against control" not in "".join(lines)
    assert lines[-1].split() == " ".join(ROW).split()
