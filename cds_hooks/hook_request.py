"""A CDS Hooks request: from the bytes of the body to one frozen type.

The demands are those of CDS Hooks 2.0.1, "Calling a CDS Service" and the page of each hook
(https://cds-hooks.hl7.org/hooks/). What nothing rests on is read liberally: unknown members, `null` for "absent", a
Bundle without its type, drafts of any kind and completeness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from cds_hooks.errors import Fault, InvalidRequestError, MalformedRequestError, PatientMismatchError
from cds_hooks.json_schema import find_faults, make_pointer

Json = Mapping[str, Any]
"""One raw FHIR resource."""

DRUG_ORDERS = frozenset({"MedicationRequest", "MedicationOrder"})
"""Resource types of a drug order: R4 and R5, DSTU2."""

MOST_ORDERS = 100
"""Drug orders in one request: each is evaluated, and none may be passed over in silence."""
_MOST_DRAFTS = 1000
"""Entries of draftOrders and of selections."""
_WITH_DRAFTS = ("order-select", "order-sign")
_WITH_SELECTIONS = ("order-select",)
_BOM = b"\xef\xbb\xbf"
_PATIENT = re.compile(r"(?:^|/)Patient/([^/?#|\s]+)")


@dataclass(frozen=True)
class FhirAccess:
    """Where the patient's record can be read, and with what."""

    server: str
    """Base address without a slash at its end."""
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class HookRequest:
    """One call of one hook."""

    hook: str
    hook_instance: str
    user_id: str
    patient_id: str
    selections: tuple[str, ...] | None = None
    """References of the selected drafts; None: the EHR did not say, all count."""
    drafts: tuple[Json, ...] = ()
    """Every resource of context.draftOrders."""
    prefetch: Mapping[str, Json | None] = field(default_factory=dict)
    access: FhirAccess | None = None

    @property
    def selected_drafts(self) -> tuple[Json, ...]:
        """The drafts that the request asks about."""
        if self.selections is None:
            return self.drafts
        selected = frozenset(self.selections)
        return tuple(draft for draft in self.drafts if reference_of(draft) in selected)


def reference_of(resource: Json) -> str:
    """The relative reference of a resource, e.g. "MedicationRequest/1"; ends with "/" where it has no id."""
    return f"{resource.get('resourceType')}/{resource.get('id', '')}"


def parse_request(body: bytes, hook: str) -> HookRequest:
    """The request in the body of a call of a service for `hook`.

    Raises MalformedRequestError, InvalidRequestError (with every fault) or PatientMismatchError.
    """
    data = parse_json(body)
    if not isinstance(data, dict):
        raise InvalidRequestError(Fault("", "must be a JSON object", code="structure"))
    data = _drop_nulls(data)
    _require_bounds(data)
    faults = find_faults(hook, data)
    if faults:
        raise InvalidRequestError(*faults)
    _require_readable_server(data.get("fhirServer", ""))
    request = _build(data)
    _require_few_orders(request)
    _require_selected_drafts(request)
    _require_same_patient(request)
    return request


def parse_json(body: bytes) -> Any:
    """The JSON of a body. Raises MalformedRequestError with the place, never with what stands there."""
    try:
        return orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        what = error.msg.split(":")[0] if body else "it is empty"
        fault = Fault(
            "", f"the body is not JSON: {what}, at line {error.lineno}, column {error.colno}", code="structure"
        )
        raise MalformedRequestError(fault) from None


def _drop_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in data.items() if value is not None}
    context = kept.get("context")
    if isinstance(context, dict):
        kept["context"] = {key: value for key, value in context.items() if value is not None}
    return kept


def _require_bounds(data: Mapping[str, Any]) -> None:
    """Lists without end are refused before they are looked through."""
    context = data.get("context")
    listed = context if isinstance(context, dict) else {}
    drafted = listed.get("draftOrders")
    entries = drafted.get("entry") if isinstance(drafted, dict) else None
    faults = [
        Fault(f"/context/{where}", "holds more entries than are read", f"{_MOST_DRAFTS} are read.", "too-costly")
        for where, value in (("draftOrders/entry", entries), ("selections", listed.get("selections")))
        if isinstance(value, list) and len(value) > _MOST_DRAFTS
    ]
    if faults:
        raise InvalidRequestError(*faults)


