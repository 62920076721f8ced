"""Sentence-BERT: the cosine of two sentence embeddings."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

import numpy as np
from sentence_transformers import SentenceTransformer

from services.scorer.quiet import quieten
from services.scorer.similarity import Metric, Pair


def load(location: str) -> Metric:
    """The metric over the model at a folder or hub name; whatever its library raises for a bad one passes through."""
    quieten()
    # A checkpoint's own half precision would make ties of similarities that differ.
    encoder = SentenceTransformer(location).float()
    return partial(cosines, encoder)


def cosines(encoder: SentenceTransformer, pairs: Sequence[Pair]) -> list[float]:
    """Cosines of pairs in [-1, 1], by position, in float32; each distinct text is encoded once.

    Texts beyond the model's limit are cut by the library; an empty text has an embedding like any other.
    """
    if not pairs:
        return []
    texts = list(dict.fromkeys(chain.from_iterable(pairs)))
    row = {text: index for index, text in enumerate(texts)}
    embeddings = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    concepts = embeddings[[row[concept] for concept, _ in pairs]]
    answers = embeddings[[row[text] for _, text in pairs]]
    return [float(cosine) for cosine in np.einsum("ij,ij->i", concepts, answers)]
