"""Why a run waits gets from the stage that waits into the results, and ends when the run goes on."""

from collections.abc import Callable, Sequence

import pytest

from seep.codec import decode_prompt_job, encode_generated_job, encode_prompt_job, encode_wait
from seep.errors import Unavailable
from seep.kafka.cancellation import CancelledRuns
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Message
from seep.kafka.topics import GENERATIONS, WAITS, job_key, topic_configs, wait_key
from seep.records import Failure, GeneratedJob, PromptJob, RunManifest, RunWait, ScoredJob
from seep.runtime.service import stage_process
from seep.runtime.stage import Stage
from seep.runtime.waits import LONGEST_REASON, Waits
from seep.runtime.worker import Postponed, Process
from seep.settings import Settings, Topics
from services.aggregator.__main__ import batch_process
from tests.builders import prompt_job
from tests.stored import Stored, nowhere

Manifest = Callable[..., RunManifest]
REFUSED = "engines.e, http://127.0.0.1:1/v1: HTTP 401 (code invalid_api_key): no such key"
SETTINGS = Settings.model_validate(
    {"engines": {"e": {"backend": "recorded", "file": "r.jsonl"}}, "targets": {"stub": {"engine": "e"}}}
)


class World:
    """A generator that somebody lets go on or not, an aggregator, and a broker in memory between them."""

    def __init__(self, store: Stored) -> None:
        self.store = store
        self.away: Unavailable | None = Unavailable(REFUSED)
        self.broker = InMemoryBroker()
        self.broker.create_topics(topic_configs(["stub"], Topics(partitions=1)))
        sender = self.broker.sender()
        stage = Stage("generator", GENERATIONS, decode_prompt_job, self._handle, encode_generated_job, lambda job: job)
        waits = Waits("generator", sender.send)
        self.generator: Process = stage_process(stage, sender.send, CancelledRuns(self.broker), waits)
        self.aggregator: Process = batch_process(store, nowhere, SETTINGS)
        self._waits = self.broker.reader(WAITS)

    def _handle(self, jobs: Sequence[PromptJob]) -> list[GeneratedJob | Failure | Unavailable]:
        return [self.away or GeneratedJob(job, (), (), (), {}) for job in jobs]

    def attempt(self) -> None:
        """The generator tries its one job, and the aggregator reads what it says of it."""
        job = prompt_job()
        try:
            self.generator([Message("seep.jobs.stub", 0, 0, job_key("run-1", job.job_id), encode_prompt_job(job))])
        except Postponed:
            assert self.away
        self.aggregator(list(self._waits.new_messages()))

    @property
    def waits(self) -> list[tuple[str, str]]:
        summary = self.store.run("run-1")
        assert summary is not None
        return [(wait.stage, wait.reason) for wait in summary.waits]


def test_a_run_says_why_it_waits_until_it_goes_on(store: Stored, manifest: Manifest) -> None:
    world = World(store)
    store.record([], [], [manifest(2, {"1": 2})])
    world.attempt()
    assert world.waits == [("generator", REFUSED)]
    world.away = None
    world.attempt()
    assert world.waits == []


def test_progress_ends_a_wait_that_nobody_took_back(
    store: Stored, manifest: Manifest, scored: Callable[..., ScoredJob]
) -> None:
    world = World(store)
    store.record([], [], [manifest(3, {"1": 3})])
    world.attempt()
    store.record([scored("a", {"1": [1.0]})], [], [])
    assert world.waits == []


def test_a_run_that_has_ended_waits_no_more(store: Stored, manifest: Manifest) -> None:
    world = World(store)
    store.record([], [], [manifest(2, {"1": 2})])
    store.record([], [], [manifest(2, {"1": 2}, cancelled=True)])
    world.attempt()
    assert world.waits == []


def test_of_a_run_that_was_never_heard_of_nothing_is_kept(store: Stored, manifest: Manifest) -> None:
    world = World(store)
    world.attempt()
    assert store.run("run-1") is None


@pytest.mark.parametrize(
    "wait",
    [
        RunWait("run-1", "nowhere", "why"),
        RunWait("r" * 5000, "generator", "why"),
        RunWait("run-1", "scorer", "x" * (LONGEST_REASON + 1)),
    ],
)
def test_what_no_stage_says_is_dead_lettered(store: Stored, manifest: Manifest, wait: RunWait) -> None:
    store.record([], [], [manifest(2, {"1": 2})])
    dead: list[object] = []
    batch_process(store, dead.extend, SETTINGS)([Message(WAITS, 0, 0, wait_key(wait), encode_wait(wait))])
    assert len(dead) == 1
    summary = store.run("run-1")
    assert summary is not None
    assert not summary.waits
