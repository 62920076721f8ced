"""A process that is told to stop, at the worst moment."""

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# The lock that a wait holds for a few steps, when any of them may be interrupted by the signal.
IN_THE_MIDDLE_OF_A_WAIT = """
import os, signal
from seep.runtime.stopping import stop_on_signals

stop = stop_on_signals()
with stop._cond:
    os.kill(os.getpid(), signal.{name})
stop.wait()
print("stopped")
"""

# The system may give a signal to any thread. The main one then goes on waiting, and no handler runs.
GIVEN_TO_ANOTHER_THREAD = """
import signal, threading, time
from seep.runtime.stopping import stop_on_signals

stop = stop_on_signals()

def take_the_signal():
    time.sleep(0.5)  # until the main thread waits
    signal.pthread_kill(threading.get_ident(), signal.{name})

threading.Thread(target=take_the_signal, daemon=True).start()
stop.wait()
print("stopped")
"""

# The main thread is deep in C for an hour, as it may be in a library that loads a model.
LOADING = """
import hashlib, logging
from seep.runtime.stopping import loading, stop_on_signals
logging.basicConfig(level=logging.INFO)
with loading(stop_on_signals()):
    print("loading", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
LOADED = """
import signal
from seep.runtime.stopping import loading, stop_on_signals
stop = stop_on_signals()
with loading(stop):
    pass
signal.raise_signal(signal.SIGTERM)
print("told" if stop.wait(60) else "not told")
"""
# A child has the parent's socket, and perhaps a handler of its own.
SENT_TO_A_CHILD = """
import os, signal
from seep.runtime.stopping import stop_on_signals

stop = stop_on_signals()
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.raise_signal(signal.SIGTERM)
os.waitpid(child, 0)
print("told" if stop.wait(0.5) else "not told")
"""
WAIT_SECONDS = 300.0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("program", [IN_THE_MIDDLE_OF_A_WAIT, GIVEN_TO_ANOTHER_THREAD], ids=["wait", "thread"])
def test_a_signal_in_the_middle_of_a_wait_or_given_to_another_thread_still_stops(program: str, name: str) -> None:
    command = [sys.executable, "-c", program.format(name=name)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert ended.stdout == "stopped\n"


def python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_signal_ends_a_process_that_is_loading() -> None:
    with python(LOADING) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    assert "stopped while loading" in errors


def test_a_signal_after_the_loading_only_asks_to_stop() -> None:
    with python(LOADED) as process:
        output, _ = process.communicate(timeout=WAIT_SECONDS)
    assert (output, process.returncode) == ("told\n", 0)


def test_a_signal_to_a_child_asks_its_parent_for_nothing() -> None:
    with python(SENT_TO_A_CHILD) as process:
        output, _ = process.communicate(timeout=WAIT_SECONDS)
    assert (output, process.returncode) == ("not told\n", 0)
