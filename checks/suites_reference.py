"""The table of the project's own suites: what each asks, how much, and how long that takes; made from the suites."""

import math
import re
from pathlib import Path

from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite

SUITES = Path("suites")
# An estimate: what published measurements say of vLLM with its defaults, a model of 7B in bfloat16 and one A100.
GPU_TOKENS_PER_SECOND = 3_000

HEAD = f"""# The suites of this project

Made from `suites/` by `python -m checks.references`; edits here are lost. What a suite asks is the first sentence of
its file. `seep suites show NAME` prints examples.

A suite whose name ends in `-smoke` shows that a chain works, and is too small to say anything of a model.

Answers count every prompt, controls and neutral arms included, times the suite's samples. Times are estimates of the
longest: every answer takes all tokens that the suite allows, at {GPU_TOKENS_PER_SECOND:,} a second. That is about
what published measurements of vLLM give for a model of 7B on one A100; nothing was measured on a GPU here. Loading a
model, reading the prompts and scoring come on top.

| suite | probe | asks | jobs | tests | answers | tokens each | one GPU |
|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The page in Markdown: a row for each suite, by name."""
    return HEAD + "\n".join(_row(path) for path in sorted(SUITES.glob("*.yaml"))) + "\n"


def purpose(path: Path) -> str:
    """The first sentence of the comment that a suite's file begins with; ValueError where there is none."""
    comment: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        comment.append(line.removeprefix("# ").strip())
    if not comment:
        raise ValueError(f"{path}: expected a comment at the beginning that says what the suite asks")
    return re.split(r"(?<=[.?!])\s", " ".join(comment))[0]


def answers(suite: AnySuite) -> int:
    """How many answers a run of a suite asks for: one of each sample to each prompt, arms included."""
    jobs = prompt_jobs(suite, run_id="r", target="t")
    return sum(
        job.samples * (len(job.tests) + sum(prompt is not None for prompt in (job.control, job.neutral, *own_controls)))
        for job in jobs
        for own_controls in [[test.control for test in job.tests]]
    )


def _row(path: Path) -> str:
    suite = load_suite(path)
    requests, tokens = answers(suite), suite.decoding.max_tokens
    counts = (len(suite.jobs), sum(len(job.tests) for job in suite.jobs), requests, tokens)
    cells = [
        f"`{suite.name}`",
        suite.probe,
        purpose(path),
        *(f"{count:,}" for count in counts),
        _duration(requests * tokens / GPU_TOKENS_PER_SECOND),
    ]
    return f"| {' | '.join(cells)} |"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"
