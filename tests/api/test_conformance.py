"""schemathesis holds the API against its own document: bounded by default, long in the soak."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from kalshi_desk.api import guard
from kalshi_desk.api.offers import BASE, OFFERS
from kalshi_desk.api.openapi import document
from tests.api.core_desk import AUTHORIZED, Served, served
from tests.running_desk import running_desk

SCHEMA = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def open_api() -> Iterator[Served]:
    """An API that lets every call through, however many."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KNOWN_BURST", "STRANGER_BURST"):
            patch.setattr(guard, name, 10**9)
        with served() as api:
            yield api


@SCHEMA.parametrize()
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_the_api_keeps_to_its_document(case: Case, open_api: Served) -> None:
    response = case.call(base_url=open_api.url + BASE, headers=AUTHORIZED, timeout=10)
    case.validate_response(response)


@pytest.mark.parametrize("offer", [o for o in OFFERS if o.method == "GET"], ids=lambda o: o.name)
def test_every_answer_is_what_the_document_says(open_api: Served, offer: object) -> None:
    told = document()
    path = offer.path  # type: ignore[attr-defined]
    answer = open_api.call("GET", BASE + path)
    content = told["paths"][path]["get"]["responses"]["200"]["content"]
    media, described = next(iter(content.items()))
    assert answer.headers["content-type"].partition(";")[0] == media
    if media == "application/json":
        schema = {**described["schema"], "components": told["components"]}
        validator = jsonschema.Draft202012Validator(schema)
        validator.validate(answer.json())


@pytest.fixture(scope="module")
def real_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The API of a real engine."""
    root: Path = tmp_path_factory.mktemp("conformance") / "home"
    with running_desk(root, api=True) as desk:
        token = desk.home.api_token_path.read_text().strip()
        yield desk.ready["api"], {"Authorization": f"Bearer {token}"}


@pytest.mark.soak
@pytest.mark.timeout(900)
@SCHEMA.parametrize()
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_the_api_of_a_real_engine_keeps_to_its_document(
    case: Case, real_api: tuple[str, dict[str, str]]
) -> None:
    url, headers = real_api
    response = case.call(base_url=url, headers=headers, timeout=30)
    case.validate_response(response)
