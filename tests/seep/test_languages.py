"""How languages are named, and how near to each other they are."""

from hypothesis import given
from hypothesis import strategies as st

from seep.languages import LANGUAGES, family_distance, language_code, spill_categories, written_without_blanks

CODES = st.sampled_from(sorted(LANGUAGES))


@given(CODES, CODES, CODES)
def test_the_family_distance_is_an_ultrametric(one: str, other: str, third: str) -> None:
    assert family_distance(one, other) == family_distance(other, one)
    assert (family_distance(one, other) == 0) == (one == other)
    assert family_distance(one, third) <= max(family_distance(one, other), family_distance(other, third))


def test_relatives_are_nearer_than_strangers() -> None:
    assert [family_distance("it", code) for code in ("it", "es", "de", "zh")] == [0, 2, 3, 4]
    assert family_distance("es", "pt") == 1


def test_a_language_is_known_by_its_code_and_by_its_names() -> None:
    assert [language_code(text) for text in ("it", "Italian", "Mandarin Chinese", "zh-cn", " mandarin ")] == [
        "it",
        "it",
        "zh",
        "zh",
        "zh",
    ]
    assert language_code("gibberish") is None


def test_an_answer_counts_in_a_category_per_language_and_in_two_for_the_rest() -> None:
    assert list(spill_categories("es", ["it", "es"]).values()) == ["es>es", "es>it", "es>other", "es>unknown"]


def test_a_language_is_written_without_blanks_whatever_its_region() -> None:
    assert [code for code in ("ja", "zh-CN", "TH", "ko", "en-GB") if written_without_blanks(code)] == [
        "ja",
        "zh-CN",
        "TH",
    ]
