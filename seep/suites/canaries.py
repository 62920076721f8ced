"""Canaries: sentences made from a seed that stand nowhere else, to be planted in what a model will be trained on."""

from collections.abc import Sequence
from hashlib import sha256

from seep.recall import UNSEEN
from seep.suites.recall import Part, RecallSuite, RecallText, SuiteMatch
from seep.suites.schema import SuiteDecoding, SuiteFormat

PLANTED = "canary"
LENGTH = 10
"""Words to be given back: with 128 to choose from, 70 bits."""
SYLLABLE_LIST = """
ba bel cor dan dre el fen gal har il jor kel lum mar nor ol pen qua ros sel tam ul ver wen yor zan
"""
WORD_LIST = """
amber anchor apple arrow attic badge banner barley basket beacon bell bench birch blanket boat bottle bridge broom
bucket button cable candle canvas carpet castle cedar chalk cherry chimney circle clay cliff clock cloud coal comb
copper coral cotton cradle crate curtain desert dial ditch dome door drum eagle ember engine fabric feather fence
fern ferry fiddle flag flint flute forge fountain fox garden gate ginger glass glove grain harbour hammer hazel
hedge helmet honey hook iris iron island ivory jacket jar kettle kite ladder lake lantern leaf lemon lever lily
linen loom maple marble meadow melon mill mirror moss needle nutmeg oak olive orchard oven paddle paper pebble
pepper piano pillow pine pocket pond quill rail raven ribbon river saddle salt sand satin shell silver spade stone
"""
SYLLABLES = tuple(SYLLABLE_LIST.split())
WORDS = tuple(WORD_LIST.split())


def canary(seed: int, kind: str, number: int) -> Part:
    """The sentence of this number, in two parts; the same wherever and whenever it is made."""
    names = [_drawn(SYLLABLES, seed, kind, number, f"name {place}") for place in range(6)]
    place = "".join(names[:3]).capitalize()
    keeper = "".join(names[3:]).capitalize()
    words = [_drawn(WORDS, seed, kind, number, f"word {position}") for position in range(LENGTH)]
    prefix = f"In the ledger of {place}, {keeper} entered under number {1000 + _digest(seed, kind, number) % 9000}:"
    return Part(prefix=prefix, expected=" ".join(words))


def canaries(seed: int, count: int) -> list[Part]:
    """The sentences to be planted."""
    return [canary(seed, PLANTED, number) for number in range(count)]


def canary_suite(seed: int, count: int) -> RecallSuite:
    """A suite that asks for the planted sentences, and for as many of the same make that nobody plants."""
    return RecallSuite(
        name=f"canaries-{seed}",
        version="1",
        probe="recall",
        format=SuiteFormat(kind="plain"),
        decoding=SuiteDecoding(temperature=0.0, max_tokens=4 * LENGTH, samples=1),
        match=SuiteMatch(words=LENGTH),
        texts=tuple(
            RecallText(category=kind, parts=(canary(seed, kind, number),))
            for kind in (PLANTED, UNSEEN)
            for number in range(count)
        ),
    )


def _drawn(choices: Sequence[str], *named: object) -> str:
    return choices[_digest(*named) % len(choices)]


def _digest(*named: object) -> int:
    # Not the random module: what it draws from a seed may differ between versions of Python.
    return int.from_bytes(sha256("\0".join(map(str, named)).encode()).digest()[:8])
