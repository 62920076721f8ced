"""Where a sentence ends, as a reader of its language would say; in linear time, whatever the text holds."""
# ruff: noqa: RUF001 - marks of all scripts are what this is about

import re
from collections.abc import Iterator

from seep.abbreviations import Abbreviations, abbreviations
from seep.full_stops import AFTER, BEFORE, CJK, IN_WORD, Place, full_stop_ends, is_ordinal

# A sentence that has not ended by then ends there: it is longer than any embedder reads.
LONGEST_SENTENCE = 10_000  # characters
LONGEST_HEADING = 100
LONGEST_QUOTE = 300

# They end a sentence without a blank behind them: the full stops of Chinese and Japanese, of India, Arabia, Ethiopia,
# Armenia, Burma, Cambodia, Tibet, Mongolia, Sri Lanka, Java, ...
WIDE = "。！？｡।॥؟۔።፧։။។៕།༎᠃᠉෴꧉߹‼⁇⁈⁉"
FULL_STOPS = ".．"
PICTURE = re.compile(r"[\u2600-\u27bf\U0001f000-\U0001faff]")

# Quotes and brackets that close, emphasis and footnote marks belong to the sentence, and so does a French » behind a
# blank. Line breaks are looked at too: lists and paragraphs may have no full stops. So are faces and pictures.
MARK = re.compile(
    rf"(?P<face>(?<=\w\s)(?:[:;=]['’]?-?[)(DPpO3]|(?:{PICTURE.pattern})+)(?=\s))|"
    rf"(?P<stop>[.．!?…;\u037e{WIDE}]++)"
    r"(?P<closers>(?:[\"'”’“‘»«›)\]}」』”’）】》〉〕］｣*_~`]|\[\d{1,3}\]|[ \u00a0\u202f]»(?!\w))*+)"
    r"|(?P<break>\n\s*+)"
)
FIRST_WORD = re.compile(rf"[^\W_]|{PICTURE.pattern}")
NEXT = re.compile(
    r"(?P<gap>[\s\u200b-\u200f\u2060\ufeff]*)[\"'“„‘«»‹(\[{¿¡*_~`#>-]*" rf"(?P<word>{IN_WORD}*)(?P<stop>\.?)"
)
# Items of lists, their numbers, and what a number must stand behind to be one.
ITEM = re.compile(
    r"[*_#>\s]{0,8}(?:[-*+–—]\s|[•・‣▪①-⑳]|[(（]?\d{1,3}[.)、．）:](?!\d)|\(?[^\W\d_][.)]\s|[ivxIVX]{1,5}[.)]\s"
    r"|[(（]?[^\W\d_][．）]|[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十]{1,3}[)）])"
)
# The number of an item whose successor may stand in the same line: "(1) Soup (2) Salad", "a) Soup b) Salad", "①".
OWN_NUMBER = re.compile(r"[*_#>\s]{0,8}(?P<number>[(（]?(?P<inner>\d{1,2}|[A-Ya-y])[)）]|[①-⑲])")
# A row of a table, whose cells may have marks.
ROW = re.compile(r"\s*\|[^\n]*\|[ \t]*(?=\n|\Z)")
# A full stop as Armenians type it where their own has no key.
ARMENIAN_COLON = re.compile(r":(?=\s+[\u0531-\u0556]|\s*\Z)")
# A block of code before all words.
CODE = re.compile(r"\s*```[^`]*```")
ITEM_NUMBER = re.compile(r"[*_#>\s]{0,8}(\d{1,3})[.．]")
LATER_NUMBER = re.compile(r"[\s>-]*(?:(?<=\s)|[*_(]+)(\d{1,3})$")
# What leads on to the paragraph behind it: a colon or comma, a heading, an item's number alone.
LEADS_ON = re.compile(r"[:,：，、；—–-][*_\s]*$|(?:^|\n)\s*(?:#[^\n]*|[*_(]*\w{1,3}[.)．][*_]*)\s*$")

# Words right before and behind a full stop.
WORD_BEFORE = re.compile(r"(?:^|[\s\"'“‘(])([^\W\d_]{3,})$")
WORD_BEHIND = re.compile(r"([^\W\d_]+)(?=[\s,'’!?.]|$)")
NAME_ENDINGS = frozenset({"com", "org", "net", "edu", "gov", "io", "ai", "js", "py", "ts", "md", "txt", "html"})

QUOTES = {"「": "」", "『": "』", "（": "）", "(": ")", "“": "”", "„": "“", "«": "»"}
# What goes on behind a quote or a bracket: he said, a particle of Japanese, "he said" of Chinese and Japanese.
DASH_AND_ON = re.compile(r"\s*[—–]\s*(\w)")
SAID = re.compile(
    r"と|って|など|[のがをに]|は(?!い)|も(?![うし])|や(?![はっ])|で(?![もす])|[、，,]"
    r"|[^，。！？\n]{0,6}[说說道问問喊言叫聞答]"
)


def first_sentence(text: str, language: str) -> str:
    """The text up to the end of its first sentence, closing quotes and brackets included; all of it where none ends.

    `language` is an ISO 639-1 code. No more than LONGEST_SENTENCE characters, and no blanks around them.
    """
    return next(split_sentences(text, language), "")


def split_sentences(text: str, language: str) -> Iterator[str]:
    """The sentences of a text one after another, without the blanks around them; none of a text of blanks."""
    known = abbreviations(language)
    text = text.strip()
    read = ARMENIAN_COLON.sub("։", text) if language == "hy" else text
    start = 0
    while start < len(text):
        end = _end(read, start, known, greek=language == "el")
        sentence = text[start:end].strip()
        if sentence:
            yield sentence
        start = end


