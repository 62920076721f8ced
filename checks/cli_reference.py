"""The reference of the command line, made from the commands themselves."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer

HEAD = """# Command line

Made from the commands by `python -m checks.references`; edits here are lost.

A command that needs a configuration reads the file of `--config`, else of SEEP_CONFIG, else `./seep.yaml`.
Each command ends with an exit code: 0 for success and 2 for wrong use or input, unless its own text says more.
"""


def page() -> str:
    """The page in Markdown: every command with its usage, help, arguments and options, in the order of the help."""
    from cli.command_list import PANELS
    from cli.main import app

    group: Any = typer.main.get_command(app)
    parts = [HEAD, *_section("seep", group)]
    for panel, names in PANELS.items():
        parts.append(f"## {panel}\n")
        for name in names:
            parts += _commands(f"seep {name}", group.commands[name])
    return "\n".join(parts)


def _commands(name: str, command: Any) -> Iterator[str]:
    """The command, or those of a group."""
    if not hasattr(command, "commands"):
        yield from _section(name, command)
        return
    for inner, subcommand in command.commands.items():
        yield from _commands(f"{name} {inner}", subcommand)


def _section(name: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"### {name}\n"
    yield f"    {_usage(name, command)}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    rows = [_row(parameter, context) for parameter in command.params if parameter.name != "help"]
    if rows:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *rows, ""])


def _usage(name: str, command: Any) -> str:
    """Name, arguments and, where there are any, a place for options."""
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    # Its imports take a while, and other references need none of them.
    from cli.command_list import argument_place

    places = [argument_place(argument) for argument in arguments]
    options = ["[OPTIONS]"] if len(arguments) < len(command.params) else []
    return " ".join([name, *options, *places, *(["COMMAND ..."] if hasattr(command, "commands") else [])])


def _row(parameter: Any, context: typer.Context) -> str:
    name, meaning = parameter.get_help_record(context)
    cells = (cell.replace("|", r"\|") for cell in (f"`{name}`", " ".join(meaning.split())))
    return f"| {' | '.join(cells)} |"
