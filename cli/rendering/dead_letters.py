"""Dead letters as people read them: a line for each job, and what one of them asks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cli.rendering.output import DataTable, echo
from cli.rendering.tables import print_table
from seep.codec import DecodeError, decode_generated_job, decode_prompt_job, decode_scored_job
from seep.kafka.dead_letters import DeadLetter, letter_id, read_dead_letter
from seep.kafka.messages import Message
from seep.kafka.topics import GENERATIONS, SCORES, job_key, jobs_topic, split_job_key
from seep.records import PromptJob

MOST_TESTS = 5


@dataclass(frozen=True)
class DeadJobLetters:
    """The letters of one message's key and origin, in order: all but the last were replayed, and failed again."""

    letters: Sequence[Message]
    scored: bool

    @property
    def fate(self) -> str:
        """What became of the job since it died."""
        if self.scored:
            return "scored since"
        times = len(self.letters) - 1
        return f"failed again, replayed {times} times" if times > 1 else "failed again, replayed" if times else "dead"


def by_job(letters: Sequence[Message], scored: Collection[tuple[str, str]]) -> list[DeadJobLetters]:
    """The letters by job, in the order of their first; what names no job stands by itself. `scored` are runs' jobs."""
    together: dict[tuple[object, ...], list[Message]] = {}
    for letter in letters:
        named = split_job_key(letter.key) is not None
        place = (read_dead_letter(letter).topic, letter.key) if named else (letter.partition, letter.offset)
        together.setdefault(place, []).append(letter)
    return [DeadJobLetters(same, split_job_key(same[-1].key) in scored) for same in together.values()]


def print_letters(jobs: Sequence[DeadJobLetters]) -> None:
    """A line for each job: its last letter, where it failed, what became of it, and why."""
    if not jobs:
        echo("no dead letters")
        return
    table = DataTable("id", "run/job", "stage", "topic", "state", "reason")
    for job in jobs:
        letter = read_dead_letter(job.letters[-1])
        reason = f"{letter.reason} (value not kept: {letter.lost})" if letter.lost else letter.reason
        table.add_row(letter_id(job.letters[-1]), key_of(job.letters[-1]), letter.stage, letter.topic, job.fate, reason)
    print_table(table)


def print_letter(message: Message, others: Sequence[Message]) -> None:
    """What the letter's job asks and why it failed, then the message's own facts; `others` are letters of its job."""
    letter = read_dead_letter(message)
    echo(f"failed in the {letter.stage}: {letter.reason}")
    for fact, text in _facts(message, others).items():
        echo(f"{fact}: {text}")
    for line in _content(message, letter):
        echo(line)
    echo(f"bytes: {len(message.value or b'')}")
    for name, value in message.headers:
        echo(f"{name}: {value.decode(errors='replace')}")


def key_of(message: Message) -> str:
    """The message's key as text."""
    return (message.key or b"").decode(errors="replace")


def _facts(message: Message, others: Sequence[Message]) -> Mapping[str, str]:
    later = [letter_id(other) for other in others if letter_id(other) != letter_id(message)]
    facts = {"key": key_of(message)}
    return facts | ({"other letters of this job": ", ".join(later)} if later else {})


def _content(message: Message, letter: DeadLetter) -> Iterator[str]:
    """The job's questions, where its bytes can be read."""
    job = _job_of(message, letter.topic)
    if job is None:
        yield "prompts: the bytes cannot be read as a job"
        return
    yield f"suite: {job.suite} {job.suite_version}, target {job.target}, {job.samples} samples"
    if job.system:
        yield f"system: {job.system!r}"
    for name, prompt in (("control", job.control), ("neutral", job.neutral)):
        if prompt is not None:
            yield f"{name}: {prompt!r}"
    for test in job.tests[:MOST_TESTS]:
        yield f"test of {test.concept!r}: {test.prompt!r}"
    if len(job.tests) > MOST_TESTS:
        yield f"and {len(job.tests) - MOST_TESTS} more tests"


def _job_of(message: Message, topic: str) -> PromptJob | None:
    value = message.value or b""
    try:
        if topic == SCORES:
            job = decode_scored_job(value).generated.job
        elif topic == GENERATIONS:
            job = decode_generated_job(value).job
        else:
            job = decode_prompt_job(value)
    except DecodeError:
        return None
    # A garbled message may read as another job.
    is_its_own = message.key == job_key(job.run_id, job.job_id) and (topic in (SCORES, GENERATIONS) or _is_jobs(topic))
    return job if is_its_own else None


def _is_jobs(topic: str) -> bool:
    return topic.startswith(jobs_topic(""))
