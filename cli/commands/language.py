"""The commands about languages: the matrix of a run that spills, and how far the detectors agree."""

from pathlib import Path
from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import RunArgument
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.consoles import wide_console
from cli.rendering.language_matrix import PICTURES, draw_matrix, print_asymmetries, print_column
from cli.rendering.losses import print_missing
from cli.rendering.output import DataTable, echo
from cli.rendering.rates import SAMPLES_ARE_CLUSTERS, is_measured, why_not_measured
from results.language_agreement import agreements, normalised_label
from results.language_matrix import Matrix, contamination_matrix, differences, spilled_language
from results.storage import rates
from results.storage.database import Connection
from seep.errors import InputError
from seep.settings import Settings, load_settings
from seep.suites.recorded import read_recorded_lines

language_app = typer.Typer(help="Draw which languages a model answers in, and compare detectors.", no_args_is_help=True)


@language_app.command("matrix")
def draw(
    run_id: RunArgument,
    out: Annotated[Path, typer.Option(help="The picture to write: FILE.svg or FILE.png.")],
    metric: Annotated[str | None, typer.Option(help="The metric, if the run has several.")] = None,
    language: Annotated[
        str | None, typer.Option(help="The language whose spread is read; default: the one that spread most.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="A run to subtract: of the model before its fine-tune.")] = None,
    mirror: Annotated[
        str | None, typer.Option(help="The run of the condition with both languages swapped: is the spill symmetric?")
    ] = None,
    mirror_language: Annotated[str | None, typer.Option(help="The language whose spread is read in --mirror.")] = None,
) -> None:
    """Draw which languages a model answers in, by the language it was asked for; the nearest relatives come first.

    For example: seep language matrix tuned --out matrix.svg --baseline plain
    """
    _check_picture(out)
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        summary = find_run(connection, run_id, settings)
        run_id = summary.run_id
        measured = _matrix(connection, run_id, metric)
        counted = _counted(measured, "--language", language)
        matrix = differences(measured, _other_matrix(connection, baseline, metric, settings)) if baseline else measured
        mirrored = _other_matrix(connection, mirror, metric, settings) if mirror else None
    draw_matrix(matrix, counted, _title(run_id, baseline, matrix), out)
    print_column(matrix, counted, baseline)
    if mirrored is not None:
        print_asymmetries(measured, counted, mirrored, _counted(mirrored, "--mirror-language", mirror_language))
    if summary.cluster == "sample":
        echo(SAMPLES_ARE_CLUSTERS)
    print_missing(summary)


def _check_picture(out: Path) -> None:
    if out.suffix.lower() not in PICTURES:
        raise InputError(f"--out {out}: expected a name that ends in {' or '.join(PICTURES)}")


def _other_matrix(connection: Connection, run_id: str, metric: str | None, settings: Settings) -> Matrix:
    return _matrix(connection, find_run(connection, run_id, settings).run_id, metric)


def _matrix(connection: Connection, run_id: str, metric: str | None) -> Matrix:
    found = rates.of_run(connection, run_id)
    if any(rate.probe == "language" for rate in found) and not is_measured(found):
        echo(f"run {run_id}: {why_not_measured(found)}")
        raise typer.Exit(exit_codes.NOT_MEASURED)
    try:
        return contamination_matrix(found, metric)
    except InputError as error:
        raise InputError(f"run {run_id}: {error}") from error


def _counted(matrix: Matrix, option: str, language: str | None) -> str:
    if language is None:
        return spilled_language(matrix)
    if language not in matrix.directives:
        raise InputError(f"{option} {language}: expected one of the run's, {', '.join(matrix.directives)}")
    return language


def _title(run_id: str, baseline: str | None, matrix: Matrix) -> str:
    return f"{run_id}{f' less {baseline}' if baseline else ''}, languages by {matrix.metric}"


@language_app.command()
def agreement(
    recorded: Annotated[Path, typer.Argument(help="Recorded answers, perhaps with labels.", metavar="R.jsonl")],
) -> None:
    """Detect the languages of recorded answers with both detectors, and say how far they agree.

    The labels that the file holds already are compared with them, too.
    """
    lines = list(read_recorded_lines(recorded).values())
    answers = [answer for line in lines for answer in line.generations]
    if not answers:
        raise InputError(f"{recorded}: expected recorded answers, found none")
    # The detectors are this command's alone; the model behind one of them takes ten seconds to load.
    from services.scorer.detection import detect_language, langdetect_guess, lingua_guess

    labels = {
        "langdetect": [langdetect_guess(answer) for answer in answers],
        "lingua": [lingua_guess(answer) for answer in answers],
        "consensus": [detect_language(answer) for answer in answers],
    }
    for who in dict.fromkeys(who for line in lines for who in line.labels):
        given = [label for line in lines for label in line.labels.get(who, ("",) * len(line.generations))]
        labels[f"recorded {who}"] = [normalised_label(label) for label in given]
    table = DataTable("one", "other", "kappa", "same", "compared", "parse errors", "without a label")
    for row in agreements(labels):
        table.add_row(*row)
    wide_console().print(table)
