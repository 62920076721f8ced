"""What the tests of a failing endpoint have in common."""

import pytest


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.generator.circuit_breaker.PAUSE", lambda state: 0.01)
    monkeypatch.setattr("services.generator.circuit_breaker.JITTER", lambda state: 0.0)
    monkeypatch.setattr("services.generator.limits.SPREAD_SECONDS", 0.0)
