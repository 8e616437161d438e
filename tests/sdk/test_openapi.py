"""The API is what its own description says: schemathesis asks everything, right and wrong."""

import json

import pytest
import schemathesis
from control import HERE, TOKEN, controlled, people
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


SCHEMA = schemathesis.openapi.from_path(HERE.parent / "cases" / "openapi.json")
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
EXAMPLES = 15


@pytest.fixture(scope="module")
def pair():
    with controlled() as pair:
        yield pair


def test_the_description_is_the_one_that_is_served(pair):
    with people(pair) as api:
        served = api.get("/openapi.json").json()
    assert served == json.loads((HERE.parent / "cases" / "openapi.json").read_text())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_call_answers_as_described(pair, label, mode):
    try:
        cases = OPERATIONS[label].as_strategy(generation_mode=mode)
    except Unsatisfiable:
        return  # nothing can be wrong with a call that takes nothing

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def asked(case):
        headers = {"authorization": f"Bearer {TOKEN}"}
        case.call_and_validate(base_url=pair.admin, headers=headers, checks=CHECKS)

    asked()
