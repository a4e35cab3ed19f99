"""The API keeps to its own description, whatever a program sends: no 5xx, no status or body that it does not name."""

from itertools import cycle
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from db.ids import new_id
from tests.web.conftest import Web, web
from tests.web.story import a_meeting, deliver, told

__all__ = ["web"]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

few = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def test_every_operation_keeps_to_its_description(web: Web) -> None:
    app = web.http.app
    lead_ids = cycle([str(deliver(web.hands, told(web.client, a_meeting()))), str(new_id()), None])
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    tokens = cycle([web.token("admin"), web.token("read"), {"Authorization": "Bearer nobody"}])
    tried: set[str] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @few
        @given(case=operation.as_strategy())
        def holds(case: Any) -> None:
            if "lead_id" in case.path_parameters and (lead_id := next(lead_ids)) is not None:
                case.path_parameters["lead_id"] = lead_id
            case.call_and_validate(headers=next(tokens), checks=CHECKS)
            tried.add(f"{case.method} {case.operation.path}")

        holds()
    assert len(tried) >= 4, tried
