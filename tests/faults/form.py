"""How much of each fault the short form and the long form try."""

from collections.abc import Callable
from dataclasses import dataclass

# Takes what a test has measured: figures by their names.
Report = Callable[..., None]


@dataclass(frozen=True)
class Form:
    """Counts and seconds, by proof."""

    deaths_at_each_step: int
    jobs_under_deaths: int
    jobs: int
    seconds_of_random_kills: float
    scalings: int
    session_stops: int
    terminations: int
    broker_kills: int
    seconds_away: float
    seconds_of_pressure: float
    distinct_runs: int
    # Of memory, the second half over the first; processes that have just started still grow.
    most_growth: float
    # None: what the services ask for themselves.
    poll_interval_seconds: int | None


SHORT = Form(
    deaths_at_each_step=1,
    jobs_under_deaths=300,
    jobs=300,
    seconds_of_random_kills=20,
    scalings=1,
    session_stops=1,
    terminations=2,
    broker_kills=1,
    seconds_away=6,
    seconds_of_pressure=30,
    distinct_runs=500,
    most_growth=1.25,
    poll_interval_seconds=6,
)
LONG = Form(
    deaths_at_each_step=20,
    jobs_under_deaths=10_000,
    jobs=500,
    seconds_of_random_kills=600,
    scalings=20,
    session_stops=20,
    terminations=50,
    broker_kills=10,
    seconds_away=60,
    seconds_of_pressure=600,
    distinct_runs=100_000,
    most_growth=1.10,
    poll_interval_seconds=None,
)
