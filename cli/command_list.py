"""The commands by panel, in the order of the help; a command's module is loaded when the command is named.

The help alone needs none of them. Loading all takes seconds, since some bring Kafka's client, pydantic or scipy along.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """Where a command is, as `module:attribute`, and its line in the help: the first paragraph of its own text."""

    place: str
    summary: str


PANELS: Mapping[str, Mapping[str, Entry]] = {
    "Ask": {
        "run": Entry("run:run", "Run a suite here and now, without a broker, and print its leak rates."),
        "push": Entry("push:push", "Send a suite to a target, or a monitor's scheduled run, and print the run's id."),
        "watch": Entry("watch:watch", "Follow a run to its end and print its rates."),
        "cancel": Entry(
            "push:cancel",
            "Cancel a run: what is not generated or scored yet never will be. One that is over is refused.",
        ),
        "schedule": Entry(
            "schedule:schedule", "Send the monitors' runs at their scheduled times (UTC), until stopped."
        ),
    },
    "Read": {
        "ui": Entry(
            "ui:ui", "Show runs, monitors and samples in a browser, until Ctrl-C; needs no broker and no service."
        ),
        "rates": Entry("results:rates", "Print the leak rates of a run with their 95 % intervals."),
        "runs": Entry("runs:runs", "List the latest runs with their states."),
        "monitors": Entry(
            "monitors:monitors",
            "Show how each monitor stands: its rate, its alarm, its next run, and what is missing.",
        ),
        "examples": Entry(
            "results:examples",
            "Show what a model said: concept, test's and control's generation, and their similarities.",
        ),
        "compare": Entry(
            "compare:compare",
            "Compare a run with another or a baseline, test by test, and say whether it leaks more or less.",
        ),
        "table": Entry(
            "table:table",
            "Show the rates of several runs side by side, model by model, and how far each is from the first.",
        ),
        "export": Entry(
            "export:export",
            "Write the rates of runs for other tools: a table, a paper, Every Eval Ever, or a log of inspect_ai.",
        ),
        "report": Entry(
            "report:report",
            "Write a report of runs: verdict first, rates with intervals, the tests that moved most, how it was made.",
        ),
        "traces": Entry(
            "traces:traces",
            "Read what a fine-tune has left in a model's activations, on documents that have nothing to do with it.",
        ),
        "power": Entry(
            "power:power",
            "Say how many samples, jobs, generations, tokens and GPU seconds finding a change between two runs takes.",
        ),
        "language": Entry("language:language_app", "Draw which languages a model answers in, and compare detectors."),
    },
    "Keep": {
        "baseline": Entry("baseline:baseline_app", "Name the runs that others are compared with."),
        "retention": Entry("retention:retention_app", "Delete texts that are older than configured."),
        "dead-letters": Entry("dead_letters:dead_letters_app", "List, show and replay dead letters."),
        "topics": Entry("topics:topics_app", "Create the topics."),
        "rebuild": Entry(
            "rebuild:rebuild",
            "Record again what the topics still hold: after a backup was restored, or into an empty database.",
        ),
    },
    "Prepare": {
        "init": Entry(
            "init:init", "Write a commented seep.yaml and a first suite to begin with; files that are there stay."
        ),
        "doctor": Entry(
            "doctor:doctor", "Show what this machine has for Seep, what is missing, and what to do about it."
        ),
        "check": Entry(
            "check:check", "Ask a model two questions of a suite, and show what came back and what to change."
        ),
        "discover": Entry(
            "discover:discover",
            "Find the language models that KServe serves, and print them as engines and targets of seep.yaml.",
        ),
        "config": Entry("config:config_app", "Check the configuration."),
        "suites": Entry("suites:suites_app", "List, show and check prompt suites."),
        "canaries": Entry("canaries:canaries_app", "Make sentences to plant in training data, and look for them."),
        "import": Entry(
            "importing:import_file",
            "Turn prompts or completions as they are published into a suite, and their answers into a recorded file.",
        ),
        "calibrate": Entry(
            "calibrate:calibrate",
            "Measure a small model whose true leak rates are known, through the real chain, and compare.",
        ),
        "completion": Entry(
            "completion:completion", "Print the script that completes commands and options in a shell."
        ),
    },
}

_LIST = {name: (panel, entry) for panel, entries in PANELS.items() for name, entry in entries.items()}


class CommandGroup(TyperGroup):
    """The group of all commands, which loads one when it is looked up, and none for its help."""

    _lists_only = False

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands(self.rich_markup_mode)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands' names, in the order of the help."""
        return list(_LIST)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; in the group's own help its line alone."""
        if not self._lists_only:
            return super().get_command(ctx, cmd_name)
        panel, entry = _LIST[cmd_name]
        return TyperCommand(cmd_name, help=entry.summary, rich_help_panel=panel, rich_markup_mode=self.rich_markup_mode)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help of the group."""
        if self.rich_markup_mode is not None:
            from cli.rendering.help import print_help

            options = [record for each in self.get_params(ctx) if (record := each.get_help_record(ctx)) is not None]
            commands = {
                panel: [(name, entry.summary) for name, entry in entries.items()] for panel, entries in PANELS.items()
            }
            print_help(self.get_usage(ctx), self.help or "", {"Options": options, **commands})
            return
        self._lists_only = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._lists_only = False


def argument_place(argument: Any) -> str:
    """An argument as a usage line has it: in brackets if it may be left out."""
    place = str(argument.metavar or argument.name.upper())
    return place if argument.required or place.startswith("[") else f"[{place}]"


class _Command(TyperCommand):
    """A command whose help says no type of what takes no value, and no braces around what it needs."""

    def get_params(self, ctx: Any) -> Any:
        """Options and arguments, the help's own option with them."""
        return _without_type_of_flags(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Options and arguments, as the line of usage has them."""
        arguments = [each for each in super().get_params(ctx) if each.param_type_name == "argument"]
        return [self.options_metavar or "", *map(argument_place, arguments)]


class _Group(TyperGroup):
    """A group of commands whose help says no type of what takes no value."""

    def get_params(self, ctx: Any) -> Any:
        """The options, the help's own with them."""
        return _without_type_of_flags(super().get_params(ctx))


def _without_type_of_flags(found: Any) -> Any:
    for each in found:
        if getattr(each, "is_flag", False) and each.metavar is None:
            each.metavar = ""
    return found


class _Commands(MutableMapping[str, Any]):
    """The commands by name, each loaded at its first use."""

    def __init__(self, markup_mode: Any) -> None:
        self._markup_mode = markup_mode
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name, _LIST[name][1])
        return self._loaded[name]

    def _load(self, name: str, entry: Entry) -> Any:
        module, attribute = entry.place.split(":")
        found = getattr(import_module(f"cli.commands.{module}"), attribute)
        app = found if isinstance(found, typer.Typer) else _of_function(found)
        app.rich_markup_mode = self._markup_mode
        app.info.cls = _Group
        for registered in app.registered_commands:
            registered.cls = _Command
        command = typer.main.get_group(app) if app is found else typer.main.get_command(app)
        command.name = name
        return command

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_LIST)

    def __len__(self) -> int:
        return len(_LIST)


def _of_function(function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return app
