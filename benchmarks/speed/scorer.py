"""The scorer's engine against what people use: SentenceTransformer.encode and bert_score.BERTScorer.

    python -m benchmarks.speed.scorer [--rounds 5] [--dtype auto] [--drawn 20000] [--distinct 4000]

Sentence-BERT is MiniLM in both; BERTScore is MiniLM's encoder, or a DistilBERT of the published size, random weights.
Times are the processor's, of all threads together: other work on the machine does not count.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from bert_score import BERTScorer
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

from benchmarks.gpu.engine import batches_of, run_forward
from benchmarks.validity.precision import published_comparisons
from seep.settings import MINILM, BertScore, Metrics, Scoring
from services.scorer import bert_score_metric, sentence_encoder
from services.scorer.loading import load_metrics
from services.scorer.mode import Mode, configured_mode
from services.scorer.models import find_model
from services.scorer.precision import open_computing
from services.scorer.semantic import leak_score
from services.scorer.similarity import Comparison, Metric, Pair, ask_metrics

Engine = Callable[[], dict[str, Metric]]

BATCH_SIZES = (16, 32, 64, 128, 256)
LOOPED = 200


class Libraries:
    """Both libraries in one process, each at the batch size that is best for a sample of the pairs."""

    def __init__(self, sentences: str, tokens: str, layer: int) -> None:
        self.sentences = SentenceTransformer(sentences)
        self.tokens = BERTScorer(model_type=tokens, num_layers=layer)
        self.batch_sizes = (32, 64)

    def choose_batch_sizes(self, pairs: Sequence[Pair]) -> None:
        """Takes the fastest of BATCH_SIZES for each."""
        best = [min(BATCH_SIZES, key=partial(seconds, score, pairs)) for score in (self.cosines, self.f1)]
        self.batch_sizes = (best[0], best[1])

    def cosines(self, pairs: Sequence[Pair], batch_size: int) -> list[float]:
        concepts, texts = (
            self.sentences.encode(list(side), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False)
            for side in zip(*pairs, strict=True)
        )
        return [float(cosine) for cosine in np.einsum("ij,ij->i", concepts, texts)]

    def f1(self, pairs: Sequence[Pair], batch_size: int) -> list[float]:
        concepts, texts = map(list, zip(*pairs, strict=True))
        scores: list[float] = self.tokens.score(texts, concepts, batch_size=batch_size)[2].tolist()
        return scores

    def score(self, pairs: Sequence[Pair]) -> tuple[list[float], list[float]]:
        return self.cosines(pairs, self.batch_sizes[0]), self.f1(pairs, self.batch_sizes[1])


def main() -> None:
    """Prints a line per backbone and set of pairs: both medians, ratio and range, and leak scores that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--drawn", type=int, default=20_000)
    parser.add_argument("--distinct", type=int, default=4_000)
    options = parser.parse_args()
    scoring = Scoring(dtype=options.dtype)
    mode = configured_mode(scoring)
    comparisons = published_comparisons()
    minilm = find_model("metrics.sentence_bert.model", MINILM).location
    print(f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}, dtype {options.dtype}")
    with tempfile.TemporaryDirectory() as folder:
        for name, tokens, layer in (("MiniLM", minilm, 6), ("DistilBERT, random", distilbert(folder, minilm), 5)):
            libraries = Libraries(minilm, tokens, layer)
            settings = Metrics(bert_score=BertScore(model=tokens, layer=layer))
            engine = partial(engine_with_nothing_remembered, settings, scoring)
            with_duplicates = natural(comparisons, options.drawn)
            without = distinct(options.distinct)
            forward = partial(forward_alone, minilm, tokens, layer, open_computing(scoring).dtype)
            libraries.choose_batch_sizes(with_duplicates[:400])
            for kind, pairs in (("with duplicates", with_duplicates), ("distinct", without)):
                compare(
                    f"{name}, {len(pairs):,} {kind}", pairs, libraries, engine, forward(pairs), mode, options.rounds
                )
            if name == "MiniLM":
                loop(with_duplicates[: 2 * LOOPED], libraries, engine, mode)


def compare(
    name: str,
    pairs: Sequence[Pair],
    libraries: Libraries,
    engine: Engine,
    forward: Callable[[], object],
    mode: Mode,
    rounds: int,
) -> None:
    """Alternates the two, and the forward by itself; then the engine again, with its cache warm."""
    comparisons = paired(pairs)
    theirs, ours, warm, bare = [], [], [], []
    for _ in range(rounds):
        theirs.append(seconds(libraries.score, pairs))
        metrics = engine()
        ours.append(seconds(ask_metrics, metrics, comparisons, mode))
        warm.append(seconds(ask_metrics, metrics, comparisons, mode))
        bare.append(seconds(forward))
    ratios = sorted(their / our for their, our in zip(theirs, ours, strict=True))
    print(
        f"{name}: libraries {median(theirs):.2f} s (batches of {libraries.batch_sizes}), engine {median(ours):.2f} s, "
        f"ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}); warm {median(warm):.3f} s, "
        f"{median(cold / hot for cold, hot in zip(ours, warm, strict=True)):.0f} times the cold; "
        f"engine over bare forward {median(our / own for our, own in zip(ours, bare, strict=True)):.2f}; "
        f"{differing(comparisons, libraries, engine(), mode)}",
        flush=True,
    )


