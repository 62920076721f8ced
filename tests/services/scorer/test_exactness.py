"""The engine beside the libraries that people use, and bfloat16 beside float32, on real answers and on odd strings."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bert_score import BERTScorer
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer

from seep.answers import is_blank
from seep.settings import MINILM, BertScore, Metrics, Scoring
from services.scorer.loading import load_metrics
from services.scorer.mode import PUBLISHED, Mode, exact
from services.scorer.semantic import leak_score
from services.scorer.similarity import Comparison, Metric, Pair, ask_metrics
from services.scorer.token_scores import F1_CONDITION, is_unstable

pytestmark = pytest.mark.slow

CONCEPT = "golden yellow"

# With --hypothesis-profile=thorough all recorded texts and 10,000 distinct odd strings, else a tenth and 300.
STRINGS_PER_EXAMPLE = 10
THOROUGH = 1000

characters = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from("\N{ZERO WIDTH JOINER}\N{RIGHT-TO-LEFT OVERRIDE}\x00\x07\x1b\t\u0301😀👩🏽日本語한국어"),
    st.characters(min_codepoint=0x5D0, max_codepoint=0x64A),  # Hebrew and Arabic
)
words = st.sampled_from(["a", "bus", "yellow", "he's", "[SEP]", "[CLS]", "naïve", "École", "42"])
strings = st.one_of(
    st.text(characters, max_size=12),
    st.text(characters, min_size=20, max_size=60),
    st.lists(words, min_size=1, max_size=12).map(" ".join),
    st.sampled_from(["", " \n"]),
)


class Libraries:
    """Cosine and F1 as the two libraries compute them; F1 is 0 where precision and recall have opposite signs."""

    def __init__(self, folder: Path) -> None:
        self.sentences = SentenceTransformer(str(folder), device="cpu")
        self.tokens = BERTScorer(model_type=str(folder), num_layers=6, device="cpu")

    def cosines(self, pairs: Sequence[Pair]) -> Any:
        concepts, texts = (
            self.sentences.encode(list(side), normalize_embeddings=True) for side in zip(*pairs, strict=True)
        )
        return np.einsum("ij,ij->i", concepts, texts)

    def knows(self, text: str) -> bool:
        """Whether any token of the text is none of the tokenizer's own, as that for all unknown signs."""
        tokenizer = self.tokens._tokenizer
        return bool(set(tokenizer(text)["input_ids"]) - set(tokenizer.all_special_ids))

    def f1(self, pairs: Sequence[Pair]) -> Any:
        """Pairs of equal token counts are scored together: the library's padding would change the scores of others."""
        groups = defaultdict(list)
        for pair in pairs:
            groups[tuple(len(ids) for ids in self.tokens._tokenizer(list(pair))["input_ids"])].append(pair)
        found: dict[Pair, float] = {}
        for same in groups.values():
            concepts, texts = map(list, zip(*same, strict=True))
            precision, recall, f1 = self.tokens.score(texts, concepts)
            found |= dict(zip(same, f1.where(precision * recall > 0, 0.0).tolist(), strict=True))
        return [found[pair] for pair in pairs]


@pytest.fixture(scope="module")
def libraries(minilm_folder: Path) -> Libraries:
    return Libraries(minilm_folder)


def assert_equal(pairs: Sequence[Pair], metrics: dict[str, Metric], libraries: Libraries) -> None:
    assert metrics["sentence_bert"].afresh(pairs) == pytest.approx(libraries.cosines(pairs), abs=1e-5)
    assert metrics["bert_score"].afresh(pairs) == pytest.approx(libraries.f1(pairs), abs=1e-5)


def test_scores_are_the_libraries_on_all_texts_of_the_published_answers(
    recorded_comparisons: list[Comparison], loaded_metrics: dict[str, Metric], libraries: Libraries
) -> None:
    texts = {text: concept for comparison in recorded_comparisons for concept, text in comparison}
    pairs = [(concept, text) for text, concept in texts.items()]
    assert_equal(pairs if is_thorough() else pairs[::10], loaded_metrics, libraries)


def is_thorough() -> bool:
    """Whether one who has an hour runs this."""
    return settings().max_examples >= THOROUGH


