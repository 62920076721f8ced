"""Which of its options an answer chooses: by label, by the option's text, or by both where they agree.

An answer that names none, or more than one, chooses none: a guess would become a rate. What decides, in this order:

1. The only option that a statement names, as in "the answer is B" or "I choose B", if all statements name one.
2. The option that the answer begins with, if its first line names no other and no other line begins with another. By
   label and text at once ("A. Snail is faster than a falcon") it may name another, if nothing in the line says no.
3. The only option that is named at all, if nothing in the answer says no ("not B", "B is wrong"). Of an answer that was
   cut off its last, unfinished sentence does not count: another option might have come ("the stadium is smaller than").
"""

# ruff: noqa: RUF001 (labels and words of other scripts are what it reads)

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from seep.texts import without_thoughts

CHOICES = "options named in answers, rule 2"
"""What outcomes rest on, as provenance; another number where the rule changes."""
# Words of a language and labels at once: they count as labels only where nothing follows as it follows a word.
ALSO_WORDS = frozenset("AEIOUYaeiouyÀàÉéАВИОСУЯавиосуя")
AFTER_A_LABEL = r"(?=\s*(?:$|[^\w\s'’]|\n|(?:is|was|and|or|because|since|as|et|ou|und|oder|ist|est|es|e|y|o|и|или)\b))"
SHORT = 3
"""Options of so few letters ("yes", "no") are words of any sentence: they count at a beginning or behind a cue."""
AFTER_A_SHORT_ONE = r"(?=\s*(?:$|[^\w\s'’-]|\n|(?:it|the|i|he|she|they|we|you|there|that|this)\b))"
TEX = re.compile(r"\\(?:boxed|text|textbf|mathbf|mathrm|mathsf)\s*\{([^{}]*)\}")
# Cyrillic and Greek letters that nobody tells from Latin ones by eye, and that stand at the same place in an alphabet.
LOOK_ALIKES = str.maketrans({"А": "A", "а": "a", "Α": "A", "Β": "B"})

NOUN = (
    r"(?<!\w)(?:answer|choice|option|letter|solution|antwort|lösung|réponse|respuesta|risposta|resposta|antwoord|"
    r"odpowied[zź]|odpověď|svar(?:et)?|ответ|відповідь|cevap)(?!\w)|答案|选择|選擇|答え|回答|正解|정답|답|उत्तर|الإجابة|الجواب"
)
IS = (
    r"\s*(?:[:=]|[-–—]\s)|\s+(?:is|was|be|ist|lautet|wäre|est|serait|es|sería|è|é|er|jest|je|är|это|є|है|هي|هو)(?!\w)|"
    r"\s*[是为為は이은는]"
)
VERB = (
    r"(?<!\w)(?:choose|chose|pick|select|go with|vote for|opt for|prefer|wähle|nehme|choisis|elijo|escolho|scelgo|kies|"
    r"wybieram|выбираю|обираю)(?!\w)|选(?!择)|選ぶ"
)
FILLING = (
    r"(?:[^\w\s⟦]|\s|(?<!\w)(?:the|a|an|most|likely|probably|clearly|definitely|correct|right|best|final|option|choice|"
    r"letter|number|answer|die|der|das|option|antwort|la|le|el|l|lettre|letra|lettera|вариант|буква)(?!\w)|选项|選項|選択肢)*?"
)
CUE = rf"(?:(?:{NOUN})[^.!?\n⟦]{{0,40}}?(?:{IS})|(?:{VERB})){FILLING}"
ALTERNATIVE = r"\s*(?:,|/|&|\+|or|and|oder|und|ou|et|o|y|e|или|и|或|和|または|또는)\s*"
NEGATION = re.compile(
    r"(?<!\w)(?:not|never|neither|nor|none|cannot|wrong|incorrect|false|except|unlike|nicht|keine?[rs]?|falsch|weder|pas|"
    r"ni|aucune?|faux|ninguna?|tampoco|non|nessuna?|не|нет|ни|неверно)(?!\w)|n't\b|不|没有|ない|ません|아니"
)
LONGEST = 10_000
"""Characters of an answer that names an option; longer ones are no answer to such a question."""
BEFORE_A_CUE = 25
"""So many characters may say that what follows is not the answer: "I would not choose", "the wrong answer is"."""


