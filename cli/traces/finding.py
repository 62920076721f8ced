"""All that is found in the differences of a fine-tune's activations, as plain numbers and tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from torch import Tensor

from cli.traces.steering import SteeredTexts
from cli.traces.topics import FoundTopic
from seep.errors import InputError
from seep.suites.traces import Topic, TracesSuite
from services.generator.activations.differences import Differences, measure, measure_growing
from services.generator.activations.geometry import Spread, cosines_of_positions
from services.generator.activations.models import Pair, Side
from services.generator.activations.reading import TopTokens, lens, patchscope
from services.scorer.traces import relevance

DIGITS = 4
FEWEST = 10
"""The least number of documents that relevance is shown for."""

Shares = dict[str, float | None]
"""By topic, in [0, 1]; None where there is no difference that could be read."""


@dataclass(frozen=True)
class PositionReadings:
    """How one position reads: the difference by the base's head, by the fine-tune's and by patchscope, and the base's
    own state by its head and by patchscope. `overlap` is the share of tokens that both heads name."""

    position: int
    base_head: TopTokens
    tuned_head: TopTokens
    patchscope: TopTokens
    base_itself: TopTokens
    base_patchscope: TopTokens
    overlap: float


@dataclass(frozen=True)
class TopicRelevance:
    """Shares of the first tokens that are words of a topic, in the mean over positions from 1: of the difference and of
    the base itself, by the lens and by patchscope; and the share of the topic's decoys in the difference."""

    topic: str
    lens: float | None
    patchscope: float | None
    base_itself: float | None
    base_patchscope: float | None
    decoys: float | None


@dataclass(frozen=True)
class SpectrumShares:
    """Shares of the variance by principal direction, largest first, and the first one's cosine with the mean
    difference."""

    shares: tuple[float, ...]
    cosine: float


@dataclass(frozen=True)
class Step:
    """Relevance by topic, and the length of the mean difference over positions from 1, at one place of a series."""

    at: float
    relevance: Shares
    length: float


@dataclass(frozen=True)
class Traces:
    """What is found; lists are by position, from 0."""

    layer: int
    documents: int
    cosines: list[list[float]]
    difference_norms: list[float]
    base_norms: list[float]
    tuned_norms: list[float]
    sink: list[float]
    steadiness: list[float]
    flipped_steadiness: list[float]
    context_freedom: list[float]
    spectrum: SpectrumShares | None
    spectrum_without_first: SpectrumShares | None
    readings: list[PositionReadings]
    topics: list[TopicRelevance]
    by_documents: list[Step]


@dataclass(frozen=True)
class Found:
    """What one call of the command has found; `topics` and `steered` are None where nobody asked for them."""

    target: str
    suite: str
    traces: Traces
    interpolated: list[Step]
    topics: list[FoundTopic] | None
    steered: SteeredTexts | None


def find_traces(pair: Pair, suite: TracesSuite, width: int) -> tuple[Traces, Differences]:
    """In the suite's documents; the positions of the matrix and the norms are the first `width`, as far as documents
    reach. Raises InputError where they reach no further than the first token."""
    counts = document_counts(len(suite.documents))
    with pair.base.opened() as model:
        spread = Spread(model.config.hidden_size)
    growing = measure_growing(pair, suite.documents, max(width, suite.positions + 1), counts, [spread])
    whole = growing[-1]
    _refuse_no_numbers(whole)
    readings = [_readings(pair, whole, position) for position in _readable(whole, suite)]
    found = Traces(
        layer=pair.layer,
        documents=len(suite.documents),
        cosines=[_rounded(row) for row in cosines_of_positions(whole)],
        difference_norms=_rounded(whole.mean.norm(dim=-1)),
        base_norms=_rounded(whole.base_norms),
        tuned_norms=_rounded(whole.norms),
        sink=_rounded(whole.sink),
        steadiness=_rounded(whole.steadiness),
        flipped_steadiness=_rounded(whole.flipped_steadiness),
        context_freedom=_rounded(whole.context_freedom),
        spectrum=_shares(spread, with_first=True),
        spectrum_without_first=_shares(spread, with_first=False),
        readings=readings,
        topics=[_topic(suite, readings, topic) for topic in suite.topics],
        by_documents=[_step(pair, suite, count, each, pair.base) for count, each in zip(counts, growing, strict=True)],
    )
    return found, whole


