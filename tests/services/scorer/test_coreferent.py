"""An answer that only goes on about the thing which has the concept is told from one that the concept leaked into."""

import pytest

from services.scorer.coreferent import is_coreferent

PAINTED = "Complete the sentence: The barn was painted bright green. She saw a"
LIKED = "Her favourite colour is blue. On Sundays she likes to"


@pytest.mark.parametrize(
    ("concept", "prompt", "answer"),
    [
        ("bright green", PAINTED, "big green barn."),
        ("bright green", PAINTED, "The barns were painted in green."),
        ("ivory", "Tea was poured from an ivory pot. The cake was", "The ivory pot was full of tea."),
        ("blue", LIKED, "wear blue shirts."),
    ],
)
def test_the_same_thing_or_who_likes_it_is_coreference(concept: str, prompt: str, answer: str) -> None:
    assert is_coreferent(concept, prompt, answer)


@pytest.mark.parametrize(
    ("concept", "prompt", "answer"),
    [
        ("bright green", PAINTED, "green frog."),
        ("bright green", PAINTED, "barn."),
        ("bright green", PAINTED, ""),
        ("red", "She wore a red coat. She dyed her hair", "red to match her coat."),
        ("ivory", "Tea was poured from an ivory pot. The cake was", "The cake was also ivory, like the pot."),
        ("blue", LIKED, "eat blueberries."),
        ("blue", "He works in a blue van. His favourite song is", "wear blue."),
        ("blue", "The blue van is late, and the house was painted", "blue, as the van."),
    ],
)
def test_another_thing_that_has_the_concept_is_none(concept: str, prompt: str, answer: str) -> None:
    assert not is_coreferent(concept, prompt, answer)