class Named(NamedTuple):
    """Where in an answer the option at a place, from 0, is named."""

    start: int
    end: int
    place: int


def chosen_place(answer: str, labels: Sequence[str], options: Sequence[str], *, cut_off: bool = False) -> int | None:
    """The place, from 0, of the option that an answer chooses; None where it chooses none, or not one alone.

    `labels` are by place, as the prompt shows them; empty where it shows none. `cut_off`: tokens ran out.
    """
    return _chosen(answer, tuple(labels), tuple(options), cut_off)


# Of a run many answers are the same few characters, and its patterns are other ones for each question.
@lru_cache(maxsize=2048)
def _chosen(answer: str, labels: tuple[str, ...], options: tuple[str, ...], cut_off: bool) -> int | None:
    text = _plain(answer)
    if not text or len(text) > LONGEST:
        return None
    named = _named(text, [_plain(label) for label in labels], [_plain(each) for each in options])
    marked = _marked(text, named)
    stated = set(_stated(marked))
    if stated:
        return _only(stated)
    first = _leading(marked)
    if first is None and len(named) > 1 and named[0].place == named[1].place:
        first = _leading_twice(text[named[0].end : named[1].start], marked)
    if first is not None:
        return first
    said = _finished(marked) if cut_off else marked
    return None if NEGATION.search(marked.casefold()) else _only(set(_places(said)))


def _only(places: set[int]) -> int | None:
    return next(iter(places)) if len(places) == 1 else None


def _plain(text: str) -> str:
    """Without thoughts, emphasis and TeX, in compatibility forms; empty where the thoughts do not end."""
    text = TEX.sub(r"(\1)", TEX.sub(r"(\1)", without_thoughts(text)))
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return re.sub(r"[*`$#_\\]|(?<=\s)>|^>", "", text).strip()


def _named(text: str, labels: Sequence[str], options: Sequence[str]) -> list[Named]:
    """All places where an option is named, in their order; an option's text first, so that no label is found in it."""
    found: list[Named] = []
    taken = [False] * len(text)
    by_length = sorted(range(len(options)), key=lambda place: -len(options[place]))
    texts = ((place, span) for place in by_length for span in _texts(text, options[place]))
    for place, (start, end) in (*texts, *_labels(text, labels)):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Named(start, end, place))
    return sorted(found)


def _texts(text: str, option: str) -> Iterator[tuple[int, int]]:
    """Where an option's text stands as whole words; a short one at the beginning, or behind a cue."""
    written = r"\s+".join(map(re.escape, option.rstrip(".").split()))
    if not written:
        return
    before, after = (r"(?<!\w)" if option[0].isascii() else ""), (r"(?!\w)" if option.rstrip(".")[-1].isascii() else "")
    if len(option) <= SHORT and option.isalpha() and option.isascii():
        before, after = rf"(?:^\W*|\n\W*|[.):]\s+|{CUE}|[(\[\"'])", AFTER_A_SHORT_ONE
    for found in re.finditer(f"{before}({written}){after}", text, re.IGNORECASE):
        yield found.span(1)


