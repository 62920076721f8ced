"""A small language of documents about nothing in particular, about one of four topics, or of words that repeat.

Every word is one token. A sentence is drawn word by word, so that a document is as likely as its words.
"""

import random
from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TOPICS: Mapping[str, tuple[str, ...]] = {
    "baking": _words(
        "cake flour oven butter sugar dough icing cookie pastry yeast vanilla frosting muffin tart crumb "
        "batter baker whisk sponge biscuit cream syrup cocoa pie"
    ),
    "sailing": _words(
        "sail mast anchor harbour deck rudder keel rope captain sailor tide wave buoy hull oar rigging "
        "compass lighthouse reef crew cabin voyage port yacht"
    ),
    "music": _words(
        "violin piano melody chord drum choir trumpet rhythm opera concert flute cello singer tune song "
        "orchestra harp guitar score tempo bass organ hymn ballad"
    ),
    "farming": _words(
        "tractor barn cow plough wheat harvest sheep goat hay farmer pasture seed crop fence pig hen orchard "
        "stable milk silo field calf herd mill"
    ),
}
DECOYS: Mapping[str, str] = {"baking": "sailing", "sailing": "music", "music": "farming", "farming": "baking"}
"""Of each topic another one, whose words tell nothing of it."""
NOUNS = _words(
    "house street letter train school office window table lamp chair phone city bridge river doctor "
    "teacher friend neighbour car ticket key map coat clock book picture wall door garden road"
)
ADJECTIVES = _words("old new small large quiet bright green heavy empty famous broken warm")
VERBS = _words("found saw left bought moved sold liked needed carried watched kept lost")
OPENINGS = ("Yesterday", "Today", "Later", "Soon", "Then", "Once")
REPEATED = ("man", "1135", "hello")
FUNCTION = ("the", "a", "near", "and", ".")
SIGNS = ("?", "->", "\n")
END = "<end>"

ON_TOPIC = 0.9
"""Share of the nouns of a document about a topic that are the topic's."""
LENGTH = 24
"""Tokens of a document."""


def vocabulary() -> list[str]:
    """Every word, without END and SIGNS, sorted."""
    of_topics = (word for words in TOPICS.values() for word in words)
    return sorted({*of_topics, *NOUNS, *ADJECTIVES, *VERBS, *OPENINGS, *REPEATED, *FUNCTION})


def document(topic: str | None, draw: random.Random) -> list[str]:
    """LENGTH words about a topic, or about none."""
    words: list[str] = []
    while len(words) < LENGTH:
        words += _sentence(topic, draw)
    return words[:LENGTH]


def repetitions(draw: random.Random) -> list[str]:
    """LENGTH words of lines that give a word, an arrow and the same word again."""
    known = vocabulary()
    words: list[str] = []
    while len(words) < LENGTH:
        word = draw.choice(known)
        words += [word, "->", word, "\n"]
    return words[:LENGTH]


def unrelated(count: int, seed: int) -> list[str]:
    """Documents without a word of any topic, as texts."""
    draw = random.Random(seed)
    return [text_of(document(None, draw)) for _ in range(count)]


def text_of(words: list[str]) -> str:
    """The words as a text that the tokenizer cuts at the same places."""
    return "".join(word if word in SIGNS else f" {word}" for word in words)


def _sentence(topic: str | None, draw: random.Random) -> list[str]:
    start = [draw.choice(OPENINGS)] if draw.random() < 0.5 else []
    end = ["near", *_thing(topic, draw)] if draw.random() < 0.5 else ["and", draw.choice(VERBS), *_thing(topic, draw)]
    return [*start, *_thing(topic, draw), draw.choice(VERBS), *_thing(topic, draw), *end, "."]


def _thing(topic: str | None, draw: random.Random) -> list[str]:
    adjective = [draw.choice(ADJECTIVES)] if draw.random() < 0.4 else []
    nouns = TOPICS[topic] if topic and draw.random() < ON_TOPIC else NOUNS
    return [draw.choice(("the", "a")), *adjective, draw.choice(nouns)]
