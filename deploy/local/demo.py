"""The main job on one machine: a small real model, served by vLLM, through Kafka to leak rates, and what they say."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.smollm2 import MODEL, NAME, ensure_smollm2
from deploy.local.stack import FOLDER, Service, ended_services, running_stack
from deploy.local.story import INTRODUCTION, next_steps, story
from seep.errors import InputError

SEEP = Path(sys.executable).with_name("seep")
CONFIG = Path("seep.yaml")
SUITE = "concepts-smoke"
TARGET = "smollm2"
METRIC = "sentence_bert"
# vLLM's CPU build takes half a minute to load, more on a busy machine.
START_SECONDS = 300.0


def main() -> None:
    """Runs the demo; it ends with status 0 only if a leak rate was measured."""
    # As for Ctrl-C: the stack is stopped, not left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say(INTRODUCTION + "\n")
    say(f"[1/4] The model: {NAME}, kept in {MODEL}")
    ensure_smollm2()
    say("[2/4] Starting Kafka, PostgreSQL and the services; models load in a minute")
    with running_stack(CONFIG, FOLDER) as services:
        wait_until_serving(services)
        say(f"[3/4] Asking the model\n      $ seep push {SUITE} --target {TARGET}")
        (run,) = seep("push", SUITE, "--target", TARGET).split()
        say(f"      $ seep watch {run}")
        rates = json.loads(seep("watch", run, "--json"))
        leaks = json.loads(seep("examples", run, "--leaks", "--metric", METRIC, "--limit", "100000", "--json"))
        say("[4/4] Stopping the services")
    say("\n" + story(pooled(rates), leaks))
    say(next_steps(run))


def wait_until_serving(services: Mapping[str, Service]) -> None:
    """Names each service as it starts to serve, and returns after the last; ends the demo where one has ended."""
    start = time.monotonic()
    loading = dict(services)
    while loading:
        for name in [name for name, service in loading.items() if b" serves " in service.log.read_bytes()]:
            del loading[name]
            say(f"      {name} is ready after {time.monotonic() - start:.0f} s")
        ended = ended_services(services)
        if ended or time.monotonic() > start + START_SECONDS:
            sys.exit("\n".join(ended) or f"the services did not start in {START_SECONDS:.0f} s: see {FOLDER}/logs")
        time.sleep(0.2)


def seep(*arguments: str) -> str:
    """Runs a command as a user would type it; what it prints."""
    done = subprocess.run([SEEP, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        say(f"seep {arguments[0]} ended with status {done.returncode}; the services' logs are in {FOLDER}/logs")
        sys.exit(done.returncode)
    return done.stdout


def pooled(rates: list[dict[str, Any]]) -> dict[str, Any]:
    """The one row of all categories."""
    (row,) = [row for row in rates if (row["metric"], row["category"]) == (METRIC, "all")]
    return row


def say(line: str) -> None:
    """Prints at once, however the output is read."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(str(error))
