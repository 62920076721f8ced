"""Changes JSON and YAML by their values: they stay documents, which bytes changed anywhere mostly do not."""

import json
from copy import deepcopy
from random import Random
from typing import Any

import yaml

DEEP, LONG_NUMBER = "@deep@", "@number@"
# What no value of JSON is written as: a name in the place of each goes before.
WRITTEN = {DEEP: "[" * 3000 + "]" * 3000, LONG_NUMBER: "9" * 5000}
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 1.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 10**30, DEEP, LONG_NUMBER),
    *("", " ", "a", "1", "-1", "all", "none", "nan", "\0", "\ud800", "\u202e", "a\nb", "a\rb", "\x85", "\u2028"),
    *(
        "x" * 5000,
        "=1+1",
        "{prompt}",
        "{prefix}",
        "~nobody/x",
        "../..",
        "a@1",
        "a+b",
        "a,b",
        "9" * 400,
        "9" * 5000,
        "²",
    ),
    *("London", "Paris", "stop", "length", "error", "leak", "2026-11-28", "0 6 * * *", "http://h/v1", "sha256-1", "²"),
    *([], {}, [[]], [{}], {"": 1}, ["a", "a"], [None]),
)


def documents_in(seed: bytes) -> list[Any]:
    """A document for each line of JSON, else the one of YAML."""
    try:
        return [json.loads(line) for line in seed.splitlines()]
    except ValueError:
        return [yaml.safe_load(seed)]


def changed(seed: bytes, random: Random, changes: int) -> bytes:
    """The seed's documents with so many changes, each on a line of its own: JSON, which is YAML, too."""
    documents = documents_in(seed)
    for _ in range(changes):
        _change(documents, random)
    text = "\n".join(json.dumps(document) for document in documents)
    for name, written in WRITTEN.items():
        text = text.replace(json.dumps(name), written)
    return text.encode()


def _change(value: Any, random: Random) -> None:
    """Gives one place within a list or an object another value, one more, one less, or the value of another place."""
    places = list(value) if isinstance(value, dict) else range(len(value))
    if not places:
        return
    place = random.choice(places)
    inner = value[place]
    if isinstance(inner, dict | list) and inner and random.random() < 0.85:
        _change(inner, random)
    elif random.random() < 0.15:
        del value[place]
    elif isinstance(value, list) and random.random() < 0.3:
        value.insert(place, deepcopy(value[random.randrange(len(value))]))
    elif isinstance(value, dict) and random.random() < 0.2:
        value[str(random.choice((*places, *ODD)))] = deepcopy(inner)
    else:
        value[place] = deepcopy(random.choice((*ODD, value[random.choice(places)])))
