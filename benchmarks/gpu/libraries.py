"""What people use on the same GPU: sentence-transformers, and the bert_score library or, without it, a plain loop."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel, AutoTokenizer

from services.scorer.encoder import default_device
from services.scorer.similarity import Pair


class Libraries:
    """Both, in float32, their default."""

    def __init__(self, sentences: Path, tokens: Path, layer: int) -> None:
        self.sentences = SentenceTransformer(str(sentences), device=str(default_device()))
        self.score, self.scored_by = _token_scores(tokens, layer)

    def cosines(self, pairs: Sequence[Pair], batch_size: int) -> list[float]:
        sides: Any = [
            self.sentences.encode(list(side), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False)
            for side in zip(*pairs, strict=True)
        ]
        return [float(cosine) for cosine in np.einsum("ij,ij->i", *sides)]

    def both(self, pairs: Sequence[Pair], batch_size: int) -> tuple[list[float], list[float]]:
        """Cosine and F1 of every pair."""
        return self.cosines(pairs, batch_size), self.score(pairs, batch_size)


def layers_of(model: Any) -> Any:
    """What holds the layers of a BERT or a DistilBERT."""
    return model.encoder if hasattr(model, "encoder") else model.transformer


def _token_scores(folder: Path, layer: int) -> tuple[Callable[[Sequence[Pair], int], list[float]], str]:
    try:
        from bert_score import BERTScorer
    except ModuleNotFoundError:
        return PlainLoop(folder, layer).f1, "a plain batch loop over transformers (bert_score is not installed)"
    scorer = BERTScorer(model_type=str(folder), num_layers=layer, device=str(default_device()))

    def f1(pairs: Sequence[Pair], batch_size: int) -> list[float]:
        concepts, texts = map(list, zip(*pairs, strict=True))
        scores: list[float] = scorer.score(texts, concepts, batch_size=batch_size)[2].tolist()
        return scores

    return f1, "bert_score"


class PlainLoop:
    """What the bert_score library does: each distinct text once, by length, in padded batches; then padded pairs."""

    def __init__(self, folder: Path, layer: int) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder).to(default_device()).eval()
        layers_of(self.model).layer = layers_of(self.model).layer[:layer]

    @torch.inference_mode()
    def f1(self, pairs: Sequence[Pair], batch_size: int) -> list[float]:
        """F1 of every pair."""
        texts = sorted(dict.fromkeys(text for pair in pairs for text in pair), key=len, reverse=True)
        vectors: dict[str, Tensor] = {}
        for start in range(0, len(texts), batch_size):
            vectors |= self._encoded(texts[start : start + batch_size])
        starts = range(0, len(pairs), batch_size)
        return [score for start in starts for score in _matched(pairs[start : start + batch_size], vectors)]

    def _encoded(self, texts: list[str]) -> dict[str, Tensor]:
        batch = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(default_device())
        batch.pop("token_type_ids", None)
        embedded = torch.nn.functional.normalize(self.model(**batch)[0], dim=-1)
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        return {text: row[:length] for text, row, length in zip(texts, embedded, lengths, strict=True)}


def _matched(pairs: Sequence[Pair], vectors: dict[str, Tensor]) -> list[float]:
    concepts, texts = (pad_sequence([vectors[text] for text in side], True) for side in zip(*pairs, strict=True))
    cosines = torch.bmm(texts, concepts.transpose(1, 2))
    sides = []
    for side, best in ((1, cosines.amax(2)), (0, cosines.amax(1))):
        lengths = torch.tensor([len(vectors[pair[side]]) for pair in pairs], device=best.device)
        places = torch.arange(best.shape[1], device=best.device)
        # Special tokens are matched, and do not count.
        counted = (places > 0) & (places < lengths[:, None] - 1)
        sides.append((best * counted).sum(1) / counted.sum(1))
    precision, recall = sides
    scores: list[float] = (2 * precision * recall / (precision + recall)).tolist()
    return scores
