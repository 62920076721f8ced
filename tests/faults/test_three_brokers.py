"""Three brokers of which one is lost for good: the other two have everything."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli import sending
from deploy.local.broker import free_port
from seep.kafka.messages import Outgoing
from seep.kafka.producing import KafkaSender
from tests.faults.brokers import FaultyBroker
from tests.faults.form import Report
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import TARGET, faulty_stack
from tests.stack import Stack

SAFE = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "min.insync.replicas": "2",
    "default.replication.factor": "3",
    # A busy machine takes its time to start three of them.
    "initial.broker.registration.timeout.ms": "180000",
}


class Cluster(FaultyBroker):
    """The first of three brokers, which starts and stops the others with it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "1", SAFE)
        self.others = [FaultyBroker(folder / str(number), SAFE) for number in (2, 3)]
        brokers = [self, *self.others]
        ports = [free_port() for _ in brokers]
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(ports, start=1))
        for number, (broker, port) in enumerate(zip(brokers, ports, strict=True), start=1):
            broker.changes |= {
                "node.id": str(number),
                "controller.quorum.voters": voters,
                "listeners": f"PLAINTEXT://127.0.0.1:{broker.port},CONTROLLER://127.0.0.1:{port}",
            }

    @property
    def bootstrap_servers(self) -> str:
        """All three."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in (self, *self.others))

    def start(self) -> None:
        """Starts all: none takes connections before two are there."""
        try:
            for broker in self.others:
                broker.launch()
            super().start()
            for broker in self.others:
                broker.wait_until_started()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kills those that are left: without the others the last could not stop in an orderly way."""
        for broker in (self, *self.others):
            broker.kill()


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Cluster:
    return Cluster(folder / "kafka")


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions, cluster: Cluster) -> Iterator[Stack]:
    with faulty_stack(folder, questions, cluster, replication=3) as stack:
        stack.start()
        yield stack


def test_one_broker_of_three_is_lost_in_mid_run(
    stack: Stack, cluster: Cluster, questions: Questions, expected: Rows, report: Report
) -> None:
    runs = [stack.push(questions.suite, TARGET) for _ in range(2)]
    stack.wait_for_jobs(runs[0], questions.jobs // 10)
    cluster.others[0].kill()
    for each in runs:
        stack.wait_for_state(each, "complete")
        assert_exact(stack, each, expected)
    report(brokers=3, lost=1, jobs=2 * questions.jobs)


def test_a_push_goes_on_while_a_broker_is_lost(
    stack: Stack,
    cluster: Cluster,
    questions: Questions,
    expected: Rows,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The test before has killed it.
    cluster.others[0].start()
    calls: list[int] = []
    send = KafkaSender.send

    def send_and_lose(sender: KafkaSender, outgoing: Sequence[Outgoing]) -> None:
        calls.append(len(outgoing))
        if len(calls) == 3:
            cluster.others[1].kill()
        send(sender, outgoing)

    monkeypatch.setattr(KafkaSender, "send", send_and_lose)
    monkeypatch.setattr(sending, "SEND_BATCH_SIZE", questions.jobs // 10)
    run = stack.push(questions.suite, TARGET)
    assert len(calls) > 3
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)
    report(brokers=3, lost_while_pushing=1, jobs=questions.jobs)
