"""What servers of the usual kinds take, as defaults of an openai engine's fields; sources: docs/guides."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["openai", "openai-reasoning", "anthropic-compatible", "azure", "vllm", "ollama", "openrouter"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "openai": {
        "base_url": "https://api.openai.com/v1",
        "parameters": {"max_tokens": "max_completion_tokens"},
    },
    "openai-reasoning": {
        "base_url": "https://api.openai.com/v1",
        "parameters": {"max_tokens": "max_completion_tokens", "temperature": None, "top_p": None},
    },
    # Its models take no more than one of temperature and top_p, and a suite's top_p is nearly always 1.
    "anthropic-compatible": {
        "base_url": "https://api.anthropic.com/v1",
        "supports_n": False,
        "parameters": {"top_p": None},
    },
    "azure": {"api_key_header": "api-key", "query": {"api-version": "2024-10-21"}},
    "vllm": {"base_url": "http://localhost:8000/v1"},
    "ollama": {"base_url": "http://localhost:11434/v1", "supports_n": False},
    # Without it a provider that does not know a parameter leaves it out silently.
    "openrouter": {
        "base_url": "https://openrouter.ai/api/v1",
        "supports_n": False,
        "extra_body": {"provider": {"require_parameters": True}},
    },
}


def with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an engine over those of its preset; in a field that is a mapping, key by key."""
    filled = dict(given)
    for name, default in PRESETS.get(str(given.get("preset")), {}).items():
        own = given.get(name, default)
        filled[name] = {**default, **own} if isinstance(default, Mapping) and isinstance(own, Mapping) else own
    return filled
