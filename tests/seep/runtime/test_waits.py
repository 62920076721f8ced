"""Why jobs wait is said once, again if it lasts, and no longer once they go on; nobody's text is in it."""

from collections.abc import Sequence

from seep.codec import decode_wait
from seep.errors import Unavailable
from seep.kafka.broker import BrokerUnavailable
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import WAITS, job_key
from seep.records import RunWait
from seep.runtime.waits import LONGEST_REASON, REPEAT_SECONDS, Waits


def message(run: str, job: str = "a") -> Message:
    return Message("in", 0, 0, job_key(run, job), b"a prompt")


class Said:
    """A topic in a list, and a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.outgoing: list[Outgoing] = []
        self.now = 1000.0
        self.away = False
        self.waits = Waits("generator", self.send, lambda: self.now)

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        if self.away:
            raise BrokerUnavailable("no broker answers")
        self.outgoing += outgoing

    def new(self) -> list[RunWait]:
        found = [decode_wait(each.value or b"") for each in self.outgoing]
        assert [each.topic for each in self.outgoing] == [WAITS] * len(found)
        assert [each.key for each in self.outgoing] == [f"{wait.run_id}/{wait.stage}".encode() for wait in found]
        self.outgoing = []
        return found


def test_a_reason_is_said_once_again_while_it_lasts_and_ends_when_the_run_goes_on() -> None:
    said = Said()
    batch = [message("r"), message("other")]
    said.waits.handled(batch, [(batch[0], Unavailable("HTTP 503"))])
    assert said.new() == [RunWait("r", "generator", "HTTP 503")]
    said.waits.handled(batch, [(batch[0], Unavailable("HTTP 503"))])
    assert said.new() == []
    said.now += REPEAT_SECONDS
    said.waits.handled(batch, [(batch[0], Unavailable("HTTP 503"))])
    assert said.new() == [RunWait("r", "generator", "HTTP 503")]
    said.waits.handled(batch, [(batch[0], Unavailable("HTTP 401 (invalid_api_key)"))])
    assert said.new() == [RunWait("r", "generator", "HTTP 401 (invalid_api_key)")]
    said.waits.handled(batch, [])
    assert said.new() == [RunWait("r", "generator", "")]
    said.waits.handled(batch, [])
    assert said.new() == []


def test_a_run_of_which_some_jobs_wait_and_others_go_on_waits() -> None:
    said = Said()
    batch = [message("r", "a"), message("r", "b")]
    said.waits.handled(batch, [(batch[1], Unavailable("away"))])
    said.waits.handled(batch, [(batch[1], Unavailable("away"))])
    assert said.new() == [RunWait("r", "generator", "away")]


def test_a_batch_that_fails_as_a_whole_waits_for_what_is_away() -> None:
    said = Said()
    said.waits.failed([message("r"), message("r", "b"), message("s")], Unavailable("the server is away"))
    assert said.new() == [RunWait(run, "generator", "the server is away") for run in ("r", "s")]


def test_of_an_error_of_its_own_a_message_says_the_kind_once_it_is_alone_and_never_quotes_it() -> None:
    said = Said()
    error = RuntimeError("a prompt and sk-secret")
    said.waits.failed([message("r"), message("s")], error)
    assert said.new() == []
    said.waits.failed([message("r")], error)
    assert said.new() == [RunWait("r", "generator", "RuntimeError, again and again; the generator's log says where")]


def test_a_reason_is_one_line_of_bounded_length() -> None:
    said = Said()
    said.waits.failed([message("r")], Unavailable("a\nb\t" + "x" * 1000))
    [wait] = said.new()
    assert wait.reason.startswith(r"a\nb\txxx")
    assert (len(wait.reason), wait.reason[-3:]) == (LONGEST_REASON, "...")


def test_a_message_whose_key_names_no_job_says_nothing() -> None:
    said = Said()
    nobodys = [Message("in", 0, 0, key, b"") for key in (None, b"", b"r", b"/j", b"\xff/j")]
    said.waits.failed(nobodys, Unavailable("away"))
    assert said.new() == []


def test_what_cannot_be_sent_stops_nothing_and_is_said_later() -> None:
    said = Said()
    said.away = True
    said.waits.failed([message("r")], Unavailable("away"))
    said.away = False
    said.waits.failed([message("r")], Unavailable("away"))
    assert said.new() == [RunWait("r", "generator", "away")]
