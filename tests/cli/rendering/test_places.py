"""How often each place was chosen, as people read it."""

import pytest

from cli.rendering.places import print_places
from seep.records import Estimate, LeakRate
from seep.suites.position import PLACE


def place(number: int, rate: float, unparsed: float) -> LeakRate:
    measures = {"unparsed": Estimate(unparsed, 0.0, 100.0, 1000), "moved": Estimate(99.96, 0.0, 100.0, 1000)}
    return LeakRate(
        run_id="run-1",
        suite="options",
        target="stub",
        probe="position",
        metric="m",
        category=f"trivia{PLACE}{number}",
        rate=rate,
        low=0.0,
        high=100.0,
        comparisons=1000,
        clusters=100,
        ties=0,
        echoes=0,
        missing=0,
        measures=measures,
    )


def test_answers_most_of_which_name_no_option_are_not_said_to_be_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_places([place(1, 50.0, 99.7), place(2, 50.0, 99.7)])
    printed = capsys.readouterr().out
    assert "moved >99.9 %, unparsed 99.7 %" in printed
    assert "warning: >99 % of the answers in trivia name no option" in printed
