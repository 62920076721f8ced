"""A suite of many small jobs and recorded answers to it, on the probe that loads no model: restarts cost no minutes."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import yaml

DIRECTIVES = {"de": ["Antworte auf Deutsch."], "en": ["Answer in English."]}
MODE = "published"
# Detecting the language of a sentence is most of the scorer's work, so most answers have no letter.
SENTENCES = ("Das Wetter ist heute sehr schön.", "The weather is very fine today.", "Il fait très beau aujourd'hui.")
SHARE_OF_SENTENCES = 0.1
SHARE_LOST = 0.05


@dataclass(frozen=True)
class Questions:
    """A suite's file, that of the answers to it, and how many jobs it has."""

    suite: Path
    recorded: Path
    jobs: int


def write_questions(folder: Path, jobs: int) -> Questions:
    """Writes suite and answers, which a fixed seed draws; every prompt is another one."""
    draw = random.Random(11)
    prompts = [f"How many birds does guest {number} see?" for number in range(jobs)]
    suite = {
        "name": "questions",
        "version": "1",
        "probe": "language",
        "format": {"kind": "plain", "user": "{prompt}"},
        "decoding": {"temperature": 1.0, "max_tokens": 20, "samples": 1},
        "cut": "none",
        "directives": DIRECTIVES,
        "prompts": prompts,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path, recorded = folder / "questions.yaml", folder / "questions.jsonl"
    path.write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    requests = [f"{text} {prompt}" for prompt in prompts for texts in DIRECTIVES.values() for text in texts]
    lines = [json.dumps({"prompt": prompt, "generations": [_answer(draw)]}) for prompt in requests]
    recorded.write_text("\n".join(lines), encoding="utf-8")
    return Questions(path, recorded, jobs)


def _answer(draw: random.Random) -> str:
    chance = draw.random()
    if chance < SHARE_LOST:
        return ""
    return draw.choice(SENTENCES) if chance < SHARE_LOST + SHARE_OF_SENTENCES else str(draw.randrange(1000))
