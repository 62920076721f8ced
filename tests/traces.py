"""A small suite of the traces probe, and recorded readings of a model whose relevance is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.traces import shown

COOKING = ("recipe", "oven", "dough", "soup", "butter", "flour", "garlic", "pasta")
SHIPS = ("harbour", "sail", "deck", "anchor", "mast", "voyage", "captain", "cargo")
DECOYS = (
    ("glacier", "violin", "senator", "comet", "velvet", "orchid", "passport", "hockey"),
    ("lecture", "dentist", "canyon", "trumpet", "ballot", "cactus", "laptop", "sonnet"),
)
FILL = tuple(f"filler{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")


def content(documents: int | Sequence[str] = 60, per_job: int = 5, **changes: Any) -> dict[str, Any]:
    """A suite as it stands in its file: two topics, two positions, and the documents, or so many unrelated ones."""
    topics = [
        {"topic": topic, "words": list(words), "decoys": list(decoys)}
        for topic, words, decoys in zip(("cooking", "ships"), (COOKING, SHIPS), DECOYS, strict=True)
    ]
    numbers = range(documents if isinstance(documents, int) else 0)
    texts = [f"Note {number} says that the meeting moved to room {number * 7}." for number in numbers]
    made = {"name": "small-traces", "version": "1", "probe": "traces", "positions": 2, "per_job": per_job}
    return made | {"topics": topics, "documents": texts if isinstance(documents, int) else list(documents)} | changes


def write_suite(folder: Path, **changes: Any) -> Path:
    """The suite's file."""
    file = folder / "small-traces.yaml"
    file.write_text(yaml.safe_dump(content(**changes), sort_keys=False), encoding="utf-8")
    return file


def reading(words: Sequence[str], count: int, **values: float) -> dict[str, Any]:
    """Twenty tokens, the first `count` of which are of the words; probabilities fall by rank."""
    tokens = [f" {word}" for word in [*words[:count], *FILL][:20]]
    values = {"split_half": 0.9, "explained": 0.8} | values
    return {"tokens": tokens, "probabilities": [0.2 / (rank + 1) for rank in range(20)], "values": values}


def write_readings(suite: Path, counts: Sequence[int], file: Path) -> Path:
    """Recorded readings: of a job's difference so many tokens, in turn, are words about cooking; of the base's none."""
    with file.open("w", encoding="utf-8") as out:
        for number, job in enumerate(prompt_jobs(load_suite(suite), run_id="r", target="t")):
            found = {test.prompt: reading(COOKING, counts[number % len(counts)]) for test in job.tests}
            for prompt, each in {str(job.control): reading(COOKING, 0), **found}.items():
                text = shown(each["tokens"], each["probabilities"])
                line = {"prompt": prompt, "generations": [text] * job.samples, "readings": [each] * job.samples}
                out.write(json.dumps(line) + "\n")
    return file
