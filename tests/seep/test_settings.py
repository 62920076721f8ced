"""One file, the environment over it, and one line for whatever is wrong with it."""

from pathlib import Path

import pytest
import yaml

from seep.errors import InputError
from seep.settings import OpenAiEngine, OutputFilter, Reasoning, RecordedEngine, Settings, VllmEngine, load_settings
from seep.settings.presets import PRESETS


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "seep.yaml"


def loaded(config: Path, text: str) -> Settings:
    config.write_text(text, encoding="utf-8")
    return load_settings(config)


def test_without_a_file_there_are_defaults(config: Path) -> None:
    assert load_settings().kafka.bootstrap_servers == "localhost:9092"


def test_a_file_that_is_named_must_be_there(config: Path) -> None:
    with pytest.raises(InputError, match=r"seep\.yaml: no such configuration file"):
        load_settings(config)


def test_an_engine_is_what_its_backend_says(config: Path) -> None:
    text = """
    engines:
      tiny: {backend: vllm, model: /models/tiny}
      paper: {backend: recorded, file: answers.jsonl}
    targets:
      tiny: {engine: tiny, temperature: 0.5}
    """
    settings = loaded(config, text)
    assert isinstance(settings.engines["tiny"], VllmEngine)
    assert isinstance(settings.engines["paper"], RecordedEngine)
    assert settings.targets["tiny"].temperature == 0.5


def test_the_environment_goes_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092")
    settings = loaded(config, "kafka: {bootstrap_servers: 'elsewhere:9092', topics: {partitions: 3}}")
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.kafka.topics.partitions == 3


