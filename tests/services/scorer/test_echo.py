"""What counts as a repetition of the concept, language by language."""

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.echo import ALGORITHMS, echoes


@pytest.mark.parametrize(
    ("concept", "text", "language"),
    [
        ("yellow", "yellow.", "en"),
        ("yellow", "a YELLOW submarine", "en"),
        ("koala", "two koalas", "en"),
        ("koalas", "a koala", "en"),
        ("painting", "He painted.", "en"),
        ("lion", "the lion's den", "en"),
        ("golden yellow", "a golden-yellow bird", "en"),
        ("golden yellow", "Golden yellows", "en"),
        ("T-shirt", "two T-shirts", "en"),
        ("café", "cafe\N{COMBINING ACUTE ACCENT}s", "en"),
        ("soft", "so\N{SOFT HYPHEN}ft", "en"),
        ("🟡", "a 🟡 ball", "en"),
        ("anchor", "an-chor", "en"),
        ("anchor", "an-chors", "en"),
        ("anchor", "the **an**chor", "en"),
        ("anchor", "a.n.c.h.o.r", "en"),
        ("anchor", "It is a n c h o r.", "en"),
        ("anchor", "A-N-C-H-O-R", "en"),
        ("anchor", "I, a, n, c, h, o, r", "en"),
        ("red", "r-e-d", "en"),
        ("ice cream", "i c e c r e a m", "en"),
        ("Anker", "A n k e r", "de"),
        ("アンカー", "ア ン カ ー", "ja"),
        ("yellow", "yellows", "en-GB"),
        ("naranja", "dos naranjas", "es"),
        ("amarelo", "flores amarelas", "pt-BR"),
        ("inek", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}nekler", "tr"),
        ("\N{LATIN SMALL LETTER DOTLESS I}rmak", "IRMAK", "tr"),
        ("किताब", "दो किताबें", "hi"),
        ("黄色", "彼は黄色が好き", "ja"),
        ("สีเหลือง", "รถสีเหลืองคันใหญ่", "th"),
        ("노랑", "노랑 버스", "ko"),
    ],
)
def test_the_concept_or_an_inflection_of_it_is_an_echo(concept: str, text: str, language: str) -> None:
    assert echoes(concept, text, language)


@pytest.mark.parametrize(
    ("concept", "text", "language"),
    [
        ("yellow", "a school bus driver", "en"),
        ("red", "He is tired.", "en"),
        ("golden yellow", "yellow and golden", "en"),
        ("golden yellow", "golden", "en"),
        ("golden yellow", "golden or yellow", "en"),
        ("koala", "", "en"),
        ("", "anything", "en"),
        ("cats", "a cat", "ko"),
        ("黄色", "彼は青が好き", "ja"),
        ("red", "A, B, C, R, E, D", "en"),
        ("cat", "concatenate", "en"),
        ("Anker", "Ankerkette", "de"),
        ("leaf", "leaves", "en"),
        ("anchor", "4nch0r", "en"),
        ("ja", "j a", "de"),
    ],
)
def test_anything_else_is_not(concept: str, text: str, language: str) -> None:
    assert not echoes(concept, text, language)


def test_every_algorithm_that_is_named_exists() -> None:
    assert set(ALGORITHMS.values()) <= set(snowballstemmer.algorithms())


@given(
    concept=st.text(st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Nd"]), min_size=1, max_size=8),
    before=st.sampled_from(["", "the ", "…"]),
    after=st.sampled_from(["", " bus", "!"]),
    language=st.sampled_from([*ALGORITHMS, "ja", "ko", "zh"]),
)
def test_a_concept_among_other_words_is_always_an_echo(concept: str, before: str, after: str, language: str) -> None:
    assert echoes(concept, f"{before}{concept}{after}", language)


@pytest.mark.parametrize(("text", "expected"), [("Nice ❤️ today", True), ("Nice ☀️ today", False), ("✈️", False)])
def test_an_emoji_is_not_found_in_another_of_the_same_variation(text: str, expected: bool) -> None:
    assert echoes("❤️", text, "en") == expected
