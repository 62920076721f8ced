"""The configuration itself."""

from cli.doctor.findings import Finding
from cli.rendering.output import counted
from seep.errors import InputError
from seep.settings import Settings, configuration_file, load_settings


def read_configuration() -> tuple[Settings, Finding]:
    """The settings, or the defaults where they cannot be read, and what is found of the file."""
    file = configuration_file()
    try:
        settings = load_settings()
    except InputError as error:
        finding = Finding("configuration", "missing", str(error), "mend it: what follows is of the defaults")
        return Settings.model_construct(), finding
    named = f"{file}: {counted(len(settings.targets), 'target')}, {counted(len(settings.monitors), 'monitor')}"
    return settings, Finding("configuration", "ok", named if file.is_file() else f"no {file}: the defaults stand")
