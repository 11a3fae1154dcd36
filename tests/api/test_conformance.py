"""schemathesis holds the API against its own document: bounded by default, long in the soak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, CheckFunction
from schemathesis.schemas import APIOperation

from kalshi_desk.api import guard
from kalshi_desk.api.offers import BASE, OFFERS
from kalshi_desk.api.openapi import document
from tests.api.core_desk import AUTHORIZED, Served, served
from tests.running_desk import running_desk

OPERATIONS = [
    found.ok() for found in schemathesis.openapi.from_dict(document()).get_all_operations()
]
NOT_OF_A_REAL_ONE = [CHECKS.get_one("positive_data_acceptance"), CHECKS.get_one("ignored_auth")]
"""A threshold of a strategy that a desk has not got is refused, however good the number is, and
callers without the token and without measure are told to wait."""
EVERY_OPERATION = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.label
)


def try_out(
    operation: APIOperation,
    url: str,
    headers: dict[str, str],
    *,
    examples: int,
    excluded: Sequence[CheckFunction] = (),
) -> None:
    """Call an operation in allowed and in forbidden ways, and judge every answer."""
    for mode in GenerationMode:

        @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            response = case.call(base_url=url, headers=headers, timeout=30)
            case.validate_response(response, excluded_checks=list(excluded))

        check()


@pytest.fixture(scope="module")
def open_api() -> Iterator[Served]:
    """An API that lets every call through, however many."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KNOWN_BURST", "STRANGER_BURST"):
            patch.setattr(guard, name, 10**9)
        with served() as api:
            yield api


@EVERY_OPERATION
def test_the_api_keeps_to_its_document(operation: APIOperation, open_api: Served) -> None:
    try_out(operation, open_api.url + BASE, AUTHORIZED, examples=8)


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
@EVERY_OPERATION
def test_the_api_of_a_real_engine_keeps_to_its_document(
    operation: APIOperation, real_api: tuple[str, dict[str, str]]
) -> None:
    url, headers = real_api
    # Each panic reads the whole account to prove itself, and the exchange limits readers too:
    # after many in a row the honest answer is that nothing is proven yet.
    examples = 5 if operation.path == "/panic" else 60
    try_out(operation, url, headers, examples=examples, excluded=NOT_OF_A_REAL_ONE)
