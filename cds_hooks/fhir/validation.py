"""Validation by fhir.resources, for what decides: selected orders, matched observations, all that is sent.

A vendor's extra member must not lose a result: the answer is a list of problems (path and rule, never a value: no
PHI), and the caller goes on with its tolerant reading and says so. fhir.resources does not check required bindings
such as `status`; the readers do that themselves. Between calls only the classes and
verdicts are kept, nothing of a resource.
"""

from __future__ import annotations

import importlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from cds_hooks.fhir.coding import resource_type
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.verdicts import Verdicts

_LOG = logging.getLogger(__name__)
_PACKAGES = {"R4": "fhir.resources.R4B", "R5": "fhir.resources"}
_KINDS = frozenset(
    {"Observation", "DiagnosticReport", "MedicationRequest", "MedicationStatement", "Medication", "ServiceRequest",
     "Patient", "Condition", "Procedure", "AllergyIntolerance", "Bundle", "OperationOutcome", "CapabilityStatement",
     "DetectedIssue", "Task", "Provenance", "AuditEvent", "Consent"}
)  # fmt: skip
_TYPICAL = Path(__file__).with_name("typical_resources.json")
_MAX_PROBLEMS = 5
_VERDICTS = Verdicts()


@lru_cache(maxsize=64)
def load_model(kind: str, release: str) -> Any | None:
    """The class of a resource type in a release ("R4" or "R5"); None for a type that is never validated here."""
    package = _PACKAGES.get(release)
    if package is None or kind not in _KINDS:
        return None
    module = importlib.import_module(f"{package}.{kind.lower()}")
    return getattr(module, kind)


def validate(resource: Json, release: str) -> tuple[str, ...]:
    """What is wrong with a resource, at most five problems as "path: rule"; empty where it is valid."""
    return _VERDICTS.recall(resource, release, lambda: find_problems(resource, release))


def find_problems(resource: Json, release: str) -> tuple[str, ...]:
    """What `validate` answers, found by validating this very resource."""
    kind = resource_type(resource)
    model = load_model(kind or "", release)
    if model is None:
        return (f"{kind or 'a resource without a type'} is not validated in {release}",)
    try:
        model.model_validate(dict(resource))
    except ValidationError as error:
        return tuple(dict.fromkeys(_describe(one) for one in error.errors(include_url=False)[:_MAX_PROBLEMS]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # An unknown resourceType inside raises a bare KeyError, deep nesting a RecursionError (fhir.resources 8).
        return (f"{kind}: {type(error).__name__}",)
    return ()


def state_problems(resource: Json, release: str) -> str | None:
    """One sentence for the card or the log where a resource is invalid and was read all the same; None where valid."""
    problems = validate(resource, release)
    if not problems:
        return None
    _LOG.warning("invalid %s read tolerantly: %s", resource_type(resource), "; ".join(problems))
    return f"the resource is not valid FHIR {release} and was read all the same ({problems[0]})"


def warm_up(release: str = "R4") -> None:
    """Load and build the classes of the hot path, so that no request pays for it (call before the workers fork).

    fhir.resources loads a nested class when it first meets one, hence resources with the usual members.
    """
    for resource in orjson.loads(_TYPICAL.read_bytes()):
        validate(resource, release)


def _describe(error: Any) -> str:
    """Path and rule. The message of fhir.resources may repeat input, so the rule's name is used, never the text.

    Member names come from the sender, too: one that is no plain FHIR name is not repeated.
    """
    parts = [str(part) for part in error.get("loc", ())]
    path = ".".join(part if part.replace("_", "").isalnum() and len(part) <= 40 else "?" for part in parts)
    return f"{path or 'resource'}: {error.get('type', 'invalid')}"
