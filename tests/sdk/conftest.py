"""Pairs for the whole session, and clients of the official SDKs that differ from others by their `base_url` alone."""

import os
import sys
from pathlib import Path

import anthropic
import fakes
import openai
import pytest
from oracles.credentials import google_account

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))
from control import controlled, people  # noqa: E402
from pair import Pair  # noqa: E402


@pytest.fixture(scope="session")
def pair():
    with Pair(HERE / "attache.yaml", mock_arguments=["--record", "16"]) as pair:
        yield pair


@pytest.fixture
def client(pair):
    with openai.OpenAI(base_url=f"{pair.front}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Two pairs on one store, before which everybody needs a key."""
    os.environ["STORE"] = str(tmp_path_factory.mktemp("store"))
    with controlled("shared.yaml") as one, controlled("shared.yaml") as other:
        yield one, other


@pytest.fixture(scope="session")
def office(shared):
    """Our own API of the first of the two, for who may everything."""
    with people(shared[0]) as api:
        yield api


@pytest.fixture(scope="session")
def served():
    """The fake providers."""
    with fakes.serving() as served:
        yield served


@pytest.fixture(scope="session")
def wheel(served):
    """A pair before the fake providers."""
    os.environ["GOOGLE_KEY"] = google_account()[0]
    for name, fake in served.items():
        os.environ[f"{name.upper().replace('-', '_')}_URL"] = fake.url
    with Pair(HERE / "dialects.yaml") as pair:
        yield pair


@pytest.fixture
def heard(wheel, served):
    """What each provider hears in this test; none of its requests may be complained about."""
    for fake in served.values():
        fake.forget()
    yield lambda name: served[name].heard
    assert [one for fake in served.values() for one in fake.forget()] == []


@pytest.fixture(scope="session")
def gpt(wheel):
    """OpenAI's SDK before the fake providers."""
    with openai.OpenAI(base_url=f"{wheel.front}/v1", api_key="unused", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture(scope="session")
def claude(wheel):
    """Anthropic's SDK before the fake providers."""
    with anthropic.Anthropic(base_url=wheel.front, api_key="unused", max_retries=0, timeout=20) as client:
        yield client
