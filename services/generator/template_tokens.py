"""Takes off a text what belongs to a chat template: a server that ends an answer elsewhere than its model leaves it in.

Pure, and linear in the text.
"""

import re

# Who speaks, before the answer. The word "assistant" alone, what is left of Llama's header without its special tokens,
# is also somebody's work: it stays.
LEAD = re.compile(
    r"(?:[\s\ufeff\u200b-\u200f\u2060]|<s>|<bos>|<\|begin_of_text\|>|<\|startoftext\|>|<\|im_start\|>(?:assistant)?"
    r"|<\|start_header_id\|>assistant<\|end_header_id\|>|<start_of_turn>model|<\|turn>model|<\|(?:assistant|model|bot)\|>"
    r"|<\uff5cAssistant\uff5c>|\[/INST\]|<\|START_OF_TURN_TOKEN\|>|<\|CHATBOT_TOKEN\|>|<\|start\|>assistant<\|message\|>)*+",
)
# What comes behind an answer: the end of a turn, or somebody else's.
END = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|eot|eos|endoftext|end_of_text|end_of_turn|end_turn|endofturn|end_of_sentence"
    r"|endofassistant|end|return|call|user|system|assistant|observation|start_header_id|end_header_id|begin_of_text"
    r"|END_OF_TURN_TOKEN|START_OF_TURN_TOKEN|USER_TOKEN)\|>|<\uff5c[^\uff5c<>]{1,40}\uff5c>"
    r"|<(?:end_of_turn|start_of_turn|eos|bos|pad|EOT)>|<turn\|>|<\|turn>|\[/?INST\]|\[EOS\]|<<SYS>>"
)
LAST = "</s>"  # also HTML's, where a text strikes words out
MARKS = "<["


def without_lead(text: str) -> str:
    """The text behind the tokens that a template writes before an answer; the same text where there are none."""
    lead = LEAD.match(text)
    return text[lead.end() :] if lead and not lead[0].isspace() else text


def until_end(text: str) -> str:
    """The text before the first token that a template writes behind an answer; the same text where there is none."""
    if not any(mark in text for mark in MARKS):
        return text
    end = END.search(text)
    text = text[: end.start()].rstrip() if end else text
    return text[: text.index(LAST)].rstrip() if LAST in text and "<s>" not in text else text
