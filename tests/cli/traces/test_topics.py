from collections.abc import Sequence

from cli.traces.topics import find_topics, words_of

BAKING = ["cake", "flour", "oven", "butter", "sugar", "dough"]
MIXED = ["letter", "river", "window", "clock", "station", "violin"]
SIGNS = ["the", "and", "that", "with", "from", "this"]


def _similarities(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Words about baking are alike, so are those of grammar; all others mean nothing to each other."""
    return [0.8 if any({one, other} <= set(group) for group in (BAKING, SIGNS)) else 0.0 for one, other in pairs]


def test_words_that_mean_the_same_are_a_topic_named_by_them() -> None:
    (found,) = find_topics([[*BAKING, "letter"]], [SIGNS], _similarities)
    assert set(found.words) == set(BAKING)
    assert (found.in_difference, found.in_base) == (6, 0)
    assert found.name == ", ".join(found.words[:4])
    assert found.p < 0.01


def test_words_without_a_common_meaning_are_none() -> None:
    assert find_topics([MIXED], [SIGNS], _similarities) == []


def test_what_the_base_itself_says_as_much_is_none() -> None:
    assert find_topics([BAKING], [BAKING], _similarities) == []


def test_p_is_large_where_the_base_has_as_many_of_the_words() -> None:
    (found,) = find_topics([[*BAKING[:4], *MIXED[:3]]], [[*BAKING[4:], *MIXED[3:]]], _similarities)
    assert found.p > 0.2


def test_p_is_about_uniform_where_words_are_dealt_out_at_random() -> None:
    """Of all ways to deal six words, three of them alike, no more than their share has so small a p."""
    import random

    pool = [*BAKING, *MIXED]
    small = 0
    for seed in range(100):
        dealt = random.Random(seed).sample(pool, len(pool))
        found = find_topics([dealt[:6]], [dealt[6:]], _similarities)
        small += any(topic.p <= 0.05 for topic in found)
    assert small <= 10


def test_words_are_told_from_signs_and_pieces() -> None:
    assert words_of([[" Cake", "cake", " a", "##ing", "12", ".", "ov"]]) == {"cake"}


def test_too_few_words_have_no_topics() -> None:
    assert find_topics([["cake"]], [["the"]], _similarities) == []
