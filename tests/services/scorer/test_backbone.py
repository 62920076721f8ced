"""One pass for all metrics of one transformer: what is shared, what is not, and that the numbers stay."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from seep.settings import BertScore, Metrics, Scoring, SentenceBert
from services.scorer import bert_score_metric, sentence_encoder
from services.scorer.backbone import Backbones
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, encode
from services.scorer.loading import load_metrics
from services.scorer.similarity import Pair
from services.scorer.token_encoder import BertScorer, match

pytestmark = pytest.mark.slow

PAIRS: list[Pair] = [
    ("yellow", "a school bus driver"),
    ("yellow", "doctor"),
    ("golden  yellow", " yellow. "),
    ("red", "word " * 600),
    ("red", "word " * 510),
    ("red", "\N{LARGE RED CIRCLE} École"),
]


class CountedModel:
    """Counts the batches that run through a BERT, whoever loaded it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shapes: list[tuple[int, ...]] = []
        forward = BertModel.forward

        def counted(model: BertModel, *args: object, **settings: object) -> object:
            ids = settings["input_ids"]
            assert isinstance(ids, torch.Tensor)
            self.shapes.append(tuple(ids.shape))
            return forward(model, *args, **settings)

        monkeypatch.setattr(BertModel, "forward", counted)

    def texts(self) -> int:
        return sum(texts for texts, _ in self.shapes)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> CountedModel:
    return CountedModel(monkeypatch)


def both(folder: Path, layer: int, *, sentences_first: bool = True) -> tuple[Encoder, BertScorer]:
    """Both metrics' encoders of one folder, which may share a transformer."""
    backbones = Backbones()
    if sentences_first:
        sentence = sentence_encoder.load(str(folder), "mini", torch.float32, backbones)
        return sentence, bert_score_metric.load(str(folder), "mini", layer, torch.float32, backbones)
    tokens = bert_score_metric.load(str(folder), "mini", layer, torch.float32, backbones)
    return sentence_encoder.load(str(folder), "mini", torch.float32, backbones), tokens


def apart(folder: Path, layer: int, pairs: Sequence[Pair]) -> tuple[list[float], torch.Tensor]:
    """What both say where neither knows of the other."""
    sentence = sentence_encoder.load(str(folder), "mini", torch.float32)
    tokens = bert_score_metric.load(str(folder), "mini", layer, torch.float32)
    return sentence_encoder.cosines(sentence, None, pairs), match(tokens, None, pairs)


@pytest.mark.parametrize("layer", [4, 2])
def test_every_text_runs_once_through_one_transformer_and_the_numbers_are_those_of_two(
    layer: int, bert_folder: Path, counted: CountedModel
) -> None:
    sentence, tokens = both(bert_folder, layer)
    expected_cosines, expected_scores = apart(bert_folder, layer, PAIRS)
    counted.shapes.clear()
    cache = EmbeddingCache(1 << 26)
    assert sentence_encoder.cosines(sentence, cache, PAIRS) == expected_cosines
    texts = {text for pair in PAIRS for text in pair}
    assert counted.texts() == len(texts)
    assert torch.equal(match(tokens, cache, PAIRS), expected_scores)
    # The one that fills the limit is cut, perhaps elsewhere than the other metric would cut it.
    assert counted.texts() == len(texts) + 2


def test_tokens_asked_first_bring_the_sentences_vectors(bert_folder: Path, counted: CountedModel) -> None:
    sentence, tokens = both(bert_folder, 4, sentences_first=False)
    expected_cosines, expected_scores = apart(bert_folder, 4, PAIRS[:3])
    cache = EmbeddingCache(1 << 26)
    counted.shapes.clear()
    assert torch.equal(match(tokens, cache, PAIRS[:3]), expected_scores)
    assert sentence_encoder.cosines(sentence, cache, PAIRS[:3]) == expected_cosines
    assert counted.texts() == len({text for pair in PAIRS[:3] for text in pair})


def test_a_transformer_that_ends_below_the_sentences_is_not_shared(bert_folder: Path) -> None:
    sentence, tokens = both(bert_folder, 2, sentences_first=False)
    expected_cosines, expected_scores = apart(bert_folder, 2, PAIRS[:3])
    cache = EmbeddingCache(1 << 26)
    assert torch.equal(match(tokens, cache, PAIRS[:3]), expected_scores)
    assert sentence_encoder.cosines(sentence, cache, PAIRS[:3]) == expected_cosines


def test_what_is_too_large_to_be_remembered_is_encoded_by_each(bert_folder: Path) -> None:
    sentence, tokens = both(bert_folder, 4)
    expected_cosines, expected_scores = apart(bert_folder, 4, PAIRS)
    for cache in (None, EmbeddingCache(0), EmbeddingCache(10_000)):
        assert sentence_encoder.cosines(sentence, cache, PAIRS) == expected_cosines
        assert torch.equal(match(tokens, cache, PAIRS), expected_scores)


def test_other_weights_at_the_same_place_are_not_shared(
    write_bert: Callable[[Path, int], Path], tmp_path: Path
) -> None:
    """As of a folder that was written to between two loads."""
    backbones = Backbones()
    vectors = []
    for seed in (0, 1):
        write_bert(tmp_path, seed)
        scorer = bert_score_metric.load(str(tmp_path), f"seed {seed}", 4, torch.float32, backbones)
        vectors.append(encode(scorer.encoder, ["a bus"], None)[1].columns[0])
    assert not torch.allclose(vectors[0], vectors[1])


def test_the_metrics_that_are_loaded_share(minilm_folder: Path, counted: CountedModel) -> None:
    folder = str(minilm_folder)
    sections = Metrics(sentence_bert=SentenceBert(model=folder), bert_score=BertScore(model=folder))
    metrics, _ = load_metrics(sections, Scoring(dtype="float32"))
    counted.shapes.clear()
    pairs = PAIRS[:3]
    for metric in metrics.values():
        metric.fast(pairs)
    assert counted.texts() == len({text for pair in pairs for text in pair})
