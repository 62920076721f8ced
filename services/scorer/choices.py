"""Which of its options an answer chooses: by label, by the option's text, or by both where they agree.

An answer that names none, or more than one, chooses none: a guess would become a rate. What decides, in this order:

1. The only option that a statement names, as in "the answer is B" or "I choose B", if all statements name one. A
   question states nothing ("is the answer B?"), nor does what others would say ("you might think the answer is B").
2. The option that the answer begins with, if its first line names no other and no other line begins with another. By
   label and text at once ("A. Snail is faster than a falcon") it may name another, if nothing in the line says no.
3. The only option that is named at all, if nothing in the answer says no ("not B", "B is wrong", "all but B"). Of an
   answer that was cut off its last, unfinished sentence does not count: another option might have come ("the stadium is
   smaller than").

An answer that takes its choice back ("B. No, wait: C") chooses none by any of them.
"""

# ruff: noqa: RUF001 (labels and words of other scripts are what it reads)

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from services.scorer.option_names import CUE, FILLING, SHORT, Named, is_in_longer_name, named_options, plain

CHOICES = "options named in answers, rule 4"
"""What outcomes rest on, as provenance; another number where the rule changes."""
AFTER_A_LEADING_ONE = r"(?=\s*(?:$|[^\w\s]|\n|(?:because|since|as)\b))"
UNDECIDED = re.compile(
    r"\W*[^\W\d_]{2,4}\b[^\w\n]+[^.!?\n]{0,20}?(?:n't|\bnot|\bno|\bcannot|\bnicht|\bne|\bnon|\bnão|\bне)\b[^.!?\n]{0,12}?"
    r"\b(?:know|sure|certain|idea|clue|say|tell|sicher|sais|sûre?|sé|so|sei|знаю)\b|"
    r"\W*nein\b[^\w\n]+[^.!?\n]{0,10}\bwei(?:ß|ss)\b[^.!?\n]{0,12}\bnicht\b",
    re.IGNORECASE,
)
OR = (
    r"(?<!\w)(?:or|and|maybe|perhaps|possibly|oder|und|ou|et|o|y|e|или|и|then|followed by|before|after|first|initially|"
    r"later|vs|versus|dann|puis|luego|después|poi|dopo|depois|затем|потом)(?!\w)|或|和|または|또는|后|後|再|然后"
)
"""Between two options: both are named, or one after the other."""
ALTERNATIVE = rf"(?:\s*(?:,|;|/|&|\+|{OR}))+\s*"
ANOTHER_TEXT = r"\s*[.):\]\"'=、。-]+\s*[\[(\"']?⟦(\d+)⟧(?=\W*(?:$|\n))"
"""Behind a label the text of another option, and nothing more: nobody knows which of the two is meant."""
CROSSES = "❌✗✘✖🚫👎"
NEGATION = re.compile(
    r"(?<!\w)(?:not|never|neither|nor|none|cannot|wrong|incorrect|false|except|unlike|nicht|keine?[rs]?|falsch|weder|pas|"
    r"avoid|reject\w*|eliminate\w*|exclude[ds]?|rule[ds]? (?:\S+ )?out|ruling out|unlikely|least likely|doubt it|hate|"
    r"dislike|(?:all|anything|everything) but|ni|aucune?|faux|"
    r"ninguna?|tampoco|non|nessuna?|не|нет|ни|неверно)(?!\w)|n't\b|不|没有|ない|ません|아니|"
    rf"[{CROSSES}]"
)
NOT_SAID = re.compile(
    r"(?<!\w)(?:if|whether|unless|suppose|is|(?:you|one|people|some|many|most|others|they)\b[^.!?\n]{0,15}"
    r"(?:think|say|guess|believe|expect|assume))\s+(?:that\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
"""Before a statement: what follows is asked, supposed, or somebody else's."""
TAKEN_BACK = re.compile(
    r"[^\w\s⟦⟧]\s?(?:(?:no|oh|but|hmm),?\s)?(?:wait|actually|correction|scratch that|on second thought|i mean)(?!\w)",
    re.IGNORECASE,
)
LONGEST = 10_000
"""Characters of an answer that names an option; longer ones are no answer to such a question."""
BEFORE_A_CUE = 25
"""So many characters may say that what follows is not the answer: "I would not choose", "the wrong answer is"."""


def chosen_place(answer: str, labels: Sequence[str], options: Sequence[str], *, cut_off: bool = False) -> int | None:
    """The place, from 0, of the option that an answer chooses; None where it chooses none, or not one alone.

    `labels` are by place, as the prompt shows them; empty where it shows none. `cut_off`: tokens ran out.
    """
    return _chosen(answer, tuple(labels), tuple(options), cut_off)


# Of a run many answers are the same few characters, and its patterns are other ones for each question.
@lru_cache(maxsize=2048)
def _chosen(answer: str, labels: tuple[str, ...], options: tuple[str, ...], cut_off: bool) -> int | None:
    text = plain(answer)
    if not text or len(text) > LONGEST:
        return None
    texts = [plain(each) for each in options]
    named = named_options(text, [plain(label) for label in labels], texts)
    place = _decided(text, named, cut_off)
    return None if place is None or _is_in_doubt(text, place, named, texts[place].rstrip(".")) else place


def _decided(text: str, named: Sequence[Named], cut_off: bool) -> int | None:
    marked = _marked(text, named)
    if _is_taken_back(marked):
        return None
    stated = set(_stated(marked))
    if stated:
        return _only(stated)
    first = _leading(marked)
    if first is None and len(named) > 1 and named[0].place == named[1].place:
        first = _leading_twice(text[named[0].end : named[1].start], marked)
    if first is not None:
        return first
    said = _finished(marked) if cut_off else marked
    sentences = re.findall(r"[^.!?。！？\n]+[.!?。！？\n]?", said)
    answers = "".join(sentence for sentence in sentences if not sentence.endswith(("?", "？")))
    return None if NEGATION.search(marked.casefold()) else _only(set(_places(answers)))


def _only(places: set[int]) -> int | None:
    return next(iter(places)) if len(places) == 1 else None


def _is_in_doubt(text: str, place: int, named: Sequence[Named], option: str) -> bool:
    """Whether an option is only named as part of a longer name, or as the "no" of "No, I don't know"."""
    if len(option) <= SHORT + 1 and UNDECIDED.match(text):
        return True
    starts = {each.start for each in named}
    own = [each for each in named if each.place == place]
    return bool(own) and option[:1].isupper() and all(is_in_longer_name(text, each, option, starts) for each in own)


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


def _is_taken_back(marked: str) -> bool:
    """Whether another option follows where an answer thinks again."""
    for found in TAKEN_BACK.finditer(marked):
        before, after = marked.rfind("⟦", 0, found.start()), marked.find("⟦", found.end(), found.end() + 80)
        if (
            before >= 0
            and after >= 0
            and _places(marked[before : found.start()])[0] != _places(marked[after : after + 12])[0]
        ):
            return True
    return False


def _stated(marked: str) -> Iterator[int]:
    """The places that statements name, with those that one names as well."""
    statement = rf"(?:{CUE})⟦(\d+)⟧(?:{ANOTHER_TEXT}|(?:{ALTERNATIVE}{FILLING}⟦(\d+)⟧)*)(?!\s*\?)"
    for found in re.finditer(statement, marked, re.IGNORECASE):
        before = marked[max(0, found.start() - BEFORE_A_CUE) : found.start()].casefold()
        if not NEGATION.search(before) and not NOT_SAID.search(before):
            yield from _places(found[0])


def _leading(marked: str) -> int | None:
    begun = re.match(rf"[^\w⟦{CROSSES}]*⟦(\d+)⟧(?!\s*[{CROSSES}]){AFTER_A_LEADING_ONE}", marked)
    if begun is None:
        return None
    first, *others = marked.splitlines()
    place = int(begun[1])
    return place if set(_places(first)) == {place} and _beginnings(others) <= {place} else None


def _leading_twice(between: str, marked: str) -> int | None:
    """The option that an answer begins with by label and text, with only `between` in between, where it says more."""
    first, *others = marked.splitlines()
    begun = re.match(r"[^\w⟦]*⟦(\d+)⟧(?!\s*[(\[]?⟦)", first)
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
