"""Engines: a model that the generator loads, an endpoint it asks, or answers recorded before."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, ValidationError, model_validator

from seep.records import AnswerPart
from seep.settings.section import Identifier, Section


def _endpoint(url: HttpUrl) -> HttpUrl:
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("expected a URL without user, password, query and fragment; keys go into api_key_file")
    return url


def _proxy(value: str) -> str:
    try:
        url = HttpUrl(value)
    except ValidationError:
        # Its own text would quote the value, which may hold a password.
        raise ValueError("expected http://host:port or https://host:port") from None
    if url.username or url.password:
        raise ValueError("expected a URL without user and password; they go into proxy_credentials_file")
    return str(url)


class _Engine(Section):
    """What every engine has: `provides` is what its answers can hold, known before a model is loaded."""

    provides: ClassVar[frozenset[AnswerPart]] = frozenset({"text"})


class VllmEngine(_Engine):
    """A model that the generator loads itself, with vLLM; names and values are vLLM's own.

    Without `kv_cache_memory_bytes` vLLM takes nearly all memory of the device. `lora_modules` are the folders of
    LoRA adapters, by the name that a target's `adapter` gives.
    """

    backend: Literal["vllm"]
    model: str
    dtype: str = "auto"
    max_model_len: int | None = Field(None, ge=1)
    enforce_eager: bool = False
    kv_cache_memory_bytes: int | None = Field(None, ge=1)
    seed: int | None = None
    tensor_parallel_size: int = Field(1, ge=1)
    enable_prefix_caching: bool = True
    lora_modules: dict[Identifier, Path] = Field({})
    max_lora_rank: int = Field(16, ge=1)


class OpenAiEngine(_Engine):
    """A server with OpenAI's completions API: vLLM's, KServe's, a gateway's or a vendor's.

    `base_url` is everything before `/chat/completions`. `max_concurrency` counts one target's requests in flight;
    `timeout_seconds` is for one request as a whole. `supports_n` false asks once per sample; with `seed`, requests
    carry seeds that follow from it, the run, the job and the prompt. No proxy is used but `proxy`; the file of its
    credentials holds user:password.
    """

    backend: Literal["openai"]
    base_url: Annotated[HttpUrl, AfterValidator(_endpoint)]
    model: str
    api_key_file: Path | None = None
    api_key_env: str | None = None
    timeout_seconds: float = Field(60.0, gt=0)
    max_concurrency: int = Field(16, ge=1)
    max_retries: int = Field(5, ge=0)
    max_response_bytes: int = Field(8 * 1024 * 1024, ge=1)
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None
    proxy_credentials_file: Path | None = None
    supports_n: bool = True
    seed: int | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key_file and self.api_key_env:
            raise ValueError("expected api_key_file or api_key_env, found both")
        return self

    @model_validator(mode="after")
    def _credentials_of_a_proxy(self) -> Self:
        if self.proxy_credentials_file and not self.proxy:
            raise ValueError("proxy_credentials_file is there, but no proxy")
        return self


class RecordedEngine(_Engine):
    """Answers that were generated before: a recorded file, JSON lines of prompt and generations."""

    backend: Literal["recorded"]
    file: Path


AnyEngine = VllmEngine | OpenAiEngine | RecordedEngine
Engine = Annotated[AnyEngine, Field(discriminator="backend")]
