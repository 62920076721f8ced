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
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from seep.texts import without_thoughts

CHOICES = "options named in answers, rule 3"
"""What outcomes rest on, as provenance; another number where the rule changes."""
# Words of a language and labels at once: they count as labels only where nothing follows as it follows a word.
ALSO_WORDS = frozenset("AEIOUYaeiouyÀàÉéАВИОСУЯавиосуя")
AFTER_A_LABEL = r"(?=\s*(?:$|[^\w\s'’]|\n|(?:is|was|and|or|because|since|as|et|ou|und|oder|ist|est|es|e|y|o|и|или)\b))"
WITHOUT_BLANKS = "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Letters of scripts in which words, or what follows them, stand without blanks between."""
INFLECTED = 4
SHORT = 3
"""Options of so few letters ("yes", "no") are words of any sentence: they count at a beginning or behind a cue."""
AFTER_A_SHORT_ONE = r"(?=的?\s*(?:$|[^\w\s'’-]|\n|(?:it|the|i|he|she|they|we|you|there|that|this)\b))"
AFTER_A_LEADING_ONE = r"(?=\s*(?:$|[^\w\s]|\n|(?:because|since|as)\b))"
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
OR = r"(?<!\w)(?:or|and|maybe|perhaps|possibly|oder|und|ou|et|o|y|e|или|и)(?!\w)|或|和|または|또는"
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


def _plain(text: str) -> str:
    """Without thoughts, emphasis and TeX, in compatibility forms; empty where the thoughts do not end."""
    text = TEX.sub(r"(\1)", TEX.sub(r"(\1)", without_thoughts(text)))
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = re.sub(r"[*`$#_\\]|(?<=\s)>|^>", "", text).strip()
    # Blanks in a row are one: patterns that look for them would take minutes on thousands.
    return re.sub(r" ?\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text))


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
    before, after = _around(option.rstrip("."))
    for found in re.finditer(f"{before}({written}){after}", text, re.IGNORECASE):
        yield found.span(1)


def _around(option: str) -> tuple[str, str]:
    """What must stand before and behind an option's text: no letter or digit where words have blanks between them."""
    with_blanks = not re.search(WITHOUT_BLANKS, option)
    if len(option) <= SHORT and option.isalpha() and (with_blanks or len(option) == 1):
        return rf"(?:^\W*|\n\W*|[.):。：]\s*|{CUE}|[(\[\"'「『])", AFTER_A_SHORT_ONE
    if not with_blanks:
        return "", ""
    # Inflected words of such languages are longer by a few letters; numbers go on behind a point.
    inflected = not option.isascii() and len(option) > INFLECTED
    after = r"(?!\w{4})" if inflected else r"(?!\w|[.,]\d)"
    return (r"(?<!\w)(?<!\d[.,])(?<![-−])" if option[0].isdigit() else r"(?<!\w)"), after


def _labels(text: str, labels: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Places and spans of labels that stand alone."""
    for place, label in enumerate(labels):
        for pattern, flags in _label_forms(label):
            for found in re.finditer(pattern, text.translate(LOOK_ALIKES) if label.isascii() else text, flags):
                yield place, found.span(1)


def _label_forms(label: str) -> Iterator[tuple[str, re.RegexFlag]]:
    """The patterns that a label is known by: alone, where a line begins, in brackets, and behind a cue."""
    written = rf"({re.escape(label)})(?![.,]\d|\s?[%°])"
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
