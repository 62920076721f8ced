"""The models that the configuration names: whether each is at hand, without loading it."""

import os
from functools import partial
from pathlib import Path

from cli.doctor.findings import Check, Finding
from seep.errors import InputError, Unavailable
from seep.settings import ActivationsEngine, OpenAiEngine, RecordedEngine, Settings, VllmEngine
from seep.settings.metrics import MetricSection
from seep.suites.recorded import read_recorded
from services.generator.engines import check_model

LIST_SECONDS = 2.5
REFUSES_KEY = (401, 403)
SMALL_MODEL = Path(".seep/smollm2")
MAKE_SMALL_MODEL = "make stack fetches it, and so does python -m deploy.local.smollm2; your own model needs neither"


def model_checks(settings: Settings) -> dict[str, Check]:
    """A check for each engine and each metric, by the place of its settings."""
    checks: dict[str, Check] = {}
    for name, engine in settings.engines.items():
        place = f"engines.{name}"
        if isinstance(engine, VllmEngine | ActivationsEngine):
            checks[place] = partial(loadable, place, engine)
        elif isinstance(engine, OpenAiEngine):
            checks[place] = partial(endpoint, place, engine)
        else:
            checks[place] = partial(recording, place, engine)
    wanted = "metrics" in settings.model_fields_set
    for name, section in settings.metrics.sections().items():
        place = f"metrics.{name}"
        checks[place] = partial(metric, place, section, wanted)
    return checks


def loadable(place: str, engine: VllmEngine | ActivationsEngine) -> Finding:
    """A model that the generator is to load."""
    try:
        check_model(engine, place)
    except InputError as error:
        own = Path(engine.model).is_relative_to(SMALL_MODEL)
        advice = MAKE_SMALL_MODEL if own else "name a folder or a model on a hub"
        return Finding(place, "missing", str(error).removeprefix(f"{place}."), advice)
    return Finding(place, "ok", engine.model)


def endpoint(place: str, engine: OpenAiEngine) -> Finding:
    """A server that is asked."""
    # Here, as below: where the library behind it is missing, that is what this check finds.
    from services.generator.model_list import list_models

    text = f"{engine.model} at {engine.base_url}"
    if engine.api_key_env is not None and engine.api_key_env not in os.environ:
        return Finding(place, "missing", text, f"set the environment variable {engine.api_key_env}: it holds the key")
    try:
        listed = list_models(engine.model_copy(update={"timeout_seconds": LIST_SECONDS}), place)
    except (InputError, Unavailable) as error:
        reason = str(error).removeprefix(f"{place}, ")
        return Finding(place, "missing", reason, "start the server, or mend base_url")
    if listed.status in REFUSES_KEY:
        return Finding(place, "missing", f"{text}: HTTP {listed.status}", "mend the key: api_key_env or api_key_file")
    if listed.names and engine.model not in listed.names:
        return Finding(place, "note", f"{text}: it answers, and does not list this model")
    return Finding(place, "ok", f"{text}: it answers")


def recording(place: str, engine: RecordedEngine) -> Finding:
    """A file of recorded answers."""
    try:
        prompts = read_recorded(engine.file)
    except InputError as error:
        return Finding(place, "missing", str(error), "mend or name another file")
    return Finding(place, "ok", f"{engine.file}: answers to {len(prompts)} prompts")


def metric(place: str, section: MetricSection, wanted: bool) -> Finding:
    """A metric's model; missed only where the configuration has `wanted` it."""
    from services.scorer.models import check_model as check_metric_model

    try:
        check_metric_model(f"{place}.model", section.model)
    except InputError as error:
        text = str(error).removeprefix(f"{place}.model: ").partition("; ")[0]
        return Finding(place, "missing" if wanted else "note", text, "" if wanted else "seep run leaves it out")
    return Finding(place, "ok", section.model)
