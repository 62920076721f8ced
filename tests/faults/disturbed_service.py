"""A real service that kills itself by SIGKILL at named steps, or is slow; for tests: no service has a hook for it.

`python -m tests.faults.disturbed_service services.scorer --config FILE` takes a Disturbance from SEEP_DISTURBANCE. Each
death is a process of its own, forked from this one, which has imported everything; the last one lives.
"""

import json
import os
import runpy
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from importlib import import_module
from typing import Any, NoReturn

VARIABLE = "SEEP_DISTURBANCE"
HANDLERS = {
    "services.generator": ("services.generator.generating", "generate_jobs"),
    "services.scorer": ("services.scorer.scoring", "score_jobs"),
    "services.aggregator": ("results.storage.recording", "record"),
}
CONSUMER = ("seep.kafka.consuming", "KafkaGroupConsumer")
CLAIM_SECONDS = 2.0
SENDER = ("seep.kafka.producing", "KafkaSender")


@dataclass(frozen=True)
class Disturbance:
    """Deaths, each a step and at which time that it is reached; how slow the handler is; changed client options."""

    deaths: Sequence[tuple[str, int]] = ()
    handler_seconds: float = 0.0
    consumer_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A call whose begin or end is a step, where the call is about something."""

    owner: Sequence[str]
    name: str
    end: bool
    counts: Callable[[Sequence[Any], Any], bool] = lambda arguments, result: True


def steps(service: str) -> dict[str, Step]:
    """The steps of a service's loop, in their order."""
    module, function = HANDLERS[service]
    some = lambda arguments, result: bool(arguments[1])  # noqa: E731
    common = {
        "after poll": Step(CONSUMER, "poll", end=True, counts=lambda arguments, result: bool(result)),
        "in the handler": Step((module,), function, end=True),
        "after send": Step(("seep.kafka.producing", "KafkaProducer"), "send", end=True),
        "after flush": Step(SENDER, "send", end=True, counts=some),
        "before commit": Step(CONSUMER, "commit", end=False, counts=some),
        "after commit": Step(CONSUMER, "commit", end=True, counts=some),
    }
    if service != "services.aggregator":
        return common
    publishing = Step(("services.aggregator.publishing",), "publish_changed", end=False, counts=_has_recorded)
    return {
        **common,
        "before its transaction": Step((module,), function, end=False),
        "after its transaction": publishing,
    }


recorded: list[bool] = []


def _has_recorded(arguments: Sequence[Any], result: Any) -> bool:
    """The aggregator publishes at its start, too."""
    return bool(recorded)


def die_at(step: Step, times: int) -> None:
    """Kills this process once it has reached the step so many times."""
    owner = _owner(step.owner)
    function = getattr(owner, step.name)
    reached = 0

    def count(arguments: Sequence[Any], result: Any) -> None:
        nonlocal reached
        reached += step.counts(arguments, result)
        if reached >= times:
            os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def dying(*arguments: Any, **options: Any) -> Any:
        if not step.end:
            count(arguments, None)
        result = function(*arguments, **options)
        if step.end:
            count(arguments, result)
        return result

    setattr(owner, step.name, dying)


def _owner(path: Sequence[str]) -> Any:
    module, *names = path
    owner: Any = import_module(module)
    for name in names:
        owner = getattr(owner, name)
    return owner


def be_slow(service: str, seconds: float) -> None:
    """Makes the handler take so much longer; notes whether the aggregator has recorded something."""
    module, name = HANDLERS[service]
    owner = import_module(module)
    function = getattr(owner, name)

    @wraps(function)
    def slow(*arguments: Any, **options: Any) -> Any:
        time.sleep(seconds)
        result = function(*arguments, **options)
        recorded.append(True)
        return result

    setattr(owner, name, slow)


def change_client(options: Mapping[str, Any]) -> None:
    """Gives Kafka's client other options in groups, as a shorter session."""
    consuming: Any = import_module("seep.kafka.consuming")
    client = consuming.KafkaConsumer

    def changed(*topics: str, **given: Any) -> Any:
        return client(*topics, **{**given, **(options if given.get("group_id") else {})})

    consuming.KafkaConsumer = changed


def forget_dead_publishers_soon() -> None:
    """A run whose publisher was killed is left alone for a minute, which would be most of the time of a test."""
    publications: Any = import_module("results.storage.publications")
    publications.claim_next = partial(publications.claim_next, seconds=CLAIM_SECONDS)


def main() -> NoReturn:
    """Dies as often as it is told, then serves."""
    service = sys.argv[1]
    disturbance = Disturbance(**json.loads(os.environ[VARIABLE]))
    import_module(f"{service}.__main__")
    # It is run once more, in each process.
    warnings.simplefilter("ignore", RuntimeWarning)
    be_slow(service, disturbance.handler_seconds)
    change_client(disturbance.consumer_options)
    forget_dead_publishers_soon()
    for name, times in disturbance.deaths:
        child = os.fork()
        if child == 0:
            die_at(steps(service)[name], times)
            serve(service)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(f"expected to be killed {name}, ended with status {status}")
        print(f"killed {name}", flush=True)
    serve(service)


def serve(service: str) -> NoReturn:
    """Runs the service's own entry."""
    sys.argv[1:2] = []
    runpy.run_module(f"{service}.__main__", run_name="__main__")
    raise AssertionError("a service ends its process itself")


if __name__ == "__main__":
    main()
