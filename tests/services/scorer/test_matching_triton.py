"""The kernel beside its reference: in Triton's interpreter, which needs no GPU, compiled for GPUs, and on one."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from triton import compile as compile_kernel
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from services.scorer import matching, matching_triton

pytestmark = pytest.mark.slow

WHOLE_TILE = [16, 1, 17, 15, 32]
SEVERAL_TILES = [1, 64, 65, 130]


@pytest.fixture(scope="module")
def interpreter() -> Iterator[ProcessPoolExecutor]:
    """A process in which Triton interprets: what it does is settled at import, and others here may have imported it."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("TRITON_INTERPRET", "1")
            assert process.submit(os.getenv, "TRITON_INTERPRET").result() == "1"
        yield process


@pytest.fixture
def compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets Triton compile, and do so anew."""
    if knobs.runtime.interpret:
        pytest.skip("Triton interprets in this session: TRITON_INTERPRET is set")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))


def packed(
    lengths: Sequence[int], dimensions: int, *, seed: int = 0, pairs: int = 8, shift: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random arguments of greedy_match: candidates are the even texts, references the odd ones or the last.

    A shift moves all cosines up; a negative one moves those of an even text with an odd one down.
    """
    generator = torch.Generator().manual_seed(seed)
    starts = torch.tensor([0, *lengths]).cumsum(0)
    sides = torch.tensor([1.0, -1.0 if shift < 0 else 1.0])[torch.arange(len(lengths)) % 2]
    vectors = torch.randn(int(starts[-1]), dimensions, generator=generator)
    vectors += abs(shift) * sides.repeat_interleave(starts.diff())[:, None]
    weights = (torch.rand(len(vectors), generator=generator) > 0.3).float()
    numbers = torch.randint((len(lengths) + 1) // 2, (pairs, 2), generator=generator) * 2
    chosen = (numbers + torch.tensor([0, 1])).clamp(max=len(lengths) - 1)
    return torch.nn.functional.normalize(vectors, dim=1), starts, weights, chosen


def assert_equal(scores: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    """Precision and recall to a tolerance, F1 to twice that, which it makes of it at most, and its own."""
    allowed = tolerance * torch.tensor([1.0, 1.0, 3.0], device=scores.device)
    assert scores.shape == expected.shape
    assert scores.dtype == expected.dtype == torch.float32
    assert (scores - expected).abs().sub(allowed).le(0).all(), (scores, expected)


@settings(max_examples=8)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    dimensions=st.integers(1, 150),
    seed=st.integers(0, 2**32 - 1),
    shift=st.sampled_from([0.0, 1.0, -1.0]),
)
@example(lengths=[1], dimensions=1, seed=0, shift=0.0)
@example(lengths=WHOLE_TILE, dimensions=64, seed=0, shift=-1.0)
@example(lengths=SEVERAL_TILES, dimensions=100, seed=0, shift=-1.0)
@example(lengths=[65, 512], dimensions=32, seed=0, shift=0.0)
def test_scores_are_the_references(
    interpreter: ProcessPoolExecutor, lengths: Sequence[int], dimensions: int, seed: int, shift: float
) -> None:
    arguments = packed(lengths, dimensions, seed=seed, shift=shift)
    scores = interpreter.submit(matching_triton.greedy_match, *arguments).result()
    assert_equal(scores, matching.greedy_match(*arguments), 1e-6)


def test_half_precision_is_summed_in_float32(interpreter: ProcessPoolExecutor) -> None:
    vectors, *others = packed(WHOLE_TILE, 384)
    scores = interpreter.submit(matching_triton.greedy_match, vectors.half(), *others).result()
    assert_equal(scores, matching.greedy_match(vectors.half(), *others), 1e-6)


@pytest.mark.xfail(
    raises=AssertionError, strict=True, reason="Triton's interpreter multiplies bfloat16 as if it were integers"
)
def test_bfloat16_can_be_interpreted(interpreter: ProcessPoolExecutor) -> None:
    vectors, *others = packed(WHOLE_TILE, 384)
    scores = interpreter.submit(matching_triton.greedy_match, vectors.bfloat16(), *others).result()
    assert_equal(scores, matching.greedy_match(vectors.bfloat16(), *others), 1e-6)


def test_negative_similarities_are_not_beaten_by_places_without_a_token(interpreter: ProcessPoolExecutor) -> None:
    arguments = packed([3, 5], 20, shift=-3.0)
    scores = interpreter.submit(matching_triton.greedy_match, *arguments).result()
    assert (scores < -0.3).all()


def test_a_text_without_weight_scores_0_either_way(interpreter: ProcessPoolExecutor) -> None:
    vectors, starts, weights, _ = packed([2, 5], 20)
    weights[:2], weights[2:] = 0.0, 1.0
    pairs = torch.tensor([[0, 1], [1, 0], [0, 0], [1, 1]])
    scores = interpreter.submit(matching_triton.greedy_match, vectors, starts, weights, pairs).result()
    assert_equal(scores, torch.tensor([[0.0] * 3] * 3 + [[1.0] * 3]), 1e-6)


def test_a_special_token_is_matched_but_not_counted(interpreter: ProcessPoolExecutor) -> None:
    vectors = torch.eye(3)[[0, 1, 2, 1]]
    arguments = vectors, torch.tensor([0, 2, 4]), torch.tensor([0.0, 1, 1, 0]), torch.tensor([[0, 1]])
    scores = interpreter.submit(matching_triton.greedy_match, *arguments).result()
    assert scores.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize("length", [1.0, 0.9])
def test_f1_is_0_where_precision_and_recall_have_opposite_signs(
    interpreter: ProcessPoolExecutor, length: float
) -> None:
    vectors, weights = torch.tensor([[1.0], [1.0], [-length]]), torch.tensor([1.0, 0.0, 1.0])
    arguments = vectors, torch.tensor([0, 1, 3]), weights, torch.tensor([[0, 1]])
    scores = interpreter.submit(matching_triton.greedy_match, *arguments).result()
    assert scores.tolist() == matching.greedy_match(*arguments).tolist()
    assert scores.tolist() == [pytest.approx([1.0, -length, 0.0])]


def test_no_pairs_have_no_scores(interpreter: ProcessPoolExecutor) -> None:
    vectors, starts, weights, pairs = packed([3], 20, pairs=0)
    scores = interpreter.submit(matching_triton.greedy_match, vectors, starts, weights, pairs).result()
    assert scores.shape == (0, 3)


@pytest.mark.parametrize(
    ("capability", "dtype", "tensor_cores", "tile", "tiles"),
    [(80, "fp32", False, 64, 8), (80, "bf16", True, 16, 1), (90, "fp32", False, 16, 1), (90, "bf16", True, 64, 8)],
)
@pytest.mark.usefixtures("compiling")
def test_only_bfloat16_is_multiplied_by_tensor_cores(
    capability: int, dtype: str, tensor_cores: bool, tile: int, tiles: int
) -> None:
    types = [f"*{dtype}", "*i64", "*fp32", "*i64", "*fp32", "i32", "constexpr", "constexpr", "constexpr"]
    sizes = {"tile": tile, "tiles": tiles, "depth": matching_triton.DEPTH}
    kernel = matching_triton._match_pair
    source = ASTSource(kernel, dict(zip(kernel.arg_names, types, strict=True)), sizes)
    compiled = compile_kernel(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": tile // 16})
    # They would round float32.
    assert ("mma" in compiled.asm["ptx"]) == tensor_cores
    # What a program may have at most, of an RTX 3090 or 4090 too.
    assert compiled.metadata.shared <= 99 * 1024


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU: no CUDA device is at hand")
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-5)])
@pytest.mark.parametrize("dimensions", [384, 768, 1000])
@pytest.mark.parametrize("lengths", [range(4, 17), range(1, 70), [1, 500, *range(128, 513, 37)]])
def test_scores_on_a_gpu_are_the_references(
    lengths: Sequence[int], dimensions: int, dtype: torch.dtype, tolerance: float
) -> None:
    vectors, *others = (part.cuda() for part in packed(list(lengths), dimensions, pairs=300))
    arguments = vectors.to(dtype), *others
    assert_equal(matching_triton.greedy_match(*arguments), matching.greedy_match(*arguments), tolerance)