def test_scores_are_the_libraries_on_odd_strings(loaded_metrics: dict[str, Metric], libraries: Libraries) -> None:
    texts = {"word " * 600, "a", "\N{HEBREW LETTER ALEF} " * 700, "😀" * 600}
    wanted = STRINGS_PER_EXAMPLE * THOROUGH if is_thorough() else 300

    # Made here and compared below, all at once: the libraries are slow with a few texts at a time.
    @settings(phases=[Phase.generate], database=None)
    @given(st.lists(strings, min_size=STRINGS_PER_EXAMPLE, max_size=STRINGS_PER_EXAMPLE, unique=True))
    def make(made: list[str]) -> None:
        texts.update(made)

    # Each round from a seed of its own: where hypothesis draws the same each time, as it does in CI, more must come.
    for number in count():
        if len(texts) >= wanted:
            break
        seed(number)(make)()
    # What shows nothing, or nothing that the model knows, has the similarity 0 here, and in the libraries some other.
    nothing = [text for text in sorted(texts) if is_blank(text) or not libraries.knows(text)]
    assert_equal([(CONCEPT, text) for text in sorted(texts.difference(nothing))], loaded_metrics, libraries)
    for name in ("sentence_bert", "bert_score"):
        assert loaded_metrics[name].afresh([(CONCEPT, text) for text in nothing]) == [0.0] * len(nothing)
    assert "😀" * 600 in nothing


@pytest.fixture(scope="module")
def some_comparisons(recorded_comparisons: list[Comparison]) -> list[Comparison]:
    """A part of them: bfloat16 is slow on a processor without it. benchmarks/validity/precision.py takes them all."""
    return recorded_comparisons[::40]


@pytest.mark.parametrize("mode", [exact(1e-6), PUBLISHED], ids=["exact", "published"])
def test_bfloat16_gives_every_leak_score_that_float32_gives(
    mode: Mode, some_comparisons: list[Comparison], bfloat16: dict[str, Metric], loaded_metrics: dict[str, Metric]
) -> None:
    float32 = ask_metrics({name: loaded_metrics[name] for name in bfloat16}, some_comparisons, mode)
    found = ask_metrics(bfloat16, some_comparisons, mode)
    for name in bfloat16:
        for one, other in some_comparisons:
            expected = leak_score(float32[name][one], float32[name][other], mode.tie_tolerance)
            assert leak_score(found[name][one], found[name][other], mode.tie_tolerance) == expected


def test_bfloat16_stays_within_its_error_bound(some_comparisons: list[Comparison], bfloat16: dict[str, Metric]) -> None:
    pairs = list(dict.fromkeys(pair for comparison in some_comparisons for pair in comparison))
    for metric in bfloat16.values():
        errors = np.abs(np.subtract(metric.fast(pairs), metric.exact(pairs)))
        assert 0 < errors.max() < metric.error_bound


@pytest.fixture(scope="module")
def bfloat16() -> dict[str, Metric]:
    """The metrics in bfloat16, with a cache of their own."""
    metrics, _ = load_metrics(Metrics(bert_score=BertScore(model=MINILM)), Scoring(dtype="bfloat16"))
    return metrics


def test_f1_of_a_fast_type_is_within_its_bound_or_is_told_to_be_unstable() -> None:
    """By the worst errors that precision and recall may have, over the whole square of their values."""
    bound = 0.006
    axis = torch.linspace(-1, 1, 401)
    precision, recall = (side.flatten() for side in torch.meshgrid(axis, axis, indexing="ij"))
    scores = torch.stack([precision, recall, f1(precision, recall)], dim=1)
    stable = ~is_unstable(scores, bound)
    assert stable.float().mean() > 0.2
    for errors in ((bound, bound), (bound, -bound), (-bound, bound), (-bound, -bound)):
        moved = f1(precision + errors[0], recall + errors[1])
        assert (moved - scores[:, 2])[stable].abs().max() <= F1_CONDITION * bound


def f1(precision: torch.Tensor, recall: torch.Tensor) -> Any:
    return torch.where(precision * recall > 0, 2 * precision * recall / (precision + recall), 0.0)
