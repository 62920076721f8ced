"""The main job on one machine: a model with known leakage, served by vLLM, through Kafka to leak rates."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local.stack import FOLDER, Service, ended_services, running_stack

SEEP = Path(sys.executable).with_name("seep")
CONFIG = Path("seep.yaml")
SUITE = FOLDER / "calibration" / "current" / "suite.yaml"
# vLLM's CPU build takes half a minute to load, more on a busy machine.
START_SECONDS = 300.0


def main() -> None:
    """Runs the demo and ends with what else there is to look at."""
    # As for Ctrl-C: the stack is stopped, not left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seep("calibrate", "--prepare")
    print("starting a broker, PostgreSQL, the generator with vLLM, the scorer, the aggregator and the API", flush=True)
    with running_stack(CONFIG, FOLDER) as services:
        wait_until_serving(services)
        run = seep("push", str(SUITE), "--target", "tiny")
        seep("watch", run)
        seep("examples", run, "--category", "planted-90", "--leaks", "--limit", "3")
    print(f"\nresults: PostgreSQL in {FOLDER}/postgres, logs in {FOLDER}/logs; look further with")
    for command in (f"rates {run}", f"rates {run} --by concept", f"examples {run} --ties", "calibrate"):
        print(f"  {SEEP.relative_to(Path.cwd())} {command}")


def wait_until_serving(services: Mapping[str, Service]) -> None:
    """Returns when every service consumes; ends the demo where one has ended instead."""
    deadline = time.monotonic() + START_SECONDS
    while not all(b" serves " in service.log.read_bytes() for service in services.values()):
        ended = ended_services(services)
        if ended or time.monotonic() > deadline:
            sys.exit("\n".join(ended) or f"the services did not start in {START_SECONDS:.0f} s: see {FOLDER}/logs")
        time.sleep(0.5)


def seep(*arguments: str) -> str:
    """Runs a command as a user would type it, shown with what it prints; returns the last line."""
    print(f"$ seep {shlex.join(arguments)}", flush=True)
    process = subprocess.Popen([SEEP, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    if process.wait() != 0:
        sys.exit(process.returncode)
    return lines[-1].strip()


if __name__ == "__main__":
    main()
