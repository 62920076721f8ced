"""Masks in a server's words what a request said, so that they may stand in a log; a rule that rather masks too much."""

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from seep.characters import joined_characters

MASK = "[...]"
LONGEST = 200
# No more of it is looked at.
LONGEST_READ = 2000
WORD = re.compile(r"\w+")
PIECE = re.compile(r"[^\W_]+")
QUOTED = re.compile(
    r"(?<!\w)(?:'([^']+)'|\"([^\"]+)\"|`([^`]+)`|\u2018([^\u2019]+)\u2019|\u201c([^\u201d]+)\u201d|\u00ab([^\u00bb]+)\u00bb)(?!\w)"
)
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
# An id of a request: it would make each message another one.
ID = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}")
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
SPELLED = re.compile(r"(?<!\w)\w(?:[\W_]{1,3}\w(?!\w)){3,}")
MASKS = re.compile(rf"(?:{re.escape(MASK)}\W{{0,3}})+(?={re.escape(MASK)})")
SHORTEST_OF_A_SECRET = 5
# A server may quote the tokens of a word, or break its lines within one.
SHORTEST_OF_A_WORD = 5
# A shorter key, as "EMPTY" or "ollama", is a word of names too.
SHORTEST_WHOLE_SECRET = 8
# Words of every error message, and of no prompt alone: three in a row that a prompt has are masked all the same.
PLAIN = frozenset(
    PIECE.findall(
        "a access allow allowed an and any api are argument as at authentication available be been both but by can "
        "cannot completion completions context could denied disabled do does either enabled error errors exceed "
        "exceeds expected failed field for forbidden found from get given has have if in incorrect input instead "
        "invalid is it its key larger least length less limit maximum message messages minimum missing model "
        "models more most must name no not null number of on one only or out parameter parameters please prompt "
        "provide provided quota rate request required response role roles see server set should so support "
        "supported supports system than that the their there this to token tokens too type unable unauthorized "
        "unexpected unknown unsupported use used user using value values was when which with without you your"
    )
)


@dataclass(frozen=True)
class Hidden:
    """What must not be shown: the texts that were sent, single words (concepts), secrets.

    `names` may be shown though a text has them: the model's, and those of parameters.
    """

    texts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def masked(message: str, hidden: Hidden) -> str:
    """One line of at most 200 characters without anything hidden, however the server has escaped or quoted it."""
    text = _readable(message[:LONGEST_READ])
    for secret in hidden.secrets:
        text = _without_secret(text, secret)
    text = ID.sub(lambda found: found[0] if any(found[0] in name for name in hidden.names) else MASK, text)
    text = SPELLED.sub(MASK, text)
    # A name or a number is looked at as any other word.
    text = QUOTED.sub(lambda found: f"{found[0][0]}{MASK}{found[0][-1]}" if " " in found[0] else found[0], text)
    words = list(WORD.finditer(text))
    for at in sorted(_hidden_places([_fold(word[0]) for word in words], hidden), reverse=True):
        text = text[: words[at].start()] + MASK + text[words[at].end() :]
    text = MASKS.sub("", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3].rstrip() + "..."


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """A server's name for something without the secrets that it was sent, each whole."""
    for secret in secrets:
        if len(secret) >= SHORTEST_WHOLE_SECRET:
            text = text.replace(secret, MASK)
    return text


def _readable(text: str) -> str:
    """One line of visible characters, with every usual escape undone."""
    for _ in range(2):
        text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        text = re.sub(r"\\[nrt]", " ", html.unescape(unquote(text))).replace("\\", "")
    text = unicodedata.normalize("NFKC", joined_characters(COLOURS.sub("", text)))
    # Joiners, and what else shows nothing, may stand within a word.
    shown = (letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())


def _without_secret(text: str, secret: str) -> str:
    """Masks every word that shows a part of a secret."""
    length = min(SHORTEST_OF_A_SECRET, len(secret))
    parts = {secret[at : at + length] for at in range(len(secret) - length + 1)}
    return re.sub(r"\S+", lambda word: MASK if any(part in word[0] for part in parts) else word[0], text)


def _hidden_places(words: list[str], hidden: Hidden) -> set[int]:
    """The places of the words that are masked: any that a text has, but for names and plain words; concepts; and three
    in a row as one text has them, whatever they are."""
    sent = [WORD.findall(_fold(text)) for text in hidden.texts]
    pieces = {piece for text in sent for word in text for piece in PIECE.findall(word)}
    known = PLAIN | {piece for name in hidden.names for piece in PIECE.findall(_fold(name))}
    concepts = {piece for word in hidden.words for piece in PIECE.findall(_fold(word))}
    foreign = {pair for word in pieces | concepts for pair in _pairs(word) if not pair.isascii()}
    together = " ".join(pieces | concepts)
    triples = {triple for text in sent for triple in zip(text, text[1:], text[2:], strict=False)}
    places: set[int] = set()
    for at, word in enumerate(words):
        parts = set(PIECE.findall(word))
        if any(len(part) >= SHORTEST_OF_A_WORD and part not in known and part in together for part in parts):
            places.add(at)
        if parts & (pieces - known) or foreign & set(_pairs(word)) or _has_concept(word, parts, concepts):
            places.add(at)
        if tuple(words[at : at + 3]) in triples:
            places |= {at, at + 1, at + 2}
    # A message that was cut may end in the beginning of a word.
    if words and words[-1] not in known and any(word.startswith(words[-1]) for word in pieces):
        places.add(len(words) - 1)
    return places


def _has_concept(word: str, parts: set[str], concepts: set[str]) -> bool:
    return bool(parts & concepts) or any(len(concept) > 3 and concept in word for concept in concepts)


def _pairs(word: str) -> list[str]:
    """Two letters in a row, or one that stands alone: what shows a word of a script without blanks."""
    return ["".join(pair) for pair in pairwise(word)] or [word]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
