"""The API is what its own description says: schemathesis asks everything, right and wrong."""

import pytest
import schemathesis
from control import TOKEN, controlled
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def described():
    with controlled() as pair:
        yield schemathesis.openapi.from_url(f"{pair.admin}/api/v1/openapi.json")


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_call_answers_as_described(case):
    case.call_and_validate(headers={"authorization": f"Bearer {TOKEN}"}, checks=CHECKS)
