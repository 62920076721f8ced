"""The tags that models write around their thoughts, as pairs of regular expressions."""

Patterns = tuple[tuple[str, str], ...]

PLAIN_NAMES = r"(?:think(?:ing)?|thoughts?|reasoning)"
NAMES = (
    r"(?:[a-z\d]{1,12}[:_|-]){0,2}(?:think(?:ing|s)?|thoughts?|thought_process|antthinking|reason(?:ing|s)?|cot|analysis"
    r"|reflections?|scratch_?pad|monologue|ponder(?:ing)?|deliberation)"
)


def _around(opening: str, names: str, closing: str, attributes: str = "") -> tuple[str, str]:
    """The tags of such names within such brackets: <think>, <antThinking>, <seed:think>, <think id="1">."""
    return rf"{opening}\s?{names}{attributes}\s?{closing}", rf"{opening}\s?/\s?{names}\s?{closing}"


USUAL: Patterns = (
    _around("<", NAMES, ">", r"(?:\s[^<>/\n]{1,80})?"),
    _around("&lt;", NAMES, "&gt;"),  # a gateway that escapes
    _around("\uff1c", NAMES, "\uff1e"),
    _around(r"\[", PLAIN_NAMES, r"\]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi
    # Command, Sky-T1, OpenThinker and others
    (
        rf"<\|(?:begin_|start_)?(?:of_)?{PLAIN_NAMES}(?:_start|_begin)?\|>",
        rf"<\|(?:(?:/|end_)(?:of_)?{PLAIN_NAMES}|{PLAIN_NAMES}_end)\|>",
    ),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    (r"<\|channel>(?:thought\b)?", r"<channel\|>"),  # Gemma 4
    ("<unused94>(?:thought\\b)?", "<unused95>"),  # MedGemma
    (
        r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]{0,80}<\|message\|>",
        r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]{0,80}(?:<\|constrain\|>\w{1,20})?<\|message\|>",
    ),  # gpt-oss
    # gpt-oss, where a server leaves out the tokens and not their words
    (r"analysis(?=(?-i:[A-Z]))", r"assistant(?:commentary\b.{0,80})?final"),
    (r"Here(?:'s| is) my thought process:", r"Here(?:'s| is) my response:"),  # Granite
)
