"""A model that this process loads with transformers, to read its activations beside its base's, or to steer it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seep.errors import InputError, Unavailable
from seep.records import Answer, Failure
from seep.settings import ActivationsEngine, Steering, Target
from seep.suites.loading import load_suite
from services.generator.activations.answers import Readings, read
from services.generator.activations.difference_file import read_difference
from services.generator.activations.differences import measure
from services.generator.activations.loading import Models, open_models, signature
from services.generator.activations.models import Side
from services.generator.activations.parts import parts_of
from services.generator.activations.states import room
from services.generator.activations.steering import Push, push, steered, write
from services.generator.backend import Answered, Request, request_seed
from services.generator.chat_template import ChatTemplate
from services.generator.cutting import cut_answers
from services.generator.reasoning import opens_thoughts
from services.generator.token_texts import TokenTexts, token_limit

OWN_SUITE = Path(__file__).parents[2] / "suites" / "traces.yaml"
# A difference that steers is measured on so many of the own suite's documents, and is its mean over these positions.
STEERING_DOCUMENTS = 50
STEERING_POSITIONS = slice(1, 6)


class SteeredTarget(NamedTuple):
    """The base with the push of a target in it, and what its texts rest on."""

    side: Side
    provenance: Mapping[str, str]


class ActivationsBackend:
    """Reads or writes what requests want; raises InputError for a model that cannot be loaded."""

    def __init__(self, engine: ActivationsEngine, setting: str, targets: Mapping[str, Target]) -> None:
        """`setting` is the engine's place in seep.yaml, for the error."""
        self.provides = engine.provides
        self._engine, self._setting, self._targets = engine, setting, targets
        steers = [target.steer for target in targets.values() if target.steer]
        self._files = tuple(steer.file for steer in steers if steer.file)
        self._open()

    def generate(self, requests: Sequence[Request]) -> list[Answered | Failure]:
        """By position; the readings of the same documents are computed once. Raises Unavailable while a folder that
        has changed cannot be loaded."""
        self._open_again_if_changed()
        read_once: dict[tuple[str | None, int, tuple[str, ...]], Readings | Failure] = {}
        results = []
        for request in requests:
            if "reading" in request.wants:
                key = (request.adapter, request.samples, request.documents)
                if key not in read_once:
                    read_once[key] = self._readings(request)
                results.append(self._read(request, read_once[key]))
            else:
                results.append(self._written(request))
        return results

    def _open(self) -> None:
        self._signature = signature(self._engine, self._files)
        self._models: Models = open_models(self._engine, self._setting)
        tokenizer = self._models.base.tokenizer
        self._template = ChatTemplate(tokenizer, self._engine.system_role, self._setting)
        self._texts = TokenTexts(tokenizer)
        steers = {name: target.steer for name, target in self._targets.items() if target.steer}
        self._steered = {name: self._steer(name, steer) for name, steer in steers.items()}

    def _open_again_if_changed(self) -> None:
        if signature(self._engine, self._files) == self._signature:
            return
        for held in ("_models", "_steered"):  # else there would be two copies in memory
            vars(self).pop(held, None)
        try:
            self._open()
        except InputError as error:
            self._signature = ()  # so that it is tried again
            raise Unavailable(f"a folder of the engine has changed, and cannot be loaded now: {error}") from error

    def _readings(self, request: Request) -> Readings | Failure:
        pair = self._models.pairs.get(request.adapter)
        if pair is None:
            return Failure("the target names no adapter, and its engine no model to compare with (against)")
        try:
            return read(pair, request.documents, request.samples)
        except InputError as error:
            return Failure(str(error))

    def _read(self, request: Request, found: Readings | Failure) -> Answered | Failure:
        if isinstance(found, Failure):
            return found
        answers = found.base if request.concept is None else found.difference
        return Answered(answers, self._models.provenance[request.adapter])

    def _written(self, request: Request) -> Answered | Failure:
        text = self._template.prompt_text(request)
        if isinstance(text, Failure):
            return text
        tokenizer = self._models.base.tokenizer
        ids = list(tokenizer.encode(text, add_special_tokens=request.prompt_format.kind == "plain"))
        limit, most = token_limit(request), room(self._models.base.model)
        if not ids or len(ids) + limit > most:
            return Failure(f"a prompt has {len(ids)} tokens, and the model has room for 1 to {most - limit}")
        seed = secrets.randbelow(2**31) if self._engine.seed is None else request_seed(self._engine.seed, request, 0)
        count = request.samples if request.decoding.temperature else 1
        decoding = replace(request.decoding, max_tokens=limit)
        try:
            written = write(self._side(request), tokenizer, [ids] * count, decoding, seed)
        except InputError as error:
            return Failure(str(error))
        opened = opens_thoughts(text, request.reasoning.tags)
        answers = [self._answer(each, request, limit, opened) for each in written] * (request.samples // count)
        cut = cut_answers(answers, request.decoding.cut, request.language)
        return Answered(cut, {**self._provenance(request), **self._template.provenance(request)})

    def _answer(self, ids: Sequence[int], request: Request, limit: int, opened: bool) -> Answer:
        tokenizer = self._models.base.tokenizer
        text = tokenizer.decode(list(ids), skip_special_tokens=True)
        if len(ids) >= limit:
            return self._texts.answer(text, ids, "length", request, opened)
        return self._texts.answer(text, [*ids, tokenizer.eos_token_id], "stop", request, opened)

    def _side(self, request: Request) -> Side:
        if request.target in self._steered:
            return self._steered[request.target].side
        return self._models.alone if request.adapter is None else self._models.pairs[request.adapter].tuned

    def _steer(self, target: str, steer: Steering) -> SteeredTarget:
        try:
            pushed, by = self._from_file(steer, steer.file) if steer.file else self._measured(steer)
        except (InputError, ValueError) as error:
            field = "file" if steer.file else "difference"
            raise InputError(f"targets.{target}.steer.{field}: {error}") from error
        provenance = {**self._models.provenance[steer.difference], "steer": f"{by} {steer.strength:g}"}
        return SteeredTarget(steered(self._models.unsteered, pushed), provenance)

    def _from_file(self, steer: Steering, file: Path) -> tuple[Push, str]:
        model = self._models.base.model
        hidden, layers = model.config.get_text_config().hidden_size, len(parts_of(model, self._setting).layers)
        found = read_difference(file, self._models.base_revision, hidden, layers)
        return push(found.layer, found.direction, found.usual_length, steer.strength), found.revision

    def _measured(self, steer: Steering) -> tuple[Push, str]:
        pair = self._models.pairs[steer.difference]
        documents = [text for job in load_suite(OWN_SUITE).jobs for text in job.reads()][:STEERING_DOCUMENTS]
        found = measure(pair, documents, STEERING_POSITIONS.stop)
        difference = found.mean[STEERING_POSITIONS].mean(0)
        return push(pair.layer, difference, found.usual_norm, steer.strength), str(steer.difference)

    def _provenance(self, request: Request) -> Mapping[str, str]:
        if request.target in self._steered:
            return self._steered[request.target].provenance
        return self._models.provenance[request.adapter]
