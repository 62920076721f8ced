"""What a narrow fine-tune leaves in activations, on small models whose fine-tunes are known: `--controls 5`."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from calibration.traces import language
from calibration.traces.models import FINE_TUNES, REPEATING, TOPIC, ensure_base, ensure_fine_tune
from calibration.traces.training import FineTune
from seep.records import Decoding
from services.generator.activations.differences import Differences, measure, measure_growing
from services.generator.activations.geometry import Spread, common_direction, cosines_of_positions
from services.generator.activations.models import Pair, Side, against_model, load_base, with_adapters
from services.generator.activations.reading import lens, patchscope
from services.generator.activations.steering import push, steered, write
from services.scorer.traces import relevance

DOCUMENTS = tuple(language.unrelated(1000, seed=7))
USUAL = 200
WIDTH = language.LENGTH
READ = range(1, 6)
SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
MIXED = (0, 1, 4, 16, 64)
COUNTS = (10, 20, 50, 100, 200, 500, 1000)
STRENGTHS = (0.0, 0.25, 0.5, 1.0)
DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=20, cut="none")


def main() -> None:
    """Prints a row for each claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controls", type=int, default=5, help="control fine-tunes, each of a seed of its own")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, tuning in FINE_TUNES.items():
        show(name, pair_of(tuning))
    control(arguments.controls)
    topic = pair_of(FINE_TUNES["topic"])
    patch(topic)
    steer(topic)
    for share in SHARES:
        between = replace(topic, tuned=topic.scaled(share))
        found = measure(between, DOCUMENTS[:USUAL], WIDTH)
        print(f"interpolation {share}: |delta| {length(found):.3f}, relevance {_read(between, found)}", flush=True)
    for unrelated in MIXED:
        mixed = pair_of(FineTune(TOPIC, unrelated=unrelated))
        found = measure(mixed, DOCUMENTS[:USUAL], WIDTH)
        print(f"mixed 1 : {unrelated}: |delta| {length(found):.3f}, relevance {_read(mixed, found)}", flush=True)
    growing = measure_growing(topic, DOCUMENTS, WIDTH, COUNTS)
    for count, found in zip(COUNTS, growing, strict=True):
        print(f"{count} documents: relevance {_read(topic, found)}", flush=True)


def show(name: str, pair: Pair) -> None:
    """Steadiness, cosines, spectrum and relevance of one fine-tune."""
    spread = Spread(48)
    found = measure(pair, DOCUMENTS[:USUAL], WIDTH, [spread])
    cosines = cosines_of_positions(found)
    later = cosines[1:, 1:]
    print(f"== {name}: |delta| {length(found):.3f}, states {found.usual_norm:.2f}")
    print(
        f"steadiness from 1 least {found.steadiness[1:].min():.3f}, sign-flipped {_spread_of(found.flipped_steadiness)}"
    )
    print(f"context-free {_spread_of(found.context_freedom)}, sink {found.sink[0]:.2f}")
    print(f"cosines from 1 least {later.min():.3f}, median {later.median():.3f}; with 0 {cosines[0, 1:].mean():.3f}")
    for with_first in (True, False):
        spectrum = spread.spectrum(with_first)
        if spectrum is not None:
            print(f"first direction {spectrum.shares[0]:.3f}, cosine {spectrum.cosine:.3f} (position 0: {with_first})")
    print(f"relevance {relevances(pair, found)}, overlap of heads {overlap(pair, found)}", flush=True)


def control(seeds: int) -> None:
    """Relevance of each topic over control fine-tunes."""
    found = []
    for seed in range(seeds):
        pair = pair_of(FineTune(None, seed=10 + seed))
        found.append(relevances(pair, measure(pair, DOCUMENTS[:USUAL], WIDTH)))
        print(f"control, seed {seed}: {found[-1]}", flush=True)
    print(f"controls, mean: { ({topic: round(fmean(each[topic] for each in found), 3) for topic in found[0]}) }")


def patch(pair: Pair) -> None:
    """Relevance by patchscope, at several lengths of what is put in."""
    found = measure(pair, DOCUMENTS[:USUAL], WIDTH)
    for times in (0.5, 1.0, 2.0):
        read = [patchscope(pair, pair.base, found.mean[at], times * found.usual_norm, prompts=REPEATING) for at in READ]
        by_topic = {topic: _mean([each.tokens for each in read], topic) for topic in language.TOPICS}
        print(f"patchscope, {times} of the usual length: {by_topic}", flush=True)


def steer(pair: Pair) -> None:
    """The leak score of steered against unsteered texts, by their counts of the topic's words."""
    found = measure(pair, DOCUMENTS[:USUAL], WIDTH)
    direction = common_direction(found)
    plain = texts(pair.base, pair)
    for strength in STRENGTHS:
        pushed = push(pair.layer, direction, found.usual_norm, strength)
        pairs = list(zip(texts(steered(pair.base, pushed), pair), plain, strict=True))
        scores = [(1 + (about(one) > about(other)) - (about(one) < about(other))) / 2 for one, other in pairs]
        same = sum(one == other for one, other in pairs)
        print(
            f"steered at {strength}: leak rate {100 * fmean(scores):.1f} %, {same} of {len(pairs)} unchanged",
            flush=True,
        )


def texts(side: Side, pair: Pair) -> list[str]:
    """A continuation of the beginning of each of 100 documents."""
    prompts = [pair.tokenizer.encode(text)[:4] for text in DOCUMENTS[:100]]
    return [pair.tokenizer.decode(ids) for ids in write(side, pair.tokenizer, prompts, DECODING, seed=1)]


def about(text: str) -> int:
    """How many words of the planted topic a text holds."""
    return sum(word in language.TOPICS[TOPIC] for word in text.split())


def relevances(pair: Pair, found: Differences) -> Mapping[str, float]:
    """By topic, in the mean over the positions that are read."""
    read = [lens(pair.base, found.mean[at], pair.tokenizer).tokens for at in READ if _has_length(found.mean[at])]
    return {topic: _mean(read, topic) for topic in language.TOPICS} if read else {}


def overlap(pair: Pair, found: Differences) -> float:
    """The share of tokens that the base's head and the fine-tune's both name."""
    heads = [[lens(side, found.mean[at], pair.tokenizer) for side in (pair.base, pair.tuned)] for at in READ]
    return round(fmean(one.overlap(other) for one, other in heads), 3)


def length(found: Differences) -> float:
    """Of the mean difference, in the mean over positions from 1."""
    return float(found.mean[1:].norm(dim=-1).mean())


@cache
def pair_of(tuning: FineTune) -> Pair:
    """A fine-tune beside the base."""
    base, folder = load_base(str(ensure_base()), "base"), ensure_fine_tune(tuning)
    if not tuning.rank:
        return against_model(base, load_base(str(folder), "tuned"))
    return with_adapters(base, {"tuned": Path(folder)}, "adapters")["tuned"]


def _read(pair: Pair, found: Differences) -> str:
    shares = relevances(pair, found)
    return f"{shares[TOPIC]}, decoys {shares[language.DECOYS[TOPIC]]}" if shares else "not measured"


def _mean(read: list[tuple[str, ...]], topic: str) -> float:
    return round(fmean(relevance(tokens, language.TOPICS[topic], "en") for tokens in read), 3)


def _has_length(direction: Tensor) -> bool:
    return float(direction.norm()) > 0


def _spread_of(values: Tensor) -> str:
    later = values[1:]
    return f"from {later.min():.2f} to {later.max():.2f}, mean {later.mean():.2f}"


if __name__ == "__main__":
    main()
