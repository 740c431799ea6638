"""Audit rows as FHIR AuditEvents (R4) in the shapes of IHE BALP 1.1 (https://profiles.ihe.net/ITI/BALP/).

One call makes several: PatientQuery or PatientRead for each FHIR read, AuthZconsent for the decision on consent,
PrivacyDisclosure.Source where cards left, and one plain `rest` event for the call itself. Only what went well claims
a profile: BALP's are for successes. What a profile asks for and the audit does not hold is not made up: values of
search parameters are not kept, so that a query shows their names alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from cds_hooks.records.chain import ChainRow

Json = dict[str, Any]

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_ROLE_CLASS = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_SECURITY_ROLE = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_BALP = "https://profiles.ihe.net/ITI/BALP"
_SOFTWARE = {"display": "pgx-cds"}
_SUCCESS, _MINOR, _SERIOUS = "0", "4", "8"
_NAME, _URI = "1", "5"


def to_audit_events(row: ChainRow) -> Iterator[Json]:
    """The AuditEvents of one row of the audit, the call itself first."""
    said = orjson.loads(row.body)
    for number, event in enumerate(_make_events(said)):
        event["id"] = _make_id(row.chain, row.seq, number)
        event["recorded"] = row.recorded
        yield event


def _make_id(chain: str, seq: int, number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:uuid:{chain}#{seq}.{number}"))


def _make_events(said: Mapping[str, Any]) -> Iterator[Json]:
    if said["kind"] == "purge":
        yield _make_purge(said)
        return
    if said["kind"] == "feedback" and said["status"] == 200:
        yield _make_feedback(said)
        return
    yield _make_operation(said)
    for read in said.get("reads", ()):
        yield _make_read(said, read)
    if "consent" in said:
        yield _make_decision(said)
    if said.get("cards"):
        yield _make_disclosure(said)


def _make_operation(said: Mapping[str, Any]) -> Json:
    """The call itself: what was asked, by whom, on which content, with which outcome."""
    agents = [_agent("110153", said["tenant"]), _agent("110152", "pgx-cds", said["host"])]
    details = {name: said[name] for name in ("hook", "hookInstance", "content", "asked", "kind") if name in said}
    if "ms" in said:
        details["milliseconds"] = str(said["ms"]["total"])
    if "withdraws" in said:
        details["withdraws"] = f"AuditEvent/{_make_id(said['withdraws']['chain'], said['withdraws']['seq'], 0)}"
    detail = [*_details(details), *_held_back(said)]
    data = _entity("2", "24", description=said.get("service", "unknown"), detail=detail)
    subtype = _coding(_INTERACTION, "operation")
    return _event(said, "rest", subtype, "E", [*agents, *_user(said)], [data, *_patient(said)], _outcome_of(said))


def _held_back(said: Mapping[str, Any]) -> list[Json]:
    """The cards that were made and not repeated, since the clinician had overridden them: the rows of each."""
    return [{"type": "heldBack", "valueString": ", ".join(card["rows"]) or "none"} for card in said.get("heldBack", ())]


def _make_read(said: Mapping[str, Any], read: Mapping[str, Any]) -> Json:
    """One read from a FHIR server. In a query the client is the source, in a read the server is."""
    search = read["interaction"] == "search"
    ours, theirs = ("110153", "110152") if search else ("110152", "110153")
    agents = [_agent(ours, "pgx-cds", said["host"]), _agent(theirs, read["server"], read["server"])]
    if search:
        asked = f"GET {read['type']}?{'&'.join(read['parameters'])}\nX-Request-Id: {said['requestId']}"
        data = _entity("2", "24", description=asked, query=b64encode(asked.encode()).decode())
    else:
        place = f"{read['type']}/{read['id']}" if "id" in read else read["type"]
        data = _entity("2", "4", what={"reference": place} if "id" in read else {"display": place})
    outcome = (_SUCCESS, None) if read["outcome"] == "ok" else (_MINOR, read["outcome"])
    profile = "PatientQuery" if search else "PatientRead"
    event = _event(
        said,
        "rest",
        _coding(_INTERACTION, read["interaction"]),
        "E" if search else "R",
        [*agents, *_user(said)],
        [data, *_patient(said)],
        outcome,
    )
    return _claim(event, profile) if outcome[0] == _SUCCESS and "patient" in said else event


def _make_decision(said: Mapping[str, Any]) -> Json:
    """The decision on consent. Without a Consent on file no profile fits: the site's default decided."""
    consent = said["consent"]
    agents = [
        _agent("110150", said["tenant"]),
        *_user(said),
        {"type": _concept(_ROLE_CLASS, "PROV"), "who": {"display": said["tenant"]}, "requestor": False},
        {"type": _concept(_SECURITY_ROLE, "authserver"), "who": _SOFTWARE, "requestor": False},
    ]
    rests_on = [
        {"type": {"system": "http://hl7.org/fhir/resource-types", "code": "Consent"}, "what": {"reference": reference}}
        for reference in consent["consents"]
    ]
    permitted = consent["decision"] == "permit"
    outcome = (_SUCCESS if permitted else _SERIOUS, f"{consent['decision']}: {consent['basis']}")
    event = _event(said, None, _coding(f"{_BALP}/CodeSystem/AuthZsubType", "AuthZ-Consent"), "E", agents, [], outcome)
    event["type"] = {"system": _DCM, "code": "110113", "display": "Security Alert"}
    event["entity"] = [*_patient(said), *rests_on]
    return _claim(event, "AuthZconsent") if rests_on and "user" in said else event


