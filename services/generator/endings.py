"""The words for how an answer ended, of engines, vendors and gateways."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from seep.records import Ended

Ending = Ended | Literal["error"]

# OpenAI's, Azure's, Anthropic's, Gemini's, Bedrock's, Mistral's, DeepSeek's, Zhipu's, Ollama's and vLLM's own. All
# other words, as `eos_token`, `end_turn` or `COMPLETE`, say that an answer came to its own end.
WORDS: Mapping[Ending, str] = {
    "length": "length max_tokens max_output_tokens max_length model_length model_context_window_exceeded token_limit "
    "repetition",
    "filtered": "content_filter content_filtered filtered guardrail_intervened safety image_safety recitation "
    "blocklist prohibited_content spii language sensitive content_policy_violation blocked moderation",
    "refusal": "refusal refused",
    "tool_call": "tool_calls tool_call tool_use function_call malformed_function_call unexpected_tool_call pause_turn",
    "error": "error abort aborted cancelled canceled failed failure network_error timeout server_error internal_error "
    "insufficient_system_resource engine_overloaded load unload",
}
ENDINGS: Mapping[str, Ending] = {word: ending for ending, words in WORDS.items() for word in words.split()}
# "FinishReason.SAFETY", "content_filter: RECITATION", "content-filter".
SEPARATORS = re.compile(r"[.:\s]+")
LONGEST_WORD = 100


def ending(reasons: Iterable[object]) -> Ending | None:
    """How an answer ended: the first of the reasons that is not its own end; None where none of them is a word."""
    endings = [_ending_of(reason[:LONGEST_WORD]) for reason in reasons if isinstance(reason, str) and reason.strip()]
    return next((each for each in endings if each != "stop"), "stop" if endings else None)


@lru_cache(maxsize=256)
def _ending_of(reason: str) -> Ending:
    words = SEPARATORS.split(reason.strip().casefold().replace("-", "_"))
    return next((ENDINGS[word] for word in words if word in ENDINGS), "stop")
