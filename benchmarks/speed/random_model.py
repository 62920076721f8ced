"""A model of Qwen2's architecture with random weights, whose tokenizer has learned the words of some prompts."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

END = "<|endoftext|>"
VOCABULARY = 2000
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)


def write_random_model(folder: Path, texts: Iterable[str]) -> None:
    """A model small enough that what surrounds it is most of the work: nothing hides behind matrix products."""
    learned = ByteLevelBPETokenizer()
    special = [END, "<|im_start|>", "<|im_end|>"]
    learned.train_from_iterator(texts, vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    folder.mkdir()
    learned.save_model(str(folder))
    tokenizer = Qwen2Tokenizer.from_pretrained(folder, chat_template=CHAT_TEMPLATE)
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        dtype="float32",
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
