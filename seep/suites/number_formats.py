"""Numbers as an English Excel shows them, in the formats that tell it unambiguously."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

from seep.suites.date_formats import DATE_KINDS, Token, shown_date

# By their numbers. Those that are missing depend on the region that Excel is set to, as 14, the short date.
BUILT_IN: Mapping[int, str] = {
    **{0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00"},
    **{18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 45: "mm:ss", 49: "@"},
    **{37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)"},
    **{39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);[Red](#,##0.00)"},
}
TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.)
    | \[\$(?P<currency>[^\]-]*)(?:-(?P<locale>[0-9A-F]{1,4}))?\]
    | \[(?P<color>black|blue|cyan|green|magenta|red|white|yellow)\]
    | (?P<half>am/pm|a/p) | (?P<second>s{1,2})(?:\.(?P<fraction>0{1,3}))? | (?P<year>yyyy|yy) | (?P<month>m{1,5})
    | (?P<day>d{1,4}) | (?P<hour>h{1,2})
    | (?P<digits>[0\#?][0\#?,]*(?:\.[0\#?]*)?,*|\.[0\#?]+) | (?P<exponent>E\+0+) | (?P<percent>%)
    | (?P<point>[.,]) | (?P<literal>[^"\\_*\[\]@a-z0\#?])
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A semicolon in quotes or behind a backslash separates nothing.
SEPARATOR = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|(;)|.')
# What General shows of a number, without its sign.
WIDTH = 11
LONGEST_CODE = 255
MOST_DECIMALS = 12
# From here on not even the whole part is known to the last digit.
LARGEST = 10**15
NOT_SHOWN = frozenset({"fill", "locale", "color", "exponent"})


def shown(number: str, code: str, *, from_1904: bool = False) -> str | None:
    """A number of a workbook as it is shown in a format; None if that cannot be told.

    `from_1904`: whether the workbook counts its days from 1904. ValueError if it is no number.
    """
    # No more digits than Excel itself has.
    value = Decimal(f"{float(number):.15g}")
    if not value.is_finite() or len(code) > LONGEST_CODE:
        return None
    if code.lower() in ("general", "@"):
        return general(value)
    section, signed = _section(code, value)
    tokens = list(_tokens(section))
    kinds = {token.kind for token in tokens}
    if "unknown" in kinds or abs(value) >= LARGEST:
        return None
    if kinds & DATE_KINDS:
        return None if kinds & {"digits", "percent", "exponent"} else shown_date(value, tokens, from_1904=from_1904)
    text = _shown_number(abs(value), tokens)
    return f"-{text}" if text and signed else text


def general(value: Decimal) -> str | None:
    """A number in the format General; None where Excel would drop digits of a whole one, or shows it by its room."""
    size, whole = abs(value), value == value.to_integral_value()
    if size < 10**WIDTH and (whole or size >= Decimal("0.0001")):
        decimals = max(0, WIDTH - 1 - max(1, value.adjusted() + 1))
        text = f"{value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, power = f"{value.normalize():E}".partition("E")
    lossless = len(mantissa.lstrip("-")) <= len("1.23456")
    return f"{mantissa}E{power[0]}{power[1:].zfill(2)}" if lossless and whole else None


def _section(code: str, value: Decimal) -> tuple[str, bool]:
    """The part of a format for a value, and whether a sign goes before it."""
    sections = [""]
    for found in SEPARATOR.finditer(code):
        if found[1]:
            sections.append("")
        else:
            sections[-1] += found[0]
    numeric = [section for section in sections[:3] if "@" not in section] or [""]
    if value < 0:
        return (numeric[1], False) if len(numeric) > 1 else (numeric[0], True)
    return numeric[2] if len(numeric) > 2 and not value else numeric[0], False


def _tokens(section: str) -> Iterator[Token]:
    position = 0
    while position < len(section):
        found = TOKEN.match(section, position)
        if found is None:
            yield Token("unknown", section[position:])
            return
        position = found.end()
        for kind, text in found.groupdict().items():
            if text is not None:
                yield Token(kind, text)


def _shown_number(value: Decimal, tokens: list[Token]) -> str | None:
    kinds = [token.kind for token in tokens]
    if "point" in kinds or any(kinds.count(kind) > 1 for kind in ("digits", "percent", "exponent")):
        return None
    pattern = next((token.text for token in tokens if token.kind == "digits"), "")
    scaled = value.scaleb(2 * kinds.count("percent"))
    exponent = next((token.text for token in tokens if token.kind == "exponent"), None)
    number = _plain(scaled, pattern) if exponent is None else _scientific(scaled, pattern, exponent)
    if number is None:
        return None
    texts = {"digits": number, "percent": "%", "space": " "} | dict.fromkeys(NOT_SHOWN, "")
    return "".join(texts.get(token.kind, token.text) for token in tokens).strip() or None


def _plain(value: Decimal, pattern: str) -> str | None:
    """A number with the digits that a pattern as `#,##0.00` asks for; commas at an end divide by 1000."""
    whole, point, decimals = pattern.rstrip(",").partition(".")
    thousands = len(pattern) - len(pattern.rstrip(",")) + len(whole) - len(whole.rstrip(","))
    whole = whole.rstrip(",")
    if len(decimals) > MOST_DECIMALS or "," in decimals:
        return None
    rounded = value.scaleb(-3 * thousands).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    before, _, after = f"{rounded:f}".partition(".")
    before = before.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole:
        before = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", before)
    kept = max((place for place, digit in enumerate(decimals, start=1) if digit != "#"), default=0)
    return before + point + after[:kept] + after[kept:].rstrip("0")


def _scientific(value: Decimal, pattern: str, exponent: str) -> str | None:
    whole, _, decimals = pattern.partition(".")
    if whole != "0" or decimals.strip("0"):
        return None
    mantissa, _, power = f"{value:.{len(decimals)}E}".partition("E")
    return f"{mantissa}E{power[0]}{power[1:].zfill(len(exponent) - len('E+'))}"
