"""The command that checks the configuration before anything is started."""

import typer

from cli.rendering.output import echo
from seep.capabilities import check_monitors
from seep.errors import InputError
from seep.settings import RecordedEngine, Settings, configuration_file, load_settings
from seep.settings.exposure import exposures
from seep.suites.recorded import read_recorded

config_app = typer.Typer(help="Check the configuration.", no_args_is_help=True)


@config_app.callback()
def _config() -> None:
    """Check the configuration."""


@config_app.command("check")
def check() -> None:
    """Check the configuration, its monitors' suites and recorded answers; needs no broker, database or GPU."""
    file = configuration_file()
    if not file.is_file():
        raise InputError(f"{file}: no such configuration file")
    settings = load_settings(file)
    try:
        check_monitors(settings)
        check_recordings(settings)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    for line in exposures(settings):
        echo(f"{file}: warning: {line}", err=True)
    echo(f"{file}: ok")


def check_recordings(settings: Settings) -> None:
    """Raises InputError for the first engine whose recorded answers cannot be read."""
    for name, engine in settings.engines.items():
        if isinstance(engine, RecordedEngine):
            try:
                read_recorded(engine.file)
            except InputError as error:
                raise InputError(f"engines.{name}.file: {error}") from error
