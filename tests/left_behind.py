"""Ends what tests have started once their process has ended, however it ended: brokers, services, servers, browsers.

A process that is killed can stop nothing. Another one waits for its end, and finds what it left behind by a variable of
the environment, which processes hand on to those they start. It also frees the memory that their files take.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

VARIABLE = "TESTS_OF_SEEP"
SWEEPS, PAUSE_SECONDS = 50, 0.1
# Where files are in memory.
MEMORY = Path("/dev/shm")


def end_with_this_process() -> IO[bytes]:
    """From now on, what this process starts ends with it. Takes what has to stay open until then."""
    os.environ.pop(VARIABLE, None)
    mark = uuid4().hex
    # Without packages, so that it is there at once; in a session of its own, so that Ctrl-C leaves it alone.
    command = [sys.executable, "-IS", __file__, mark]
    watching = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    os.environ[VARIABLE] = mark
    assert watching.stdin is not None
    return watching.stdin


def folder_in_memory(mark: str) -> Path:
    """Where the processes with the mark may keep files in memory."""
    return MEMORY / f"seep-tests-{mark}"


def marked(mark: str) -> list[int]:
    """The processes whose environment has the mark; PostgreSQL's own children have none, and end with their parent."""
    wanted, found = f"{VARIABLE}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def end(process: int) -> None:
    """Kills a process; a PostgreSQL, which would leave shared memory behind, ends itself at once."""
    with suppress(OSError):
        is_postgres = Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip() == "postgres"
        os.kill(process, signal.SIGQUIT if is_postgres else signal.SIGKILL)


def main() -> None:
    """Waits until the other end of stdin is closed, then ends all that is marked, and what that starts meanwhile."""
    sys.stdin.buffer.read()
    mark = sys.argv[1]
    for _ in range(SWEEPS):
        left = marked(mark)
        if not left:
            break
        for process in left:
            end(process)
        time.sleep(PAUSE_SECONDS)
    shutil.rmtree(folder_in_memory(mark), ignore_errors=True)


if __name__ == "__main__":
    main()