def _make_disclosure(said: Mapping[str, Any]) -> Json:
    """Cards left the service: advice that rests on the patient's results."""
    agents = [_agent("110153", "pgx-cds", said["host"]), _agent("110152", said["tenant"])]
    cards = [
        _entity(
            "2",
            "3",
            what={"identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{card['uuid']}"}},
            detail=_details({"row": ", ".join(card["rows"]), "indicator": card["indicator"]}),
        )
        for card in said["cards"]
    ]
    subtype = _coding(_LIFECYCLE, "disclose")
    entities = [*_patient(said), *cards]
    event = _event(said, None, subtype, "R", [*agents, *_user(said)], entities, (_SUCCESS, None))
    event["type"] = {"system": _DCM, "code": "110106", "display": "Export"}
    event["purposeOfEvent"] = [_concept(_REASON, "TREAT")]
    return _claim(event, "PrivacyDisclosure.Source") if "patient" in said else event


def _make_feedback(said: Mapping[str, Any]) -> Json:
    """What became of a card. Who decided it is not said by the EHR."""
    agents = [_agent("110153", said["tenant"]), _agent("110152", "pgx-cds", said["host"])]
    told = {"outcome": said["outcome"], "row": ", ".join(said.get("rows", ())), "order": said.get("order", "")}
    told["reason"] = ", ".join(f"{each.get('system') or ''}|{each['code']}" for each in said.get("reasons", ()))
    card = {"identifier": {"value": said["card"]}}
    data = _entity("2", "4", what=card, detail=_details(told))
    event = _event(said, "rest", _coding(_INTERACTION, "create"), "C", agents, [data], (_SUCCESS, None))
    return _claim(event, "Create")


def _make_purge(said: Mapping[str, Any]) -> Json:
    """Old rows were removed."""
    agent = _agent("110150", "pgx-cds audit purge", said["host"]) | {"requestor": True}
    told = {"before": said["before"], "chains": str(len(said.get("removed", ())))}
    data = _entity("2", "13", description="audit", detail=_details(told))
    subtype = _coding(_LIFECYCLE, "destroy")
    event = _event(said, None, subtype, "D", [agent], [data], (_SUCCESS, None))
    event["type"] = {"system": _DCM, "code": "110101", "display": "Audit Log Used"}
    return event


def _event(
    said: Mapping[str, Any],
    kind: str | None,
    subtype: Json,
    action: str,
    agents: list[Json],
    entities: list[Json],
    outcome: tuple[str, str | None],
) -> Json:
    """What all of them share. `kind`: a code of audit-event-type; None: the caller sets the type."""
    event: Json = {
        "resourceType": "AuditEvent",
        "subtype": [subtype],
        "action": action,
        "outcome": outcome[0],
        "agent": agents,
        "source": {"site": said["host"], "observer": _SOFTWARE, "type": [{"system": _SOURCE_TYPE, "code": "4"}]},
        "entity": entities,
    }
    if kind is not None:
        event["type"] = {"system": _EVENT_TYPE, "code": kind}
    if outcome[1] is not None:
        event["outcomeDesc"] = outcome[1]
    if "requestId" in said and kind == "rest":
        what = {"identifier": {"value": said["requestId"]}}
        kind_of = {"system": f"{_BALP}/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
        event["entity"] = [*entities, {"type": kind_of, "what": what}]
    return event


def _claim(event: Json, profile: str) -> Json:
    return {**event, "meta": {"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.{profile}"]}}


def _outcome_of(said: Mapping[str, Any]) -> tuple[str, str | None]:
    status = said["status"]
    if status < 400:
        return _SUCCESS, None
    return (_MINOR if status < 500 else _SERIOUS), f"{said['outcome']}: {status}"


def _agent(code: str, who: str, host: str | None = None) -> Json:
    """A machine. A client's own address is the proxy's to know: its name stands for it."""
    network = {"address": host, "type": _NAME} if host else {"address": f"urn:pgx-cds:client:{who}", "type": _URI}
    return {"type": _concept(_DCM, code), "who": {"display": who}, "requestor": False, "network": network}


def _user(said: Mapping[str, Any]) -> list[Json]:
    if "user" not in said:
        return []
    return [{"type": _concept(_PARTICIPATION, "IRCP"), "who": _refer(said["user"]), "requestor": True}]


def _patient(said: Mapping[str, Any]) -> list[Json]:
    if "patient" not in said:
        return []
    who = said["patient"]
    what = _refer(who if who.startswith(("Patient/", "sha256:")) else f"Patient/{who}")
    return [_entity("1", "1", what=what | {"type": "Patient"})]


def _refer(who: str) -> Json:
    """A reference; a digest stands where the caller's text was none."""
    return {"identifier": {"value": who}} if who.startswith("sha256:") else {"reference": who}


def _entity(kind: str, role: str, **members: Any) -> Json:
    return {"type": {"system": _ENTITY, "code": kind}, "role": {"system": _ROLE, "code": role}, **members}


def _details(values: Mapping[str, str]) -> list[Json]:
    return [{"type": name, "valueString": value} for name, value in values.items() if value]


def _coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Json:
    return {"coding": [_coding(system, code)]}
