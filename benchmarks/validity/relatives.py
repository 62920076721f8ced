"""How far the detectors tell Hindi from Urdu: the same plain sentences in both scripts and in Latin letters, whole and
cut to a few words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.validity.detection import DETECTORS

SENTENCES = Path(__file__).with_name("relatives") / "hi-ur.tsv"
# In Latin letters these very sentences are both languages: whatever is named is no more than a guess.
SCRIPTS = {"Hindi in Devanagari": "hi", "Urdu in Arabic letters": "ur", "either in Latin letters": ""}
FIRST_WORDS = (1, 2, 3)
MOST_NAMED = 5


def main() -> None:
    """Prints per script, length and detector how many texts are told as what."""
    for kind, language, texts in kinds_of_text():
        for name, detect in DETECTORS.items():
            found = Counter(detect(text) for text in texts)
            right = f"{found[language]} right, " if language else ""
            named = ", ".join(f"{code} {count}" for code, count in found.most_common(MOST_NAMED))
            print(f"{kind}: {name}: {right}of {len(texts)}: {named}")


def kinds_of_text() -> Iterator[tuple[str, str, Sequence[str]]]:
    """What kind of text it is, in which language (none where it is in two), and the texts."""
    rows = [line.split("\t") for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    for (script, language), texts in zip(SCRIPTS.items(), zip(*rows, strict=True), strict=True):
        yield f"{script}, whole", language, texts
        for count in FIRST_WORDS:
            yield f"{script}, {count} words", language, [" ".join(text.split()[:count]) for text in texts]


if __name__ == "__main__":
    main()
