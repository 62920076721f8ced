"""The `seep` command: mounts the commands, and turns whatever goes wrong into one line and an exit code."""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import exit_codes
from cli.command_list import CommandGroup
from cli.commands import completion
from cli.failures import failure_line
from cli.rendering.consoles import can_show_boxes, forgive_encoding
from seep.characters import visible
from seep.errors import InputError, Unavailable

if TYPE_CHECKING:
    from cli.broker import OpenBroker

# Typer's error of a command that prints its help; in its message is what was not printed yet.
NO_ARGUMENTS = "NoArgsIsHelpError"


app = typer.Typer(
    cls=CommandGroup,
    help="Watch language models for semantic leakage.",
    no_args_is_help=True,
    # Its --install-completion writes into the user's files, and ends with 1 where it knows no shell.
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if can_show_boxes() else None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"seep {version('seep')}")
        raise typer.Exit


@app.callback()
def configure(
    config: Annotated[
        Path | None, typer.Option(help="The configuration (default: SEEP_CONFIG, else ./seep.yaml if there is one).")
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Watch language models for semantic leakage."""
    if config is not None:
        os.environ["SEEP_CONFIG"] = str(config)


def main(open_broker: "OpenBroker | None" = None) -> None:
    """Runs a command and ends the process: with 2 and one line for bad input, and for files, a broker or a database
    that cannot be used."""
    sys.exit(_exit_code(open_broker))


def _exit_code(open_broker: "OpenBroker | None") -> int:
    completion.answer_shell()
    forgive_encoding()
    try:
        code = app(prog_name="seep", standalone_mode=False, obj=open_broker)
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(code or exit_codes.OK)
    except (InputError, Unavailable) as error:
        return _refused(failure_line(error))
    except typer.TyperException as error:
        return _refused(_usage(error))
    except SystemExit as ended:
        # Both libraries that print leave with 1, which means drift, where nobody reads on.
        if isinstance(ended.__context__, BrokenPipeError):
            return _without_output(exit_codes.BROKEN_PIPE)
        raise
    except BrokenPipeError:
        return _without_output(exit_codes.BROKEN_PIPE)
    except OSError as error:
        return _without_output(_refused(failure_line(error)))
    except Exception:
        # Python's own exit code for it is 1.
        traceback.print_exc()
        return exit_codes.FAULT


def _refused(line: str | None) -> int:
    if line:
        with suppress(OSError):  # there may be no room for this either
            print(f"seep: {visible(line)}", file=sys.stderr)
    return exit_codes.REFUSED


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line: the option, argument or command, and what was expected of it; nothing where
    the help was printed instead."""
    if type(error).__name__ == NO_ARGUMENTS:
        typer.echo(error.format_message(), nl=not can_show_boxes())
        return ""
    parameter, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if parameter is not None:
        place, text = _parameter_name(parameter), error.message or "expected, but missing"
    else:
        place = "" if context is None else context.command_path.partition(" ")[2]
        text = error.format_message()
    complaint = " ".join(text.split()).removeprefix("Value error, ").replace("Input should be", "expected", 1)
    complaint = complaint[:1].lower() + complaint[1:]
    return f"{place}: {complaint}" if place and complaint else complaint


def _parameter_name(parameter: Any) -> str:
    """A parameter as the help names it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name.upper())


def _without_output(code: int) -> int:
    """The code as it is; what could not be written is not tried again at the end, where it would change the code."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
