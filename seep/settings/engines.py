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

    backend: Literal["vllm"] = Field(description="The generator loads the model itself, with vLLM.")
    model: str = Field(description="A folder, or a name on the model hub.")
    dtype: str = Field("auto", description="The type of the weights; `auto` takes the model's own.")
    max_model_len: Annotated[int, Field(ge=1)] | Literal["auto"] | None = Field(
        None,
        description="The longest prompt with its answer, in tokens; the model's own limit if empty."
        " `auto` takes as much of that as memory allows.",
    )
    enforce_eager: bool = Field(False, description="Without CUDA graphs: starts faster, answers slower.")
    kv_cache_memory_bytes: int | None = Field(
        None, ge=1, description="Memory for keys and values; nearly all of the device's if empty."
    )
    seed: int | None = Field(None, description="The engine's seed.")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs that share the model.")
    enable_prefix_caching: bool = Field(True, description="Compute a shared beginning of prompts once.")
    lora_modules: dict[Identifier, Path] = Field(
        {}, description="Folders of LoRA adapters, by the name that a target's `adapter` gives."
    )
    max_lora_rank: int = Field(16, ge=1, description="The largest rank among the adapters.")


class OpenAiEngine(_Engine):
    """A server with OpenAI's completions API: vLLM's, KServe's, a gateway's or a vendor's.

    `base_url` is everything before `/chat/completions`. `max_concurrency` counts one target's requests in flight;
    `timeout_seconds` is for one request as a whole. `supports_n` false asks once per sample; with `seed`, requests
    carry seeds that follow from it, the run, the job and the prompt. No proxy is used but `proxy`; the file of its
    credentials holds user:password.
    """

    backend: Literal["openai"] = Field(description="A server with OpenAI's completions API.")
    base_url: Annotated[HttpUrl, AfterValidator(_endpoint)] = Field(
        description="Everything before `/chat/completions`, without user, password, query and fragment."
    )
    model: str = Field(description="The model's name at the server.")
    api_key_file: Path | None = Field(None, description="A file with the bearer token.")
    api_key_env: str | None = Field(None, description="The environment variable with the bearer token.")
    timeout_seconds: float = Field(60.0, gt=0, description="For one request as a whole.")
    max_concurrency: int = Field(16, ge=1, description="Requests of one target in flight at once.")
    max_retries: int = Field(5, ge=0, description="Times that a failed request is sent again.")
    max_response_bytes: int = Field(8 * 1024 * 1024, ge=1, description="The longest response that is read.")
    proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(
        None, description="An HTTP proxy as http://host:port; no other is used."
    )
    proxy_credentials_file: Path | None = Field(None, description="A file with the proxy's user:password.")
    supports_n: bool = Field(
        True, description="The server draws several samples per request; false sends a request per sample."
    )
    seed: int | None = Field(
        None, description="Requests carry seeds that follow from it, the run, the job and the prompt."
    )

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

    backend: Literal["recorded"] = Field(description="Answers that were generated before.")
    file: Path = Field(description="JSON lines of prompt and generations.")


AnyEngine = VllmEngine | OpenAiEngine | RecordedEngine
Engine = Annotated[AnyEngine, Field(discriminator="backend")]
