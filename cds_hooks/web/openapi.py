"""`GET /openapi.json`: every address of the service, with the schemas that requests and answers are checked by.

The addresses stand in schema/openapi.json; what is sent and answered, in the schemas beside it, which are looked up
here and written nowhere twice. An address with `{service}` in it stands for one of each service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from cds_hooks.json_schema import load_json, load_validator
from cds_hooks.services.service import Service
from cds_hooks.web.engine import engine
from cds_hooks.web.health import find_version

_SCHEMA = re.compile(rb'"#/components/schemas/([a-z-]+)"')

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def describe() -> Response:
    """The description of the service; open to all, as it says nothing of anybody."""
    services = next(iter(engine().tenants.values())).content.services
    return Response(orjson.dumps(make_document(services.values(), find_version())), content_type="application/json")


def make_document(services: Iterable[Service], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these services."""
    document: dict[str, Any] = load_json("openapi.json")
    document["info"]["version"] = version
    listed = list(services)
    document["paths"] = dict(each for path, item in document["paths"].items() for each in _expand(path, item, listed))
    named = sorted(set(_SCHEMA.findall(orjson.dumps(document))))
    document["components"]["schemas"] = {name.decode(): _find_schema(name.decode()) for name in named}
    return document


def _expand(path: str, item: Any, services: Iterable[Service]) -> Iterator[tuple[str, Any]]:
    """The path as it is, or once for each service."""
    if "{service}" not in path:
        yield path, item
        return
    for service in services:
        text = orjson.dumps(item).decode()
        for word, value in (("service", service.id), ("hook", service.hook), ("title", service.title)):
            text = text.replace(f"{{{word}}}", value)
        yield path.replace("{service}", service.id), orjson.loads(text)


def _find_schema(name: str) -> Any:
    """The schema that is checked by, without the name of its dialect: that of OpenAPI 3.1 is the same."""
    schema = load_validator(name).schema
    return {key: value for key, value in schema.items() if key != "$schema"} if isinstance(schema, dict) else schema
