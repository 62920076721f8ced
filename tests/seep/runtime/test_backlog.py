"""The backlog's order, what fails alone in it, and what may be committed."""

from seep.kafka.messages import Message
from seep.runtime.backlog import BATCH_BYTES, Backlog


def messages(*offsets: int, partition: int = 0) -> list[Message]:
    return [Message("in", partition, offset, b"r/j", b"v") for offset in offsets]


def backlog_of(*added: Message) -> Backlog:
    backlog = Backlog()
    backlog.add(added)
    return backlog


def test_a_batch_is_the_first_messages_and_stays_until_it_is_done() -> None:
    backlog = backlog_of(*messages(1, 2, 3))
    assert backlog.next_batch(2) == messages(1, 2) == backlog.next_batch(2)
    backlog.done(messages(1, 2))
    assert (backlog.next_batch(2), len(backlog)) == (messages(3), 1)


def test_a_message_that_failed_alone_goes_to_the_end_and_comes_by_itself() -> None:
    backlog = backlog_of(*messages(1, 2))
    [poison] = messages(1)
    assert backlog.failed_alone(poison) == 1
    backlog.add(messages(3))
    assert backlog.next_batch(9) == messages(2)
    backlog.done(messages(2))
    assert backlog.next_batch(9) == [poison]
    assert backlog.failed_alone(poison) == 2
    backlog.forget_repeated_failures()
    assert backlog.failed_alone(poison) == 2


def test_only_what_is_done_up_to_the_first_open_message_of_its_partition_may_be_committed() -> None:
    other = messages(1, partition=1)
    backlog = backlog_of(*messages(1, 2, 3), *other)
    backlog.done([*messages(1, 3), *other])
    assert backlog.committable() == [*messages(1), *other]
    backlog.committed(backlog.committable())
    assert backlog.committable() == []
    backlog.done(messages(2))
    assert sorted(message.offset for message in backlog.committable()) == [2, 3]


def test_messages_are_counted_by_their_topic() -> None:
    assert backlog_of(*messages(1, 2)).count_by_topic() == {"in": 2}


def test_large_messages_make_small_batches_and_a_full_backlog() -> None:
    large = [Message("in", 0, offset, b"r/j", bytes(BATCH_BYTES // 2)) for offset in range(5)]
    backlog = backlog_of(*large)
    assert backlog.next_batch(64) == large[:2]
    assert backlog.full(64)
    backlog.done(large[:2])
    assert not backlog.full(64)
    assert backlog.full(3)
    alone = backlog_of(Message("in", 0, 0, b"r/j", bytes(3 * BATCH_BYTES)))
    assert len(alone.next_batch(64)) == 1
