"""kill -9 at each step of each service: nothing is lost, nothing is there twice, rates are those of a run in peace."""

import random

import pytest

from seep.codec import decode_scored_job
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import SCORES
from tests.faults.disturbed_service import Disturbance, steps
from tests.faults.form import Form, Report
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import PARTITIONS, STAGES
from tests.stack import Stack

# A member that was killed is missed after its session, which would be most of the time of this test.
SHORT_SESSION = {"session_timeout_ms": 3_000, "heartbeat_interval_ms": 500}
LATEST_TIME = 3


@pytest.fixture(scope="module")
def jobs(form: Form) -> int:
    return form.jobs_under_deaths


def test_each_service_killed_at_each_step(
    stack: Stack, questions: Questions, expected: Rows, form: Form, report: Report
) -> None:
    draw = random.Random(5)
    deaths = {name: drawn_deaths(stack.services[name].arguments[0], form.deaths_at_each_step, draw) for name in STAGES}
    dying = {name: stack.another(name, Disturbance(deaths[name], 0.0, SHORT_SESSION)) for name in STAGES}
    run = stack.push(questions.suite, "recorded")
    try:
        for service in dying.values():
            service.start()
        stack.wait_for_state(run, "complete", seconds=1_500)
        stack.wait_until(
            lambda: all(killed(service.log.read_text()) == len(deaths[name]) for name, service in dying.items()),
            "every death",
        )
        # While they live: the last rates may be yet to be published.
        assert_exact(stack, run, expected)
    finally:
        for service in dying.values():
            service.kill()
    scored = [
        decode_scored_job(m.value or b"") for m in KafkaBroker(stack.settings.kafka).reader(SCORES).new_messages()
    ]
    report(
        jobs=questions.jobs,
        partitions=PARTITIONS,
        kills=sum(map(len, deaths.values())),
        lost=0,
        twice=0,
        scored_again_and_dropped=len(scored) - len({job.generated.job.job_id for job in scored}),
    )


def drawn_deaths(service: str, times: int, draw: random.Random) -> list[tuple[str, int]]:
    """Each step so many times, in any order, each at one of the first times that it is reached."""
    deaths = [(step, draw.randint(1, LATEST_TIME)) for step in steps(service) for _ in range(times)]
    draw.shuffle(deaths)
    return deaths


def killed(log: str) -> int:
    return sum(line.startswith("killed ") for line in log.splitlines())
