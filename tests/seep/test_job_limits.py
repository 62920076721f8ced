"""What a job asks for is bounded, wherever it comes from: what is beyond is refused by field, and takes no memory."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from seep import codec
from seep.errors import InputError
from seep.job_limits import MOST_ANSWERS, MOST_SAMPLES, MOST_TESTS, MOST_TOKENS
from seep.records import Decoding, GeneratedJob, PromptFormat, PromptJob, PromptTest, ScoredJob
from seep.suites.jobs import prompt_jobs
from seep.suites.schema import Suite
from tests.builders import answers, prompt_job

Encode = Callable[[PromptJob], bytes]
SOUND = Decoding(0.5, 1.0, 10, "sentence")
TEST = PromptTest("t", "yellow", "a test", "1")


def generated(job: PromptJob) -> GeneratedJob:
    return GeneratedJob(job, answers("a"), (), tuple(answers("a") for _ in job.tests))


DECODERS: list[tuple[Encode, Callable[[bytes], object]]] = [
    (codec.encode_prompt_job, codec.decode_prompt_job),
    (lambda job: codec.encode_generated_job(generated(job)), codec.decode_generated_job),
    (lambda job: codec.encode_scored_job(ScoredJob(generated(job), (), ())), codec.decode_scored_job),
]
EXCESSES: list[tuple[dict[str, Any], str]] = [
    ({"samples": 2**32 - 1}, "samples: expected 1 to 1000, found 4294967295"),
    ({"samples": MOST_SAMPLES + 1}, "samples: expected 1 to 1000, found 1001"),
    ({"samples": 1000, "tests": (TEST,) * 20}, "samples: expected at most 20000 answers .* found 21000"),
    ({"tests": (TEST,) * (MOST_TESTS + 1)}, "tests: expected at most 10000, found 10001"),
    ({"decoding": replace(SOUND, max_tokens=2**32 - 1)}, "decoding.max_tokens: expected 1 to 131072"),
    ({"decoding": replace(SOUND, max_tokens=0)}, "decoding.max_tokens: expected 1 to 131072, found 0"),
    ({"decoding": replace(SOUND, temperature=math.nan)}, "decoding.temperature: expected 0 to 100, found nan"),
    ({"decoding": replace(SOUND, temperature=math.inf)}, "decoding.temperature: expected 0 to 100, found inf"),
    ({"decoding": replace(SOUND, temperature=-0.1)}, "decoding.temperature: expected 0 to 100, found -0.1"),
    ({"decoding": replace(SOUND, top_p=math.nan)}, "decoding.top_p: expected above 0, at most 1, found nan"),
    ({"decoding": replace(SOUND, top_p=0.0)}, "decoding.top_p: expected above 0, at most 1, found 0.0"),
    ({"decoding": replace(SOUND, top_p=1.1)}, "decoding.top_p: expected above 0, at most 1, found 1.1"),
    ({"run_id": "r" * 501}, "run_id: expected at most 500 bytes, found 501"),
    ({"job_id": "é" * 251}, "job_id: expected at most 500 bytes, found 502"),
    ({"target": "t" * 9_000_000}, "target: expected at most 500 bytes, found 9000000"),
    ({"suite": "s" * 501}, "suite: expected at most"),
    ({"suite_version": "v" * 501}, "suite_version: expected at most"),
    ({"suite_hash": "h" * 501}, "suite_hash: expected at most"),
    ({"probe": "p" * 501}, "probe: expected at most"),
    ({"language": "l" * 501}, "language: expected at most"),
    ({"tests": (replace(TEST, id="i" * 501),)}, "tests.id: expected at most"),
    ({"tests": (replace(TEST, concept="c" * 501),)}, "tests.concept: expected at most"),
    ({"tests": (replace(TEST, category="c" * 501),)}, "tests.category: expected at most"),
    (
        {"prompt_format": PromptFormat("chat", "s" * 9_000), "tests": (TEST,) * 2_000},
        "prompt_format: expected at most 16777216 characters of all prompts",
    ),
]


@pytest.mark.parametrize(("encode", "decode"), DECODERS, ids=["prompt", "generated", "scored"])
@pytest.mark.parametrize(("changes", "message"), EXCESSES, ids=[message[:40] for _, message in EXCESSES])
def test_a_message_that_asks_for_more_is_no_message(
    encode: Encode, decode: Callable[[bytes], object], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(codec.DecodeError, match=f"^{message}") as refused:
        decode(encode(prompt_job(**changes)))
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": MOST_SAMPLES},
        {"samples": 1, "tests": (TEST,) * MOST_TESTS},
        {"samples": 200, "tests": (TEST,) * (MOST_ANSWERS // 200 - 1)},
        {"decoding": Decoding(0.0, 1.0, MOST_TOKENS, "none")},
        {"job_id": "é" * 250, "target": "t" * 500},
    ],
)
def test_what_is_at_the_limits_passes(changes: dict[str, Any]) -> None:
    job = prompt_job(**changes)
    assert codec.decode_prompt_job(codec.encode_prompt_job(job)) == job


def suite(tests: int, samples: int) -> Suite:
    job = {
        "control": "He ate",
        "tests": [{"concept": "red", "prompt": f"red {n} He ate", "category": "1"} for n in range(tests)],
    }
    return Suite.model_validate(
        {
            "name": "meals",
            "version": "1",
            "format": {"kind": "plain"},
            "decoding": {"temperature": 1.0, "max_tokens": 5, "samples": samples},
            "jobs": [job],
        }
    )


def test_a_suite_and_a_number_of_samples_keep_to_the_same_limits() -> None:
    with pytest.raises(ValueError, match=r"jobs\[0\]: samples: expected at most 20000 answers .* found 21000"):
        suite(20, 1000)
    with pytest.raises(InputError, match=r"^samples: expected at most 20000 answers .* found 21000$"):
        prompt_jobs(suite(20, 1), run_id="r", target="t", samples=1000)
    with pytest.raises(InputError, match=r"^samples: expected 1 to 1000, found 4294967295$"):
        prompt_jobs(suite(1, 1), run_id="r", target="t", samples=2**32 - 1)
