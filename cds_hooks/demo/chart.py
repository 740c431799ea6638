"""A patient's file in a few plain lines, as the front of a chart shows it. It shows and interprets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cds_hooks.demo.patients import DemoPatient, Json

_SECTIONS = {
    "Gene results": ("Observation", "DiagnosticReport"),
    "Problems": ("Condition", "Procedure"),
    "Current medicines": ("MedicationRequest", "MedicationStatement"),
    "Allergies": ("AllergyIntolerance",),
    "Measurements": ("measurement",),
}
_DATES = ("effectiveDateTime", "onsetDateTime", "performedDateTime", "authoredOn")


@dataclass(frozen=True)
class Line:
    """One entry of the file."""

    text: str
    date: str


@dataclass(frozen=True)
class Section:
    """A heading with its entries; none where nothing is on file."""

    title: str
    lines: tuple[Line, ...]


def read_chart(patient: DemoPatient) -> tuple[Section, ...]:
    """The sections of a chart, in the order in which this service cares for them."""
    return tuple(
        Section(title, tuple(_line(one) for one in patient.resources if _kind(one) in kinds))
        for title, kinds in _SECTIONS.items()
    )


def _kind(resource: Json) -> str:
    """The resource's type; an Observation with a quantity is a measurement, no gene result."""
    return "measurement" if "valueQuantity" in resource else str(resource["resourceType"])


def _line(resource: Json) -> Line:
    date = next((str(resource[name]) for name in _DATES if name in resource), "")
    parts = list(dict.fromkeys(part for part in _parts(resource) if part))
    kept = [part for part in parts if not any(part != other and part in other for other in parts)]
    return Line(", ".join(kept), date)


def _parts(resource: Json) -> Iterator[str]:
    kind = resource["resourceType"]
    if kind == "Observation":
        yield from _result(resource)
    elif kind == "DiagnosticReport":
        yield f"Report: {_words(resource['code'])}"
        yield from (f"{form['title']} ({form['contentType']})" for form in resource.get("presentedForm", ()))
    else:
        yield _words(resource["code"] if "code" in resource else resource["medicationCodeableConcept"])
    yield from (one["text"] for one in (*resource.get("dosageInstruction", ()), *resource.get("dosage", ())))


def _result(observation: Json) -> Iterator[str]:
    quantity = observation.get("valueQuantity")
    if quantity is not None:
        yield f"{_words(observation['code'])}: {quantity['value']} {quantity['unit']}"
        return
    for component in observation.get("component", ()):
        yield _words(component["valueCodeableConcept"])
    yield _words(observation["valueCodeableConcept"])


def _words(concept: Json) -> str:
    """The text of a CodeableConcept, else its first display."""
    return str(concept.get("text") or concept["coding"][0]["display"])
