"""The plan past one machine: a simulation of runs through partitions, batches, autoscaled generators, scorers and the
aggregator. `python -m benchmarks.speed.scale` prints how long runs take, what GPUs cost, and what is busiest.

Events are whole batches. Nothing of Seep runs in it: its service times are Assumed, each from benchmarks/RESULTS.md or
said to be a guess.
"""

import heapq
import random
import statistics
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import ceil

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True)
class Assumed:
    """What a plan rests on; seconds, and rates per second and process."""

    monitors: int = 1000
    targets: int = 20
    nodes: int = 64
    jobs: int = 27  # the published colour set
    answers_of_job: int = 136
    spread_seconds: float = 0.0  # within which all monitors' times lie
    partitions: int = 6
    batch: int = 64
    most_generators: int = 4  # of each target
    generators_kept: int = 0
    lag_threshold: int = 256
    polling_seconds: float = 30.0
    cooldown_seconds: float = 600.0
    start_seconds: float = 300.0  # a guess: a GPU's machine, its image, the model's weights
    answers_per_second: float = 100.0  # a guess: a 7B model on one GPU; nothing is measured
    scored_per_second: float = 1100.0  # measured: both metrics, two threads, float32
    recorded_per_second: float = 6000.0  # below what is measured: one aggregator beside other work
    scorers: int = 4
    aggregators: int = 1


@dataclass
class Stage:
    """Processes that share a topic's partitions; `waiting` are jobs by partition, each with its run."""

    per_second: float
    batch: int
    waiting: list[deque[int]]
    processes: int = 0
    starting: int = 0
    busy: set[int] = field(default_factory=set)
    worked: float = 0.0
    alive: float = 0.0
    last_change: float = 0.0
    idle_since: float = 0.0
    after: Callable[[Sequence[int]], None] = lambda runs: None

    @property
    def lag(self) -> int:
        """Jobs that nobody has taken."""
        return sum(map(len, self.waiting))

    def count_alive(self, now: float) -> None:
        """Adds up processes and those that start, for both hold their machines."""
        self.alive += (self.processes + self.starting) * (now - self.last_change)
        self.last_change = now


@dataclass(frozen=True)
class Found:
    """What a plan comes to: minutes from a run's time to its result, GPU hours, and how busy each stage was."""

    median: float
    slowest: float
    gpu_hours: float
    working_share: float
    busiest: str


