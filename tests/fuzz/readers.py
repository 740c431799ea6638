"""The readers that are fuzzed: each with what it is given, and the exceptions that it declares."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from cds_hooks.clients import make_local_client
from cds_hooks.commands.identify import identify
from cds_hooks.commands.read import describe
from cds_hooks.commands.translate import translate
from cds_hooks.content import load_content
from cds_hooks.errors import EdgeError, RequestError
from cds_hooks.fhir.gene_file import read_gene_results
from cds_hooks.hook_request import parse_request
from cds_hooks.records.feedback import read_feedback
from cds_hooks.settings import Settings
from cds_hooks.tenant import Tenant, build_tenants
from cds_hooks.web.answer import work_out
from knowledge.loading.load import CONTENT, KINDS, check_document
from knowledge.loading.strict_yaml import load_strict
from tests.fuzz.mutations import ODD_TEXTS, spoiled_bytes, spoiled_json, spoiled_text

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 23)
SETTINGS = Settings(
    database="sqlite://", fhir_timeout=0.01, fhir_budget=0.01, fhir_hosts=("fhir.invalid",), reload=False
)
"""Nothing is asked on the network: an address that a spoiled request names is not allowed."""


@dataclass(frozen=True)
class Reader:
    """One reader: `read` is called with what `given` makes, and raises `declared` at most."""

    given: st.SearchStrategy[Any]
    read: Callable[[Any], object]
    declared: tuple[type[Exception], ...] = ()
    weight: int = 1
    """How much of the time it gets."""


def build_readers() -> Mapping[str, Reader]:
    """Every reader by name, over the corpus of the repository."""
    settings = SETTINGS
    tenant = build_tenants([make_local_client(settings)], settings, load_content(settings))["local"]
    library, names = tenant.content.library, tenant.content.names
    requests = load_requests()
    diplotypes = st.tuples(st.sampled_from(sorted(library.genes)), spoiled_text(_DIPLOTYPES) | st.text(max_size=30))
    return {
        "flow": Reader(spoiled_json(requests), lambda data: _flow(tenant, data), (EdgeError, RecursionError), 8),
        "request": Reader(
            spoiled_bytes(requests), lambda body: parse_request(body, "order-select"), (RequestError, RecursionError), 2
        ),
        "results": Reader(
            spoiled_json(_load_resources(requests)), lambda data: _results(tenant, data), (RecursionError,), 4
        ),
        "feedback": Reader(spoiled_bytes(_FEEDBACK), read_feedback, (RequestError, RecursionError)),
        "display name": Reader(
            spoiled_text(_NAMES) | st.text(max_size=60), lambda text: orjson.dumps(identify(names, text))
        ),
        "diplotype": Reader(diplotypes, lambda pair: translate(library, *pair)),
        "content file": Reader(st.tuples(*_spoiled_files()), _content_file, (), 2),
    }


def _flow(tenant: Tenant, data: Any) -> bytes:
    """From a request as it was parsed to the bytes of its answer."""
    hook = data.get("hook") if isinstance(data, dict) else None
    services = {service.hook: service for service in tenant.content.services.values()}
    service = services.get(hook if isinstance(hook, str) else "", services["order-sign"])
    body = orjson.dumps(data) if _fits(data) else b"{}"
    request = parse_request(body, service.hook)
    return orjson.dumps(work_out(request, service, tenant, TODAY).to_json())


def _fits(data: Any) -> bool:
    try:
        orjson.dumps(data)
    except orjson.JSONEncodeError:
        return False
    return True


def _results(tenant: Tenant, data: Any) -> None:
    """What `pgx-cds read` does with one resource."""
    if isinstance(data, dict):
        for result in read_gene_results(data, tenant.content.library):
            describe("file", result, tenant.content.library)


def _content_file(given: tuple[str, str]) -> None:
    kind, text = given
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoiled.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        check_document(load_strict(path), kind)


def _spoiled_files() -> Iterator[st.SearchStrategy[str]]:
    names = {"drugs": "clopidogrel", "genes": "CYP2C19", "modulators": "CYP2D6", "conditions": "pregnancy"}
    names["formulas"] = "gage"
    texts = [(CONTENT / folder / f"{name}.yaml").read_text(encoding="utf-8") for folder, name in names.items()]
    yield st.sampled_from(sorted(KINDS.values()))
    yield spoiled_text([*texts, "*2: *3\n", "&a [*a]", "a: {b: [1, 2.5, null]}", "? [a]\n: b\n", "--- 1\n--- 2\n"])


def load_requests() -> Sequence[dict[str, Any]]:
    """The golden requests, and some of them without their prefetch."""
    paths = sorted((ROOT / "tests" / "golden").glob("*/*/request.json"))
    requests = [orjson.loads(path.read_bytes()) for path in paths if path.stat().st_size < 60_000]
    whole = [request for request in requests if isinstance(request, dict)]
    return [*whole, *(_ask_server(request) for request in whole[::6])]


def _ask_server(request: dict[str, Any]) -> dict[str, Any]:
    """The request without its prefetch: all of it has to be fetched, from an address that is spoiled as well."""
    access = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "s", "subject": "s"}
    kept = {key: value for key, value in request.items() if key != "prefetch"}
    return kept | {"fhirServer": "https://elsewhere.invalid/r4", "fhirAuthorization": access}


def _load_resources(requests: Sequence[Any]) -> Sequence[Any]:
    """The typical resources, and every resource and Bundle of the requests' prefetch."""
    typical = orjson.loads((ROOT / "cds_hooks" / "fhir" / "typical_resources.json").read_bytes())
    sent = [value for request in requests for value in (request.get("prefetch") or {}).values() if value]
    return [*typical, *sent]


_DIPLOTYPES = (
    "*1/*2",
    "*1x2/*4",
    "*36+*10/*1",
    "(*68)+*4/*41",
    "c.1905+1G>A (*2A)/Reference",
    "*57:01 positive",
    "A*31:01:02/A*02:01",
    "rs9923231 variant (T)/rs9923231 reference (C)",
    "m.1555A>G",
    "B (reference)/A- 202A_376G",
    "H1/H2 or H3/H4",
    "*1/*2 [likely], *3/*5",
    *ODD_TEXTS[:12],
)
_NAMES = (
    "||Clopidogrel 75 MG Oral Tablet",
    "rxnorm|309362|clopidogrel 75 MG Oral Tablet",
    "ndc|0093-7314-56|",
    "atc|B01AC04|",
    "||Acetaminophen 300 MG / Codeine Phosphate 30 MG Oral Tablet [Tylenol with Codeine]",
    "http://snomed.info/sct|386952008|Clopidogrel",
    "||warfarin sodium 2.5 MG Oral Tablet (Coumadin)",
    "|||",
)
_REASON = {"reason": {"code": "c", "system": "s", "display": "d"}, "userComment": "x"}
_FEEDBACK = (
    {
        "feedback": [
            {
                "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
                "outcome": "accepted",
                "acceptedSuggestions": [{"id": "1"}, {"id": "2"}],
                "outcomeTimestamp": "2026-02-01T10:30:00Z",
            },
            {
                "card": "2",
                "outcome": "overridden",
                "overrideReason": _REASON,
                "overrideReasons": [_REASON],
                "outcomeTimestamp": "2026-02-01T10:30:00.5+01:00",
            },
        ]
    },
)
