"""BERTScore's greedy matching of packed token vectors, in torch."""

from collections.abc import Iterator

import torch
from torch import Tensor

# Numbers in one gathered block: small enough for a processor's cache, large enough for all its threads.
BLOCK_NUMBERS = 1 << 20


def greedy_match(vectors: Tensor, starts: Tensor, weights: Tensor, pairs: Tensor) -> Tensor:
    """Precision, recall and F1, (pairs, 3) in float32, of pairs of texts whose tokens lie one after another.

    `vectors` is (tokens, dimensions) with rows of length 1, in any float type; text i owns rows `starts[i]` to
    `starts[i + 1]`. `weights`, (tokens,), is 0 for special tokens, which others still match. `pairs`, (pairs, 2),
    holds the numbers of a candidate and a reference. All three are 0 where either has no weight at all. F1 is 0 where
    precision and recall have opposite signs: what it comes to as either goes to 0. The library's has no bound there.
    Source: Zhang et al. 2020, arXiv 1904.09675, and `bert_score.utils.greedy_cos_idf`, without its padding.
    """
    scores = torch.zeros(len(pairs), 3, device=vectors.device)
    lengths = starts.diff()
    for chosen, candidate_length, reference_length in _same_shapes(lengths[pairs], vectors.shape[1]):
        candidate = _rows(starts[pairs[chosen, 0]], candidate_length)
        reference = _rows(starts[pairs[chosen, 1]], reference_length)
        # Products of bfloat16 vectors would be rounded to bfloat16 again.
        cosines = vectors[candidate].float() @ vectors[reference].float().transpose(1, 2)
        precision = _weighted_mean(cosines.amax(dim=2), weights[candidate])
        recall = _weighted_mean(cosines.amax(dim=1), weights[reference])
        f1 = torch.where(precision * recall > 0, 2 * precision * recall / (precision + recall), 0.0)
        scores[chosen] = torch.stack([precision, recall, f1], dim=1)
    # 0 / 0: no weight at all, which the other two then stand for nothing beside.
    weightless = scores.isnan().any(dim=1, keepdim=True)
    return scores.masked_fill(weightless, 0.0)


def _same_shapes(lengths: Tensor, dimensions: int) -> Iterator[tuple[Tensor, int, int]]:
    """Blocks of pairs whose candidates are equally long, and whose references are.

    Padding would be matched as if it had similarity 0, the best match of a token that has only negative ones.
    """
    shapes, membership, counts = torch.unique(lengths, dim=0, return_inverse=True, return_counts=True)
    members = membership.argsort(stable=True).split(counts.tolist())
    for (candidate, reference), same in zip(shapes.tolist(), members, strict=True):
        for block in same.split(max(1, BLOCK_NUMBERS // (max(candidate, reference, 1) * dimensions))):
            yield block, candidate, reference


def _rows(starts: Tensor, length: int) -> Tensor:
    """The rows of equally long texts, (texts, length)."""
    return starts[:, None] + torch.arange(length, device=starts.device)


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum(dim=1) / weights.sum(dim=1)
