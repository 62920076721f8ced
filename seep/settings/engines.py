"""Engines: a model that the generator loads, an endpoint it asks, or answers recorded before."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, JsonValue, ValidationError, model_validator

from seep.records import AnswerPart
from seep.settings.headers import HeaderName, Headers, SecretHeaders, open_values, repeated
from seep.settings.presets import Preset, with_preset
from seep.settings.section import Identifier, Section

SystemRole = Literal["auto", "system", "user"]
SYSTEM_ROLE = (
    "Whose message the system message is: `system`; `user` puts it before the user's; `auto` does so where the role is"
    " refused."
)
# What Seep sends under names of its own in every request.
OWN_FIELDS = frozenset({"model", "messages", "prompt", "n", "stream"})
Parameter = Literal["temperature", "top_p", "max_tokens", "seed"]


def _endpoint(url: HttpUrl) -> HttpUrl:
    if url.username or url.password or url.fragment:
        raise ValueError("expected a URL without user, password, query and fragment; keys go into api_key_file")
    if url.query:
        raise ValueError("expected a URL without query; what stands behind the ? goes into query, as name: value")
    return url


def _given(url: object) -> object:
    if url is None:
        raise ValueError("expected a URL: everything before /chat/completions; only some presets have one")
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

    Without `kv_cache_memory_bytes` vLLM takes nearly all memory of a GPU. `lora_modules` are the folders of
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
        None,
        ge=1,
        description="Memory for keys and values; nearly all of a GPU's if empty, 1 GiB with vLLM's CPU build.",
    )
    seed: int | None = Field(None, description="The engine's seed.")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs that share the model.")
    enable_prefix_caching: bool = Field(True, description="Compute a shared beginning of prompts once.")
    lora_modules: dict[Identifier, Path] = Field(
        {}, description="Folders of LoRA adapters, by the name that a target's `adapter` gives."
    )
    max_lora_rank: int = Field(16, ge=1, description="The largest rank among the adapters.")
    system_role: SystemRole = Field("auto", description=SYSTEM_ROLE)


class OpenAiEngine(_Engine):
    """A server with OpenAI's completions API: vLLM's, KServe's, a gateway's or a vendor's.

    `base_url` is everything before `/chat/completions`. `max_concurrency` counts one target's requests in flight;
    `timeout_seconds` is for one request as a whole. `supports_n` false asks once per sample; with `seed`, requests
    carry seeds that follow from it, the run, the job and the prompt. No proxy is used but `proxy`; the file of its
    credentials holds user:password. `preset` fills in what servers of its kind take, for each field that is not given.
    """

    backend: Literal["openai"] = Field(description="A server with OpenAI's completions API.")
    preset: Preset | None = Field(None, description="A usual kind of server, which fills in what is not given here.")
    base_url: Annotated[HttpUrl, AfterValidator(_endpoint), BeforeValidator(_given)] = Field(
        None,
        validate_default=True,
        description="Everything before `/chat/completions`, without user, password, query and fragment.",
    )
    model: str = Field(description="The model's name at the server.")
    api_key_file: Path | None = Field(None, description="A file with the key.")
    api_key_env: str | None = Field(None, description="The environment variable with the key.")
    api_key_header: HeaderName = Field(
        "Authorization", description="The header of the key: a bearer token in `Authorization`, else the key as it is."
    )
    headers: Headers = Field({}, description="Headers of every request, none of them secret.")
    secret_headers: SecretHeaders = Field(
        {}, description="Headers whose value is a secret, by the `file` or the variable (`env`) that holds it."
    )
    query: Annotated[dict[str, str], AfterValidator(open_values)] = Field(
        {}, description="The query of every request, as `api-version: 2024-10-21`."
    )
    parameters: dict[Parameter, Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,99}$")] | None] = Field(
        {}, description="The server's names of parameters, by Seep's; null leaves a parameter out."
    )
    extra_body: Annotated[dict[str, JsonValue], AfterValidator(open_values)] = Field(
        {}, description="Further fields of every request's body."
    )
    system_role: SystemRole = Field("auto", description=SYSTEM_ROLE)
    timeout_seconds: float = Field(60.0, gt=0, description="For one request as a whole.")
    max_concurrency: int = Field(16, ge=1, description="Requests of one target in flight at once.")
    max_retries: int = Field(5, ge=0, description="Times that a failed request is sent again.")
    max_response_bytes: int = Field(8 * 1024 * 1024, ge=1, description="The longest response that is read.")
    ca_file: Path | None = Field(None, description="The certificate of the server's authority; the system's if empty.")
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

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        return with_preset(given) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key_file and self.api_key_env:
            raise ValueError("expected api_key_file or api_key_env, found both")
        key = [self.api_key_header] if self.api_key_file or self.api_key_env else []
        if name := repeated(self.headers, self.secret_headers, key):
            raise ValueError(f"headers: {name} is given twice")
        return self

    @model_validator(mode="after")
    def _each_field_once(self) -> Self:
        sent = [self.parameters.get(name, name) for name in ("temperature", "top_p", "max_tokens", "seed")]
        names = [name for name in sent if name is not None]
        if len({*names, *OWN_FIELDS}) < len(names) + len(OWN_FIELDS):
            raise ValueError("parameters: expected different names, and none of a field that every request has")
        for name, value in self.extra_body.items():
            # Some servers stream unless they are told not to.
            if name in {*names, *OWN_FIELDS} and (name, value) != ("stream", False):
                raise ValueError(f"extra_body: {name} is sent already; parameters leaves it out or renames it")
        return self

    @model_validator(mode="after")
    def _credentials_of_a_proxy(self) -> Self:
        if self.proxy_credentials_file and not self.proxy:
            raise ValueError("proxy_credentials_file is there, but no proxy")
        return self


class ActivationsEngine(_Engine):
    """A model that the generator loads itself, with transformers, to read its activations beside its base's.

    Without `against`, `model` is the base, and a target's `adapter` is what is compared with it: both are computed from
    one copy of the weights. With `against`, `model` is a whole fine-tune, and `against` its base. A folder that changes
    is loaded anew before the next jobs, so that what is deployed now is what is read.
    """

    provides: ClassVar[frozenset[AnswerPart]] = frozenset({"text", "reading"})

    backend: Literal["activations"] = Field(description="The generator loads the model, and looks inside it.")
    model: str = Field(description="A folder, or a name on the model hub.")
    against: str | None = Field(None, description="The base of a `model` that is a whole fine-tune.")
    lora_modules: dict[Identifier, Path] = Field(
        {}, description="Folders of LoRA adapters, by the name that a target's `adapter` gives."
    )
    layer: int | None = Field(
        None,
        ge=0,
        description="The decoder layer, from 0, behind which activations are taken; the middle one if empty.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="The type of the weights; `auto` takes the model's own."
    )
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,2})?)$")] = Field(
        "auto", description="`cpu`, `cuda` or `cuda:1`; `auto` takes a GPU where there is one."
    )
    seed: int | None = Field(None, description="Texts are drawn with seeds that follow from it and from the request.")
    system_role: SystemRole = Field("auto", description=SYSTEM_ROLE)

    @model_validator(mode="after")
    def _one_kind_of_fine_tune(self) -> Self:
        if self.against and self.lora_modules:
            raise ValueError("expected against or lora_modules, found both")
        return self


class RecordedEngine(_Engine):
    """Answers that were generated before: a recorded file, JSON lines of prompt and generations, perhaps readings."""

    provides: ClassVar[frozenset[AnswerPart]] = frozenset({"text", "reading"})

    backend: Literal["recorded"] = Field(description="Answers that were generated before.")
    file: Path = Field(description="JSON lines of prompt and generations.")


AnyEngine = VllmEngine | OpenAiEngine | ActivationsEngine | RecordedEngine
Engine = Annotated[AnyEngine, Field(discriminator="backend")]
