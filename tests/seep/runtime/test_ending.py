"""A service ends when it is told to, whatever it is doing."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest

from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.in_memory_group import Group, InMemoryGroupConsumer
from seep.kafka.messages import Message
from seep.runtime import service
from seep.runtime.health import Health
from seep.settings import Worker

# Says when the service's own imports begin, and keeps them from ending.
EARLY = """
import runpy, sys
sys.argv = ["service"]
class Late:
    def find_spec(self, name, path=None, target=None):
        if name == "argparse" or name == "seep.codec":
            print("importing", flush=True)
            import time
            time.sleep(3600)
sys.meta_path.insert(0, Late())
sys.modules.pop("argparse", None)
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["generator", "scorer", "aggregator", "api"])
def test_a_signal_during_the_imports_ends_a_service_with_0(name: str) -> None:
    code = EARLY.replace("{module}", f"services.{name}")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.terminate()
        assert process.wait(timeout=300) == 0


class HangingBroker(InMemoryBroker):
    """A broker whose client never comes back from polling, or from leaving its group, until it is let go."""

    def __init__(self, hangs_in: str) -> None:
        super().__init__()
        self.hangs_in = hangs_in
        self.polled, self.let_go = threading.Event(), threading.Event()

    def consumer(self, topics: Sequence[str], group: str, batch_size: int) -> "Hanging":
        return Hanging(self, topics, Group(), batch_size)


class Hanging(InMemoryGroupConsumer):
    """A member of a group that hangs, and must not be used from another thread while it does."""

    def poll(self, timeout_seconds: float) -> list[Message]:
        assert isinstance(self._broker, HangingBroker)
        self._broker.polled.set()
        if self._broker.hangs_in == "poll":
            self._broker.let_go.wait()
        return []

    def close(self) -> None:
        assert isinstance(self._broker, HangingBroker)
        if self._broker.hangs_in == "poll":
            raise AssertionError("closed while another thread uses it")
        self._broker.let_go.wait()


@pytest.mark.parametrize("hangs_in", ["poll", "close"])
def test_a_loop_that_hangs_in_the_client_keeps_no_process_alive(hangs_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only a loop that hangs in polling is to be left behind, and not one that is slow.
    monkeypatch.setattr(service, "STUCK_SECONDS", 0.1 if hangs_in == "poll" else 300.0)
    monkeypatch.setattr(service, "LEAVING_SECONDS", 0.1)
    broker, stop = HangingBroker(hangs_in), threading.Event()
    options = Worker(grace_seconds=0.5)

    def stop_soon() -> None:
        broker.polled.wait()
        time.sleep(0.05)
        stop.set()

    threading.Thread(target=stop_soon, daemon=True).start()
    try:
        finished = service.serve(
            broker, options, "test", lambda messages: None, topics=["t"], group="g", stop=stop, health=Health()
        )
    finally:
        broker.let_go.set()
    assert finished == (hangs_in == "close")
