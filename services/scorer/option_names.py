"""Where an answer names the options of its question: by label, by the option's text, and as part of which names."""

# ruff: noqa: RUF001 (labels and words of other scripts are what it reads)

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from seep.texts import without_thoughts

# Words of a language and labels at once: they count as labels only where nothing follows as it follows a word.
ALSO_WORDS = frozenset("AEIOUYaeiouyÀàÉéАВИОСУЯавиосуя")
AFTER_A_LABEL = (
    r"(?=\s*(?:$|[^\w\s'’]|\n|后|後|再|然后|和|或|[B-H](?![\w'-])|(?:is|was|and|or|because|since|as|et|ou|und|oder|ist|est|es|"
    r"e|y|o|и|или|then|before|after|followed|over|vs|versus|initially|dann|puis|luego|después|poi|dopo|depois|затем|потом)\b|"
    r"(?:first|second|last)\s*(?:$|[^\w\s]|\b(?:and|then)\b)))"
)
WITHOUT_BLANKS = "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Letters of scripts in which words, or what follows them, stand without blanks between."""
INFLECTED = 4
SHORT = 3
"""Options of so few letters ("yes", "no") are words of any sentence: they count at a beginning or behind a cue."""
AFTER_A_SHORT_ONE = r"(?=的?\s*(?:$|[^\w\s'’-]|\n|(?:it|the|i|he|she|they|we|you|there|that|this)\b))"
# A name that is part of a longer one, as "New London" and "London Bridge" are: nobody knows what is meant.
BEFORE_A_NAME = re.compile(
    r"\b(?:[Nn]ew|(?:East|West|North|South|Old|Upper|Lower|Great|Greater|Little|Inner|Outer|Central|Saint|San|Santa|Port|Fort|"
    r"Mount|Lake|Cape|Lady|Lord|Nueva|Nouvelle|Nova|Neu)|St\.)[ -]$"
)
BEHIND_A_NAME = re.compile(
    r" (?!(?:I|It|It's|The|This|That|These|There|Because|Since|As|An?|And|But|Or|Is|Was|Not|No|So|If|In|My|You|He|She|"
    r"We|They)\b)[A-Z][a-z]+|-[^\W\d_]"
)
# What stands for an option's name in a text that is looked through, and so stands in none that comes from outside.
OPENING, CLOSING = "⟦", "⟧"
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
# Blanks, marks and words between a cue and its option; few, as each cue looks at them again.
FILLING = (
    r"(?:[^\w\s⟦]|\s|(?<!\w)(?:the|a|an|most|likely|probably|clearly|definitely|correct|right|best|final|option|choice|"
    r"letter|number|answer|die|der|das|option|antwort|la|le|el|l|lettre|letra|lettera|вариант|буква)(?!\w)|选项|選項|選択肢){0,60}?"
)
CUE = rf"(?:(?:{NOUN})[^.!?\n⟦]{{0,40}}?(?:{IS})|(?:{VERB})){FILLING}"


class Named(NamedTuple):
    """Where in an answer the option at a place, from 0, is named."""

    start: int
    end: int
    place: int


def plain(text: str) -> str:
    """Without thoughts, emphasis and TeX, in compatibility forms and with usual brackets; empty where the thoughts do
    not end."""
    text = TEX.sub(r"(\1)", TEX.sub(r"(\1)", without_thoughts(text)))
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = text.replace(OPENING, "[").replace(CLOSING, "]")
    text = re.sub(r"[*`$#_\\]|(?<=\s)>|^>", "", text).strip()
    # Blanks in a row are one: patterns that look for them would take minutes on thousands.
    return re.sub(r" ?\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text))


def named_options(text: str, labels: Sequence[str], options: Sequence[str]) -> list[Named]:
    """All places where an option is named, in their order; an option's text first, so that no label is found in it."""
    found: list[Named] = []
    taken = [False] * len(text)
    folded = _folded(text)
    there = (place for place, option in enumerate(options) if _may_be_in(folded, option))
    by_length = sorted(there, key=lambda place: -len(options[place]))
    texts = ((place, span) for place in by_length for span in _texts(text, options[place]))
    for place, (start, end) in (*texts, *_labels(text, labels)):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Named(start, end, place))
    return sorted(found)


def _may_be_in(folded: str, option: str) -> bool:
    """Whether all words of an option are in a text: making its pattern takes a thousand times as long, and most options
    are in no answer."""
    return all(map(folded.__contains__, _folded(option.rstrip(".")).split()))


def _folded(text: str) -> str:
    """Equal where a pattern that ignores case does not tell texts apart: for it Turkish letters are an i, too."""
    return text.replace("\u0130", "i").replace("\u0131", "i").casefold()


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
        return rf"(?:^\W*|\n\W{{0,40}}|[.):。：]\s*|{CUE}|[(\[\"'「『])", AFTER_A_SHORT_ONE
    if not with_blanks:
        return "", ""
    # Inflected words of such languages are longer by a few letters; numbers go on behind a point.
    inflected = not option.isascii() and len(option) > INFLECTED
    after = r"(?!\w{4})" if inflected else r"(?!\w|[.,]\d)"
    return (r"(?<!\w)(?<!\d[.,])(?<![-−])" if option[0].isdigit() else r"(?<!\w)"), after


def _labels(text: str, labels: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Places and spans of labels that stand alone."""
    for place, label in enumerate(labels):
        for pattern in _label_patterns(label):
            for found in pattern.finditer(text.translate(LOOK_ALIKES) if label.isascii() else text):
                yield place, found.span(1)


# A job's labels are those of all its answers, and may be more than what `re` itself keeps patterns for.
@lru_cache(maxsize=256)
def _label_patterns(label: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, flags) for pattern, flags in _label_forms(label))


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


def is_in_longer_name(text: str, named: Named, option: str, starts: Collection[int]) -> bool:
    """Whether an option's text is part of a longer name, as "New London" and "London Bridge" are.

    `starts` are where options are named: two names side by side are not one.
    """
    is_text = text[named.start : named.end].casefold() == option.casefold()
    behind = named.end + 1 not in starts and BEHIND_A_NAME.match(text, named.end)
    return is_text and bool(behind or BEFORE_A_NAME.search(text[max(0, named.start - 20) : named.start]))
