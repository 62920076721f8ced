"""Models side by side, as people read them."""

import pytest

from cli.rendering.side_by_side import print_side_by_side
from results.comparison import CellVerdict
from results.model_table import TableRow
from seep.records import LeakRate


def test_a_difference_just_below_the_limit_does_not_read_as_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    rate = LeakRate("r", "s", "t", "semantic", "m", "all", 60.0, 50.0, 70.0, 40, 4, 0, 0, 0)
    found = CellVerdict("m", "all", 4.97, -1.0, 11.0, 0.06, 0.06, "jobs", 11.0, None, 40, 4, "inconclusive")
    print_side_by_side([], [TableRow("r", "other", rate, found)])
    assert " +4.97 " in capsys.readouterr().out
