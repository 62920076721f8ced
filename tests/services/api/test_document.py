"""The API does what its OpenAPI document says, whatever it is asked."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from seep.settings import Settings
from tests.builders import TOKEN
from tests.services.api.applications import made_once
from tests.services.api.test_resources import LAST
from tests.stored import Stored

pytestmark = pytest.mark.slow

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
EXAMPLES = 20
bounded = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))


# Names that there are: what is drawn at random finds nothing.
NAMES = {"run_id": LAST, "monitor": "daily"}
ASKED = {
    "/v1/series": {"target": "stub", "suite": "colours", "metric": "bert_score"},
    "/v1/runs/{run_id}/verdicts": {"baseline": "window"},
    "/v1/rates": {"run": LAST},
    "/v1/rates/pooled": {"run": LAST},
    "/v1/compare": {"run": LAST, "baseline": "window"},
}
# The run is one of another probe.
REFUSED = {"/v1/runs/{run_id}/languages"}


def is_empty(body: object) -> bool:
    """Whether a list, or the one list of a page, is empty."""
    lists = [row for row in body.values() if isinstance(row, list)] if isinstance(body, dict) else [body]
    return lists == [[]]


def operations_of(document: Any) -> list[Any]:
    """All operations of the document, none of which may be broken."""
    return [found.ok() for found in document.get_all_operations()]


def test_what_there_is_is_answered_as_documented(filled: Stored, settings: Settings) -> None:
    app = made_once(filled, settings)
    document = schemathesis.openapi.from_asgi("/v1/openapi.json", app, headers=HEADERS)
    for operation in operations_of(document):
        names = {name: value for name, value in NAMES.items() if f"{{{name}}}" in operation.path}
        case = operation.Case(path_parameters=names, query=ASKED.get(operation.path, {}))
        answer = case.call_and_validate(headers=HEADERS)
        refused = operation.path in REFUSED
        assert (operation.path, answer.status_code) == (operation.path, 400 if refused else 200)
        assert refused or not is_empty(answer.json()), operation.path


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_finds_a_fault(filled: Stored, settings: Settings, mode: GenerationMode) -> None:
    app = made_once(filled, settings)
    document = schemathesis.openapi.from_asgi("/v1/openapi.json", app, headers=HEADERS)
    # 400 and 404 are documented: that a run is not there, or a cursor no page's, is nothing that a schema could say.
    document.config.checks.positive_data_acceptance.expected_statuses = ["200", "400", "404"]
    operations = operations_of(document)
    assert len(operations) == 21
    for operation in operations:

        @bounded
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_documented(case: schemathesis.Case[Any]) -> None:
            # Where what is wrong is that the token is missing, it stays missing.
            named = {name.lower() for name in case.headers or {}}
            case.call_and_validate(headers=HEADERS if "authorization" in named else None)

        answers_as_documented()
