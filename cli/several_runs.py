"""Several runs one after the other, each in a process of its own.

A model's memory is surely free only when its process has ended; and what kills one run leaves the others.
"""

import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from cli import exit_codes
from cli.failures import ending, failure_line
from cli.one_run import RunRequest, do_run
from cli.outcomes import Failed, Outcome
from cli.rendering.output import echo
from cli.termination import terminate
from seep.settings import load_settings

STOP_SECONDS = 30.0


def do_runs(requests: Sequence[RunRequest]) -> list[Outcome]:
    """The outcomes by position; each is announced on stderr, and so is its failure."""
    outcomes = []
    for number, request in enumerate(requests, start=1):
        echo(f"{number} of {len(requests)}: {request.answering.label}, run {request.run_id}", err=True)
        outcome = _apart(request)
        if isinstance(outcome, Failed):
            echo(f"seep: {outcome.reason}", err=True)
        outcomes.append(outcome)
    return outcomes


def _apart(request: RunRequest) -> Outcome:
    # Not forked: torch and gRPC have threads, which a fork would not take along.
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_do_and_send, args=(sending, request))
    with _running(process), receiving:
        sending.close()
        try:
            outcome: Outcome = receiving.recv()
            return outcome
        except EOFError:
            process.join()
            return _failed(request, _how_it_ended(process), exit_codes.FAULT)


@contextmanager
def _running(process: BaseProcess) -> Iterator[None]:
    """The process while the block lasts: at its end it has ended by itself, or is told to."""
    process.start()
    try:
        yield
    except BaseException:
        process.terminate()
        raise
    finally:
        process.join(STOP_SECONDS)
        process.kill()
        # Until then it counts among the database's users, the last of which stops it.
        process.join()


def _how_it_ended(process: BaseProcess) -> str:
    code = process.exitcode or 0
    if code == -signal.SIGKILL:
        return "the run's process was killed, as it is where memory runs out"
    return f"the run's process ended with {f'signal {-code}' if code < 0 else f'status {code}'}"


def _do_and_send(sending: Connection, request: RunRequest) -> None:
    """The process of one run."""
    # Ctrl-C reaches both processes; the first one then ends this one, and two signals at once would break its end off.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)
    try:
        outcome: Outcome = do_run(load_settings(), request, announced=True)
    except Exception as error:
        line = failure_line(error)
        if line is None:
            traceback.print_exception(error)
        code = exit_codes.FAULT if line is None else exit_codes.REFUSED
        outcome = _failed(request, ending(error), code)
    sending.send(outcome)


def _failed(request: RunRequest, reason: str, code: int) -> Failed:
    return Failed(request.run_id, request.answering.target, reason, code)
