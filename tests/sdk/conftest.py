"""A pair for the whole session, and clients of the official SDK that differ from OpenAI's by their `base_url` alone."""

import sys
from pathlib import Path

import openai
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))
from pair import Pair  # noqa: E402


@pytest.fixture(scope="session")
def pair():
    with Pair(HERE / "attache.yaml", mock_arguments=["--record", "16"]) as pair:
        yield pair


@pytest.fixture
def client(pair):
    with openai.OpenAI(base_url=f"{pair.front}/v1", api_key="unused", max_retries=0) as client:
        yield client
