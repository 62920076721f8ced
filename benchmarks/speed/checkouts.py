"""The same work in several checkouts of the project, by turns, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

Turn = Callable[[], dict[str, Any]]
"""Has each checkout do a round: by name, what it answered."""


@contextmanager
def taking_turns(folders: Mapping[str, Path], script: Path, *arguments: str) -> Iterator[Turn]:
    """Starts `script --worker` with the packages of each folder; it answers a line of input by a line of JSON."""
    with ExitStack() as opened:
        workers = {name: opened.enter_context(_start(folder, script, arguments)) for name, folder in folders.items()}
        yield lambda: {name: _answer(worker) for name, worker in workers.items()}
        for worker in workers.values():
            assert worker.stdin
            worker.stdin.close()


def _start(folder: Path, script: Path, arguments: tuple[str, ...]) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(folder.resolve())}
    command = [sys.executable, str(script.resolve()), "--worker", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _answer(worker: "subprocess.Popen[str]") -> Any:
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write("\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())
