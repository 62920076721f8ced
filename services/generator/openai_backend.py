"""An endpoint with OpenAI's completions API as an engine: many requests at once, within each target's limits."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from prometheus_client import Counter

from seep.errors import Unavailable
from seep.records import Failure
from seep.settings import OpenAiEngine, Target
from services.generator.backend import Answer, Answered, Request, request_seed
from services.generator.cutting import cut_answer
from services.generator.endpoint import Endpoint, Reply
from services.generator.limits import DailyBudget, Pace
from services.generator.openai_protocol import (
    Completions,
    UnusableAnswer,
    question,
    read_completions,
    read_model,
    retry_after_seconds,
)
from services.generator.patience import LONGEST_WAIT_SECONDS, Patience, Trouble, Unanswerable

REQUESTS = Counter("seep_endpoint_requests", "Requests to endpoints by what became of them.", ["target", "result"])
# What a server will never take, whenever it is asked.
REFUSED = frozenset({400, 413, 422})
# What says nothing of the request itself: a key, a path, an overload.
NOT_THE_REQUESTS = frozenset({401, 403, 404, 429, 503})
# A server without a list of its models.
NO_LIST = REFUSED | {404, 405, 501}

Provenance = Mapping[str, str]


class _Refused(Exception):
    """A request that the server will never take."""


class _Access:
    """A target's limits, which outlast a batch."""

    def __init__(self, engine: OpenAiEngine, target: Target) -> None:
        self.requests = asyncio.Semaphore(engine.max_concurrency)
        # A job is begun only when there is room for it, so that a used-up budget breaks none off.
        self.jobs = asyncio.Semaphore(engine.max_concurrency)
        self.pace = Pace(target.requests_per_minute)
        self.budget = DailyBudget(target.tokens_per_day)


class OpenAiBackend:
    """Raises InputError for a key that cannot be read; whether the server answers shows at the first call."""

    def __init__(self, engine: OpenAiEngine, setting: str, targets: Mapping[str, Target]) -> None:
        self._engine = engine
        self._endpoint = Endpoint(engine, setting)
        self._access = {name: _Access(engine, target) for name, target in targets.items()}
        # One event loop for all the threads that ask: connections and limits are the process's.
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True).start()

    def generate(self, requests: Sequence[Request]) -> list[Answered]:
        """Raises Unavailable where the server does not even tell its models."""
        return asyncio.run_coroutine_threadsafe(self._generate(requests), self._loop).result()

    async def _generate(self, requests: Sequence[Request]) -> list[Answered]:
        patience = {request.target: Patience(self._engine.max_retries) for request in requests}
        asked = {(request.target, self._model(request)) for request in requests}
        told = {(target, model): await self._told(target, model, patience[target]) for target, model in asked}
        jobs = groupby(requests, key=lambda request: (request.target, request.run, request.job))
        answers = await asyncio.gather(*(self._job(list(job), patience[key[0]], told) for key, job in jobs))
        return [answer for job in answers for answer in job]

    async def _job(
        self, requests: Sequence[Request], patience: Patience, told: Mapping[tuple[str, str], Provenance]
    ) -> list[Answered]:
        access = self._access[requests[0].target]
        async with access.jobs:
            wait = access.budget.seconds_left_without(datetime.now(UTC))
            if wait is not None:
                return [Unavailable("the target's tokens of the day are used up", wait)] * len(requests)
            return await asyncio.gather(
                *(self._answer(request, patience, told[request.target, self._model(request)]) for request in requests)
            )

    async def _answer(self, request: Request, patience: Patience, provenance: Provenance) -> Answered:
        """Asks until there are as many texts as samples: a server may give fewer than it was asked for."""
        # At temperature 0 all samples are one and the same answer.
        samples = 1 if request.decoding.temperature == 0 else request.samples
        texts: list[str] = []
        fingerprints: set[str] = set()
        while len(texts) < samples:
            wanted = samples - len(texts) if self._engine.supports_n else 1
            try:
                completions = await self._completions(request, wanted, len(texts), patience)
            except _Refused as error:
                return Failure(f"the server refuses one of the job's prompts: {error}")
            except Unanswerable as error:
                return Failure(f"the server failed at one of the job's prompts and not at others: {error}")
            except Unavailable as error:
                return error
            texts += completions.texts[:wanted]
            fingerprints |= {completions.fingerprint} - {""}
        cut = tuple(cut_answer(text, request.decoding.cut) for text in texts)
        seen = {"system_fingerprint": " | ".join(sorted(fingerprints))} if fingerprints else {}
        return Answer(cut * (request.samples // samples), {**provenance, **seen})

    async def _completions(self, request: Request, wanted: int, drawn: int, patience: Patience) -> Completions:
        seed = None if self._engine.seed is None else request_seed(self._engine.seed, request, drawn)
        path, body = question(request, self._model(request), wanted, seed)
        access = self._access[request.target]

        async def ask() -> Completions:
            async with access.requests:
                await asyncio.sleep(access.pace.delay(time.monotonic()))
                reply = await self._reply(request.target, "POST", path, body)
            try:
                return read_completions(reply.content)
            except UnusableAnswer as error:
                raise Trouble(str(error)) from error

        completions = await patience.ask(ask)
        bound = request.decoding.max_tokens * len(completions.texts)
        spent = bound if completions.tokens is None else completions.tokens
        access.budget.spend(spent, datetime.now(UTC))
        return completions

    async def _told(self, target: str, model: str, patience: Patience) -> Provenance:
        """What the server says of its model now; asked with each batch, it also shows whether the server is there."""

        async def ask() -> Provenance:
            reply = await self._reply(target, "GET", "models", None)
            return read_model(reply.content, model) if reply.status == 200 else {}

        told = {"engine": "openai", "model": model, "model_revision": "unknown", **await patience.ask(ask)}
        return told if self._engine.seed is None else told | {"seed": str(self._engine.seed)}

    async def _reply(self, target: str, method: str, path: str, body: Mapping[str, object] | None) -> Reply:
        """One request that the server took; raises Trouble or _Refused."""
        try:
            reply = await self._endpoint.ask(method, path, body)
        except Trouble as trouble:
            REQUESTS.labels(target, str(trouble)).inc()
            raise
        REQUESTS.labels(target, f"HTTP {reply.status}").inc()
        if reply.status == 200 or (method == "GET" and reply.status in NO_LIST):
            return reply
        if reply.status in REFUSED:
            raise _Refused(f"HTTP {reply.status}")
        wait = retry_after_seconds(reply.retry_after, datetime.now(UTC))
        if wait is not None and wait <= LONGEST_WAIT_SECONDS:
            self._access[target].pace.hold(time.monotonic() + wait)
        raise Trouble(f"HTTP {reply.status}", own=reply.status not in NOT_THE_REQUESTS, retry_after_seconds=wait)

    def _model(self, request: Request) -> str:
        return request.adapter or self._engine.model
