"""Replicas of the services, and runs that keep them at work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from deploy.local.stack import Service
from tests.faults.disturbed_service import Disturbance
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import STAGES, TARGET
from tests.stack import Stack
from tests.waiting import wait_until

START_SECONDS = 300.0


@contextmanager
def serving(services: Sequence[Service]) -> Iterator[None]:
    """The services run while the block lasts, which begins when all of them serve."""
    try:
        for service in services:
            service.start()
        wait_until(lambda: all(" serves " in service.log.read_text() for service in services), seconds=START_SECONDS)
        yield
    finally:
        for service in services:
            service.kill()


@contextmanager
def two_of_each(stack: Stack, disturbance: Disturbance | None = None) -> Iterator[list[Service]]:
    """Two processes of each stage, which run, in the order of the stages; with a disturbance if one is given."""
    replicas = [stack.another(name, disturbance) for name in STAGES for _ in range(2)]
    with serving(replicas):
        yield replicas


class Feed:
    """Runs, pushed so that there always is something to do."""

    def __init__(self, stack: Stack, questions: Questions) -> None:
        self._stack = stack
        self.questions = questions
        self.runs: list[str] = []

    def keep_up(self) -> None:
        """Pushes one more once the last is half done."""
        last = self._stack.store().run(self.runs[-1]) if self.runs else None
        if not self.runs or (last is not None and last.recorded > self.questions.jobs / 2):
            self.runs.append(self._stack.push(self.questions.suite, TARGET))

    def assert_all_exact(self, expected: Rows) -> None:
        """Waits for all runs."""
        for run in self.runs:
            self._stack.wait_for_state(run, "complete", seconds=600)
            assert_exact(self._stack, run, expected)
