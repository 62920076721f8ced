"""An endpoint with OpenAI's completions API as an engine: many requests at once, within each target's limits."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent import futures
from datetime import UTC, datetime
from itertools import chain, groupby

from prometheus_client import Counter

from seep.errors import InputError, Unavailable
from seep.records import Answer, Failure
from seep.settings import OpenAiEngine, Target
from services.generator.access import Access
from services.generator.backend import Answered, Request, Result, request_seed
from services.generator.circuit_breaker import LONGEST_WAIT_SECONDS, PAUSES, Pauses, RequestFailed, Suspect
from services.generator.cutting import bound_answers, cut_answers, longest_reply_bytes
from services.generator.endpoint import Endpoint, Reply
from services.generator.formatting import has_system
from services.generator.masking import Hidden, masked, without_secrets
from services.generator.openai_answers import (
    Completions,
    UnusableAnswer,
    all_filtered,
    read_completions,
    without_hidden,
)
from services.generator.openai_protocol import (
    Question,
    build_question,
    differing_decoding,
    read_model,
    retry_after_seconds,
)
from services.generator.refusals import describe, read_error, read_refusal
from services.generator.server_thoughts import ServerThoughts

log = logging.getLogger(__name__)

REQUESTS = Counter("seep_endpoint_requests", "Requests to endpoints by what became of them.", ["target", "result"])
# What is not sent again at once: the server does not take it, whether for its prompt, for all of it, or for the key.
REFUSED = frozenset({400, 401, 403, 404, 405, 407, 410, 413, 415, 422})
BUSY = frozenset({429, 529})  # the latter is Anthropic's
# What says nothing of the request itself: an overload, or a gateway with nobody behind it.
NOT_ATTRIBUTABLE = BUSY | {502, 503, 504, *range(520, 531)}
# Every other 4xx is a server without a list of its models, or one that does not show it to this key.
NO_LIST_YET = frozenset({408, 429})
NO_SUCH_METHOD = 501
# A chat template that raises is a 400 of vLLM's and a 500 of llama.cpp's.
MAY_REFUSE_A_ROLE = frozenset({400, 422, 500})
MODELS = Question("models", {})

Provenance = Mapping[str, str]


class _RoleRefused(RequestFailed):
    """A request that was refused, perhaps for having a system message."""


class OpenAiBackend:
    """Raises InputError for a key that cannot be sent; whether the server answers shows at the first call."""

    def __init__(
        self, engine: OpenAiEngine, setting: str, targets: Mapping[str, Target], pauses: Pauses = PAUSES
    ) -> None:
        self.provides = engine.provides
        self._engine = engine
        self._endpoint = Endpoint(engine, setting)
        self._access = {name: Access(engine, target, pauses) for name, target in targets.items()}
        self._thoughts = ServerThoughts()
        self._models: dict[tuple[str, str], Provenance] = {}
        # Targets and models whose server was found to refuse system messages.
        self._folding: set[tuple[str, str]] = set()
        # One event loop for all the threads that generate: connections and limits are the process's.
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True).start()

    def generate(self, requests: Sequence[Request]) -> list[Result]:
        """Raises Unavailable where the server does not even list its models."""
        answering = asyncio.run_coroutine_threadsafe(self._generate(requests), self._loop)
        # A signal that reaches another thread does not wake one that waits without an end.
        while not futures.wait([answering], timeout=1).done:
            pass
        return answering.result()

    async def _generate(self, requests: Sequence[Request]) -> list[Result]:
        accesses = {request.target: self._access[request.target] for request in requests}.values()
        for access in accesses:
            access.begin_batch()
        try:
            self._endpoint.read_secrets()
        except InputError as error:
            raise Unavailable(str(error)) from error
        # A later draw goes to the server that has just listed its models.
        first = {(request.target, self._model(request)) for request in requests if request.draw == 0}
        for target, model in first:
            self._models[target, model] = await self._list_models(target, model)
        jobs = groupby(requests, key=lambda request: (request.target, request.run_id, request.job_id))
        results = await asyncio.gather(*(self._job(list(job)) for _, job in jobs))
        poison = set(chain.from_iterable([await access.confirmed_poison() for access in accesses]))
        refused = dict(chain.from_iterable(access.refused().items() for access in accesses))
        return [_failed_for_good(result, poison, refused) for result in chain.from_iterable(results)]

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
        greedy = request.decoding.temperature == 0 and self._engine.parameters.get("temperature", "") is not None
        samples = 1 if greedy else request.samples
        answers: list[Answer] = []
        versions: set[str] = set()
        while len(answers) < samples:
            wanted = samples - len(answers) if self._engine.supports_n else 1
            try:
                completions = await self._completions(request, wanted, len(answers))
            except Unavailable as error:
                return error
            answers += bound_answers(completions.answers, request.max_new_tokens)
            versions.add(completions.version or "unknown")
            self._access[request.target].warn_once_of_ending(completions.unknown_ending)
        cut = cut_answers(self._thoughts.taken_off(answers, request), request.decoding.cut, request.language)
        provenance = {
            **self._models[request.target, self._model(request)],
            "engine_version": " | ".join(sorted(versions)),
            **differing_decoding(request.decoding, self._engine),
            **({"system_role": "user"} if has_system(request.prompt_format) and self._folds(request) else {}),
        }
        return Answered(cut * (request.samples // samples), provenance)

    async def _completions(self, request: Request, wanted: int, drawn: int) -> Completions:
        seed = None if self._engine.seed is None else request_seed(self._engine.seed, request, drawn)

        def question(fold: bool) -> Question:
            return build_question(request, self._model(request), wanted, seed, self._engine, fold)

        async def send() -> Completions:
            if self._folds(request):
                return await self._post(request, question(fold=True))
            try:
                return await self._post(request, question(fold=False))
            except _RoleRefused as refusal:
                return await self._post_folded(request, question(fold=True), refusal)

        return await self._access[request.target].breaker(question(fold=False)).call(send)

    async def _post_folded(self, request: Request, question: Question, refusal: RequestFailed) -> Completions:
        """Asks without a system message, and remembers where that was what the server refused."""
        await self._access[request.target].turn()
        try:
            completions = await self._post(request, question)
        except RequestFailed:
            self._access[request.target].log_once(str(refusal))
            raise refusal from None
        if not self._folds(request):
            self._folding.add((request.target, self._model(request)))
            log.warning("%s. It stands before the user's message from now on: system_role: user", refusal)
        return completions

    async def _post(self, request: Request, question: Question) -> Completions:
        """One request for completions; raises RequestFailed."""
        hidden = Hidden(
            texts=_texts(question),
            words=(request.concept,) if request.concept else (),
            secrets=self._endpoint.secrets,
            names=(*question.body, *self._engine.parameters, self._model(request)),
        )
        # A job's own system message is what it measures: what a user says in its place is another matter.
        may_fold = self._engine.system_role == "auto" and has_system(request.prompt_format) and request.system is None
        may_fold = may_fold and not self._folds(request)
        samples = question.body.get("n", 1)
        longest = longest_reply_bytes(request.max_new_tokens, samples)
        reply = await self._reply(request.target, "POST", question, hidden, may_fold, longest)
        if reply.status != 200:
            return all_filtered(samples)
        try:
            completions = read_completions(reply.content, samples)
        except UnusableAnswer as error:
            raise self._unusable(question, error, hidden) from error
        bound = request.max_new_tokens * len(completions.answers)
        spent = bound if completions.tokens is None else completions.tokens
        self._access[request.target].budget.spend(spent, datetime.now(UTC))
        return without_hidden(completions, hidden)

    def _unusable(self, question: Question, error: UnusableAnswer, hidden: Hidden) -> RequestFailed:
        """What an answer that cannot be used comes to, in words that hide what was asked."""
        said = masked(read_error(error.error).message, hidden)
        return self._endpoint.failure(
            question.path,
            f"{error}: {said}" if said else str(error),
            attributable=error.attributable,
            retryable=not error.refused,
            refused=error.refused,
        )

    async def _list_models(self, target: str, model: str) -> Provenance:
        """What the server's list says of a model now; fetched with each batch, it shows whether the server is there."""

        async def send() -> Provenance:
            reply = await self._reply(target, "GET", MODELS, Hidden(secrets=self._endpoint.secrets))
            said = read_model(reply.content, model) if reply.status == 200 else {}
            return {name: without_secrets(value, self._endpoint.secrets) for name, value in said.items()}

        listed = await self._access[target].breaker(MODELS).call(send)
        provenance = {"engine": "openai", "model": model, "model_revision": "unknown", **listed}
        return provenance if self._engine.seed is None else provenance | {"seed": str(self._engine.seed)}

    async def _reply(
        self,
        target: str,
        method: str,
        question: Question,
        hidden: Hidden,
        may_fold: bool = False,
        longest_bytes: int | None = None,
    ) -> Reply:
        """One request that the server took, or whose prompt a filter took away.

        Raises RequestFailed, with nothing `hidden` in its words.
        """
        try:
            reply = await self._endpoint.send(method, question.path, question.body or None, longest_bytes)
        except RequestFailed as failure:
            REQUESTS.labels(target, failure.kind).inc()
            raise
        REQUESTS.labels(target, f"HTTP {reply.status}").inc()
        if reply.status == 200 or (method == "GET" and _has_no_list(reply.status)):
            return reply
        refusal = read_refusal(reply.content)
        if method == "POST" and reply.status in REFUSED and refusal.is_a_filters:
            return reply
        wait = retry_after_seconds(reply.retry_after, datetime.now(UTC))
        if wait is not None and wait <= LONGEST_WAIT_SECONDS:
            self._access[target].pace.pause_until(time.monotonic() + wait)
        failed = self._endpoint.failure(
            question.path,
            describe(reply.status, refusal, hidden),
            attributable=reply.status not in NOT_ATTRIBUTABLE,
            retryable=reply.status not in REFUSED,
            refused=reply.status in REFUSED,
            busy=reply.status in BUSY,
            retry_after_seconds=wait,
        )
        if may_fold and reply.status in MAY_REFUSE_A_ROLE and refusal.names_the_system_role:
            raise _RoleRefused(str(failed), retryable=failed.retryable, refused=failed.refused)
        self._access[target].log_once(str(failed))
        raise failed

    def _model(self, request: Request) -> str:
        return request.adapter or self._engine.model

    def _folds(self, request: Request) -> bool:
        """Whether the system message goes into the user's."""
        role = self._engine.system_role
        return role == "user" or (role == "auto" and (request.target, self._model(request)) in self._folding)


def _has_no_list(status: int) -> bool:
    return (400 <= status < 500 and status not in NO_LIST_YET) or status == NO_SUCH_METHOD


def _texts(question: Question) -> tuple[str, ...]:
    """What the request says to the model."""
    messages = question.body.get("messages", [{"content": question.body.get("prompt", "")}])
    return tuple(message["content"] for message in messages)


def _failed_for_good(result: Result, poison: set[Suspect], refused: Mapping[Unavailable, str]) -> Result:
    """What waits, unless waiting is of no use: the server answers others, or refuses all that are like it."""
    if isinstance(result, Suspect) and result in poison:
        return Failure(f"the server answers other prompts, and not one of the job's: {result}")
    if isinstance(result, Unavailable) and result in refused:
        return Failure(f"the server refuses every request of the kind: {refused[result]}")
    return result
