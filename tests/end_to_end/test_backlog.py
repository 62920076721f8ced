"""A target that is away for a while loses none of its backlog and holds up no other target of its engine."""

from pathlib import Path

from benchmarks.speed.backlog import AWAY, STEADY, measure

JOBS = 200
STEADY_JOBS = 50
AWAY_SECONDS = 8.0


def test_the_backlog_of_a_target_that_is_away_waits_alone_and_whole(tmp_path: Path) -> None:
    figures = measure(tmp_path, JOBS, STEADY_JOBS, AWAY_SECONDS)
    assert figures.generated == {AWAY: JOBS, STEADY: STEADY_JOBS}
    assert figures.dead == 0
    assert figures.generated_while_away == 0
    assert 0 < figures.steady_done < figures.away_back
    assert figures.highest_lag == JOBS
    assert figures.last_lag == 0
    assert figures.ended == 0
    # Both loops are members of one group: one rebalance, not a new one whenever the last is done.
    [log] = (tmp_path / "logs").iterdir()
    assert log.read_text(encoding="utf-8").count("RebalanceInProgressError") < 3
