"""The command that prints a shell's completion script, and the answers that the script asks for."""

import os
from enum import StrEnum
from typing import Annotated

import typer

PROGRAM = "seep"
COMPLETION_VARIABLE = "_SEEP_COMPLETE"


class Shell(StrEnum):
    """A shell that can complete the command."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]) -> None:
    """Print the script that completes commands and options in a shell.

    For example, in ~/.bashrc: eval "$(seep completion bash)"
    """
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=COMPLETION_VARIABLE, shell=shell.value))


def answer_shell() -> None:
    """Lets typer answer the script, if it is the script that runs the command."""
    if COMPLETION_VARIABLE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
