"""Dates and times as an English Excel shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

DATE_KINDS = frozenset({"year", "month", "day", "hour", "second", "half"})
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# United States, United Kingdom, Australia, Canada; others name months in their own language.
ENGLISH = frozenset({"409", "809", "C09", "1009"})
# Excel counts a 29 February 1900, which there never was.
FIRST_SOUND_DAY = 61
LAST_DAY = 2958465


@dataclass(frozen=True)
class Token:
    """A part of a format: its kind, as `seep.suites.number_formats` tells it, and its text."""

    kind: str
    text: str


def shown_date(days: Decimal, tokens: Sequence[Token], *, from_1904: bool) -> str | None:
    """A date or a time of so many days since the workbook's first; None if what is shown cannot be told.

    The names of months and days are told where a format says that they are English, or says no language.
    """
    tokens = _with_minutes(tokens)
    kinds = {token.kind for token in tokens}
    first = 0 if from_1904 else FIRST_SOUND_DAY
    if not (first if kinds & {"year", "month", "day"} else 0) <= days <= LAST_DAY or not _is_english(tokens):
        return None
    digits = max((len(token.text) for token in tokens if token.kind == "fraction"), default=0)
    seconds = (days * 86400).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    when = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    when += timedelta(milliseconds=int(seconds * 1000))
    return "".join(_parts(tokens, when)).strip()


def _is_english(tokens: Sequence[Token]) -> bool:
    """Whether nothing is named in another language, nor shown as the region wants it."""
    locales = {token.text.upper().lstrip("0") for token in tokens if token.kind == "locale"}
    named = any(token.kind in ("month", "day") and len(token.text) > 2 for token in tokens)
    named = named or any(token.kind == "half" for token in tokens)
    return not any(locale.startswith("F") and len(locale) == 4 for locale in locales) and (
        not named or locales <= ENGLISH
    )


def _with_minutes(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, with minutes told from months: they stand after an hour or before a second."""
    timed = [place for place, token in enumerate(tokens) if token.kind in DATE_KINDS]
    kinds = {place: tokens[place].kind for place in timed}
    for before, place, after in zip([None, *timed], timed, [*timed[1:], None], strict=False):
        by_time = (before is not None and kinds[before] == "hour") or (after is not None and kinds[after] == "second")
        if kinds[place] == "month" and len(tokens[place].text) <= 2 and by_time:
            kinds[place] = "minute"
    return [Token(kinds.get(place, token.kind), token.text) for place, token in enumerate(tokens)]


def _parts(tokens: Sequence[Token], when: datetime) -> Iterator[str]:
    twelve_hours = any(token.kind == "half" for token in tokens)
    for token in tokens:
        if token.kind in (*DATE_KINDS, "minute"):
            yield _part(token, when, twelve_hours)
        elif token.kind == "fraction":
            yield "." + f"{when.microsecond // 1000:03}"[: len(token.text)]
        elif token.kind not in ("fill", "locale", "color"):
            yield " " if token.kind == "space" else token.text


def _part(token: Token, when: datetime, twelve_hours: bool) -> str:
    text = token.text
    match token.kind, len(text):
        case "year", length:
            return f"{when.year:04}"[-length:]
        case "month", 3 | 4 | 5 as length:
            return MONTHS[when.month - 1][: {3: 3, 5: 1}.get(length)]
        case "month", _:
            return _padded(when.month, text)
        case "day", 3 | 4 as length:
            return DAYS[when.weekday()][: {3: 3}.get(length)]
        case "day", _:
            return _padded(when.day, text)
        case "hour", _:
            return _padded((when.hour - 1) % 12 + 1 if twelve_hours else when.hour, text)
        case "minute", _:
            return _padded(when.minute, text)
        case "second", _:
            return _padded(when.second, text)
    before_noon, after_noon = text.split("/")
    return before_noon if when.hour < 12 else after_noon


def _padded(number: int, pattern: str) -> str:
    return str(number).zfill(len(pattern))
