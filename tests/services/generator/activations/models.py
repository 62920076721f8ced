"""Models of random weights, and fine-tunes of them, small enough to be made in each test."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AddedToken, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

WORDS = ("the", "dog", "cat", "house", "runs", "sleeps", "bread", "cake", "oven", "flour", "1135", "man", "hello")
SIGNS = ("?", "->", "\n")
DOCUMENTS = tuple(
    f" the {noun} {verb} the {other}" for noun in WORDS[1:4] for verb in WORDS[4:6] for other in WORDS[1:4]
)
END = "<end>"


def tokenizer(words: tuple[str, ...] = WORDS) -> Qwen2Tokenizer:
    """One token a word, with its blank."""
    made = Qwen2Tokenizer(vocab={END: 0}, merges=[], unk_token=END, eos_token=END, pad_token=END)
    known = [*(f" {word}" for word in words), *words, *SIGNS, *(f" {sign}" for sign in SIGNS)]
    made.add_tokens([AddedToken(word, normalized=False) for word in known])
    return made


def random_model(
    seed: int = 1, hidden: int = 16, layers: int = 3, vocabulary: int = 40, intermediate: int | None = None
) -> Qwen2ForCausalLM:
    """A decoder whose weights are random."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate or 2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        initializer_range=0.3,
        dtype="float32",
    )
    return Qwen2ForCausalLM(config)  # type: ignore[no-untyped-call]


def write_model(folder: Path, model: PreTrainedModel | None = None, words: tuple[str, ...] = WORDS) -> Path:
    """A model with its tokenizer, as a folder that loads."""
    (model or random_model()).save_pretrained(folder)
    tokenizer(words).save_pretrained(folder)
    return folder


def write_adapter(folder: Path, base: Path, spread: float = 0.3, **fields: Any) -> Path:
    """A LoRA adapter of the model in `base`, whose matrices are random; `fields` are of its configuration."""
    model = Qwen2ForCausalLM.from_pretrained(base)
    torch.manual_seed(2)
    chosen: dict[str, Any] = {"r": 2, "target_modules": ["down_proj"], "task_type": "CAUSAL_LM"} | fields
    config = LoraConfig(**chosen)
    peft = get_peft_model(model, config)
    for name, weight in peft.named_parameters():
        if "lora_B" in name or (name.endswith("bias") and fields.get("bias")):
            torch.nn.init.normal_(weight, std=spread)
    peft.save_pretrained(str(folder))
    return folder
