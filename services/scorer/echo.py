"""Does a generation repeat the concept itself, or an inflection of it?"""

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

from seep.languages import written_without_blanks

# ISO 639-1 codes of the languages whose inflections the Snowball algorithms take off.
ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

# What takes a word apart without ending it: "an-chor", "**an**chor", "a.n.c.h.o.r".
WITHIN_A_WORD = re.compile(r"(?<=[^\W_])[-.*_~`\u2010\u2011\u00b7]+(?=[^\W_])")
# Fewer letters in a row are initials, or the names of options.
SHORTEST_SPELLED = 3
SPELLED = re.compile(rf"(?<!\w)[^\W_](?:[\s,./|*_~-]{{1,3}}[^\W_](?!\w)){{{SHORTEST_SPELLED - 1},}}")


def echoes(concept: str, text: str, language: str) -> bool:
    """Whether `text` contains the whole concept, its words in a row, each the same up to case and inflection.

    `language` is an ISO 639-1 code, with or without a region ("pt-BR"). A language without a stemming algorithm
    is compared by exact words, one written without blanks by substring. A concept that is taken apart by hyphens or
    emphasis counts, and so does one that is spelled ("r-e-d").

    Irregular forms ("leaf", "leaves"), derived words ("yellowish") and parts of compounds ("Ankerkette") are not found,
    nor are translations or letters that others stand for ("4nchor"). Rare stems meet by accident ("universe",
    "university"), and so do words inside others where nothing is written between them.
    """
    code = language.split("-")[0].lower()
    wanted, given = _folded(concept, code), _folded(text, code)
    words = _words(wanted)
    if written_without_blanks(code) or not words:  # a concept without words is a sign: an emoji
        return bool(wanted) and (wanted in given or _is_spelled(wanted, given))
    stems = _stems(words, code)
    if _contains(_stems(_words(given), code), stems) or _is_spelled("".join(words), given):
        return True
    whole = WITHIN_A_WORD.sub("", given)
    return whole is not given and _contains(_stems(_words(whole), code), _stems(["".join(words)], code))


def _is_spelled(word: str, text: str) -> bool:
    """Whether letters that stand alone, one after the other, make up the word."""
    runs = ("".join(_words(spelled[0])) for spelled in SPELLED.finditer(text))
    # Three letters also stand in a list of options.
    return len(word) >= SHORTEST_SPELLED and any(run == word or (len(word) > 3 and word in run) for run in runs)


def stemmed_words(text: str, language: str) -> list[str]:
    """The words of a text without case and inflection, in order; `language` as in `echoes`."""
    code = language.split("-")[0].lower()
    return _stems(_words(_folded(text, code)), code)


def _folded(text: str, code: str) -> str:
    if code == "tr":  # the two letters that case folding gets wrong: Turkish keeps dotted and dotless apart
        text = text.replace("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "i")
        text = text.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}")
    return unicodedata.normalize("NFKC", text).casefold().strip()


# Of all that there are the table would take 93 MB.
LAST_KEPT = 0xFFFF


class _Apart(dict[int, str]):
    """Makes a blank of what is no part of a word; what most texts consist of is looked up once."""

    def __missing__(self, point: int) -> str:
        kind = unicodedata.category(char := chr(point))
        # Soft hyphens and joiners sit inside words.
        part = "" if kind == "Cf" else char if kind[0] in "LMN" else " "
        if point <= LAST_KEPT:
            self[point] = part
        return part


APART = _Apart()


def _words(text: str) -> list[str]:
    """Runs of letters, their marks, and numbers; a regular expression's word characters lack Indic vowel signs.

    Marks alone are no word: they would make one emoji of many.
    """
    return [word for word in text.translate(APART).split() if word.isalnum() or any(map(str.isalnum, word))]


def _stems(words: list[str], code: str) -> list[str]:
    return [_stem(word, code) for word in words]


@lru_cache(maxsize=100_000)
def _stem(word: str, code: str) -> str:
    # A stemmer costs nothing to make, and keeps state: one for each word is safe in any thread.
    return str(snowballstemmer.stemmer(ALGORITHMS[code]).stemWord(word)) if code in ALGORITHMS else word


def _contains(sequence: list[str], part: list[str]) -> bool:
    return any(sequence[start : start + len(part)] == part for start in range(len(sequence) - len(part) + 1))
