"""Requests that are made up from the OpenAPI document: none may break the service."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from .conftest import Server

# not response_schema_conformance, which misreads `prefixItems`: test_api.py checks answers against models
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    status_code_conformance,
]
VERBS = {"fold", "embed", "degrade", "repair", "scan", "design", "structure", "convert", "jobs"}
OPERATIONS = {f"POST /api/{verb}" for verb in VERBS} | {
    f"GET /api/{name}" for name in ("health", "version", "models", "examples", "jobs/{job_id}")
}


@pytest.fixture(scope="module")
def openapi(server: Server) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}api/openapi.json")


def test_made_up_requests(openapi: schemathesis.BaseSchema) -> None:
    operations = [result.ok() for result in openapi.get_all_operations()]
    assert {operation.label for operation in operations} == OPERATIONS | {"DELETE /api/jobs/{job_id}"}
    for operation in operations:

        @settings(
            max_examples=15,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        holds()
