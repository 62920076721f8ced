"""A refused answer is drawn again, until the draws are used up; then the last one stays, and is counted."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Counter

from seep.errors import Unavailable
from seep.probes import TEXT
from seep.records import Answer, Decoding, PromptFormat
from seep.settings import OutputFilter
from services.generator.backend import Answered, Request, Result
from services.generator.filtering import KEPT, REGENERATED, generate_filtered, refuses
from tests.builders import answers

DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=5, cut="none")
REQUEST = Request("p", PromptFormat("plain"), DECODING, samples=2, target="filtered")
NO_BANANA = OutputFilter(refuse="banana", max_regenerations=2)


class ScriptedEngine:
    """Gives texts in the order they were written down."""

    provides = TEXT

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.requests: list[Request] = []

    def generate(self, requests: Sequence[Request]) -> list[Result]:
        self.requests += requests
        return [Answered(answers(*(self.texts.pop(0) for _ in range(request.samples)))) for request in requests]


def counted(metric: Counter, target: str = "filtered") -> float:
    return float(metric.labels(target)._value.get())


def test_only_refused_samples_are_drawn_again_in_their_places() -> None:
    engine = ScriptedEngine("a banana", "a plum", "a pear")
    before = counted(REGENERATED), counted(KEPT)
    assert generate_filtered(engine, [REQUEST], {"filtered": NO_BANANA}) == [Answered(answers("a pear", "a plum"))]
    assert [request.samples for request in engine.requests] == [2, 1]
    assert (counted(REGENERATED), counted(KEPT)) == (before[0] + 1, before[1])


def test_after_the_last_draw_the_last_answer_stays_and_is_counted() -> None:
    engine = ScriptedEngine("banana 1", "a plum", "banana 2", "banana 3")
    before = counted(REGENERATED), counted(KEPT)
    assert generate_filtered(engine, [REQUEST], {"filtered": NO_BANANA}) == [Answered(answers("banana 3", "a plum"))]
    assert (counted(REGENERATED), counted(KEPT)) == (before[0] + 2, before[1] + 1)


def test_a_lost_answer_is_not_drawn_again_whatever_stands_in_it() -> None:
    lost = (Answer("I name no banana.", "refusal"), Answer("", "filtered"))

    class RefusingEngine(ScriptedEngine):
        def generate(self, requests: Sequence[Request]) -> list[Result]:
            self.requests += requests
            return [Answered(lost)]

    engine = RefusingEngine()
    nothing = OutputFilter(refuse="banana|^$", max_regenerations=2)
    assert generate_filtered(engine, [REQUEST], {"filtered": nothing}) == [Answered(lost)]
    assert len(engine.requests) == 1


def test_a_later_draw_is_named_differently_so_that_its_seed_is_another() -> None:
    engine = ScriptedEngine("banana", "banana", "banana", "banana", "x", "y")
    generate_filtered(engine, [REQUEST], {"filtered": NO_BANANA})
    assert [request.draw for request in engine.requests] == [0, 2, 4]


def test_targets_without_a_filter_are_drawn_once() -> None:
    engine = ScriptedEngine("banana", "banana")
    other = replace(REQUEST, target="free")
    assert generate_filtered(engine, [other], {"filtered": NO_BANANA}) == [Answered(answers("banana", "banana"))]


def test_a_failure_at_a_later_draw_is_the_requests() -> None:
    class Fleeting(ScriptedEngine):
        def generate(self, requests: Sequence[Request]) -> list[Result]:
            return super().generate(requests) if self.texts else [Unavailable("gone")]

    (answer,) = generate_filtered(Fleeting("banana", "a plum"), [REQUEST], {"filtered": NO_BANANA})
    assert isinstance(answer, Unavailable)


@given(st.lists(st.sampled_from(["banana", "plum"]), min_size=8, max_size=8))
def test_what_passes_in_the_end_is_refused_only_where_all_draws_were(texts: list[str]) -> None:
    engine = ScriptedEngine(*texts)
    (answer,) = generate_filtered(engine, [REQUEST], {"filtered": NO_BANANA})
    assert isinstance(answer, Answered)
    drawn = 8 - len(engine.texts)
    assert drawn <= 2 * 3
    if "banana" in answer.texts:
        assert texts[:drawn].count("banana") >= 3


@pytest.mark.parametrize(
    ("text", "concept", "refused"),
    [
        ("the Yellow bus", "yellow", True),
        ("yellowish", "yellow", False),
        ("an ice  cream!", "ice cream", True),
        ("c++ is fine", "c++", True),
        ("anything", None, False),
        ("", "yellow", False),
    ],
)
def test_the_concept_is_refused_word_for_word_in_any_case(text: str, concept: str | None, refused: bool) -> None:
    assert refuses(OutputFilter(refuse_concept=True), text, concept, "en") is refused


@pytest.mark.parametrize(
    ("text", "concept", "language", "refused"),
    [
        ("彼は黄色い車を買った", "黄色", "ja", True),
        ("彼は赤い車を買った", "黄色", "ja", False),
        ("他买了一辆黄色的车", "黄色", "zh-CN", True),
        ("ﾊﾞﾅﾅを食べた", "バナナ", "ja", True),
        ("彼は黄色い車を買った", "", "ja", False),
        ("yellowish", "yellow", "de", False),
    ],
)
def test_a_concept_is_found_inside_a_text_without_blanks(text: str, concept: str, language: str, refused: bool) -> None:
    engine = ScriptedEngine(text, "x")
    request = replace(REQUEST, samples=1, concept=concept, language=language)
    (answer,) = generate_filtered(engine, [request], {"filtered": OutputFilter(refuse_concept=True)})
    assert isinstance(answer, Answered)
    assert answer.texts == (("x",) if refused else (text,))


def test_at_temperature_0_a_refused_answer_stays_and_is_counted_because_any_other_would_be_the_same() -> None:
    engine = ScriptedEngine("banana", "banana")
    before = counted(REGENERATED), counted(KEPT)
    cold = replace(REQUEST, decoding=replace(DECODING, temperature=0.0))
    assert generate_filtered(engine, [cold], {"filtered": NO_BANANA}) == [Answered(answers("banana", "banana"))]
    assert len(engine.requests) == 1
    assert (counted(REGENERATED), counted(KEPT)) == (before[0], before[1] + 2)


def test_a_server_that_goes_away_before_a_later_draw_delays_only_what_would_be_drawn() -> None:
    class Gone(ScriptedEngine):
        def generate(self, requests: Sequence[Request]) -> list[Result]:
            if not self.texts:
                raise Unavailable("gone")
            return super().generate(requests)

    done, waiting = generate_filtered(Gone("a", "b", "banana", "c"), [REQUEST, REQUEST], {"filtered": NO_BANANA})
    assert done == Answered(answers("a", "b"))
    assert isinstance(waiting, Unavailable)
