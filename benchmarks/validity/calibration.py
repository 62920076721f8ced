"""Thousands of runs of the model whose leakage is known: how often do the intervals hold the population's true rates?

Every run draws its own jobs from the grammar's whole population of frames. One engine answers every prompt of the
population, with a pool of answers to each; a run draws its answers from the pools, with replacement, so that they are
independent draws from the pools' own distribution. The truth is enumerated; beside it stand the exact rate of the
pools, which differ from it by the answers that they happen to hold, and the mean of all runs, which tends to that.
All of it is shown against the neutral arm, as the headline is, and against the control, as `published`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from calibration.answers import Distribution, answer_distributions
from calibration.engine import FOLDER, exact_engine
from calibration.grammar import ASSOCIATES, CATEGORIES, FRAMES, NEUTRAL, Frame, control_prompt, inserted_prompt
from calibration.model import ensure_model
from calibration.suite import CONCEPTS_PER_FRAME, MAX_TOKENS, SAMPLES, TEMPERATURE
from calibration.truth import SMALLEST, Comparison, leak_and_tie
from results.statistics.intervals import rate_with_interval
from seep.records import Decoding, PromptFormat
from seep.settings import load_settings
from seep.suites.schema import SuiteTest
from services.generator.backend import Answered, Request
from services.generator.cutting import cut_answer
from services.scorer.loading import load_metrics

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Cell = tuple[str, str]

TEST_POOL, ARM_POOL = 10, 200
JOBS_PER_CATEGORY = 10
CONCEPTS = tuple(ASSOCIATES)
TIE_TOLERANCE = 1e-6
FAMILY_LEVEL = 0.01
ARMS: Mapping[str, Callable[[Frame], str]] = {
    "neutral": lambda frame: inserted_prompt(frame, NEUTRAL),
    "control": control_prompt,
}
"""By what the tests are compared with: the prompt of a frame that asks for it."""


@dataclass(frozen=True)
class Pools:
    """Answers by number: to tests [frames, concepts, TEST_POOL], of each arm [frames, ARM_POOL]; `similarity` is
    [concepts, answers] by metric, and `categories` are the frames' own."""

    categories: Sequence[str]
    tests: Integers
    arms: Mapping[str, Integers]
    similarity: Mapping[str, Floats]


def main() -> None:
    """Prints a row per metric, arm and category."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--frames", type=int, help="so many of each category are the population, to try it out")
    arguments = parser.parse_args()
    frames = population(arguments.frames)
    model = (ensure_model(FOLDER) / "model").resolve()
    tests = [inserted_prompt(frame, concept) for frame in frames for concept in CONCEPTS]
    references = list(dict.fromkeys(prompt(frame) for prompt in ARMS.values() for frame in frames))
    of_tests, of_arms = sampled(model, tests, references)
    enumerated = dict(zip(tests + references, distributions(model, tests + references), strict=True))
    print_dropped(enumerated)
    texts = {text for row in (*of_tests.values(), *of_arms.values()) for text in row}
    texts |= {text for row in enumerated.values() for text in row.texts}
    number = {text: k for k, text in enumerate(sorted(texts))}
    settings = load_settings()
    metrics, _ = load_metrics(settings.metrics, settings.scoring)
    pairs = [(concept, text) for concept in CONCEPTS for text in number]
    values = {name: np.array(metric.exact(pairs)) for name, metric in metrics.items()}
    pools = Pools(
        categories=[CATEGORIES[frame.question] for frame in frames],
        tests=np.array([[number[text] for text in of_tests[prompt]] for prompt in tests]).reshape(
            len(frames), len(CONCEPTS), TEST_POOL
        ),
        arms={
            arm: np.array([[number[text] for text in of_arms[prompt(frame)]] for frame in frames])
            for arm, prompt in ARMS.items()
        },
        similarity={name: value.reshape(len(CONCEPTS), len(number)) for name, value in values.items()},
    )
    true = {
        (name, arm): true_rates(frames, arm, enumerated, dict(zip(pairs, value.tolist(), strict=True)))
        for name, value in values.items()
        for arm in ARMS
    }
    print_coverage(pools, true, arguments.runs)


def population(of_each: int | None) -> list[Frame]:
    """All frames, or the first so many of each category."""
    by_category: dict[str, list[Frame]] = {}
    for frame in FRAMES:
        by_category.setdefault(CATEGORIES[frame.question], []).append(frame)
    return [frame for frames in by_category.values() for frame in frames[:of_each]]


def sampled(model: Path, tests: Sequence[str], references: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
    """Pools of answers by prompt, from real vLLM."""
    from services.generator.vllm_backend import VllmBackend  # seconds, which tests of this file do without

    backend = VllmBackend(exact_engine(model), "engine")
    decoding = Decoding(TEMPERATURE, 1.0, MAX_TOKENS, "sentence")
    pools = []
    for prompts, size in ((tests, TEST_POOL), (references, ARM_POOL)):
        requests = [Request(prompt, PromptFormat("plain"), decoding, size) for prompt in prompts]
        answered = [each for each in backend.generate(requests) if isinstance(each, Answered)]
        pools.append(dict(zip(prompts, [each.texts for each in answered], strict=True)))
    return pools


def distributions(model: Path, prompts: Sequence[str]) -> list[Distribution]:
    """All answers with their probabilities, by position."""
    return answer_distributions(
        model,
        prompts,
        temperature=TEMPERATURE,
        max_tokens=MAX_TOKENS,
        cut=lambda text: cut_answer(text, "sentence", "en"),
        smallest=SMALLEST,
    )


def print_dropped(enumerated: Mapping[str, Distribution]) -> None:
    """How much probability the enumeration left out: it bounds what the truth can be off by."""
    dropped = [100 * row.dropped for row in enumerated.values()]
    print(f"answers not enumerated: {np.mean(dropped):.3f} % of a prompt's in the mean, at most {max(dropped):.3f} %")


def true_rates(
    frames: Sequence[Frame],
    arm: str,
    enumerated: Mapping[str, Distribution],
    similarity: Mapping[tuple[str, str], float],
) -> dict[str, float]:
    """The population's leak rate against the arm by category and for all, in percent."""
    of_frames = [np.mean([_leak(frame, arm, row, enumerated, similarity) for row in CONCEPTS]) for frame in frames]
    return _means([CATEGORIES[frame.question] for frame in frames], np.array(of_frames))