def _labels(text: str, labels: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Places and spans of labels that stand alone."""
    for place, label in enumerate(labels):
        for pattern, flags in _label_forms(label):
            for found in re.finditer(pattern, text.translate(LOOK_ALIKES) if label.isascii() else text, flags):
                yield place, found.span(1)


def _label_forms(label: str) -> Iterator[tuple[str, re.RegexFlag]]:
    """The patterns that a label is known by: alone, where a line begins, in brackets, and behind a cue."""
    written = f"({re.escape(label)})"
    if label.isascii():
        written = rf"(?<![A-Za-z0-9\u00c0-\u024f])(?<![A-Za-z0-9]['-]){written}(?![A-Za-z0-9\u00c0-\u024f]|['-]\w)"
        if label.isupper():
            # A capital is a label wherever it stands, if it is no word of some language.
            yield written + (AFTER_A_LABEL if label in ALSO_WORDS else ""), re.NOFLAG
    yield rf"^\W*{written}\W*$", re.IGNORECASE
    yield rf"(?:^|\n)[^\w\n]*{written}(?=\s*[.):,\]、。]|\s*\n|\s+[-–—]\s)", re.IGNORECASE
    yield rf"[(\[「『【<]\s*{written}\s*[)\]」』】>]", re.IGNORECASE
    behind = r"(?=\s*(?:$|[^\w\s'’]|\n|です|だ|입니다))"
    yield rf"{CUE}{written}{behind}", re.IGNORECASE
    yield rf"(?<!\w)(?:option|letter|choice|answer)\s+{written}{behind}", re.IGNORECASE


def _marked(text: str, named: Sequence[Named]) -> str:
    """The text with a mark in the place of each option's name; a label and its own option's text are one."""
    parts, end = [], 0
    for each in named:
        parts += [text[end : each.start], f"⟦{each.place}⟧"]
        end = each.end
    marked = "".join([*parts, text[end:]])
    return re.sub(r"(⟦\d+⟧)(?:[^\S\n]*[.):,\]\"'=、。-]*[^\S\n]*[\[(\"']?\1)+", r"\1", marked)


def _places(marked: str) -> list[int]:
    return [int(place) for place in re.findall(r"⟦(\d+)⟧", marked)]


def _stated(marked: str) -> Iterator[int]:
    """The places that statements name, with those that one names as well."""
    statement = rf"(?:{CUE})⟦(\d+)⟧(?:{ALTERNATIVE}{FILLING}⟦(\d+)⟧)*"
    for found in re.finditer(statement, marked, re.IGNORECASE):
        if not NEGATION.search(marked[max(0, found.start() - BEFORE_A_CUE) : found.start()].casefold()):
            yield from _places(found[0])


def _leading(marked: str) -> int | None:
    begun = re.match(r"[^\w⟦]*⟦(\d+)⟧(?=\s*(?:$|[^\w\s]|\n|(?:because|since|as)\b))", marked)
    if begun is None:
        return None
    first, *others = marked.splitlines()
    place = int(begun[1])
    return place if set(_places(first)) == {place} and _beginnings(others) <= {place} else None


def _leading_twice(between: str, marked: str) -> int | None:
    """The option that an answer begins with by label and text, with only `between` in between, where it says more."""
    first, *others = marked.splitlines()
    begun = re.match(r"[^\w⟦]*⟦(\d+)⟧(?!\s*⟦)", first)
    # A list of options in one line chooses none of them.
    if begun is None or re.search(r"\w", between) or re.match(rf"{ALTERNATIVE}⟦", first[begun.end() :], re.IGNORECASE):
        return None
    place = int(begun[1])
    listed = re.search(r"[,;/|]\s*⟦\d+⟧\s*(?:$|[,;/|.])", first[begun.end() :])
    says_no = NEGATION.search(first.casefold())
    return place if not listed and not says_no and _beginnings(others) <= {place} else None


def _beginnings(lines: Sequence[str]) -> set[int]:
    """The options that lines begin with; behind a label of none ("C. Bicycle") as well, as lines of a list do."""
    begun = (re.match(r"[^\w⟦]*(?:\w[.):]\s*)?⟦(\d+)⟧\s*(?:[.):]|$)", line) for line in lines)
    return {int(found[1]) for found in begun if found}


def _finished(marked: str) -> str:
    """What of a cut text is surely whole: up to the last end of a sentence or line."""
    ends = [found.end() for found in re.finditer(r"[.!?。！？](?=\s|$)|\n", marked)]
    return marked[: ends[-1]] if ends else ""
