"""The `seep` command: mounts the commands, and turns whatever goes wrong into one line and an exit code."""

import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import exit_codes
from cli.commands import (
    baseline,
    calibrate,
    compare,
    dead_letters,
    language,
    power,
    push,
    results,
    retention,
    run,
    schedule,
    suites,
    topics,
    watch,
)
from seep.errors import InputError, Unavailable

app = typer.Typer(
    help="Watch language models for semantic leakage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(suites.suites_app, name="suites")
app.add_typer(topics.topics_app, name="topics")
app.add_typer(baseline.baseline_app, name="baseline")
app.add_typer(dead_letters.deadletter_app, name="deadletter")
app.add_typer(language.language_app, name="language")
app.add_typer(retention.retention_app, name="retention")
app.command("import")(suites.import_file)
app.command()(run.run)
app.command()(push.push)
app.command()(push.cancel)
app.command()(schedule.schedule)
app.command()(watch.watch)
app.command()(results.rates)
app.command()(results.runs)
app.command()(compare.compare)
app.command()(power.power)
app.command()(results.examples)
app.command()(calibrate.calibrate)


@app.callback()
def configure(
    config: Annotated[
        Path | None, typer.Option(help="The configuration (default: SEEP_CONFIG, else ./seep.yaml where it is there).")
    ] = None,
) -> None:
    """Watch language models for semantic leakage."""
    if config is not None:
        os.environ["SEEP_CONFIG"] = str(config)


def main() -> None:
    """Runs a command and ends the process: with 2 and one line for bad input, and for files, a broker or a database
    that cannot be used."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        code = app(prog_name="seep", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(code or exit_codes.OK)
    except (InputError, Unavailable) as error:
        return _refused(str(error))
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
        return _without_output(_refused(_trouble(error)))
    except Exception:
        # Python's own exit code for it is 1.
        traceback.print_exc()
        return exit_codes.FAULT


def _refused(line: str) -> int:
    if line:
        with suppress(OSError):  # there may be no room for this either
            print(f"seep: {line}", file=sys.stderr)
    return exit_codes.REFUSED


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line: the option, argument or command, and what was expected of it; nothing where
    the help was printed instead."""
    parameter, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if parameter is not None:
        place, text = _name(parameter), error.message or "expected, but missing"
    else:
        place = "" if context is None else context.command_path.partition(" ")[2]
        text = error.format_message()
    told = " ".join(text.split()).replace("Input should be", "expected", 1)
    told = told[:1].lower() + told[1:]
    return f"{place}: {told}" if place and told else told


def _name(parameter: Any) -> str:
    """A parameter as the help names it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.human_readable_name)


def _trouble(error: OSError) -> str:
    """What a file, or else the output, suffers from."""
    told = error.strerror or " ".join(str(error).split())
    if error.filename is not None:
        return f"{error.filename}: {told}"
    # What was opened has a name; the streams that a process is born with have none.
    return f"output: cannot be written: {told}" if error.errno else told


def _without_output(code: int) -> int:
    """The code as it is; what could not be written is not tried again at the end, where it would change the code."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
