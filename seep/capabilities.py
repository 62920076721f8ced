"""What a probe needs of an answer and an engine provides; known before any model is loaded."""

from seep.errors import InputError
from seep.probes import PROBES, TEXT
from seep.records import AnswerPart, FormatKind
from seep.settings import ActivationsEngine, AnyEngine, Settings, Target
from seep.settings.targets import SYSTEM_PLACE
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite


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
    if "reading" in parts_needed(probe) and (problem := reading_problem(settings.targets[target], engine)):
        raise InputError(f"{setting or f'targets.{target}'}: {problem}")


def reading_problem(target: Target, engine: AnyEngine) -> str | None:
    """Why there is nothing to be read in the target's activations; None where there is."""
    if not isinstance(engine, ActivationsEngine):
        return None
    if target.steer:
        return "steer: a steered base differs from itself by what was added; read the adapter"
    if target.adapter or engine.against:
        return None
    return "adapter: expected one of the engine's lora_modules, since the engine has no against to be compared with"


def check_system(settings: Settings, target: str, suite: AnySuite, setting: str = "") -> None:
    """Raises InputError if a system message that is a job's own would not reach the target's model."""
    problem = system_problem(suite.format.kind, settings.targets[target])
    if problem and any(job.system is not None for job in suite.jobs):
        raise InputError(f"{setting or f'targets.{target}'}: {problem}")


def check_monitors(settings: Settings) -> None:
    """Raises InputError for the first monitor whose suite cannot be read or does not suit its target's engine."""
    for name, monitor in settings.monitors.items():
        try:
            suite = load_suite(monitor.suite)
        except InputError as error:
            raise InputError(f"monitors.{name}.suite: {error}") from error
        check_probe(settings, monitor.target, suite.probe, f"monitors.{name}")
        check_system(settings, monitor.target, suite, f"monitors.{name}")


def system_problem(kind: FormatKind, target: Target) -> str | None:
    """Why a system message of a job's own would not reach the target's model; None where it would.

    `kind` is that of the suite's format.
    """
    if target.system is not None:
        return "the target sets a system message, and the suite's jobs have their own"
    plain = kind == "plain" if target.format is None else target.format.kind == "plain"
    if plain and (target.format is None or SYSTEM_PLACE not in target.format.user):
        return f"the suite's jobs have system messages, and the plain format has no {SYSTEM_PLACE} to put them in"
    return None
