"""True rates beside measured ones."""

import pytest

from cli.rendering.known_truth import truth_table, what_it_says
from cli.rendering.tables import print_table
from seep.records import LeakRate

TRUE = {("decision", "1"): 50.0}


def rate(value: float | None, low: float | None, high: float | None) -> LeakRate:
    return LeakRate("run", "s", "t", "sway", "decision", "1", value, low, high, 10, 5, ties=0, echoes=0, missing=0)


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        (rate(48.0, 40.0, 56.0), "1 decision 50.00 % 48.00 % [40.00, 56.00] yes"),
        (rate(60.0, 55.0, 65.0), "1 decision 50.00 % 60.00 % [55.00, 65.00] NO"),
        (rate(None, None, None), "1 decision 50.00 % not measured NO"),
    ],
)
def test_a_truth_is_inside_only_where_something_was_measured(
    measured: LeakRate, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(truth_table([measured], TRUE))
    assert shown in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(("beyond_chance", "end"), [(False, "what is measured is right"), (True, "the model does")])
def test_beside_how_many_truths_lie_outside_stands_whether_that_is_as_it_should_be(
    beyond_chance: bool, end: str
) -> None:
    counted, meaning = what_it_says(1, 5, beyond_chance=beyond_chance)
    assert counted == "1 of 5 true rates lie outside their 95 % intervals"
    assert meaning.endswith(end)
