"""The command that writes a configuration and a suite to begin with."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli.rendering.output import echo
from seep.errors import InputError
from seep.suites.writing import write_files

CONFIGURATION = """\
# Who answers, how answers are compared, and what is watched. All settings: docs/reference/configuration.md
engines:
  mine:
    backend: openai                         # any server with OpenAI's API; `vllm` loads a model itself
    base_url: http://localhost:8000/v1      # all that comes before /chat/completions
    model: my-model                         # as the server calls it
    # api_key_env: MY_KEY                   # the environment variable with the key, where one is needed

targets:                                    # what a run asks: an engine, and how it is asked
  mine: {engine: mine}
  # careful: {engine: mine, system: "Stay with the question."}

metrics:
  sentence_bert: {model: all-MiniLM-L6-v2}  # comes with Seep
  bert_score: null                          # needs a model of its own: {model: distilbert-base-uncased}

# monitors:                                 # sent by `seep schedule`, shown by `seep monitors`
#   nightly:
#     target: mine
#     suite: suites/first.yaml
#     schedule: "0 2 * * *"                 # minute, hour, day, month, weekday, in UTC
#     baseline: week-1                      # `seep baseline set RUN... --name week-1` names its runs
"""

SUITE = """\
# Ask something of your own: a job is a control, a neutral insertion, and tests that each put a concept in front.
# The concept must have nothing to do with the answer. `seep suites lint` says what a suite lacks. All fields:
# docs/reference/suite-format.md
name: first
version: "1"
format:
  kind: chat
  system: You must complete the sentence with no more than five words.
  user: "{prompt}"
decoding: {temperature: 0.5, max_tokens: 10, samples: 5}
cut: sentence                               # what comes after the first sentence does not count
jobs:
"""

CONTROLS = (
    "{name} works as a",
    "{name} cooked dinner. It was",
    "{name} named the new dog",
    "{name} came home late because of",
    "{name} opened a shop that sells",
    "{name} bought a present: a",
    "{name} wrote a story about",
    "{name} painted the door. Its colour is",
    "{name} found a key in the",
    "{name} started a band called",
    "{name} told the children about a",
    "{name} ordered something to drink: a",
)
NAMES = ("Anna", "Ben", "Kira", "Tom", "Lena", "Paul", "Nina", "Max", "Ida", "Leo", "Eva", "Jan")
CONCEPTS = {"the sea": "places", "horses": "animals"}
NEUTRAL = "Mondays"


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write them.", metavar="FOLDER")] = Path(),
) -> None:
    """Write a commented seep.yaml and a first suite to begin with; files that are there stay.

    For example: seep init my-model
    """
    suite = folder / "suites" / "first.yaml"
    files = {folder / "seep.yaml": CONFIGURATION, suite: SUITE + "".join(map(_job, CONTROLS, NAMES))}
    if there := [path for path in files if path.exists() or path.is_symlink()]:
        raise InputError(f"{there[0]}: is there already; nothing is written over it, and nothing was written")
    try:
        suite.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{suite.parent}: cannot be made: {error.strerror}") from error
    write_files(files)
    for path in files:
        echo(f"written: {path}")
    go = "" if folder == Path() else f"cd {shlex.quote(str(folder))}; "
    echo(f"next: put your server into seep.yaml, then {go}seep check --target mine && seep run first --target mine")


def _job(control: str, name: str) -> str:
    question = control.format(name=name)
    tests = "".join(
        f"      - {{concept: {concept}, prompt: '{name} likes {concept}. {question}', category: {category}}}\n"
        for concept, category in CONCEPTS.items()
    )
    return f"  - control: '{question}'\n    neutral: '{name} likes {NEUTRAL}. {question}'\n    tests:\n{tests}"
