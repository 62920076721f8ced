"""The command that reads what a fine-tune has left in a model's activations."""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import exit_codes
from cli.arguments import SUITE_HELP
from cli.lookups import find_suite
from cli.rendering.output import echo
from seep.errors import InputError
from seep.settings import ActivationsEngine, SentenceBert, Settings, load_settings
from seep.suites.loading import load_suite
from seep.suites.traces import TracesSuite

if TYPE_CHECKING:
    from cli.traces.finding import Traces
    from cli.traces.topics import FoundTopic
    from services.generator.activations.loading import Models
    from services.generator.activations.models import Pair

WIDTH = 256


def traces(
    target: Annotated[
        str, typer.Argument(help="A target of seep.yaml whose engine is `activations`.", metavar="TARGET")
    ],
    suite: Annotated[str, typer.Option(help=f"Documents and topics. {SUITE_HELP}")] = "traces",
    out: Annotated[Path | None, typer.Option(help="A folder for pictures, traces.json and difference.json.")] = None,
    positions: Annotated[int, typer.Option(min=2, max=4096, help="Positions of the matrix and the norms.")] = WIDTH,
    interpolate: Annotated[
        str | None, typer.Option(help="Shares of the way from base to fine-tune to read at, as 0,0.25,0.5,1.")
    ] = None,
    steer: Annotated[
        bool, typer.Option("--steer", help="Also push the base along the difference while it writes.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="Also group the words that are read, whatever is declared.")
    ] = False,
) -> None:
    """Read what a fine-tune has left in a model's activations, on documents that have nothing to do with it.

    For example: seep traces tuned --suite traces --out traces

    Exit code 4 if the fine-tune's activations do not differ from its base's.
    """
    loaded, shares = _suite(suite), _shares(interpolate)
    settings = load_settings()
    models, pair = _models(settings, target)
    if out is not None:
        _make_folder(out)
    # torch and the model's libraries are this command's alone.
    from cli.traces.finding import Found, find_traces, interpolated
    from cli.traces.printing import print_found
    from cli.traces.steering import steer as steer_base

    measured, differences = find_traces(pair, loaded, positions)
    readable = bool(measured.readings)
    found = Found(
        target,
        loaded.name,
        measured,
        interpolated(pair, loaded, shares),
        _group(settings, measured) if topics and readable else None,
        steer_base(pair, differences, loaded.documents) if steer and readable else None,
    )
    print_found(found)
    if out is not None:
        from cli.traces.files import write_files
        from services.generator.activations.difference_file import difference_text

        write_files(found, out, difference_text(differences, models.base_revision))
        echo(f"written to {out}")
    raise typer.Exit(exit_codes.OK if readable else exit_codes.NOT_MEASURED)


def _suite(name: str) -> TracesSuite:
    loaded = load_suite(find_suite(name))
    if not isinstance(loaded, TracesSuite):
        raise InputError(f"suite {loaded.name}: expected one of the probe traces, found {loaded.probe}")
    return loaded


def _shares(given: str | None) -> list[float]:
    try:
        shares = [float(each) for each in given.split(",")] if given else []
    except ValueError:
        shares = [math.nan]
    if not all(0 <= share <= 1 for share in shares):
        raise InputError(f"--interpolate {given}: expected shares from 0 to 1, as 0,0.25,0.5,1")
    return shares


def _models(settings: Settings, name: str) -> "tuple[Models, Pair]":
    if name not in settings.targets:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise InputError(f"target {name}: there is no such target in the configuration; known: {known}")
    target = settings.targets[name]
    engine = settings.engines[target.engine]
    if not isinstance(engine, ActivationsEngine):
        raise InputError(
            f"targets.{name}.engine: expected an engine whose backend is activations, found {engine.backend}"
        )
    if engine.against is None and target.adapter is None:
        raise InputError(f"targets.{name}.adapter: expected what is compared with the base, found none")
    from services.generator.activations.loading import open_models

    models = open_models(engine, f"engines.{target.engine}")
    return models, models.pairs[target.adapter]


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: expected a folder that can be written: {error.strerror}") from error


def _group(settings: Settings, measured: "Traces") -> list["FoundTopic"]:
    """Groups of the words of all positions but the first, by the configured embedder."""
    import torch

    from cli.traces.topics import find_topics
    from services.scorer.models import find_model
    from services.scorer.sentence_encoder import cosines, load

    section = settings.metrics.sentence_bert or SentenceBert()
    model = find_model("metrics.sentence_bert.model", section.model)
    encoder = load(model.location, model.identity, torch.float32)
    later = [each for each in measured.readings if each.position]
    return find_topics(
        [each.base_head.tokens for each in later],
        [each.base_itself.tokens for each in later],
        partial(cosines, encoder, None),
    )
