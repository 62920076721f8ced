"""How probable it is that a small model goes on in given words, by its own next-token probabilities."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, Qwen2ForCausalLM

from calibration.grammar import END
from seep.quiet import quieten


@torch.inference_mode()
def probabilities(model: Path, requested: Sequence[tuple[str, Sequence[str]]], temperature: float) -> list[float]:
    """Of each plain prompt with an answer's tokens: how probable it is that a sampled answer begins with these words.

    Words are whole: a token without a blank before it would go on in the last one. Sampled from the whole vocabulary;
    the temperature is above 0.
    """
    quieten()
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = Qwen2ForCausalLM.from_pretrained(model, dtype=torch.float32)
    prompts = [tokenizer.encode(prompt) for prompt, _ in requested]
    token_of = tokenizer.get_vocab()
    answers = [[token_of[token] for token in tokens] for _, tokens in requested]
    rows = [torch.tensor([*prompt, *answer]) for prompt, answer in zip(prompts, answers, strict=True)]
    logits = network(input_ids=pad_sequence(rows, batch_first=True)).logits
    shares = (logits.double() / temperature).log_softmax(-1)
    apart = torch.tensor([number for token, number in token_of.items() if token == END or token[0].isspace()])
    found = []
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        places = torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1)
        whole_word = shares[row, len(prompt) + len(answer) - 1, apart].logsumexp(0)
        found.append(float((shares[row, places, torch.tensor(answer)].sum() + whole_word).exp()))
    return found


def mean_by_category(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each category's values, which are shares, in percent, and that of all values."""
    grouped: defaultdict[str, list[float]] = defaultdict(list)
    for category, value in values:
        grouped[category].append(value)
        grouped["all"].append(value)
    return {category: 100 * sum(found) / len(found) for category, found in grouped.items()}
