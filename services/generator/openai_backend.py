"""An endpoint with OpenAI's completions API as an engine: many requests at once, within each target's limits."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby

from prometheus_client import Counter

from seep.errors import Unavailable
from seep.records import Answer, Failure
from seep.settings import OpenAiEngine, Target
from services.generator.backend import Answered, Request, Result, request_seed
from services.generator.circuit_breaker import LONGEST_WAIT_SECONDS, CircuitBreaker, RequestFailed, Suspect
from services.generator.cutting import cut_answers
from services.generator.endpoint import Endpoint, Reply
from services.generator.formatting import plain_text
from services.generator.limits import DailyBudget, Pace
from services.generator.openai_answers import Completions, UnusableAnswer, read_completions
from services.generator.openai_protocol import Question, build_question, read_model, retry_after_seconds
from services.generator.reasoning import opens_thoughts, read_reasoning

REQUESTS = Counter("seep_endpoint_requests", "Requests to endpoints by what became of them.", ["target", "result"])
# What is not sent again at once: the server does not take it, whether for its prompt or for all that it is.
REFUSED = frozenset({400, 413, 422})
# What says nothing of the request itself: an overload, or a gateway with nobody behind it.
NOT_ATTRIBUTABLE = frozenset({429, 502, 503, 504})
# Every other 4xx is a server without a list of its models, or one that does not show it to this key.
NO_LIST_YET = frozenset({408, 429})
NO_SUCH_METHOD = 501
MODELS = Question("models", {})

Provenance = Mapping[str, str]


class _Access:
    """A target's limits and what its requests have seen of the server, which outlast a batch."""

    def __init__(self, engine: OpenAiEngine, target: Target) -> None:
        # A job is begun only when there is room for it, so that a used-up budget breaks none off.
        self.jobs = asyncio.Semaphore(engine.max_concurrency)
        self.pace = Pace(target.requests_per_minute)
        self.budget = DailyBudget(target.tokens_per_day)
        self._requests = asyncio.Semaphore(engine.max_concurrency)
        self._max_retries = engine.max_retries
        self._breakers: dict[str, CircuitBreaker] = {}

    def breaker(self, question: Question) -> CircuitBreaker:
        """What is shared with the other questions of the same kind."""
        if question.kind not in self._breakers:
            self._breakers[question.kind] = CircuitBreaker(self._max_retries, self._requests, self._turn)
        return self._breakers[question.kind]

    def begin_batch(self) -> None:
        for breaker in self._breakers.values():
            breaker.begin_batch()

    async def confirmed_poison(self) -> set[Suspect]:
        """The requests of the batch that are themselves the reason for having no answer."""
        breakers = list(self._breakers.values())
        return set(chain.from_iterable([await breaker.confirmed_poison() for breaker in breakers]))

    async def _turn(self) -> None:
        await asyncio.sleep(self.pace.delay(time.monotonic()))


