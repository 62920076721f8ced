"""The page of the HTTP API holds every route, parameter and record of the application."""

from checks.http_api_reference import openapi, page


def test_every_route_stands_there_once_with_its_parameters() -> None:
    text = page()
    for path, methods in openapi()["paths"].items():
        for method, route in methods.items():
            assert text.count(f"\n### {method.upper()} {path}\n") == 1
            section = text.split(f"\n### {method.upper()} {path}\n")[1].split("\n### ")[0]
            assert all(f"| `{parameter['name']}` |" in section for parameter in route.get("parameters", ()))


def test_every_record_that_an_answer_names_is_described() -> None:
    document, text = openapi(), page()
    assert len(document["components"]["schemas"]) > 10
    assert all(text.count(f"\n### {name}\n") == 1 for name in document["components"]["schemas"])


def test_a_field_stands_with_its_type() -> None:
    section = page().split("\n### RunsPage\n")[1].split("\n### ")[0]
    assert "| `runs` | list of RunSummary |" in section
    assert "| `next` | text or null |" in section