def _require_few_orders(request: HookRequest) -> None:
    if sum(draft["resourceType"] in DRUG_ORDERS for draft in request.drafts) > MOST_ORDERS:
        mend = f"Send at most {MOST_ORDERS} in one call."
        fault = Fault("/context/draftOrders", "holds more drug orders than are evaluated", mend, "too-costly")
        raise InvalidRequestError(fault)


def _build(data: Mapping[str, Any]) -> HookRequest:
    """The request of valid data; what the hook's page does not list (drafts on patient-view, ...) is ignored."""
    context = data["context"]
    selections = context.get("selections") if data["hook"] in _WITH_SELECTIONS else None
    drafted = context["draftOrders"] if data["hook"] in _WITH_DRAFTS else {}
    return HookRequest(
        hook=data["hook"],
        hook_instance=data["hookInstance"],
        user_id=context["userId"],
        patient_id=context["patientId"],
        selections=tuple(selections) if selections else None,
        drafts=_read_drafts(drafted),
        prefetch=data.get("prefetch", {}),
        access=_read_access(data),
    )


def _read_drafts(bundle: Json) -> tuple[Json, ...]:
    drafts = tuple(entry["resource"] for entry in bundle.get("entry", ()))
    try:
        orjson.dumps(drafts)
    except orjson.JSONEncodeError:
        # A draft may be sent back in a suggestion, and orjson writes no more than 254 levels.
        fault = Fault("/context/draftOrders", "is nested too deeply", "No FHIR resource needs 254 levels.", "structure")
        raise MalformedRequestError(fault) from None
    return drafts


def _read_access(data: Mapping[str, Any]) -> FhirAccess | None:
    if "fhirServer" not in data:
        return None
    return FhirAccess(data["fhirServer"].rstrip("/"), data.get("fhirAuthorization", {}).get("access_token"))


def _require_readable_server(address: str) -> None:
    """What no pattern says of an address: brackets that are no IPv6 address, ports beyond bounds, odd letters."""
    try:
        sound = urlsplit(address).port != 0
    except ValueError:
        sound = False
    if not sound:
        fault = Fault("/fhirServer", "is no address that can be read", "Mind its host and port.", "value")
        raise InvalidRequestError(fault)


def _require_selected_drafts(request: HookRequest) -> None:
    """A selected drug order that was not sent along would be passed over in silence: refuse."""
    sent = {reference_of(draft) for draft in request.drafts}
    mend = "Send every selected order as an entry of draftOrders, with its id."
    faults = [
        Fault(f"/context/selections/{index}", "names a drug order that draftOrders does not hold", mend, "not-found")
        for index, selection in enumerate(request.selections or ())
        if selection not in sent and selection.partition("/")[0] in DRUG_ORDERS
    ]
    if faults:
        raise InvalidRequestError(*faults)


def _require_same_patient(request: HookRequest) -> None:
    """All data must be of `context.patientId`; which ones are not is said by their place."""
    mend = "context.patientId and the data must be of one patient."
    faults = [
        Fault(make_pointer(place), "is of another patient than /context/patientId", mend, "conflict")
        for place in _find_others(request)
    ]
    if faults:
        raise PatientMismatchError(*faults)


def _find_others(request: HookRequest) -> Iterator[tuple[str | int, ...]]:
    """Places that name another patient."""
    sent = request.prefetch.get("patient")
    if (
        sent is not None
        and sent.get("resourceType") == "Patient"
        and sent.get("id", request.patient_id) != request.patient_id
    ):
        yield "prefetch", "patient", "id"
    for index, draft in enumerate(request.drafts):
        for member in _others_in(draft, request.patient_id):
            yield "context", "draftOrders", "entry", index, "resource", member
    for key, value in request.prefetch.items():
        entries = value.get("entry") if value is not None else None
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            for member in _others_in(resource, request.patient_id) if isinstance(resource, dict) else ():
                yield "prefetch", key, "entry", index, "resource", member


def _others_in(resource: Json, patient_id: str) -> list[str]:
    """Members of a resource that name another patient; a subject that names none plainly proves nothing."""
    own = f"Patient/{patient_id}"
    others = []
    for member in ("subject", "patient"):
        holder = resource.get(member)
        text = holder.get("reference") if isinstance(holder, dict) else None
        if text == own or not isinstance(text, str):
            continue
        found = _PATIENT.search(text)
        if found is not None and found[1] != patient_id:
            others.append(member)
    return others