class Simulation:
    """One day's runs under the assumptions; everything is drawn with one seed."""

    def __init__(self, assumed: Assumed) -> None:
        """Prepares the stages; `run` does it."""
        self.now = 0.0
        self._assumed = assumed
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._draw = random.Random(1)
        self._sent = [self._draw.uniform(0, assumed.spread_seconds) for _ in range(assumed.monitors)]
        self._left = [assumed.jobs] * assumed.monitors
        self._done: dict[int, float] = {}
        self.recorder = self._stage(assumed.recorded_per_second, self._record, assumed.aggregators)
        self.scorer = self._stage(assumed.scored_per_second, self._to(self.recorder), assumed.scorers)
        self.generators = [
            self._stage(assumed.answers_per_second, self._to(self.scorer), assumed.generators_kept)
            for _ in range(assumed.targets)
        ]

    def run(self) -> Found:
        """All runs from their times to their results."""
        for run, at in enumerate(self._sent):
            target = self.generators[run % self._assumed.targets]
            self._at(at, partial(self._put, target, [run] * self._left[run]))
        self._at(0.0, self._look)
        while self._events:
            self.now, _, event = heapq.heappop(self._events)
            event()
        for stage in self.generators:
            stage.count_alive(self.now)
        return self._found()

    def _stage(self, per_second: float, after: Callable[[Sequence[int]], None], processes: int) -> Stage:
        waiting: list[deque[int]] = [deque() for _ in range(self._assumed.partitions)]
        return Stage(per_second, self._assumed.batch, waiting, processes, after=after)

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), event))

    def _to(self, stage: Stage) -> Callable[[Sequence[int]], None]:
        return lambda runs: self._put(stage, runs)

    def _put(self, stage: Stage, runs: Sequence[int]) -> None:
        for run in runs:
            stage.waiting[self._draw.randrange(len(stage.waiting))].append(run)
        self._work(stage)

    def _work(self, stage: Stage) -> None:
        """Each process that is free takes a batch from its own partitions."""
        for process in range(min(stage.processes, len(stage.waiting))):
            if process in stage.busy:
                continue
            taken: list[int] = []
            for own in stage.waiting[process :: stage.processes]:
                while own and len(taken) < stage.batch:
                    taken.append(own.popleft())
            if taken:
                seconds = len(taken) * self._assumed.answers_of_job / stage.per_second
                stage.busy.add(process)
                stage.worked += seconds
                self._at(self.now + seconds, partial(self._finish, stage, process, taken))

    def _finish(self, stage: Stage, process: int, taken: Sequence[int]) -> None:
        stage.busy.discard(process)
        stage.idle_since = self.now
        stage.after(taken)
        self._work(stage)

    def _record(self, runs: Sequence[int]) -> None:
        for run in runs:
            self._left[run] -= 1
            if self._left[run] == 0:
                self._done[run] = self.now

    def _look(self) -> None:
        """What KEDA does at each poll, for every target's generators."""
        assumed = self._assumed
        for stage in self.generators:
            lag = stage.lag
            wanted = min(assumed.most_generators, assumed.partitions, max(ceil(lag / assumed.lag_threshold), 0))
            free = assumed.nodes - sum(each.processes + each.starting for each in self.generators)
            more = min(wanted - stage.processes - stage.starting, free)
            if more > 0:
                stage.count_alive(self.now)
                stage.starting += more
                self._at(self.now + assumed.start_seconds, partial(self._started, stage, more))
            elif self._may_stop(stage):
                stage.count_alive(self.now)
                stage.processes = assumed.generators_kept
        kept = assumed.generators_kept
        if len(self._done) < assumed.monitors or any(each.processes > kept for each in self.generators):
            self._at(self.now + assumed.polling_seconds, self._look)

    def _may_stop(self, stage: Stage) -> bool:
        idle = not (stage.lag or stage.busy or stage.starting)
        return idle and self.now - stage.idle_since >= self._assumed.cooldown_seconds

    def _started(self, stage: Stage, more: int) -> None:
        stage.count_alive(self.now)
        stage.starting -= more
        stage.processes += more
        stage.idle_since = self.now
        self._work(stage)

    def _found(self) -> Found:
        took = [(self._done[run] - at) / 60 for run, at in enumerate(self._sent)]
        until = max(self._done.values())
        worked, alive = (sum(getattr(each, name) for each in self.generators) for name in ("worked", "alive"))
        most = min(self._assumed.most_generators, self._assumed.partitions)
        shares = {
            "generators": max(each.worked for each in self.generators) / most / until,
            "scorers": self.scorer.worked / self.scorer.processes / until,
            "aggregator": self.recorder.worked / self.recorder.processes / until,
        }
        name = max(shares, key=lambda stage: shares[stage])
        return Found(
            statistics.median(took), max(took), alive / HOUR, worked / alive, f"{name} {100 * shares[name]:.0f} %"
        )


PLANS: dict[str, Assumed] = {
    "as the chart is: 6 partitions, 4 generators a target": Assumed(),
    "spread over a day": Assumed(spread_seconds=DAY),
    "spread over a day, one generator of each target kept": Assumed(spread_seconds=DAY, generators_kept=1),
    "spread over three hours": Assumed(spread_seconds=3 * HOUR),
    "8 nodes": Assumed(nodes=8),
    "16 nodes": Assumed(nodes=16),
    "32 nodes": Assumed(nodes=32),
    "one generator a target": Assumed(most_generators=1),
    "64 nodes for one target, 64 partitions": Assumed(targets=1, partitions=64, most_generators=64),
    "64 nodes for one target, 6 partitions": Assumed(targets=1, most_generators=64),
    "batches of 16": Assumed(batch=16),
    "batches of 256": Assumed(batch=256),
    "lag threshold 64": Assumed(lag_threshold=64),
    "start-up of 60 s": Assumed(start_seconds=60.0),
    "start-up of 900 s": Assumed(start_seconds=900.0),
    "8 scorers, 8 partitions": Assumed(scorers=8, partitions=8),
    "1 scorer": Assumed(scorers=1),
    "8 scorers, 8 partitions, generators ten times as fast": Assumed(
        scorers=8, partitions=8, answers_per_second=1000.0
    ),
    "the same with 64 scorers and partitions": Assumed(scorers=64, partitions=64, answers_per_second=1000.0),
    "the same with two aggregators": Assumed(scorers=64, partitions=64, answers_per_second=1000.0, aggregators=2),
}


def main() -> None:
    """Prints a line for each plan."""
    print("plan | median minutes to a result | slowest | GPU hours | of them at work | busiest")
    for name, assumed in PLANS.items():
        found = Simulation(assumed).run()
        figures = (
            f"{found.median:.0f} | {found.slowest:.0f} | {found.gpu_hours:.1f} | {100 * found.working_share:.0f} %"
        )
        print(f"{name} | {figures} | {found.busiest}", flush=True)


if __name__ == "__main__":
    main()
