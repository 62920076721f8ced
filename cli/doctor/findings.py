"""What checks find, and how they are run: side by side, each for a bounded time, none to the harm of the others."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from seep.errors import first_line

SECONDS = 3.0

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True)
class Finding:
    """What there is of a subject; `missing` where it has to be mended, `note` where nobody needs it now.

    `advice` says what to do, and is empty where nothing is to be done.
    """

    subject: str
    state: State
    text: str
    advice: str = ""


Check = Callable[[], Finding]


def run_checks(checks: Mapping[str, Check], seconds: float = SECONDS) -> list[Finding]:
    """The findings in the order of the checks, which are named by their subjects; returns within so many seconds."""
    found: dict[str, Finding] = {}

    def run(subject: str, check: Check) -> None:
        try:
            found[subject] = check()
        except Exception as error:  # whatever a driver, a server or a library does
            reason = first_line(str(error)) or type(error).__name__
            found[subject] = Finding(subject, "missing", reason)

    # Daemons: one that hangs does not keep the command from ending.
    threads = [threading.Thread(target=run, args=item, daemon=True) for item in checks.items()]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no answer within {seconds:g} s"
    return [found.get(subject) or Finding(subject, "missing", late) for subject in checks]