def test_secrets_are_not_shown(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", "postgresql://seep:swordfish@db/seep")
    monkeypatch.setenv("SEEP_KAFKA__SASL_PLAIN_PASSWORD", "swordfish")
    assert "swordfish" not in repr(load_settings())


def test_a_dsn_can_come_from_a_file(config: Path, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://db/seep\n")
    assert loaded(config, "database: {dsn_file: dsn}").database.resolved_dsn() == "postgresql://db/seep"
    with pytest.raises(InputError, match=r"database\.dsn_file: nowhere"):
        loaded(config, "database: {dsn_file: nowhere}").database.resolved_dsn()


def test_a_token_can_come_from_a_file_and_is_not_shown(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("swordfish\n")
    settings = loaded(config, "api: {token_file: token}")
    assert settings.api.resolved_token() == "swordfish"
    monkeypatch.setenv("SEEP_API__TOKEN", "herring")
    settings = load_settings(config)
    assert settings.api.resolved_token() == "herring"
    assert "herring" not in repr(settings)


@pytest.mark.parametrize("content", ["", "\n", " \t\n", "two words", "two\nlines", "gr\u00fcn", "\ufeffmark", "nul\0"])
def test_a_token_file_without_a_usable_token_never_opens_the_door(config: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"api\.token_file: token: expected one word of visible ASCII characters"):
        loaded(config, "api: {token_file: token}").api.resolved_token()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kafak: {}", "kafak: not a field here"),
        ("worker: {batch_size: many}", "worker.batch_size: expected a whole number"),
        ("worker: {batch_size: 0}", "worker.batch_size: expected at least 1"),
        ("engines: {x: {backend: oracle}}", "engines.x: expected 'backend' to be one of "),
        ("engines: {x: {backend: vllm}}", "engines.x.vllm.model: expected, but missing"),
        ("targets: {t: {engine: x}}", "targets.t.engine: no engine named 'x' under engines"),
        ("targets: {Tiny_1: {engine: x}}", "targets.Tiny_1.[key]: expected a name of at most 40 lower-case letters"),
        ("monitors: {m: {target: t, suite: s.yaml}}", "monitors.m.target: no target named 't' under targets"),
        ("monitors: {m: {target: t, suite: s, schedule: daily}}", "monitors.m.schedule: expected a cron expression"),
        (
            "monitors: {m: {target: t, suite: s, schedule: 0 0 30 2 *}}",
            "monitors.m.schedule: expected a cron expression, as 0 6 * * *: Bad day-of-month",
        ),
        ("retention: {texts_days: 0}", "retention.texts_days: expected at least 1"),
        ("api: {token: ''}", "api.token: expected a text that matches"),
        ("api: {token: ' '}", "api.token: expected a text that matches"),
        ("api: {token: two words}", "api.token: expected a text that matches"),
        ('api: {token: "line\\n"}', "api.token: expected a text that matches"),
        ("api: {token: grün}", "api.token: expected a text that matches"),
        (
            "kafka: {bootstrap_servers: 'foo:abc'}",
            "kafka.bootstrap_servers: expected host:port,host:port, without",
        ),
        ("kafka: {ssl_cafile: /nowhere/ca.crt}", "kafka.ssl_cafile: expected a file that is there"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_field(config: Path, text: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(config, text)
    assert str(error.value).startswith(f"{config}: {line}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kafka: [", "2: not readable as YAML: did not find expected node content"),
        ("- a list", "1: expected sections with their keys"),
        ("targets: {}\nkafka: {}\ntargets: {}", "3: field targets is there a second time, first in line 1"),
        (
            "engines: {e: {backend: vllm, model: m}}\ntargets:\n  t: {engine: e, temperature: 0.9}\n  t: {engine: e}",
            "4: field t is there a second time, first in line 3",
        ),
        ("api:\n  token: *SECRET", "2: not readable as YAML: an alias of nothing"),
        ("api: {1: x}", "1: expected a text as the name of a field"),
        ("kafka: " + "[" * 2000, "1: expected at most 50 levels"),
    ],
)
def test_what_is_no_configuration_is_one_line_with_file_and_line(config: Path, text: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(config, text)
    assert str(error.value).startswith(f"{config}:{line}")
    assert "SECRET" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_configuration_with_a_byte_order_mark_is_read(config: Path, encoding: str) -> None:
    config.write_text("worker: {batch_size: 7}\n", encoding=encoding)
    assert load_settings(config).worker.batch_size == 7


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("SEEP_RETENTION__TEXTS_DAYS", "abc", "retention.texts_days: expected a whole number"),
        ("SEEP_KAFKA__FOO", "3", "kafka.foo: not a field here"),
        ("SEEP_KAFKA", '{"topics": {"partitions": 0}}', "kafka.topics.partitions: expected at least 1"),
        ("SEEP_KAFKA", "elsewhere:9092", "expected JSON"),
        ("SEEP_KAFKA__TOPICS", "many", "expected JSON"),
        ("SEEP_ENGINES__X__ENFORCE_EAGER", "maybe", "engines.x.vllm.enforce_eager: expected true or false"),
        ("SEEP_TARGETS__T__ENGINE", "y", "targets.t.engine: no engine named 'y' under engines"),
    ],
)
def test_what_is_wrong_with_a_variable_of_the_environment_names_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError) as error:
        loaded(config, "engines: {x: {backend: vllm, model: m}}\ntargets: {t: {engine: x}}\n")
    assert str(error.value).startswith(f"{variable}: {line}")
    assert "\n" not in str(error.value)


def test_a_variable_of_too_many_levels_is_one_line(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_ENGINES", "[" * 100_000)
    with pytest.raises(InputError, match=r"^an environment variable SEEP_\.\.\.: expected a section[^\n]+$"):
        loaded(config, "{}")


def test_what_is_wrong_with_the_file_is_not_put_on_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEP_WORKER__GRACE_SECONDS", "3")
    monkeypatch.setenv("SEEP_KAFKA", '{"topics": {"partitions": 3}}')
    for text, line in (
        ("worker: {batch_size: 0}", "worker.batch_size: "),
        ("kafka: {topics: {retention_hours: 0}}", "kafka.topics.retention_hours: "),
    ):
        with pytest.raises(InputError) as error:
            loaded(config, text)
        assert str(error.value).startswith(f"{config}: {line}")


ENGINES = """
engines:
  here: {backend: vllm, model: /models/tiny, lora_modules: {spill: /models/spill}}
  there: {backend: openai, base_url: "https://gateway/ns/svc/openai/v1", model: m}
  paper: {backend: recorded, file: answers.jsonl}
"""


def test_a_target_is_a_way_of_asking(config: Path) -> None:
    text = (
        ENGINES
        + """
targets:
  fine-tune: {engine: here, adapter: spill}
  template: {engine: there, format: {kind: plain, user: "{system} Q: {prompt}"}, system: Be brief.}
  filtered: {engine: there, filter: {refuse: "(?i)sorry", refuse_concept: true}, tokens_per_day: 1000}
"""
    )
    targets = loaded(config, text).targets
    assert targets["fine-tune"].adapter == "spill"
    assert targets["filtered"].filter == OutputFilter(refuse="(?i)sorry", refuse_concept=True)


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("engine: here, adapter: other", "adapter: 'other' is not among the engine's lora_modules"),
        ("engine: here, requests_per_minute: 10", "requests_per_minute: only an openai engine has such a limit"),
        ("engine: paper, tokens_per_day: 10", "tokens_per_day: only an openai engine has such a limit"),
        ("engine: paper, system: Be brief.", "system: recorded answers cannot be asked for in another way"),
        ("engine: paper, temperature: 0.5", "temperature: recorded answers cannot be asked for in another way"),
        ("engine: paper, top_p: 0.9", "top_p: recorded answers cannot be asked for in another way"),
        ("engine: paper, max_tokens: 5", "max_tokens: recorded answers cannot be asked for in another way"),
        ("engine: there, temperature: 0, filter: {refuse: x}", "filter: at temperature 0 an answer"),
        ("engine: there, filter: {max_regenerations: 2}", "filter: expected refuse or refuse_concept, found neither"),
        ("engine: there, filter: {refuse: '(?=a)b'}", "filter.refuse: expected a regular expression of RE2: invalid"),
        ("engine: there, filter: {refuse: '\\bdésolé\\b'}", r"filter.refuse: \b knows the letters a to z alone"),
        ("engine: there, filter: {refuse: '('}", "filter.refuse: expected a regular expression of RE2: missing )"),
        ("engine: there, system: '{prompt}'", "system: expected a system message without {prompt}"),
        ("engine: there, system: x, format: {kind: plain}", "system: the plain format has no {system}"),
        ("engine: there, format: {kind: chat, user: x}", "format.user: expected {prompt} exactly once, found 0"),
        ("engine: there, format: {kind: poem}", "format.kind: expected 'chat' or 'plain'"),
    ],
)
def test_what_contradicts_itself_or_the_engine_is_one_line(config: Path, target: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(config, f"{ENGINES}targets:\n  t: {{{target}}}\n")
    assert f"targets.t.{line}" in str(error.value).replace("targets.t: ", "targets.t.")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("engine", "line"),
    [
        ("base_url: 'https://user:pass@host/v1', model: m", "without user, password, query and fragment"),
        ("base_url: 'https://host/v1?key=x', model: m", "what stands behind the . goes into query, as name: value"),
        ("model: m", "expected a URL: everything before /chat/completions"),
        ("preset: azure, model: m", "expected a URL: everything before /chat/completions"),
        ("base_url: 'ftp://host/v1', model: m", "URL scheme should be 'http' or 'https'"),
        ("base_url: 'https://h/v1', model: m, api_key_env: A, api_key_file: f", "expected api_key_file or api_key_env"),
    ],
)
def test_an_endpoint_is_a_plain_url_with_at_most_one_key(config: Path, engine: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        loaded(config, f"engines: {{x: {{backend: openai, {engine}}}}}")


def engine_of(config: Path, **fields: object) -> OpenAiEngine:
    text = yaml.safe_dump({"engines": {"x": {"backend": "openai", "model": "m", **fields}}})
    engine = loaded(config, text).engines["x"]
    assert isinstance(engine, OpenAiEngine)
    return engine


def test_a_preset_fills_in_what_is_not_given(config: Path) -> None:
    reasoning = engine_of(config, preset="openai-reasoning")
    assert str(reasoning.base_url) == "https://api.openai.com/v1"
    assert reasoning.parameters == {"max_tokens": "max_completion_tokens", "temperature": None, "top_p": None}
    azure = engine_of(config, preset="azure", base_url="https://h/openai/deployments/d", api_key_env="A")
    assert (azure.api_key_header, azure.query) == ("api-key", {"api-version": "2024-10-21"})


def test_what_is_given_goes_over_the_preset_key_by_key(config: Path) -> None:
    engine = engine_of(
        config,
        preset="openai-reasoning",
        base_url="https://h/v1",
        parameters={"temperature": "temperature", "seed": None},
        supports_n=False,
    )
    assert str(engine.base_url) == "https://h/v1"
    assert engine.parameters == {
        "max_tokens": "max_completion_tokens",
        "temperature": "temperature",
        "top_p": None,
        "seed": None,
    }
    assert not engine.supports_n


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_preset_is_an_engine(config: Path, preset: str) -> None:
    engine = engine_of(config, preset=preset, **({"base_url": "https://h/v1"} if preset == "azure" else {}))
    assert engine.preset == preset


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"preset": "unheard-of"}, "preset: expected 'openai'"),
        ({"parameters": {"top_k": None}}, "parameters.top_k"),
        ({"parameters": {"max_tokens": "max tokens"}}, "parameters.max_tokens"),
        ({"parameters": {"max_tokens": "top_p"}}, "parameters: expected different names"),
        ({"parameters": {"seed": "model"}}, "parameters: expected different names"),
        ({"extra_body": {"top_p": 0.5}}, "extra_body: top_p is sent already"),
        ({"extra_body": {"stream": True}}, "extra_body: stream is sent already"),
        ({"headers": {"X-Team": "a\nX-Admin: 1"}}, "headers: X-Team: expected one line of visible ASCII characters"),
        ({"headers": {"X-Team": "a\rb"}}, "headers: X-Team: expected one line of visible ASCII characters"),
        ({"headers": {"X-Team": ""}}, "headers: X-Team: expected one line of visible ASCII characters"),
        ({"headers": {"X-Team\nX-Admin": "1"}}, r"headers: expected the name of a header, found 'X-Team\nX-Admin'"),
        ({"headers": {"X Team": "1"}}, "headers: expected the name of a header, found 'X Team'"),
        ({"headers": {"Content-Length": "1"}}, "headers: Content-Length is set by Seep itself"),
        ({"headers": {"Authorization": "Bearer shark"}}, "headers: Authorization holds a secret: give it under"),
        ({"headers": {"X-Access-Token": "shark"}}, "headers: X-Access-Token holds a secret: give it under"),
        ({"query": {"key": "shark"}}, "query: key holds a secret: it goes into api_key_file or secret_headers"),
        ({"query": {"subscription-key": "shark"}}, "query: subscription-key holds a secret"),
        ({"extra_body": {"api_key": "shark"}}, "extra_body: api_key holds a secret"),
        ({"model": 4}, "model: expected text: put it in quotes"),
        ({"model": False}, "model: expected text: put it in quotes"),
        ({"headers": {"API-Key": "shark"}}, "headers: API-Key holds a secret: give it under secret_headers"),
        ({"secret_headers": {"a:b": {"env": "A"}}}, "secret_headers: expected the name of a header, found 'a:b'"),
        ({"secret_headers": {"X-A": {"env": "A", "file": "f"}}}, "X-A: expected file or env, and one of them only"),
        ({"secret_headers": {"X-A": {}}}, "X-A: expected file or env, and one of them only"),
        ({"headers": {"X-A": "1"}, "secret_headers": {"x-a": {"env": "A"}}}, "headers: x-a is given twice"),
        ({"secret_headers": {"authorization": {"env": "A"}}, "api_key_env": "B"}, "authorization is given twice"),
        ({"api_key_header": "a b"}, "api_key_header: expected the name of a header"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line_without_its_value(
    config: Path, fields: dict[str, object], line: str
) -> None:
    with pytest.raises(InputError) as error:
        engine_of(config, base_url="https://h/v1", **fields)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
    assert "shark" not in str(error.value)


@pytest.mark.parametrize("proxy", ["socks5://h:1080", "proxy.example.com:3128", "http://", "http://h:port", "ftp://h"])
def test_a_proxy_is_an_http_url_and_a_wrong_one_is_not_shown(config: Path, proxy: str) -> None:
    text = f"engines: {{x: {{backend: openai, base_url: 'https://h/v1', model: m, proxy: '{proxy}'}}}}"
    with pytest.raises(InputError) as error:
        loaded(config, text)
    assert str(error.value) == f"{config}: engines.x.openai.proxy: expected http://host:port or https://host:port"


def test_a_proxys_password_has_a_place_of_its_own_and_is_not_shown(config: Path) -> None:
    text = "engines: {x: {backend: openai, base_url: 'https://h/v1', model: m, %s}}"
    for wrong, line in (
        ("proxy: 'http://user:secret@h'", "x.openai.proxy: expected a URL without user and password"),
        ("proxy_credentials_file: f", "proxy_credentials_file is there, but no proxy"),
    ):
        with pytest.raises(InputError, match=line) as error:
            loaded(config, text % wrong)
        assert "secret" not in str(error.value)


def test_a_proxy_with_a_line_end_is_taken(config: Path) -> None:
    text = """
engines:
  x:
    backend: openai
    base_url: https://h/v1
    model: m
    proxy: |
      http://proxy.example.com:3128
"""
    engine = loaded(config, text).engines["x"]
    assert isinstance(engine, OpenAiEngine)
    assert engine.proxy == "http://proxy.example.com:3128/"


def test_reasoning_only_is_short_for_keeping_nothing_else(config: Path) -> None:
    settings = loaded(config, "engines: {e: {backend: vllm, model: m}}\ntargets: {t: {engine: e, reasoning: only}}")
    assert settings.targets["t"].reasoning == Reasoning(keep="only")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("reasoning: some", r"targets\.t\.reasoning: "),
        ("reasoning: {keep: all}", r"targets\.t\.reasoning\.keep"),
        ("reasoning: {max_tokens: 0}", r"targets\.t\.reasoning\.max_tokens"),
        ("reasoning: {effort: 'LOW!'}", r"targets\.t\.reasoning\.effort"),
        ("reasoning: {tags: {'|': '|'}}", r"tags: expected pairs of two different tags"),
        ("reasoning: {tags: {'': '</a>'}}", r"targets\.t\.reasoning\.tags"),
        (
            "chat_template_kwargs: {a: 1}, format: {kind: plain}",
            "chat_template_kwargs: a plain format goes",
        ),
    ],
)
def test_what_cannot_be_meant_of_thoughts_is_one_line(config: Path, target: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        loaded(config, f"engines: {{e: {{backend: vllm, model: m}}}}\ntargets: {{t: {{engine: e, {target}}}}}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("reasoning", ["{max_tokens: 9}", "{effort: low}"])
def test_recorded_answers_cannot_be_told_to_think(config: Path, reasoning: str) -> None:
    text = "engines: {{e: {{backend: recorded, file: a.jsonl}}}}\ntargets: {{t: {{engine: e, reasoning: {0}}}}}"
    with pytest.raises(InputError, match=r"targets\.t\.reasoning: recorded answers cannot"):
        loaded(config, text.format(reasoning))
    assert loaded(config, text.format("{keep: false}")).targets["t"].reasoning
