"""BERTScore's greedy matching of packed token vectors, in one Triton kernel.

`matching` is the reference; on a GPU, `matching_choice` takes this one where it is quicker there. Nobody has measured
yet by how much: `benchmarks.speed.matching` does. Tests run it in Triton's interpreter (TRITON_INTERPRET=1), whose dot
takes bfloat16 for integers in 3.7.1, so that only a GPU can show bfloat16 to be right.
"""

# mypy: disable-error-code="import-untyped, untyped-decorator"

import torch
import triton
import triton.language as tl
from torch import Tensor

# Side of a tile of cosines: no smaller than tensor cores multiply, no larger than registers hold.
SMALLEST_TILE, LARGEST_TILE = 16, 64

# Dimensions multiplied at once.
DEPTH = 64


def greedy_match(vectors: Tensor, starts: Tensor, weights: Tensor, pairs: Tensor) -> Tensor:
    """Precision, recall and F1, (pairs, 3) in float32, as `matching.greedy_match` gives them for the same arguments.

    The tensors are on one CUDA device, with products of float32 vectors in full float32.
    """
    scores = torch.empty(len(pairs), 3, device=vectors.device)
    if not len(pairs):
        return scores
    longest = int(starts.diff().max())
    tile = min(max(triton.next_power_of_2(longest), SMALLEST_TILE), LARGEST_TILE)
    _match_pair[(len(pairs),)](
        vectors.contiguous(),
        starts.contiguous(),
        weights.contiguous(),
        pairs.contiguous(),
        scores,
        vectors.shape[1],
        tile=tile,
        tiles=triton.next_power_of_2(triton.cdiv(longest, tile)),
        depth=DEPTH,
        num_warps=tile // 16,
    )
    return scores


@triton.jit
def _match_pair(
    vectors: tl.tensor,
    starts: tl.tensor,
    weights: tl.tensor,
    pairs: tl.tensor,
    scores: tl.tensor,
    dimensions: tl.tensor,
    tile: tl.constexpr,
    tiles: tl.constexpr,
    depth: tl.constexpr,
) -> None:
    """One pair: each of its cosines is computed once, in tiles that no other memory than registers ever holds.

    A row of tiles belongs to a stretch of the reference and is walked along the whole candidate, so that the
    reference's maxima are complete at its end. The candidate's grow from row to row; they stay in registers, for 512
    tokens 2 KiB, where two passes would compute every cosine twice.
    """
    pair = tl.program_id(0).to(tl.int64)
    candidate = tl.load(pairs + 2 * pair)
    reference = tl.load(pairs + 2 * pair + 1)
    candidate_start = tl.load(starts + candidate)
    reference_start = tl.load(starts + reference)
    candidate_length = (tl.load(starts + candidate + 1) - candidate_start).to(tl.int32)
    reference_length = (tl.load(starts + reference + 1) - reference_start).to(tl.int32)
    candidate_vectors = vectors + candidate_start * dimensions
    reference_vectors = vectors + reference_start * dimensions
    within = tl.arange(0, tile)

    candidate_best = tl.full([tiles, tile], float("-inf"), tl.float32)
    reference_sum = tl.zeros([tile], tl.float32)
    reference_weight = tl.zeros([tile], tl.float32)
    for reference_first in range(0, reference_length, tile):
        columns = reference_first + within
        reference_best = tl.full([tile], float("-inf"), tl.float32)
        for candidate_first in range(0, candidate_length, tile):
            rows = candidate_first + within
            cosines = tl.zeros([tile, tile], tl.float32)
            for first in range(0, dimensions, depth):
                cosines = tl.dot(
                    _load(candidate_vectors, rows, candidate_length, first, dimensions, depth),
                    tl.trans(_load(reference_vectors, columns, reference_length, first, dimensions, depth)),
                    cosines,
                    input_precision="ieee",
                )
            # A place without a token is no match, not one of similarity 0, which is better than a negative one.
            both = (rows < candidate_length)[:, None] & (columns < reference_length)[None, :]
            cosines = tl.where(both, cosines, float("-inf"))
            reference_best = tl.maximum(reference_best, tl.max(cosines, 0))
            here = tl.arange(0, tiles)[:, None] == candidate_first // tile
            best = tl.maximum(candidate_best, tl.max(cosines, 1)[None, :])
            candidate_best = tl.where(here, best, candidate_best)
        weight = tl.load(weights + reference_start + columns, columns < reference_length, 0.0).to(tl.float32)
        reference_sum += weight * tl.where(weight != 0, reference_best, 0.0)
        reference_weight += weight

    rows = tl.arange(0, tiles)[:, None] * tile + within[None, :]
    weight = tl.load(weights + candidate_start + rows, rows < candidate_length, 0.0).to(tl.float32)
    candidate_sum = tl.sum(weight * tl.where(weight != 0, candidate_best, 0.0))
    candidate_weight = tl.sum(weight)
    _store_scores(scores + 3 * pair, candidate_sum, candidate_weight, tl.sum(reference_sum), tl.sum(reference_weight))


@triton.jit
def _load(
    vectors: tl.tensor,
    rows: tl.tensor,
    length: tl.tensor,
    first: tl.tensor,
    dimensions: tl.tensor,
    depth: tl.constexpr,
) -> tl.tensor:
    """Some dimensions of some tokens, (rows, depth), with zeros beyond the text and beyond the last dimension."""
    columns = first + tl.arange(0, depth)
    inside = (rows < length)[:, None] & (columns < dimensions)[None, :]
    return tl.load(vectors + rows[:, None] * dimensions + columns[None, :], inside, 0.0)


@triton.jit
def _store_scores(
    scores: tl.tensor,
    candidate_sum: tl.tensor,
    candidate_weight: tl.tensor,
    reference_sum: tl.tensor,
    reference_weight: tl.tensor,
) -> None:
    """Means and their harmonic mean: all 0 where a side has no weight, F1 also where the two have opposite signs."""
    weighty = (candidate_weight != 0) & (reference_weight != 0)
    precision = tl.where(weighty, candidate_sum / tl.where(weighty, candidate_weight, 1.0), 0.0)
    recall = tl.where(weighty, reference_sum / tl.where(weighty, reference_weight, 1.0), 0.0)
    total = precision + recall
    f1 = tl.where(precision * recall > 0, 2 * precision * recall / tl.where(total != 0, total, 1.0), 0.0)
    tl.store(scores, precision)
    tl.store(scores + 1, recall)
    tl.store(scores + 2, f1)
