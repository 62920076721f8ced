"""The API over a test's database: an application is made once for equal settings, as that takes long."""

from fastapi import FastAPI

from results.storage.database import Database
from seep.settings import Settings
from services.api.application import answer_from, application

MADE: dict[tuple[str, str | None], FastAPI] = {}


def made_once(database: Database, settings: Settings) -> FastAPI:
    """An application that answers from this database until it is asked for again."""
    key = settings.model_dump_json(), settings.api.resolved_token()
    if key not in MADE:
        MADE[key] = application(database, settings)
    answer_from(MADE[key], database, settings)
    return MADE[key]
