"""The simulated plan agrees with what small ones come to by hand, and obeys its limits."""

from dataclasses import replace

import pytest

from benchmarks.speed.scale import HOUR, Assumed, Simulation

ALONE = Assumed(monitors=1, targets=1, scorers=1, generators_kept=1, most_generators=1)
ANSWERS = ALONE.jobs * ALONE.answers_of_job
SECONDS = ANSWERS / ALONE.answers_per_second + ANSWERS / ALONE.scored_per_second + ANSWERS / ALONE.recorded_per_second


def test_one_run_takes_what_its_stages_take_one_after_the_other() -> None:
    assert Simulation(ALONE).run().slowest == pytest.approx(SECONDS / 60)


def test_without_a_generator_a_run_waits_until_one_has_started() -> None:
    found = Simulation(replace(ALONE, generators_kept=0)).run()
    assert found.slowest == pytest.approx((ALONE.start_seconds + SECONDS) / 60)
    # It holds its machine while it starts, and until the first look after the cooldown.
    held = ALONE.start_seconds + ANSWERS / ALONE.answers_per_second + ALONE.cooldown_seconds
    assert held <= HOUR * found.gpu_hours <= held + ALONE.polling_seconds


def test_more_generators_than_partitions_are_no_gain() -> None:
    few = Assumed(monitors=40, targets=1, most_generators=3, partitions=3)
    assert Simulation(few).run() == Simulation(replace(few, most_generators=30)).run()


def test_generators_are_never_more_than_nodes() -> None:
    at_once = Assumed(monitors=60, targets=6, nodes=2)
    simulation = Simulation(at_once)
    found = simulation.run()
    worked = sum(stage.worked for stage in simulation.generators)
    assert worked == pytest.approx(60 * ANSWERS / at_once.answers_per_second)
    assert found.gpu_hours * HOUR <= 2 * simulation.now


def test_what_is_slowest_is_called_the_busiest() -> None:
    assert (
        Simulation(Assumed(monitors=40, targets=2, scorers=1, scored_per_second=50.0))
        .run()
        .busiest.startswith("scorers")
    )
    slow = Assumed(monitors=40, targets=2, recorded_per_second=50.0)
    assert Simulation(slow).run().busiest.startswith("aggregator")
