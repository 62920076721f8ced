"""Which models a server says that it has."""

import asyncio
from dataclasses import dataclass

from seep.errors import Unavailable
from seep.settings import OpenAiEngine
from services.generator.circuit_breaker import RequestFailed
from services.generator.endpoint import Endpoint
from services.generator.openai_protocol import read_model_names


@dataclass(frozen=True)
class ModelList:
    """The models' names in the server's order, none where it shows no list, and the HTTP status of its answer."""

    names: tuple[str, ...]
    status: int


def list_models(engine: OpenAiEngine, setting: str) -> ModelList:
    """Asks once; raises InputError, naming `setting`, for a key that cannot be sent, Unavailable for no answer."""
    try:
        reply = asyncio.run(Endpoint(engine, setting).send("GET", "models"))
    except RequestFailed as error:
        raise Unavailable(str(error)) from error
    return ModelList(tuple(read_model_names(reply.content)) if reply.status == 200 else (), reply.status)
