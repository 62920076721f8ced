"""The command that makes canaries: sentences to be planted, and the suite that asks for them."""

from pathlib import Path
from typing import Annotated

import typer

from cli.rendering.output import echo
from seep.errors import InputError
from seep.suites.canaries import canaries, canary_suite
from seep.suites.loading import suite_text
from seep.suites.writing import write_files

canaries_app = typer.Typer(help="Make sentences to plant in training data, and look for them.", no_args_is_help=True)


@canaries_app.command()
def make(
    seed: Annotated[int, typer.Option(help="What they are made from: the same seed makes the same sentences.")],
    count: Annotated[int, typer.Option(min=10, max=1000, help="How many.")] = 40,
    suite_out: Annotated[
        Path | None, typer.Option(help="Where to write the suite that asks for them, as YAML.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Print canaries, one a line, to be planted in what a model will be trained on.

    The suite also asks for as many that are never printed: they show how often a model hits one by chance.

    For example: seep canaries make --seed 7 --suite-out canaries.yaml > plant.txt
    """
    if suite_out is not None:
        if suite_out.exists() and not force:
            raise InputError(f"{suite_out}: is there already; --force writes over it")
        write_files({suite_out: suite_text(canary_suite(seed, count))})
    for sentence in canaries(seed, count):
        echo(f"{sentence.prefix} {sentence.expected}.")