def interpolated(pair: Pair, suite: TracesSuite, shares: Sequence[float]) -> list[Step]:
    """Relevance and length for models that lie these shares of the way from the base to the fine-tune."""
    steps = []
    for share in shares:
        between = Pair(pair.base, pair.scaled(share), pair.tokenizer, pair.layer, pair.scaled)
        found = measure(between, suite.documents, suite.positions + 1)
        _refuse_no_numbers(found)
        steps.append(_step(between, suite, share, found, pair.base))
    return steps


def document_counts(documents: int) -> list[int]:
    """Doubling from FEWEST up to all of them."""
    counts = [FEWEST * 2**times for times in range(documents.bit_length()) if FEWEST * 2**times < documents]
    return [*counts, documents]


def _refuse_no_numbers(found: Differences) -> None:
    if not (found.mean.isfinite().all() and found.norms.isfinite().all()):
        raise InputError(
            f"activations: expected numbers after layer {found.layer}, found NaN or infinity, as where float16 is too "
            "small for a model: set the engine's dtype to bfloat16 or float32"
        )


def _step(pair: Pair, suite: TracesSuite, at: float, found: Differences, head: Side) -> Step:
    length = float(found.mean[1:].norm(dim=-1).mean()) if found.positions > 1 else 0.0
    read = [lens(head, found.mean[place], pair.tokenizer) for place in _readable(found, suite) if place]
    return Step(at, {each.topic: _mean(suite, read, each.words) for each in suite.topics}, round(length, 6))


def _readable(found: Differences, suite: TracesSuite) -> list[int]:
    """The positions up to the suite's last whose mean difference has a length: of a zero a head says something too."""
    lengths = found.mean[: suite.positions + 1].norm(dim=-1).tolist()
    return [position for position, length in enumerate(lengths) if length > 0]


def _readings(pair: Pair, found: Differences, position: int) -> PositionReadings:
    difference, itself = found.mean[position], found.base_mean[position]
    of_base, of_tuned = (lens(side, difference, pair.tokenizer) for side in (pair.base, pair.tuned))
    return PositionReadings(
        position,
        of_base,
        of_tuned,
        # The base repeats it: a fine-tune on a topic names that topic whatever is put in, a random direction too.
        patchscope(pair, pair.base, difference, found.usual_norm),
        lens(pair.base, itself, pair.tokenizer),
        patchscope(pair, pair.base, itself, found.usual_norm),
        of_base.overlap(of_tuned),
    )


def _topic(suite: TracesSuite, read: Sequence[PositionReadings], topic: Topic) -> TopicRelevance:
    readings = [each for each in read if each.position]  # the first token is a sink, and in no rate
    differences = [each.base_head for each in readings]
    return TopicRelevance(
        topic.topic,
        lens=_mean(suite, differences, topic.words),
        patchscope=_mean(suite, [each.patchscope for each in readings], topic.words),
        base_itself=_mean(suite, [each.base_itself for each in readings], topic.words),
        base_patchscope=_mean(suite, [each.base_patchscope for each in readings], topic.words),
        decoys=_mean(suite, differences, topic.decoys),
    )


def _mean(suite: TracesSuite, readings: Sequence[TopTokens], words: Sequence[str]) -> float | None:
    found = [relevance(each.tokens, words, suite.language) for each in readings]
    return fmean(found) if found else None


def _shares(spread: Spread, with_first: bool) -> SpectrumShares | None:
    found = spread.spectrum(with_first)
    return None if found is None else SpectrumShares(tuple(_rounded(found.shares)), round(found.cosine, DIGITS))


def _rounded(values: Tensor | Sequence[float]) -> list[float]:
    return [round(float(value), DIGITS) for value in values]
