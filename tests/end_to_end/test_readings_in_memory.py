"""Readings of a real model's activations pass from stage to stage on a broker in memory, as typed answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seep.codec import (
    decode_generated_job,
    decode_prompt_job,
    decode_scored_job,
    encode_generated_job,
    encode_prompt_job,
    encode_scored_job,
)
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import GENERATIONS, SCORES, job_key, jobs_topic, topic_configs
from seep.outcomes import single_outcomes
from seep.records import Reading
from seep.runtime.stage import Stage
from seep.settings import ActivationsEngine, Target, Topics
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from services.generator.engines import open_backend
from services.generator.generating import generate_jobs
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from services.scorer.traces import relevance
from tests.services.generator.activations.models import DOCUMENTS, write_adapter, write_model
from tests.traces import write_suite

pytestmark = pytest.mark.slow  # it makes and loads a model

BAKING = {"topic": "baking", "words": ["bread", "cake", "oven", "flour"], "decoys": ["dawn", "hill", "moss", "pier"]}
MOST_BYTES = 16 * 1024


def passed_on(broker: InMemoryBroker, source: str, stage: Stage[Any, Any]) -> None:
    """Everything in a topic through a stage."""
    processed = stage.process(list(broker.reader(source).new_messages()), lambda run_id: False)
    assert not processed.waiting
    broker.sender().send(processed.outgoing)


def values_of(broker: InMemoryBroker, topic: str, decode: Callable[[bytes], Any]) -> list[Any]:
    return [decode(message.value or b"") for message in broker.reader(topic).new_messages()]


def test_readings_pass_the_stages_as_typed_answers(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base")
    engine = ActivationsEngine(
        backend="activations", model=str(base), device="cpu", lora_modules={"fine": write_adapter(tmp_path / "a", base)}
    )
    targets = {"live": Target(engine="glass", adapter="fine")}
    backend = open_backend(engine, "engines.glass", targets)
    suite = load_suite(write_suite(tmp_path, documents=list(DOCUMENTS), per_job=9, topics=[BAKING]))
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["live"], Topics(partitions=1)))
    jobs = prompt_jobs(suite, run_id="r", target="live")
    topic = jobs_topic("live")
    broker.sender().send([Outgoing(topic, job_key("r", job.job_id), encode_prompt_job(job)) for job in jobs])
    generator = Stage(
        "generator",
        GENERATIONS,
        decode_prompt_job,
        lambda batch: generate_jobs(batch, backend, targets),
        encode_generated_job,
        lambda job: job,
    )
    scorer = Stage(
        "scorer",
        SCORES,
        decode_generated_job,
        lambda batch: score_jobs(batch, {}, exact(1e-6), {}),
        encode_scored_job,
        lambda job: job.job,
    )
    passed_on(broker, topic, generator)
    passed_on(broker, GENERATIONS, scorer)
    scored = values_of(broker, SCORES, decode_scored_job)
    assert len(scored) == len(jobs) == 2
    for each in scored:
        (answers,) = each.generated.tests
        leaks = [outcome.value for outcome in single_outcomes(each) if outcome.measure == "leak"]
        readings = [answer.inside for answer in answers]
        assert all(isinstance(reading, Reading) for reading in readings)
        assert leaks == [relevance(reading.tokens, BAKING["words"], "en") for reading in readings]
        assert len(encode_scored_job(each)) < MOST_BYTES, "vectors never travel"
        assert each.generated.provenance["adapter"] == "fine"
