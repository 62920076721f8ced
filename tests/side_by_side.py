"""Two models' runs of one suite of three categories, as tests show them side by side."""

from tests.builders import run_manifest, scored_job
from tests.stored import Stored

JOBS = 12
DECODING = '{"max_tokens": 10, "temperature": 0.5, "top_p": 1.0, "cut": "sentence"}'


def record_two_models(store: Stored) -> None:
    """Runs `base` and `tuned`: of the first category the tuned model leaks always, of the others both do half the
    time."""
    for run_id, first in (("base", 0.0), ("tuned", 1.0)):
        provenance = {"model": f"org/{run_id}_1", "engine": "vllm 0.32.0", "decoding": DECODING}
        jobs = [
            scored_job(f"job-{k}", {"1": [first], "2": [k % 2], "3": [0.5]}, run_id, provenance=provenance)
            for k in range(JOBS)
        ]
        labels = ("paper",)
        store.record(jobs, [], [run_manifest(JOBS, dict.fromkeys("123", JOBS), run_id, labels=labels)])
