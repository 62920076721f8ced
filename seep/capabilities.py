"""What a probe needs of an answer and an engine provides; known before any model is loaded."""

from seep.errors import InputError
from seep.probes import PROBES, TEXT
from seep.records import AnswerPart
from seep.settings import Settings
from seep.suites.loading import load_suite


def parts_needed(probe: str) -> frozenset[AnswerPart]:
    """What the probe needs; text for one that is not known here, which the scorer then refuses by its name."""
    return PROBES[probe].needs if probe in PROBES else TEXT


def check_probe(settings: Settings, target: str, probe: str, setting: str = "") -> None:
    """Raises InputError if the target's engine lacks what the probe needs; `setting` is the place to be named."""
    name = settings.targets[target].engine
    engine = settings.engines[name]
    lacking = parts_needed(probe) - engine.provides
    if lacking:
        raise InputError(
            f"{setting or f'targets.{target}'}: the {probe} probe needs {', '.join(sorted(lacking))} of an answer, "
            f"and the engine {name!r} ({engine.backend}) does not provide it"
        )


def check_monitors(settings: Settings) -> None:
    """Raises InputError for the first monitor whose suite cannot be read or does not suit its target's engine."""
    for name, monitor in settings.monitors.items():
        try:
            suite = load_suite(monitor.suite)
        except InputError as error:
            raise InputError(f"monitors.{name}.suite: {error}") from error
        check_probe(settings, monitor.target, suite.probe, f"monitors.{name}")
