"""Where the first sentence ends: 300 labelled answers, cut by the project's rules, by its old ones and by libraries.

A library takes part where it is installed; none is a dependency of the project.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from seep.sentences import first_sentence

ENDINGS = Path(__file__).with_name("endings.tsv")
# Until version 0.1: marks and the blank behind them, and nothing of what is written around them.
OLD_END = re.compile(r"""[.!?]+["'”’)\]]*(?=\s|$)|[。！？]+[」』”’）]*""")  # noqa: RUF001
HOSTILE = {
    "dots": ".",
    "a.a.a": "a.",
    "blanks": " ",
    "quotes": '"',
    "dots and quotes": '."',
    "lines": "#\n",
    "items": "1.\n",
}
MEGABYTES = 10

Cut = Callable[[str, str], str]
"""From a text and its language to the text's first sentence."""


class Ending(NamedTuple):
    """A labelled answer: `part` is "tuning" or "held back"."""

    part: str
    language: str
    text: str
    first: str


def read_endings() -> list[Ending]:
    """All labelled answers, in the file's order."""
    endings = []
    for line in ENDINGS.read_text(encoding="utf-8").splitlines()[1:]:
        part, language, marked = line.replace("\\n", "\n").split("\t") if "\t" in line else ("", "", "")
        first, _, rest = marked.partition("¦")
        endings.append(Ending(part, language, first + rest, first.strip()))
    return endings


def old_cut(text: str, language: str) -> str:
    """As the project cut before."""
    text = text.strip()
    end = OLD_END.search(text)
    return text[: end.end()] if end else text


def _pysbd(library: Any) -> Cut:
    codes = import_module("pysbd.languages").LANGUAGE_CODES

    def cut(text: str, language: str) -> str:
        known = language if language in codes else "en"
        return _first(library.Segmenter(language=known, clean=False).segment(text))

    return cut


def _syntok(library: Any) -> Cut:
    segmenter = import_module("syntok.segmenter")

    def cut(text: str, language: str) -> str:
        for paragraph in segmenter.process(text):
            for sentence in paragraph:
                return text[: sentence[-1].offset + len(sentence[-1].value)].strip()
        return ""

    return cut


def _first(sentences: Iterable[str]) -> str:
    """A first sentence that holds more than blanks."""
    return next((sentence.strip() for sentence in sentences if sentence.strip()), "")


LIBRARIES: Mapping[str, Callable[[Any], Cut]] = {
    "pysbd": _pysbd,
    "sentencex": lambda library: lambda text, language: _first(library.segment(language, text)),
    "blingfire": lambda library: lambda text, language: _first(library.text_to_sentences(text).split("\n")),
    "nupunkt": lambda library: lambda text, language: _first(library.sent_tokenize(text)),
    "syntok": _syntok,
}


def cuts() -> Mapping[str, Cut]:
    """The project's cut, its old one, and those of the libraries that are installed."""
    found: dict[str, Cut] = {"old": old_cut, "new": first_sentence}
    for name, make in LIBRARIES.items():
        try:
            found[name] = make(import_module(name))
        except ModuleNotFoundError:
            print(f"{name} is not installed")
    return found


def errors(cut: Cut, endings: Iterable[Ending]) -> list[tuple[Ending, str]]:
    """What a cut makes another first sentence of than a reader does, with what it makes."""
    found = ((ending, _try(cut, ending)) for ending in endings)
    return [(ending, first) for ending, first in found if first != ending.first]


def _try(cut: Cut, ending: Ending) -> str:
    try:
        return cut(ending.text, ending.language)
    except Exception as error:  # a library that fails at a text has not found its end
        return f"{type(error).__name__}"


def seconds_on_hostile_text(cut: Cut, megabytes: int) -> Mapping[str, float]:
    """Seconds for so many megabytes of each kind, behind a word."""
    taken = {}
    for kind, repeated in HOSTILE.items():
        text = "a" + repeated * (megabytes * 1_000_000 // len(repeated)) + "b"
        begun = time.perf_counter()
        cut(text, "en")
        taken[kind] = time.perf_counter() - begun
    return taken


def main() -> None:
    """Prints errors per cut, part and language, and how the time of the new cut grows with hostile text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", nargs=2, metavar=("CUT", "PART"), help="print each error of a cut on a part")
    show = parser.parse_args().show
    endings = read_endings()
    for name, cut in cuts().items():
        wrong = errors(cut, endings)
        for part in ("tuning", "held back"):
            of_part = [ending.language for ending, _ in wrong if ending.part == part]
            size = sum(ending.part == part for ending in endings)
            print(f"{name}, {part}: {len(of_part)} wrong of {size}; {dict(Counter(of_part).most_common())}")
        for ending, first in wrong if show and show[0] == name else ():
            if ending.part == show[1]:
                print(f"  {ending.language}: {ending.text!r} -> {first!r}")
    small, large = (seconds_on_hostile_text(first_sentence, size) for size in (1, MEGABYTES))
    for kind, seconds in large.items():
        print(f"{MEGABYTES} MB of {kind}: {seconds * 1000:.0f} ms, {seconds / small[kind]:.1f} times 1 MB's")


if __name__ == "__main__":
    main()
