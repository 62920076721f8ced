"""The scorer's engine of an earlier commit beside this one's: time, and whether any similarity or decision differs.

    python -m benchmarks.speed.scorer_before COMMIT [--rounds 5] [--drawn 20000] [--distinct 4000] [--dtype float32]

Each has a process of its own, in a checkout of its own; they take turns. Both metrics read MiniLM, as on a laptop.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.scorer import distinct, natural, paired
from benchmarks.validity.precision import published_comparisons
from services.scorer.similarity import Comparison

HERE = Path(__file__).parents[2]

# It runs in either checkout, and so knows only what both have.
CHILD = """
import json, sys, time
from seep.settings import MINILM, BertScore, Metrics, Scoring
from services.scorer.loading import load_metrics
from services.scorer.mode import exact
from services.scorer.semantic import leak_score
from services.scorer.similarity import ask_metrics
for line in sys.stdin:
    request = json.loads(line)
    comparisons = [tuple(map(tuple, comparison)) for comparison in json.load(open(request["file"]))]
    metrics, _ = load_metrics(Metrics(bert_score=BertScore(model=MINILM)), Scoring(dtype=request["dtype"]))
    mode = exact(1e-6)
    wall, processor = time.perf_counter(), time.process_time()
    found = ask_metrics(metrics, comparisons, mode)
    spent = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    similarities = [list(by_pair.values()) for by_pair in found.values()]
    decisions = [[leak_score(by_pair[a], by_pair[b], 1e-6) for a, b in comparisons] for by_pair in found.values()]
    print(json.dumps(spent | {"similarities": similarities, "decisions": decisions}), flush=True)
"""


def main() -> None:
    """Prints, per set of pairs, both medians, the ratio of earlier over now, and what differs between the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drawn", type=int, default=20_000)
    parser.add_argument("--distinct", type=int, default=4000)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    options = parser.parse_args()
    recorded = published_comparisons()
    sets = {
        f"{options.drawn:,} with duplicates": paired(natural(recorded, options.drawn)),
        f"{options.distinct:,} distinct": paired(distinct(options.distinct)),
        "all recorded answers": recorded,
    }
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        earlier = running.enter_context(checkout(options.commit, Path(folder) / "earlier"))
        sides = [running.enter_context(engine(where)) for where in (earlier, HERE)]
        for name, comparisons in sets.items():
            # Of the recorded answers, decisions count, which are the same in each round.
            count = 1 if comparisons is recorded else options.rounds
            rounds = [ask(sides, comparisons, options.dtype, Path(folder)) for _ in range(count)]
            print(f"{name}, {options.dtype}: {described(rounds)}", flush=True)


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """A worktree of a commit, gone afterwards."""
    git = ["git", "-C", str(HERE), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextmanager
def engine(where: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that scores with a checkout's engine, with nothing remembered from one set to the next."""
    environment = os.environ | {"PYTHONPATH": str(where)}
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(
        command, cwd=where, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def ask(
    sides: Sequence["subprocess.Popen[str]"], comparisons: Sequence[Comparison], dtype: str, folder: Path
) -> list[dict[str, Any]]:
    """What both say, one after the other."""
    file = folder / "comparisons.json"
    file.write_text(json.dumps(comparisons))
    return [_ask(side, {"file": str(file), "dtype": dtype}) for side in sides]


def _ask(side: "subprocess.Popen[str]", request: dict[str, str]) -> dict[str, Any]:
    assert side.stdin
    assert side.stdout
    print(json.dumps(request), file=side.stdin, flush=True)
    answer: dict[str, Any] = json.loads(side.stdout.readline())
    return answer


def described(rounds: Sequence[Sequence[dict[str, Any]]]) -> str:
    """Medians and ratios over the rounds, by either clock, and what differs in the last."""
    parts = []
    for clock in ("processor", "wall"):
        before, now = ([side[clock] for side in sides] for sides in zip(*rounds, strict=True))
        ratios = sorted(one / other for one, other in zip(before, now, strict=True))
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        parts.append(f"{clock} {median(before):.2f} s -> {median(now):.2f} s, ratio {median(ratios):.2f} ({spread})")
    earlier, here = rounds[-1]
    largest = max(
        abs(one - other)
        for metric in zip(earlier["similarities"], here["similarities"], strict=True)
        for one, other in zip(*metric, strict=True)
    )
    differing = [
        sum(one != other for one, other in zip(*metric, strict=True))
        for metric in zip(earlier["decisions"], here["decisions"], strict=True)
    ]
    return "; ".join([*parts, f"decisions that differ {differing}, similarities by up to {largest:.1g}"])


if __name__ == "__main__":
    main()
