"""The published rates and language-spill rows, to the last digit, through Kafka: one stack has all of them at once."""

from pathlib import Path

from tests.end_to_end.published import (
    MODELS,
    SETS,
    SPILL,
    assert_spill,
    expected,
    figures,
    import_completions,
    import_workbook,
    name_of,
    pool_of,
)
from tests.stack import stack_in


def test_rates_and_spill_with_three_services(shared_data: Path, tmp_path: Path) -> None:
    names = {name_of(prompts, model): (prompts, model) for prompts in SETS for model in MODELS}
    workbooks = {name: import_workbook(shared_data, tmp_path, *key) for name, key in names.items()}
    completions = {name: import_completions(shared_data, tmp_path, name) for name in SPILL}
    files = {name.replace("_", "-"): pair for name, pair in (workbooks | completions).items()}
    configuration = {
        "engines": {name: {"backend": "recorded", "file": str(recorded)} for name, (_, recorded) in files.items()},
        "targets": {name: {"engine": name} for name in files},
        "metrics": {"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": None},
        "scoring": {"mode": "published"},
    }
    with stack_in(tmp_path, configuration) as stack:
        del stack.services["api"]
        stack.start()
        runs = {name: stack.push(suite, name) for name, (suite, _) in files.items()}
        for run in runs.values():
            stack.wait_for_state(run, "complete")
        for name, (prompts, model) in names.items():
            printed = stack.seep("rates", runs[name], "--json", *pool_of(prompts)).stdout
            assert expected(shared_data, prompts, model).items() <= figures(printed).items()
        for condition in SPILL:
            assert_spill(condition, stack.seep("rates", runs[condition.replace("_", "-")], "--json").stdout)
