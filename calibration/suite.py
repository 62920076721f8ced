"""Draws the calibration suite from the grammar's population of prompts."""

import random

from calibration.grammar import (
    ASSOCIATES,
    CATEGORIES,
    INSERTIONS,
    NEUTRAL,
    SUBJECTS,
    Frame,
    control_prompt,
    inserted_prompt,
)

SEED = 1
CONCEPTS_PER_FRAME = 6
SAMPLES = 10
TEMPERATURE = 0.8
MAX_TOKENS = 10
"""One more than the grammar's longest answer, so that answers end by themselves."""


def calibration_suite(seed: int = SEED) -> dict[str, object]:
    """A suite as it stands in its file: one frame of each question, and some concepts for it, drawn by `seed`."""
    draw = random.Random(seed)
    return {
        "name": "calibration",
        "version": "1",
        "probe": "semantic",
        "language": "en",
        "cluster": "job",
        "format": {"kind": "plain", "user": "{prompt}"},
        "decoding": {"temperature": TEMPERATURE, "top_p": 1.0, "max_tokens": MAX_TOKENS, "samples": SAMPLES},
        "cut": "sentence",
        "jobs": [
            _job(Frame(draw.choice(SUBJECTS), draw.choice(INSERTIONS), question), draw) for question in CATEGORIES
        ],
    }


def _job(frame: Frame, draw: random.Random) -> dict[str, object]:
    concepts = draw.sample(list(ASSOCIATES), CONCEPTS_PER_FRAME)
    category = CATEGORIES[frame.question]
    return {
        "control": control_prompt(frame),
        "neutral": inserted_prompt(frame, NEUTRAL),
        "tests": [
            {"concept": concept, "prompt": inserted_prompt(frame, concept), "category": category}
            for concept in concepts
        ],
    }
