"""The commands about dead letters: list and show them, and send them on their way again."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cli.broker import open_broker
from cli.database import has_database, open_database
from cli.lookups import find_suite
from cli.rendering.dead_letters import by_job, print_letter, print_letters
from cli.rendering.output import echo
from cli.sending import all_manifests, find_manifest, job_messages, open_sender, sent_run_id
from results.storage import dead_jobs
from seep.errors import InputError, Unavailable
from seep.kafka.broker import Broker
from seep.kafka.dead_letters import letter_id, replayed
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, split_job_key
from seep.settings import Settings, load_settings
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.suites.schema import suite_hash
from seep.suites.writing import write_files

dead_letters_app = typer.Typer(help="List, show and replay dead letters.", no_args_is_help=True)

IdArgument = Annotated[
    str, typer.Argument(help="PARTITION:OFFSET, as `seep dead-letters list` prints it.", metavar="ID")
]
RunOption = Annotated[
    str | None, typer.Option(help="Only those of this run: its id, its beginning, or `latest`.", metavar="RUN")
]


@dead_letters_app.command("list")
def list_letters(context: typer.Context, run: RunOption = None) -> None:
    """List dead letters, a line for each job: where it failed, why, and whether it was replayed or scored since."""
    settings = load_settings()
    letters = list(_letters(open_broker(context, settings), run))
    print_letters(by_job(letters, _scored_since(settings, letters)))


@dead_letters_app.command()
def show(
    context: typer.Context,
    wanted: IdArgument,
    out: Annotated[Path | None, typer.Option(help="Write the message's bytes to this file.")] = None,
) -> None:
    """Show one dead letter: its job's prompts, why it failed, and where; and save its bytes."""
    broker = open_broker(context, load_settings())
    message = _letter(broker, wanted)
    [same] = [job for job in by_job(list(_letters(broker, None)), ()) if message in job.letters]
    print_letter(message, same.letters)
    if out is not None:
        write_files({out: message.value or b""})


@dead_letters_app.command()
def replay(
    context: typer.Context,
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Ids, as listed.", metavar="[ID]...")] = None,
    run: RunOption = None,
    suite: Annotated[
        str | None, typer.Option(help="Build the jobs again from the run's suite, not from the bytes.")
    ] = None,
) -> None:
    """Send dead letters again, to where they came from; a job that was scored meanwhile is not counted twice.

    A message whose bytes are garbled is mended with --suite: its job is built again from the suite that the run sent.
    """
    broker = open_broker(context, load_settings())
    if bool(letter_ids) == bool(run):
        raise InputError("dead-letters replay: expected ids, or --run RUN")
    letters = [_letter(broker, wanted) for wanted in letter_ids] if letter_ids else list(_letters(broker, run))
    if not letters:
        raise InputError(f"--run {run}: it has no dead letters")
    outgoing = _rebuilt(broker, letters, suite) if suite else _as_they_were(letters, skip=run is not None)
    with open_sender(broker, sorted({message.topic for message in outgoing})) as sender:
        sender.send(outgoing)
    echo(f"replayed {len(outgoing)}")


def _as_they_were(letters: list[Message], skip: bool) -> list[Outgoing]:
    """The original messages; of letters with one key and origin, which a failed replay leaves, the last.

    A letter that cannot be replayed is an InputError, or said and skipped.
    """
    latest: dict[tuple[str, bytes | None], Outgoing] = {}
    for letter in letters:
        try:
            message = replayed(letter)
        except InputError as error:
            if not skip:
                raise
            echo(f"not replayed: {error}", err=True)
        else:
            latest[message.topic, message.key] = message
    return list(latest.values())


def _rebuilt(broker: Broker, letters: list[Message], suite: str) -> list[Outgoing]:
    """The jobs that the letters' keys name, each once, from a suite that is the one their run sent."""
    loaded = load_suite(find_suite(suite))
    wanted: dict[str, set[str]] = {}
    for message in letters:
        place = split_job_key(message.key)
        if place is None:
            raise InputError(f"dead letter {letter_id(message)}: its key names no job, so it cannot be built again")
        wanted.setdefault(place[0], set()).add(place[1])
    manifests = all_manifests(broker)
    outgoing: list[Outgoing] = []
    for run, jobs in wanted.items():
        sent = find_manifest(manifests, run)
        if sent.suite_hash != suite_hash(loaded):
            raise InputError(f"--suite {suite}: its jobs are not those that run {run} sent ({sent.suite_hash})")
        fresh = prompt_jobs(loaded, run_id=run, target=sent.target, samples=sent.samples)
        outgoing += job_messages(job for job in fresh if job.job_id in jobs)
    return outgoing


def _letters(broker: Broker, run: str | None) -> Iterator[Message]:
    run_id = None if run is None else sent_run_id(all_manifests(broker), run)
    reader = broker.reader(DEAD_LETTERS)
    try:
        for message in reader.new_messages():
            place = split_job_key(message.key)
            if run_id is None or (place and place[0] == run_id):
                yield message
    finally:
        reader.close()


def _letter(broker: Broker, wanted: str) -> Message:
    for message in _letters(broker, None):
        if letter_id(message) == wanted:
            return message
    raise InputError(f"dead letter {wanted}: there is none with this id; `seep dead-letters list` lists them")


def _scored_since(settings: Settings, letters: Sequence[Message]) -> set[tuple[str, str]]:
    """Runs' jobs of the letters that are scored by now; none where no database can be asked."""
    places = {place for letter in letters if (place := split_job_key(letter.key))}
    if not places or not has_database(settings):
        return set()
    # Who only looks after the broker may lack the right to read results.
    with suppress(Unavailable), open_database(settings) as database, database.snapshot() as connection:
        return places & dead_jobs.scored(connection, {run_id for run_id, _ in places})
    return set()