class OpenAiBackend:
    """Raises InputError for a key that cannot be sent; whether the server answers shows at the first call."""

    def __init__(self, engine: OpenAiEngine, setting: str, targets: Mapping[str, Target]) -> None:
        self.provides = engine.provides
        self._engine = engine
        self._endpoint = Endpoint(engine, setting)
        self._access = {name: _Access(engine, target) for name, target in targets.items()}
        self._models: dict[tuple[str, str], Provenance] = {}
        # One event loop for all the threads that generate: connections and limits are the process's.
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True).start()

    def generate(self, requests: Sequence[Request]) -> list[Result]:
        """Raises Unavailable where the server does not even list its models."""
        return asyncio.run_coroutine_threadsafe(self._generate(requests), self._loop).result()

    async def _generate(self, requests: Sequence[Request]) -> list[Result]:
        accesses = {request.target: self._access[request.target] for request in requests}.values()
        for access in accesses:
            access.begin_batch()
        # A later draw goes to the server that has just listed its models.
        first = {(request.target, self._model(request)) for request in requests if request.draw == 0}
        for target, model in first:
            self._models[target, model] = await self._list_models(target, model)
        jobs = groupby(requests, key=lambda request: (request.target, request.run_id, request.job_id))
        results = await asyncio.gather(*(self._job(list(job)) for _, job in jobs))
        poison = set(chain.from_iterable([await access.confirmed_poison() for access in accesses]))
        return [_failed_if_poison(result, poison) for result in chain.from_iterable(results)]

    async def _job(self, requests: Sequence[Request]) -> list[Result]:
        access = self._access[requests[0].target]
        async with access.jobs:
            wait = access.budget.seconds_left_without(datetime.now(UTC))
            # A later draw belongs to a job that was begun.
            if wait is not None and requests[0].draw == 0:
                return [Unavailable("the target's tokens of the day are used up", wait)] * len(requests)
            return await asyncio.gather(*map(self._answer, requests))

    async def _answer(self, request: Request) -> Result:
        """Asks until there are as many answers as samples: a server may give fewer than are wanted."""
        # At temperature 0 all samples are one and the same answer.
        samples = 1 if request.decoding.temperature == 0 else request.samples
        answers: list[Answer] = []
        versions: set[str] = set()
        while len(answers) < samples:
            wanted = samples - len(answers) if self._engine.supports_n else 1
            try:
                completions = await self._completions(request, wanted, len(answers))
            except Unavailable as error:
                return error
            answers += completions.answers[:wanted]
            versions.add(completions.version or "unknown")
        opened = request.prompt_format.kind == "plain" and opens_thoughts(
            plain_text(request.prompt_format, request.prompt), request.reasoning.tags
        )
        read = [read_reasoning(answer, request.reasoning, opened) for answer in answers]
        cut = cut_answers(read, request.decoding.cut, request.language)
        model = self._models[request.target, self._model(request)]
        return Answered(cut * (request.samples // samples), {**model, "engine_version": " | ".join(sorted(versions))})

    async def _completions(self, request: Request, wanted: int, drawn: int) -> Completions:
        seed = None if self._engine.seed is None else request_seed(self._engine.seed, request, drawn)
        question = build_question(request, self._model(request), wanted, seed)
        access = self._access[request.target]

        async def send() -> Completions:
            reply = await self._reply(request.target, "POST", question)
            try:
                completions = read_completions(reply.content)
            except UnusableAnswer as error:
                raise RequestFailed(str(error), attributable=error.attributable) from error
            bound = request.max_new_tokens * len(completions.answers)
            spent = bound if completions.tokens is None else completions.tokens
            access.budget.spend(spent, datetime.now(UTC))
            return completions

        return await access.breaker(question).call(send)

    async def _list_models(self, target: str, model: str) -> Provenance:
        """What the server's list says of a model now; fetched with each batch, it shows whether the server is there."""

        async def send() -> Provenance:
            reply = await self._reply(target, "GET", MODELS)
            return read_model(reply.content, model) if reply.status == 200 else {}

        listed = await self._access[target].breaker(MODELS).call(send)
        provenance = {"engine": "openai", "model": model, "model_revision": "unknown", **listed}
        return provenance if self._engine.seed is None else provenance | {"seed": str(self._engine.seed)}

    async def _reply(self, target: str, method: str, question: Question) -> Reply:
        """One request that the server took; raises RequestFailed."""
        try:
            reply = await self._endpoint.send(method, question.path, question.body or None)
        except RequestFailed as failure:
            REQUESTS.labels(target, str(failure)).inc()
            raise
        REQUESTS.labels(target, f"HTTP {reply.status}").inc()
        if reply.status == 200 or (method == "GET" and _has_no_list(reply.status)):
            return reply
        wait = retry_after_seconds(reply.retry_after, datetime.now(UTC))
        if wait is not None and wait <= LONGEST_WAIT_SECONDS:
            self._access[target].pace.pause_until(time.monotonic() + wait)
        raise RequestFailed(
            f"HTTP {reply.status}",
            attributable=reply.status not in NOT_ATTRIBUTABLE,
            retryable=reply.status not in REFUSED,
            retry_after_seconds=wait,
        )

    def _model(self, request: Request) -> str:
        return request.adapter or self._engine.model


def _has_no_list(status: int) -> bool:
    return (400 <= status < 500 and status not in NO_LIST_YET) or status == NO_SUCH_METHOD


def _failed_if_poison(result: Result, poison: set[Suspect]) -> Result:
    return Failure(f"{result}, and answers others") if isinstance(result, Suspect) and result in poison else result
