"""What is recorded of Portkey's gateway is what it does.

`tests/cases/portkey/gateway.jsonl` has a config, a request and the outcomes per line, and which targets the gateway called.
The unit tests of `src/import/portkey` compare with it what the imported graphs do. `UPDATE=1` records it anew.
"""

import json
import os
from pathlib import Path

import pytest
from portkey import configs, gateway

HERE = Path(__file__).parent
RECORD = HERE.parent / "cases" / "portkey" / "gateway.jsonl"
NODE = Path(os.environ.get("NODE_MODULES", HERE.parent.parent / ".tools/node/node_modules"))
COUNT = 500


@pytest.fixture(scope="module")
def asked():
    cases = configs.cases(COUNT)
    with gateway.serving(NODE) as portkey:
        return cases, portkey.ask_all(cases)


def test_the_gateway_does_what_is_recorded(asked):
    told = [case | {"called": called, "status": status} for case, (called, status) in zip(*asked)]
    if os.environ.get("UPDATE"):
        RECORD.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in told))
    recorded = [json.loads(line) for line in RECORD.read_text().splitlines()]
    unlike = [n for n, (one, other) in enumerate(zip(told, recorded, strict=True)) if trace(one) != trace(other)]
    assert not [(n, told[n]) for n in unlike]


def trace(case):
    """All that does not rest on the gateway's dice."""
    return case if not rolls(case["config"]) else {key: case[key] for key in ("config", "request", "outcomes")}


def rolls(config):
    """Whether more than one target of a loadbalance can be chosen."""
    targets = config.get("targets", [])
    mode = config.get("strategy", {}).get("mode")
    open_to = [target for target in targets if target.get("weight", 1)]
    return (mode == "loadbalance" and len(open_to) > 1) or any(rolls(target) for target in targets)