def pool_rates(pools: Pools, metric: str, arm: str) -> dict[str, float]:
    """The same of the pools: what runs that draw from them measure in the mean."""
    similarity = pools.similarity[metric]
    concepts = np.arange(len(similarity))[:, None]
    of_frames = []
    for tests, references in zip(pools.tests, pools.arms[arm], strict=True):
        nearer = similarity[concepts, tests][:, :, None] - similarity[:, references][:, None, :]
        of_frames.append(_leak_scores(nearer).mean())
    return _means(pools.categories, np.array(of_frames))


def one_run(pools: Pools, metric: str, arm: str, draw: np.random.Generator) -> dict[str, Floats]:
    """Sums of the leak scores of each job, by category: JOBS_PER_CATEGORY fresh frames of each."""
    return {
        category: _job_sums(pools, metric, arm, draw.choice(frames, JOBS_PER_CATEGORY, replace=False), draw)
        for category, frames in _of_category(pools.categories).items()
    }


def print_coverage(pools: Pools, true: Mapping[Cell, Mapping[str, float]], runs: int) -> None:
    """How many intervals of so many runs held the truth, and whether that is fewer than 95 %."""
    print(
        "| metric | against | category | true rate | of the pools | mean measured | held it | mean width"
        " | p of fewer than 95 % |"
    )
    print("|---" * 9 + "|")
    smallest_p = 1.0
    for (metric, arm), rates in true.items():
        draw = np.random.default_rng(1)
        of_pools = pool_rates(pools, metric, arm)
        found: dict[str, list[tuple[float, float, float]]] = {category: [] for category in rates}
        for _ in range(runs):
            sums = one_run(pools, metric, arm, draw)
            for category, values in (sums | {"all": np.concatenate(list(sums.values()))}).items():
                size = CONCEPTS_PER_FRAME * SAMPLES
                interval = rate_with_interval([(total, size) for total in values.tolist()])
                found[category].append((interval.rate or 0.0, interval.low or 0.0, interval.high or 0.0))
        for category, truth in rates.items():
            measured, low, high = np.array(found[category]).T
            held = int(np.sum((low <= truth) & (truth <= high)))
            p = float(binomtest(held, runs, 0.95, alternative="less").pvalue)
            smallest_p = min(smallest_p, p)
            rates_told = f"{truth:.2f} | {of_pools[category]:.2f} | {measured.mean():.2f}"
            figures = f"{rates_told} | {held} of {runs} | {np.mean(high - low):.1f} | {p:.4f}"
            print(f"| {metric} | {arm} | {category} | {figures} |", flush=True)
    cells = sum(len(rates) for rates in true.values())
    verdict = "fewer than they say" if smallest_p * cells < FAMILY_LEVEL else "as often as they say"
    print(f"family-wise p over {cells} cells: {min(1.0, smallest_p * cells):.4f}: {verdict}")


def _of_category(categories: Sequence[str]) -> dict[str, Integers]:
    """The frames' numbers by category."""
    of_frames = np.array(categories)
    return {category: np.flatnonzero(of_frames == category) for category in dict.fromkeys(categories)}


def _means(categories: Sequence[str], of_frames: Floats) -> dict[str, float]:
    rates = {category: 100 * float(of_frames[frames].mean()) for category, frames in _of_category(categories).items()}
    return rates | {"all": 100 * float(of_frames.mean())}


def _leak(
    frame: Frame,
    arm: str,
    concept: str,
    enumerated: Mapping[str, Distribution],
    similarity: Mapping[tuple[str, str], float],
) -> float:
    test = SuiteTest(concept=concept, prompt=inserted_prompt(frame, concept), category="c")
    pair = Comparison(test, enumerated[test.prompt], enumerated[ARMS[arm](frame)])
    return leak_and_tie(pair, similarity, TIE_TOLERANCE)[0]


def _leak_scores(nearer: Floats) -> Floats:
    return np.where(np.abs(nearer) <= TIE_TOLERANCE, 0.5, nearer > 0)


def _job_sums(pools: Pools, metric: str, arm: str, frames: Integers, draw: np.random.Generator) -> Floats:
    jobs = np.arange(len(frames))[:, None, None]
    similarity = pools.similarity[metric]
    concepts = np.array([draw.permutation(len(similarity))[:CONCEPTS_PER_FRAME] for _ in frames])[:, :, None]
    references = pools.arms[arm]
    of_tests, of_arm = pools.tests.shape[-1], references.shape[-1]
    tests = pools.tests[frames][jobs, concepts, draw.integers(of_tests, size=(*concepts.shape[:2], SAMPLES))]
    compared = references[frames][jobs[:, :, 0], draw.integers(of_arm, size=(len(frames), SAMPLES))]
    nearer = similarity[concepts, tests] - similarity[concepts, compared[:, None, :]]
    return np.asarray(_leak_scores(nearer).sum(axis=(1, 2)))


if __name__ == "__main__":
    main()
