"""A probe that needs what an engine does not provide is refused in one line, before anything is loaded or sent."""

from pathlib import Path
from typing import ClassVar

import pytest

from seep.capabilities import check_monitors, check_probe
from seep.errors import InputError
from seep.probes import PROBES
from seep.records import AnswerPart
from seep.settings import Monitor, RecordedEngine, Settings
from seep.settings.targets import Target

SUITE = """
name: rooms
version: "1"
format: {kind: plain, user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: He works as a
    tests: [{concept: yellow, prompt: He likes yellow. He works as a, category: "1"}]
"""


class GlassEngine(RecordedEngine):
    """An engine that says how probable its tokens were."""

    provides: ClassVar[frozenset[AnswerPart]] = frozenset({"text", "token_scores"})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A target of an engine with texts, and one of an engine that also scores tokens; a monitor of each."""
    suite = tmp_path / "rooms.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    file = tmp_path / "answers.jsonl"
    return Settings().model_copy(
        update={
            "engines": {
                "glass": GlassEngine(backend="recorded", file=file),
                "paper": RecordedEngine(backend="recorded", file=file),
            },
            "targets": {"clear": Target(engine="glass"), "plain": Target(engine="paper")},
            "monitors": {name: Monitor(target=name, suite=suite) for name in ("clear", "plain")},
        }
    )


def test_today_every_probe_suits_every_engine(settings: Settings) -> None:
    check_monitors(settings)
    for probe in PROBES:
        check_probe(settings, "plain", probe)


@pytest.mark.usefixtures("semantic_needs_token_scores")
def test_an_engine_without_what_the_probe_needs_is_refused_by_name(settings: Settings) -> None:
    check_probe(settings, "clear", "semantic")
    with pytest.raises(InputError) as refused:
        check_probe(settings, "plain", "semantic")
    assert str(refused.value) == (
        "targets.plain: the semantic probe needs token_scores of an answer, "
        "and the engine 'paper' (recorded) does not provide it"
    )


@pytest.mark.usefixtures("semantic_needs_token_scores")
def test_every_monitor_is_checked(settings: Settings) -> None:
    with pytest.raises(InputError, match=r"^monitors\.plain: the semantic probe needs token_scores"):
        check_monitors(settings)


def test_a_monitor_whose_suite_cannot_be_read_is_named(settings: Settings) -> None:
    settings.monitors["clear"].suite.unlink()
    with pytest.raises(InputError, match=r"^monitors\.clear\.suite: .*rooms\.yaml:1: the file cannot be read"):
        check_monitors(settings)
