"""The commands about languages: the matrix of a run that spills, and how far the detectors agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import RunsArgument
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.language_matrix import PICTURES, draw_matrix, print_asymmetries, print_column
from cli.rendering.language_spill import print_order, print_spills
from cli.rendering.losses import print_missing
from cli.rendering.output import DataTable, echo
from cli.rendering.rates import RUNS_ARE_CLUSTERS, SAMPLES_ARE_CLUSTERS, is_measured, why_not_measured
from cli.rendering.tables import print_table
from results.language_agreement import agreements, normalised_label
from results.language_matrix import Matrix, contamination_matrix, differences, share_of, spilled_language
from results.language_spill import Spill, family_order, spill_pool, third_directives
from results.pooled_runs import check_poolable, pooled_rates
from results.runs import RunSummary
from results.storage import rates
from results.storage.database import Connection
from seep.errors import InputError
from seep.settings import Settings, load_settings
from seep.suites.recorded import read_recorded_lines

language_app = typer.Typer(help="Draw which languages a model answers in, and compare detectors.", no_args_is_help=True)


@language_app.command("matrix")
def draw(
    run_ids: RunsArgument,
    out: Annotated[Path, typer.Option(help="The picture to write: FILE.svg or FILE.png.")],
    metric: Annotated[str | None, typer.Option(help="The metric, if the run has several.")] = None,
    language: Annotated[
        str | None, typer.Option(help="The language whose spread is read; default: the one that spread most.")
    ] = None,
    trained: Annotated[
        str | None, typer.Option(help="The language that a fine-tune was asked in; its directive counts as no spill.")
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="A run to subtract: of the model before its fine-tune. May be given again.")
    ] = None,
    placebo: Annotated[
        list[str] | None,
        typer.Option(help="A run of the same fine-tune on pairs of one language: what it does without a mismatch."),
    ] = None,
    placebo_language: Annotated[
        str | None, typer.Option(help="The language whose spread is read in --placebo; default: the same.")
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(help="The run of the condition with both languages swapped: is the spill symmetric?"),
    ] = None,
    mirror_language: Annotated[str | None, typer.Option(help="The language whose spread is read in --mirror.")] = None,
) -> None:
    """Draw which languages a model answers in, by the language it was asked for; the nearest relatives come first.

    Several runs are seeds of one condition: each is a cluster of its own. So are several of an option that names runs.

    For example: seep language matrix tuned --out matrix.svg --baseline plain

    Exit code 4 if nothing is measured.
    """
    _check_picture(out)
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        tuned = _condition(connection, run_ids, metric, settings)
        counted = _counted(tuned.matrix, "--language", language)
        base = _condition(connection, baseline, metric, settings) if baseline else None
        other = _condition(connection, mirror, metric, settings) if mirror else None
        mirrored = _counted(other.matrix, "--mirror-language", mirror_language) if other else None
        third = third_directives(tuned.matrix, counted, _known(tuned.matrix, trained) or mirrored, placebo_language)
        read = [(tuned, "measured", counted)]
        read += [(base, "baseline", counted)] if base else []
        if placebo:
            control = _condition(connection, placebo, metric, settings)
            read.append(
                (control, "placebo", _counted(control.matrix, "--placebo-language", placebo_language or counted))
            )
        read += [(other, "mirror", mirrored)] if other and mirrored else []
        spills = [spill for each, name, spread in read if (spill := _spill(connection, each, name, spread, third))]
    matrix = differences(tuned.matrix, base.matrix) if base else tuned.matrix
    draw_matrix(matrix, counted, _title(tuned, base), bool(base), out)
    print_column(matrix, counted, bool(base))
    if other and mirrored:
        print_asymmetries(tuned.matrix, counted, other.matrix, mirrored)
    print_spills(spills)
    print_order(family_order(matrix, counted, third), counted)
    _print_notes(tuned.summaries)


@dataclass(frozen=True)
class Condition:
    """The runs of one condition, its seeds, with the matrix of all of them together."""

    summaries: Sequence[RunSummary]
    matrix: Matrix


def _check_picture(out: Path) -> None:
    if out.suffix.lower() not in PICTURES:
        raise InputError(f"--out {out}: expected a name that ends in {' or '.join(PICTURES)}")


def _condition(connection: Connection, run_ids: Sequence[str], metric: str | None, settings: Settings) -> Condition:
    summaries = [find_run(connection, run_id, settings) for run_id in run_ids]
    check_poolable(summaries)
    found = [rates.of_run(connection, summary.run_id) for summary in summaries]
    for summary, of_run in zip(summaries, found, strict=True):
        if any(rate.probe == "language" for rate in of_run) and not is_measured(of_run):
            echo(f"run {summary.run_id}: {why_not_measured(of_run)}")
            raise typer.Exit(exit_codes.NOT_MEASURED)
    try:
        return Condition(summaries, contamination_matrix(pooled_rates(found), metric))
    except InputError as error:
        raise InputError(f"run {_named(summaries)}: {error}") from error


def _spill(
    connection: Connection, condition: Condition, name: str, language: str, directives: Sequence[str]
) -> Spill | None:
    """How far a condition's language spills into these directives' answers; None where nothing was measured."""
    there = [directive for directive in directives if (directive, language) in condition.matrix.cells]
    if not there:
        return None
    pools = [spill_pool(language, there)]
    found = pooled_rates([rates.of_pools(connection, run.run_id, pools) for run in condition.summaries])
    (share,) = [share_of(rate) for rate in found if rate.metric == condition.matrix.metric]
    return Spill(f"{name} ({_named(condition.summaries)})", language, there, share)


def _counted(matrix: Matrix, option: str, language: str | None) -> str:
    if language is None:
        return spilled_language(matrix)
    if language not in matrix.directives:
        raise InputError(f"{option} {language}: expected one of the run's, {', '.join(matrix.directives)}")
    return language


def _known(matrix: Matrix, trained: str | None) -> str | None:
    return None if trained is None else _counted(matrix, "--trained", trained)


def _print_notes(summaries: Sequence[RunSummary]) -> None:
    if len(summaries) > 1:
        echo(RUNS_ARE_CLUSTERS)
    elif summaries[0].cluster == "sample":
        echo(SAMPLES_ARE_CLUSTERS)
    for summary in summaries:
        print_missing(summary)


def _title(tuned: Condition, base: Condition | None) -> str:
    less = f" less {_named(base.summaries)}" if base else ""
    return f"{_named(tuned.summaries)}{less}, languages by {tuned.matrix.metric}"


def _named(summaries: Sequence[RunSummary]) -> str:
    return ", ".join(summary.run_id for summary in summaries)


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
    print_table(table)