def _end(text: str, start: int, known: Abbreviations, *, greek: bool) -> int:
    """Where the sentence that begins at `start` ends."""
    limit = min(len(text), start + LONGEST_SENTENCE)
    if row := ROW.match(text, start, limit):
        return row.end()
    word = FIRST_WORD.search(text, start, limit)
    # What stands before all words, such as dots, leads in.
    first = word.start() if word else limit
    if code := CODE.match(text, start, limit):
        first = code.end()
    limit = _next_item(text, start, limit)
    listed = ITEM.match(text, start, limit) is not None
    for mark in MARK.finditer(text, first, limit):
        if mark["face"]:
            if _starts_next(mark, known):
                return mark.end()
        elif mark["break"]:
            if row := ROW.match(text, mark.end(), limit):
                return row.end() if _leads_on(mark, start) else mark.start()
            item = ITEM.match(text, mark.end(), limit) is not None
            if (item and listed) or (mark["break"].count("\n") > 1 and not _leads_on(mark, start)):
                return mark.start()
            listed = listed or item
        elif ";" in mark["stop"] and not greek:
            continue
        elif (number := _later_item(mark, start, known)) is not None:
            return number
        elif _ends(mark, start, known) and not _is_quoted(mark, first):
            return mark.end()
    return limit


def _starts_next(mark: re.Match[str], known: Abbreviations) -> bool:
    """Whether the word behind a mark is one that begins sentences."""
    following = NEXT.match(mark.string, mark.end(), mark.end() + AFTER)
    return following is not None and following["word"] in known.starters


def _next_item(text: str, start: int, limit: int) -> int:
    """Where the next item's number stands in the line of an item's; `limit` where it does not."""
    own = OWN_NUMBER.match(text, start, limit)
    if not own:
        return limit
    inner = own["inner"]
    following = str(int(inner) + 1) if inner and inner.isdigit() else chr(ord(inner or own["number"]) + 1)
    number = own["number"].replace(inner, following) if inner else following
    at = text.find(f" {number}", own.end(), limit)
    return limit if at < 0 else at


def _leads_on(mark: re.Match[str], start: int) -> bool:
    before = mark.string[max(start, mark.start() - LONGEST_HEADING) : mark.start()]
    return LEADS_ON.search(before) is not None


def _ends(mark: re.Match[str], start: int, known: Abbreviations) -> bool:
    """Whether a sentence ends at a mark."""
    stop, closers = mark["stop"], mark["closers"]
    after = mark.string[mark.end() : mark.end() + AFTER]
    if any(character in WIDE for character in stop):
        return not (closers and SAID.match(after))
    following = NEXT.match(after)
    if not after or not following:
        return True
    if not following["gap"]:
        return _ends_without_blank(mark, after, known)
    small = following["word"][:1].islower()
    if small and closers.strip("*_`"):
        return False
    if stop in FULL_STOPS:
        return full_stop_ends(Place.around(mark, start, known, following))
    if not stop.strip(".…"):
        return not small
    dashed = DASH_AND_ON.match(after)
    return not (dashed and dashed[1].islower())


def _is_quoted(mark: re.Match[str], first: int) -> bool:
    """Whether the mark stands inside a quote, or brackets, that open behind the first word and close later."""
    text, at = mark.string, mark.start()
    for opening, closing in QUOTES.items():
        opened = text.rfind(opening, first, at)
        if opened > text.rfind(closing, first, at) and closing not in mark["closers"]:
            return text.find(closing, mark.end(), mark.end() + LONGEST_QUOTE) >= 0
    return False


def _ends_without_blank(mark: re.Match[str], after: str, known: Abbreviations) -> bool:
    text, stop = mark.string, mark["stop"]
    last = text[mark.start() - 1]
    if "…" in stop or ".." in stop or (stop == "．" and ITEM.fullmatch(text, _line_start(mark), mark.end())):
        return False
    if after[0] == "<" or PICTURE.match(after):
        return True
    if CJK.match(after):
        return CJK.match(last) is not None
    # A blank was forgotten between two words, unless they are parts of a name ("example.org", "Node.js").
    if mark["closers"] or not after[0].isupper() or not last.islower():
        return False
    before = WORD_BEFORE.search(text[max(0, mark.start() - BEFORE) : mark.start()])
    behind = WORD_BEHIND.match(after)
    if not before or not behind or behind[1].lower() in NAME_ENDINGS:
        return False
    return behind[1] in known.starters or (before[1].islower() and len(behind[1]) > 1 and behind[1].istitle())


def _line_start(mark: re.Match[str]) -> int:
    """Where the mark's line begins, as far as anybody looks."""
    return mark.string.rfind("\n", max(0, mark.start() - BEFORE), mark.start()) + 1 or max(0, mark.start() - BEFORE)


def _later_item(mark: re.Match[str], start: int, known: Abbreviations) -> int | None:
    """Where an item ends, if the mark is the full stop of the next one's number: "1. Soup 2. Salad"."""
    text = mark.string
    if mark["stop"] not in FULL_STOPS or not text[mark.start() - 1].isdigit():
        return None
    own, following = ITEM_NUMBER.match(text, start), NEXT.match(text, mark.end(), mark.end() + AFTER)
    if not own or not following or not following["gap"]:
        return None
    place = Place.around(mark, start, known, following)
    number = LATER_NUMBER.search(place.before)
    if not number or int(number[1]) != int(own[1]) + 1 or place.is_small_next or is_ordinal(place, number[1]):
        return None
    return mark.start() - len(place.before) + number.start()