def loop(
    pairs: Sequence[Pair],
    libraries: Libraries,
    engine: Engine,
    mode: Mode,
) -> None:
    """One pair at a time, as the paper's notebook does it, against the engine with the same pairs."""

    def one_at_a_time() -> None:
        for pair in pairs:
            libraries.cosines([pair], 1)
            libraries.f1([pair], 1)

    comparisons = paired(pairs)
    theirs = seconds(one_at_a_time)
    metrics = engine()
    ours = seconds(ask_metrics, metrics, comparisons, mode)
    rate = len(comparisons) / theirs
    print(
        f"one pair at a time: {rate:.1f} comparisons/s, engine {len(comparisons) / ours:.0f}, ratio {theirs / ours:.0f}"
    )


def differing(comparisons: Sequence[Comparison], libraries: Libraries, metrics: dict[str, Metric], mode: Mode) -> str:
    """Leak scores that differ from float32's by metric, and by cosine from the library's.

    The library's F1 depends on the batch that a pair is in, so that there are no leak scores of it to compare with.
    """
    pairs = list(dict.fromkeys(pair for comparison in comparisons for pair in comparison))
    ours = ask_metrics(metrics, comparisons, mode)
    others = {
        f"{name} in float32": dict(zip(pairs, metric.exact(pairs), strict=True)) for name, metric in metrics.items()
    }
    others["sentence_bert of the library"] = dict(
        zip(pairs, libraries.cosines(pairs, libraries.batch_sizes[0]), strict=True)
    )
    counts = (
        sum(
            leak_score(one_other[one], one_other[other], mode.tie_tolerance)
            != leak_score(ours[name.split()[0]][one], ours[name.split()[0]][other], mode.tie_tolerance)
            for one, other in comparisons
        )
        for name, one_other in others.items()
    )
    differing = (f"{count} from {name}" for name, count in zip(others, counts, strict=True))
    return f"of {len(comparisons)} leak scores differ {', '.join(differing)}"


def paired(pairs: Sequence[Pair]) -> list[Comparison]:
    """Each pair with the next."""
    return list(zip(pairs[::2], pairs[1::2], strict=True))


def natural(comparisons: Sequence[Comparison], count: int) -> list[Pair]:
    """Pairs as often as models say the same: comparisons drawn again from the published ones."""
    drawn = random.Random(0).choices(comparisons, k=count // 2)
    return [pair for comparison in drawn for pair in comparison]


def distinct(count: int) -> list[Pair]:
    """Pairs of which no concept and no text occurs twice, of the published answers' words and lengths."""
    source = random.Random(0)
    answers = [text.split() for _, (_, text) in published_comparisons() if text.split()]
    words = sorted({word for answer in answers for word in answer})
    texts: dict[str, None] = {}
    while len(texts) < 2 * count:
        length = len(source.choice(answers)) if len(texts) >= count else 2
        texts[" ".join(source.choices(words, k=length))] = None
    made = list(texts)
    return list(zip(made[:count], made[count:], strict=True))


def distilbert(folder: str, tokenizer: str) -> str:
    """A DistilBERT of the published size with random weights and the vocabulary that it shares with MiniLM."""
    torch.manual_seed(0)
    location = str(Path(folder) / "distilbert")
    DistilBertModel(DistilBertConfig()).save_pretrained(location)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(location)
    return location


def engine_with_nothing_remembered(settings: Metrics, scoring: Scoring) -> dict[str, Metric]:
    metrics, _ = load_metrics(settings, scoring)
    return metrics


def forward_alone(
    sentences: str, tokens: str, layer: int, dtype: torch.dtype, pairs: Sequence[Pair]
) -> Callable[[], None]:
    """The transformers' forward over these pairs' distinct texts, once where both metrics read the same one."""
    encoders = [sentence_encoder.load(sentences, "", dtype)]
    if tokens != sentences:
        encoders.append(bert_score_metric.load(tokens, "", layer, dtype).encoder)
    return partial(run_forward, [(encoder, batches_of(encoder, pairs)) for encoder in encoders])


def seconds(work: Callable[..., object], *arguments: object) -> float:
    """Processor time of all threads."""
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


if __name__ == "__main__":
    main()
