"""What the aggregator gets from a run of the semantic probe, drawn with a fixed seed, and what it does with it."""

import random
import time
from collections.abc import Iterator, Sequence

import psycopg

from benchmarks.speed.jobs import manifest_of, prompt_job
from results.storage.database import Database
from seep.codec import encode_manifest, encode_scored_job
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import RUNS, SCORES
from seep.outcomes import Outcome, Similarity, outcome_series, similarity_series
from seep.records import (
    Answer,
    GeneratedJob,
    PromptTest,
    ScoredJob,
)
from seep.settings import Settings
from services.aggregator.__main__ import batch_process

METRICS = ("bert_score", "sentence_bert")
# What the semantic probe emits beside the leak scores.
OTHER_MEASURES = {"tie": 0.0, "echo": 0.0, "empty": 0.0, "self_similarity": 0.5}
CATEGORIES = ("1", "2", "3")
WORDS = ("banana", "school", "bus", "driver", "lemon", "brick", "teacher", "quiet", "garden", "of", "the", "a")
BATCH = 64


def record(dsn: str, batches: Sequence[Sequence[Message]]) -> None:
    """What the aggregator does with each batch, without a broker: its rates are sent nowhere."""

    def send(outgoing: Sequence[Outgoing]) -> None:
        pass

    with Database(dsn) as database:
        process = batch_process(database, send, Settings())
        for messages in batches:
            process(messages)


def seconds_of_bare_copy(dsn: str, run_id: str) -> float:
    """The run's comparisons and sums once more, as bytes that PostgreSQL wrote itself, into tables without indexes."""
    taken = 0.0
    with psycopg.connect(dsn) as connection:
        for table in ("comparisons", "shared_answers", "test_sums"):
            with connection.cursor().copy(f"COPY (SELECT * FROM {table} WHERE run_id = '{run_id}') TO STDOUT") as out:
                rows = [bytes(block) for block in out]
            connection.execute(f"CREATE TABLE bare_{table} AS SELECT * FROM {table} WHERE false")
            start = time.perf_counter()
            with connection.cursor().copy(f"COPY bare_{table} FROM STDIN") as into:
                for row in rows:
                    into.write(row)
            connection.commit()
            taken += time.perf_counter() - start
            connection.execute(f"DROP TABLE bare_{table}")
    return taken


def message_batches(run_id: str, jobs: int, tests: int, samples: int) -> Iterator[list[Message]]:
    """The run's manifest and scored jobs as the worker hands them over, drawn with a fixed seed."""
    draw = random.Random(7)
    scored = [scored_job(run_id, number, tests, samples, draw) for number in range(jobs)]
    values = [(RUNS, run_id.encode(), encode_manifest(manifest_of([job.generated.job for job in scored])))]
    values += [(SCORES, f"{run_id}/{job.generated.job.job_id}".encode(), encode_scored_job(job)) for job in scored]
    messages = [Message(topic, 0, offset, key, value) for offset, (topic, key, value) in enumerate(values)]
    for start in range(0, len(messages), BATCH):
        yield messages[start : start + BATCH]


def scored_job(run_id: str, number: int, tests: int, samples: int, draw: random.Random) -> ScoredJob:
    """A job of the semantic probe under two metrics, with answers of a few words."""
    prompt_tests = tuple(
        PromptTest(f"{number:05x}{k:05x}", draw.choice(WORDS), f"{_text(draw, 9)} {k}", CATEGORIES[k % 3])
        for k in range(tests)
    )
    prompts = prompt_job(
        run_id, f"{number:010x}", suite="colours", samples=samples, control=_text(draw, 8), tests=prompt_tests
    )
    answers = tuple(_answers(draw, samples) for _ in prompt_tests)
    generated = GeneratedJob(prompts, _answers(draw, samples), (), answers, {"model": "m"})
    pairs = [
        Similarity(metric, test.id, sample, draw.random(), draw.random())
        for metric in METRICS
        for test in prompt_tests
        for sample in range(samples)
    ]
    category = {test.id: test.category for test in prompt_tests}
    outcomes = tuple(
        Outcome(pair.metric, measure, category[pair.test], pair.test, pair.sample, value)
        for pair in pairs
        for measure, value in (("leak", float(pair.to_test > (pair.to_control or 0))), *OTHER_MEASURES.items())
    )
    series = outcome_series(outcomes, prompts), similarity_series(pairs, prompts)
    return ScoredJob(generated, *series, {"embedder": "e"})


def _answers(draw: random.Random, samples: int) -> tuple[Answer, ...]:
    return tuple(Answer(_text(draw, 4)) for _ in range(samples))


def _text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))
