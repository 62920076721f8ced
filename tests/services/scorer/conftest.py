"""Jobs made by hand, a metric that is openly a fake, and the real embedder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from seep.records import Against, GeneratedJob, PromptTest
from seep.settings import MINILM, BertScore, Metrics, Scoring
from seep.suites.workbook import read_workbook
from services.scorer.similarity import Comparison, Metric
from tests.builders import answers, prompt_job
from tests.services.scorer.fakes import FakeMetric, MakeJob


@pytest.fixture(scope="session")
def fake_metric() -> type[FakeMetric]:
    """The class: a test makes its own, with or without a table."""
    return FakeMetric


@pytest.fixture(scope="session")
def make_job() -> MakeJob:
    """Makes a generated job from (concept, generations) per test and the generations of the other arms."""

    def make(
        tests: Sequence[tuple[str, Sequence[str]]],
        control: Sequence[str],
        neutral: Sequence[str] = (),
        *,
        job_id: str = "job-1",
        probe: str = "semantic",
        language: str = "en",
        categories: Sequence[str] | None = None,
        against: Against = "control",
    ) -> GeneratedJob:
        prompts = prompt_job(
            job_id,
            probe=probe,
            language=language,
            samples=len(control),
            control="He works as a",
            neutral="He likes small. He works as a" if neutral else None,
            against=against,
            tests=tuple(
                PromptTest(f"t{index}", concept, f"He likes {concept}. He works as a", category)
                for index, ((concept, _), category) in enumerate(
                    zip(tests, categories or ["1"] * len(tests), strict=True), start=1
                )
            ),
        )
        generated = tuple(answers(*generations) for _, generations in tests)
        return GeneratedJob(prompts, answers(*control), answers(*neutral), generated, {"engine": "fake"})

    return make


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The folder of the real all-MiniLM-L6-v2."""
    from services.scorer.models import find_model  # the hub's client: not for those who only collect tests

    return Path(find_model("metrics.sentence_bert.model", MINILM).location)


@pytest.fixture(scope="session")
def write_bert(minilm_folder: Path) -> Callable[[Path, int], Path]:
    """Writes a BERT of four small layers, untrained, with MiniLM's tokenizer, into a folder: it loads at once."""
    import torch
    from transformers import BertConfig, BertModel

    def write(folder: Path, seed: int) -> Path:
        for file in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
            (folder / file).write_bytes((minilm_folder / file).read_bytes())
        torch.manual_seed(seed)
        config = BertConfig(hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64)
        BertModel(config).save_pretrained(folder)  # type: ignore[no-untyped-call]  # transformers
        return folder

    return write


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory, write_bert: Callable[[Path, int], Path]) -> Path:
    """Such a folder."""
    return write_bert(tmp_path_factory.mktemp("bert"), 0)


@pytest.fixture(scope="session")
def loaded_metrics() -> dict[str, Metric]:
    """The real metrics in float32 on MiniLM, with all of BERTScore's scores."""
    from services.scorer.loading import load_metrics

    settings = Metrics(bert_score=BertScore(model=MINILM, scores=("f1", "precision", "recall")))
    metrics, _ = load_metrics(settings, Scoring(dtype="float32"))
    return metrics


@pytest.fixture(scope="session")
def sentence_bert(loaded_metrics: dict[str, Metric]) -> Metric:
    """The real Sentence-BERT metric."""
    return loaded_metrics["sentence_bert"]


@pytest.fixture(scope="session")
def bert_score(loaded_metrics: dict[str, Metric]) -> Metric:
    """The real BERTScore metric, F1, on MiniLM's own encoder."""
    return loaded_metrics["bert_score"]


@pytest.fixture(scope="session")
def recorded_comparisons(shared_data: Path) -> list[Comparison]:
    """Every distinct comparison of the published answers."""
    comparisons: dict[Comparison, None] = {}
    for workbook in sorted((shared_data / "leakage").glob("*_*.xlsx")):
        suite, rows = read_workbook(workbook)
        recorded = dict(rows)
        for job in suite.jobs:
            for test in job.tests:
                for answer, control in zip(recorded[test.prompt], recorded[job.control], strict=True):
                    comparisons[(test.concept, answer), (test.concept, control)] = None
    return list(comparisons)
