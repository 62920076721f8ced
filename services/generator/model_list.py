"""Which models a server says that it has."""

import asyncio
from dataclasses import dataclass

from seep.errors import Unavailable
from seep.settings import OpenAiEngine
from services.generator.circuit_breaker import RequestFailed
from services.generator.endpoint import Endpoint
from services.generator.masking import Hidden
from services.generator.openai_protocol import read_model_names
from services.generator.refusals import describe, read_refusal


@dataclass(frozen=True)
class ModelList:
    """The models' names in the server's order, none where it shows no list; the HTTP status of its answer, and that
    status with the server's own words, in one line that may be shown."""

    names: tuple[str, ...]
    status: int
    said: str


def list_models(engine: OpenAiEngine, setting: str) -> ModelList:
    """Asks once; raises InputError, naming `setting`, for a key that cannot be sent, Unavailable for no answer."""
    endpoint = Endpoint(engine, setting)
    try:
        reply = asyncio.run(endpoint.send("GET", "models"))
    except RequestFailed as error:
        raise Unavailable(str(error)) from error
    if reply.status == 200:
        return ModelList(tuple(read_model_names(reply.content)), reply.status, f"HTTP {reply.status}")
    said = describe(reply.status, read_refusal(reply.content), Hidden(secrets=endpoint.secrets))
    return ModelList((), reply.status, said)
