"""Which languages two detectors and their consensus find in recorded completions and in plain sentences: whole, cut,
mixed and senseless."""

import argparse
import json
import random
from pathlib import Path

from seep.languages import UNKNOWN, language_code
from services.scorer.detection import detect_language, langdetect_guess, lingua_guess

DETECTORS = {"langdetect": langdetect_guess, "lingua": lingua_guess, "consensus": detect_language}
SEED = 7
MADE = 60  # texts of each kind that is made from the judged ones
EXCERPT = 300  # characters
SENTENCES = Path(__file__).with_name("sentences")
# Of letters that other languages have too: what is made of the others' sentences is no language's.
LATIN = (
    "cs",
    "da",
    "de",
    "en",
    "es",
    "fi",
    "fr",
    "hu",
    "id",
    "it",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "sv",
    "sw",
    "tr",
    "vi",
)
OF_EACH, OF_TWO = 10, 150  # texts made of each language's sentences, and of two languages'

Labelled = list[tuple[str, str]]


def main() -> None:
    """Prints per kind of text how many each teller tells rightly, leaves unknown and tells wrongly, and the ratio of
    the consensus's wrong ones to langdetect's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("completions", type=Path, nargs="*", help="JSON lines with completion and judge_label")
    completions = judged(parser.parse_args().completions)
    for kind, texts in ((kinds_of_text(completions) if completions else {}) | kinds_of_sentences()).items():
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


def kinds_of_text(whole: Labelled) -> dict[str, Labelled]:
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


def kinds_of_sentences() -> dict[str, Labelled]:
    """The plain sentences of each language, and what is made of them: two languages' sentences, shuffled letters."""
    files = sorted(SENTENCES.glob("*.txt"))
    plain = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in files}
    draw = random.Random(SEED)
    some = [draw.choice(plain[code]) for code in LATIN for _ in range(OF_EACH)]
    pairs = [[draw.choice(plain[code]) for code in draw.sample(LATIN, 2)] for _ in range(OF_TWO)]
    return {
        **{f"plain {code}": [(sentence, code) for sentence in sentences] for code, sentences in plain.items()},
        "plain, two sentences": [(" ".join(pair), UNKNOWN) for pair in pairs],
        "plain, two half sentences": [(f"{_half(one, 0)} {_half(other, 1)}", UNKNOWN) for one, other in pairs],
        "plain, letters shuffled within words": [
            (" ".join(shuffled(word, draw) for word in text.split()), UNKNOWN) for text in some
        ],
        "plain, letters shuffled": [(shuffled(text, draw), UNKNOWN) for text in some],
    }


def _half(sentence: str, which: int) -> str:
    words = sentence.rstrip(".").split()
    middle = len(words) // 2
    return " ".join(words[middle:] if which else words[: middle + 1])


def shuffled(text: str, draw: random.Random) -> str:
    """The same characters in another order."""
    return "".join(draw.sample(text, len(text)))


if __name__ == "__main__":
    main()
