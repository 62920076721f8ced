"""A sender whose producer breaks: it says that the broker is away, and takes another one."""

from types import SimpleNamespace

import pytest
from kafka.errors import (
    InvalidRecordError,
    InvalidTimestampError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from seep.kafka import producing
from seep.kafka.broker import BrokerUnavailable, MessagesRefused
from seep.kafka.messages import Outgoing
from seep.settings import Kafka

GOOD, BAD = Outgoing("t", b"k", b"good"), Outgoing("t", b"k", b"bad")


class Producer:
    """Fails with `error` for each message that says bad, when it is sent or when it is waited for."""

    made: list["Producer"]
    error: Exception
    at_once: bool
    close_error: Exception | None

    def __init__(self, **_: object) -> None:
        self.stored: list[bytes] = []
        self.closed = False
        self._sender = SimpleNamespace(force_close=lambda: None, add_topic=lambda topic: None)
        Producer.made.append(self)

    def send(self, topic: str, value: bytes, key: bytes, headers: object) -> object:
        if value == b"bad" and Producer.at_once:
            raise Producer.error

        def get(timeout: float) -> None:
            if value == b"bad":
                raise Producer.error
            self.stored.append(value)

        return SimpleNamespace(get=get)

    def close(self, timeout: float) -> None:
        self.closed = True
        if Producer.close_error:
            raise Producer.close_error


@pytest.fixture(params=[True, False], ids=["when sent", "when waited for"])
def sender(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> producing.KafkaSender:
    monkeypatch.setattr(producing, "KafkaProducer", Producer)
    monkeypatch.setattr(producing, "open_admin", lambda _: SimpleNamespace(close=lambda: None))
    Producer.made, Producer.at_once, Producer.close_error = [], request.param, None
    return producing.KafkaSender(Kafka())


OUTAGES = (
    KafkaTimeoutError(),
    KafkaConnectionError(),
    TopicAuthorizationFailedError("t"),
    InvalidTimestampError("a clock is wrong"),
    OSError("reset"),
    RuntimeError("a fault of the client"),
    AssertionError(),
)


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("close_error", [None, KafkaTimeoutError(), RuntimeError()], ids=str)
def test_an_outage_is_unavailable_and_the_broken_producer_is_dropped_even_if_it_does_not_close(
    sender: producing.KafkaSender, error: Exception, close_error: Exception | None
) -> None:
    Producer.error, Producer.close_error = error, close_error
    with pytest.raises(BrokerUnavailable, match="the broker did not take a message"):
        sender.send([GOOD, BAD])
    assert [producer.closed for producer in Producer.made] == [True]
    sender.send([GOOD])
    assert Producer.made[-1].stored == [b"good"]
    assert len(Producer.made) == 2
    sender.close()
    sender.close()


@pytest.mark.parametrize(
    "error", [MessageSizeTooLargeError(), InvalidRecordError(), TypeError(), ValueError()], ids=str
)
def test_a_messages_own_fault_is_refused_and_the_others_are_sent(
    sender: producing.KafkaSender, error: Exception
) -> None:
    if isinstance(error, TypeError | ValueError):  # the client raises these for a message when it is sent
        Producer.at_once = True
    Producer.error = error
    with pytest.raises(MessagesRefused, match=f"refuses 1 messages: {type(error).__name__}") as refused:
        sender.send([GOOD, BAD, GOOD])
    assert refused.value.messages == [BAD]
    assert [producer.stored for producer in Producer.made if producer.stored] == [[b"good", b"good"]]


def test_what_was_refused_for_what_lay_beside_it_is_sent_alone(
    sender: producing.KafkaSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Exception | None] = [KafkaError("part of a batch with invalid records"), InvalidRecordError(), None]
    answers.append(InvalidRecordError())

    def send(self: Producer, *_: object) -> object:
        answer = answers.pop(0)

        def get(timeout: float) -> None:
            if answer:
                raise answer

        return SimpleNamespace(get=get)

    monkeypatch.setattr(Producer, "send", send)
    with pytest.raises(MessagesRefused) as refused:
        sender.send([GOOD, BAD])
    assert refused.value.messages == [BAD]
    assert answers == []
