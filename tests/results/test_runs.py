"""Run states from counts."""

import pytest

from results.runs import FINISHED, RunState, run_state


@pytest.mark.parametrize(
    ("expected", "recorded", "dead", "cancelled", "idle", "state"),
    [
        (3, 2, 0, False, 1, "running"),
        (3, 3, 0, False, 1, "complete"),
        (3, 3, 0, False, 99, "complete"),
        (3, 2, 1, False, 1, "partial"),
        (3, 0, 3, False, 99, "partial"),
        (3, 3, 1, False, 1, "complete"),
        (3, 2, 0, False, 99, "stalled"),
        (3, 2, 0, True, 99, "cancelled"),
        (3, 3, 0, True, 1, "complete"),
        (3, 2, 1, True, 1, "partial"),
        (0, 0, 0, False, 1, "complete"),
        (None, 5, 0, False, 1, "running"),
        (None, 5, 1, False, 99, "stalled"),
    ],
)
def test_the_state_of_a_run(
    expected: int | None, recorded: int, dead: int, cancelled: bool, idle: float, state: RunState
) -> None:
    found = run_state(
        expected=expected,
        recorded=recorded,
        dead=dead,
        cancelled=cancelled,
        idle_seconds=idle,
        stalled_after_seconds=10,
    )
    assert found == state


def test_a_run_that_may_still_change_is_not_finished() -> None:
    assert frozenset({"complete", "partial", "cancelled"}) == FINISHED
