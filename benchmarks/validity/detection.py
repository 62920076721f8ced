"""Which languages two detectors and their consensus find in recorded completions, whole, cut, mixed and senseless."""

import argparse
import json
import random
from collections.abc import Mapping
from pathlib import Path

from seep.languages import UNKNOWN, language_code
from services.scorer.detection import detect_language, langdetect_guess, lingua_guess

DETECTORS = {"langdetect": langdetect_guess, "lingua": lingua_guess, "consensus": detect_language}
SEED = 7
MADE = 60  # texts of each kind that is made from the judged ones
EXCERPT = 300  # characters

Labelled = list[tuple[str, str]]


def main() -> None:
    """Prints per kind of text how many each teller tells rightly, leaves unknown and tells wrongly, and the ratio of
    the consensus's wrong ones to langdetect's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("completions", type=Path, nargs="+", help="JSON lines with completion and judge_label")
    for kind, texts in kinds_of_text(judged(parser.parse_args().completions)).items():
        wrong = {}
        for name, teller in DETECTORS.items():
            guesses = [(teller(text), language) for text, language in texts]
            unknown = sum(found == UNKNOWN for found, _ in guesses)
            right = sum(found == language for found, language in guesses)
            wrong[name] = sum(found not in (UNKNOWN, language) for found, language in guesses)
            print(f"{kind}: {name} {right} right, {unknown} unknown, {wrong[name]} wrong of {len(texts)}")
        if wrong["langdetect"]:
            print(f"{kind}: wrong by consensus / wrong by langdetect {wrong['consensus'] / wrong['langdetect']:.2f}")


def judged(paths: list[Path]) -> Labelled:
    """The completions whose judge named a language, with its code."""
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    found = [(row["completion"], language_code(row["judge_label"])) for row in rows]
    return [(text, language) for text, language in found if language]


def kinds_of_text(whole: Labelled) -> Mapping[str, Labelled]:
    """The judged completions, and what is made of them: excerpts, halves of two languages, shuffled letters."""
    draw = random.Random(SEED)
    alphabetic = [text[:EXCERPT] for text, language in whole if language != "zh"]
    pairs = [(draw.choice(whole), draw.choice(whole)) for _ in range(4 * MADE)]
    mixed = [f"{one[:EXCERPT]}\n{other[:EXCERPT]}" for (one, of_one), (other, of_other) in pairs if of_one != of_other]
    return {
        "whole": whole,
        **{
            f"first {n} characters": [(text[:n], language) for text, language in draw.sample(whole, MADE)]
            for n in (15, 30, 60)
        },
        "halves in two languages": [(text, UNKNOWN) for text in mixed[:MADE]],
        "letters shuffled within words": [
            (" ".join(shuffled(word, draw) for word in text.split()), UNKNOWN) for text in draw.sample(alphabetic, MADE)
        ],
        "letters shuffled": [(shuffled(text, draw), UNKNOWN) for text in draw.sample(alphabetic, MADE)],
    }


def shuffled(text: str, draw: random.Random) -> str:
    """The same characters in another order."""
    return "".join(draw.sample(text, len(text)))


if __name__ == "__main__":
    main()
