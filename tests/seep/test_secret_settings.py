"""No value of the configuration stands in an error: it may be a secret, or a part of one that was put wrongly."""

import traceback
from pathlib import Path

import pytest

from seep.errors import InputError
from seep.settings import load_settings

CANARY = "kAnArY-77"
ENGINE = "engines: {{e: {{backend: openai, model: m, base_url: 'http://h/', {}}}}}"
PASSWORDS = (
    *(f"*{CANARY}", f"!{CANARY} x", f"!!{CANARY} x", f"&{CANARY} {CANARY} {CANARY}: x", f"@{CANARY}", f"`{CANARY}"),
    *(f"%{CANARY}", f'"{CANARY}\\q"', f"'{CANARY}", f"[{CANARY}]", f"{{{CANARY}: 1}}", f"{CANARY}: {CANARY}"),
    *(f"!!int {CANARY}", f"!!binary {CANARY}", f"!!timestamp {CANARY}", f"\x07{CANARY}", f"|{CANARY}"),
)
SECTIONS = (
    *(f"kafka: {CANARY}", CANARY, f"- {CANARY}", f"%TAG ! {CANARY}\n---\na: b", f"a: b: {CANARY}"),
    *(f"api: {{token: '{CANARY} x'}}", f"api: {{token: '{CANARY}é'}}", f"api: {{token: [{CANARY}]}}"),
    *(f"database: {{dsn: [{CANARY}]}}", f"database: {{dsn: {{{CANARY}: 1}}}}"),
    *(f"kafka: {{bootstrap_servers: '{servers}'}}" for servers in (f"u:{CANARY}@h:9092", f"h:1,u:{CANARY}@h:1")),
    *(f"kafka: {{bootstrap_servers: '{servers}'}}" for servers in (f"SASL_SSL://u:{CANARY}@h:1", CANARY)),
    *(f"kafka: {{{field}: {CANARY}}}" for field in ("sasl_mechanism", "security_protocol", "ssl_keyfile")),
    *(
        f"engines: {{e: {{backend: openai, model: m, base_url: '{url}'}}}}"
        for url in (
            *(f"http://u:{CANARY}@h/v1", f"http://{CANARY}@h/v1", f"http://h/v1?key={CANARY}", f"http://h/#{CANARY}"),
            *(f"u:{CANARY}@h", f"http://u:{CANARY}@h:99999/", f"http://u:{CANARY}@[h/", f"ftp://u:{CANARY}@h"),
        )
    ),
    *(
        ENGINE.format(field)
        for field in (
            *(f"proxy: 'http://u:{CANARY}@h:1'", f"proxy: 'u:{CANARY}@h'", f"api_key: {CANARY}", f"preset: {CANARY}"),
            *(
                f"headers: {{Authorization: {CANARY}}}",
                f'headers: {{x: "{CANARY}\\n"}}',
            ),
            *(f"secret_headers: {{x: {CANARY}}}", f"secret_headers: {{x: {{value: {CANARY}}}}}"),
            *(f"api_key_header: 'Bearer {CANARY}'", f"query: {{key: [{CANARY}]}}", f"api_key_env: {{a: {CANARY}}}"),
        )
    ),
)
VARIABLES = {
    "SEEP_KAFKA": CANARY,
    "SEEP_KAFKA__BOOTSTRAP_SERVERS": f"u:{CANARY}@h",
    "SEEP_API__TOKEN": f"{CANARY} x",
    "SEEP_API": f'{{"token": "{CANARY} x"}}',
    "SEEP_API__TOKEN__X": CANARY,
    "SEEP_ENGINES": f'{{"e": {CANARY}}}',
    "SEEP_DATABASE": f"postgresql://u:{CANARY}@h",
    "SEEP_ENGINES__E__BASE_URL": f"http://u:{CANARY}@h",
    "SEEP_KAFKA__SASL_PLAIN_PASSWORD__X": CANARY,
}


def complaint(file: Path) -> str:
    """What is said, and what a traceback would show."""
    with pytest.raises(InputError) as refused:
        load_settings(file)
    assert "\n" not in str(refused.value)
    lines = traceback.format_exception(refused.value)
    return str(refused.value) + "".join(line for line in lines if not line.startswith("  File"))


@pytest.mark.parametrize("field", ["kafka: {sasl_plain_password: ", "api: {token: "])
@pytest.mark.parametrize("value", PASSWORDS)
def test_a_password_that_is_no_yaml_is_not_told(tmp_path: Path, field: str, value: str) -> None:
    file = tmp_path / "seep.yaml"
    file.write_text(f"{field}{value}}}\n", encoding="utf-8")
    assert CANARY not in complaint(file)


@pytest.mark.parametrize("text", SECTIONS)
def test_a_value_in_the_wrong_place_is_not_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "seep.yaml"
    file.write_text(text, encoding="utf-8")
    assert CANARY not in complaint(file)


@pytest.mark.parametrize("name", VARIABLES)
def test_of_a_variable_the_name_alone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    file = tmp_path / "seep.yaml"
    file.write_text("", encoding="utf-8")
    assert CANARY not in complaint(file)
