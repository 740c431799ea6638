"""What a visitor chose: patient, medicine and hook, from the address of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cds_hooks.content import Content
from cds_hooks.demo.patients import DemoPatient, load_patients
from cds_hooks.services.service import Service
from knowledge.library import Drug


class ChoiceError(Exception):
    """A choice that the page does not offer. `status` is 404 for what is unknown, 400 for what is malformed."""

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.mend = mend


@dataclass(frozen=True)
class Choice:
    """One patient, one medicine, one hook."""

    patient: DemoPatient
    drug: Drug
    hook: str


def read_choice(arguments: Mapping[str, str], content: Content) -> Choice:
    """The choice in a query; what is left out is the first patient, and the medicine and hook of its story.

    Raises ChoiceError. A value is never repeated in the message: it is a stranger's text.
    """
    fire = arguments.get("fire")
    if fire not in (None, "yes"):
        raise ChoiceError(400, "fire takes the value yes only.", "Leave it out to see the form.")
    patients = load_patients()
    patient = patients.get(arguments.get("patient") or next(iter(patients)))
    if patient is None:
        raise ChoiceError(404, "There is no such patient.", f"Known are {', '.join(patients)}.")
    drug = content.library.drugs.get(arguments.get("drug") or patient.drug)
    if drug is None:
        raise ChoiceError(404, "There is no guidance on such a medicine.", "The page lists the medicines there are.")
    hook = arguments.get("hook") or patient.hook
    hooks = [service.hook for service in content.services.values()]
    if hook not in hooks:
        raise ChoiceError(400, "No service answers this hook.", f"Known are {', '.join(hooks)}.")
    return Choice(patient, drug, hook)


def service_of(choice: Choice, content: Content) -> Service:
    """The service that answers the chosen hook."""
    return next(service for service in content.services.values() if service.hook == choice.hook)
