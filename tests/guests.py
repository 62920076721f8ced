"""A suite of many small jobs, so that a run can be met in its middle, and recorded answers to it."""

import json
import random
from pathlib import Path
from typing import Any

import yaml

from seep.suites.loading import load_suite

JOBS = 200
SAMPLES = 3
WORDS = ("banana", "lemon", "sky", "coal", "snow", "brick", "grass", "plum", "teacher", "doctor", "table", "car")
COLOURS = ("yellow", "blue", "black", "white", "red", "green")


def write_suite(path: Path) -> Path:
    """Writes the suite."""
    decoding = {"temperature": 1.0, "max_tokens": 5, "samples": SAMPLES}
    head = {"name": "guests", "version": "1", "format": {"kind": "plain", "user": "{prompt}"}, "decoding": decoding}
    jobs = [_job(number) for number in range(JOBS)]
    path.write_text(yaml.safe_dump({**head, "jobs": jobs}), encoding="utf-8")
    return path


def write_recorded(suite: Path, path: Path) -> Path:
    """Writes an answer to every prompt of the suite, drawn with a fixed seed."""
    draw = random.Random(7)
    prompts = [
        prompt for job in load_suite(suite).jobs for prompt in (job.control, *(test.prompt for test in job.tests))
    ]
    lines = [json.dumps({"prompt": prompt, "generations": draw.choices(WORDS, k=SAMPLES)}) for prompt in prompts]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _job(number: int) -> dict[str, Any]:
    guest = f"Guest {number}"
    colours = (COLOURS[number % 6], COLOURS[(number + 1) % 6])
    tests = [
        {"concept": colour, "prompt": f"{guest} wore {colour}. {guest} ordered a", "category": colour}
        for colour in colours
    ]
    return {"control": f"{guest} ordered a", "tests": tests}
