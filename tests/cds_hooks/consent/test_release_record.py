"""The decision is applied result by result, and what is linked with a withheld result goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from consent_samples import NORMAL, PATIENT, RESTRICTED, TODAY, make_consent, make_pcf

from cds_hooks.consent.decision import Decision
from cds_hooks.consent.judging import Outcome
from cds_hooks.consent.question import Asker
from cds_hooks.consent.release import NOT_ALLOWED, release_record
from cds_hooks.fhir import unwrapping
from cds_hooks.fhir.record import Fetched, Record
from knowledge.facts import Answer

NOTHING = Fetched(Answer.NONE_ON_FILE)
ONLY_NORMAL = make_pcf("permit", securityLabel=NORMAL)


def result(name: str, label: list[dict[str, str]] | None = None, kind: str = "Observation", **more: Any) -> Any:
    return {"resourceType": kind, "id": name, "meta": {"security": NORMAL if label is None else label}, **more}


def refer(*names: str) -> list[dict[str, str]]:
    return [{"reference": name} for name in names]


def release(*results: Any, consents: Fetched | None = None, default: str = "deny") -> tuple[Fetched, Outcome, int]:
    """What is left of the gene results, the outcome, and how many were withheld."""
    consents = consents or Fetched(Answer.READ, (ONLY_NORMAL,))
    genes = Fetched(Answer.READ, results) if results else NOTHING
    record = Record(PATIENT, "R4", NOTHING, genes, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, consents=consents)
    left, decision = release_record(record, Asker(TODAY), default)
    return left.gene_results, decision.outcome, decision.withheld


def test_a_permitted_record_is_left_as_it_is() -> None:
    """Nothing is marked, nothing is lost."""
    one = result("1")
    assert release(one) == (Fetched(Answer.READ, (one,)), Outcome.PERMIT, 0)


def test_restricted_results_are_withheld_and_the_others_kept() -> None:
    """The topic says that it is not whole."""
    one, other = result("1"), result("2", RESTRICTED)
    assert release(one, other) == (Fetched(Answer.WITHHELD, (one,), NOT_ALLOWED), Outcome.DENY, 1)


@pytest.mark.parametrize(
    "linked",
    [
        result("2", kind="DiagnosticReport", result=refer("Observation/1")),
        result("2", derivedFrom=refer("https://fhir.example.org/Observation/1/_history/2")),
        result("2", hasMember=refer("Observation/3", "Observation/1")),
        result("2", kind="DiagnosticReport", contained=[{**result("c"), "derivedFrom": refer("Observation/1")}]),
    ],
)
def test_what_is_linked_with_a_withheld_result_is_withheld(linked: Any) -> None:
    """A report's conclusion would tell it."""
    one, apart = result("1", RESTRICTED), result("4")
    expected = (Fetched(Answer.WITHHELD, (apart,), NOT_ALLOWED), Outcome.DENY, 2)
    assert release(one, linked, apart) == expected
    assert release(apart, linked, one) == expected


@pytest.mark.parametrize(
    ("linked", "withheld"),
    [
        (result("2", derivedFrom=refer("urn:uuid:7d0c5a3e-0000-4000-8000-000000000001")), True),
        (result("2", derivedFrom=refer("#c")), False),
        ({"resourceType": "Bundle", "entry": [{"resource": result("2", derivedFrom=refer("Observation/1"))}]}, True),
        ({"resourceType": "Bundle", "entry": [{"resource": result("2", derivedFrom=refer("Observation/9"))}]}, False),
    ],
    ids=["by an address that only its Bundle knew", "inside itself", "from inside a Bundle", "elsewhere"],
)
def test_links_that_cannot_be_followed_count_as_links_to_what_is_withheld(linked: Any, withheld: bool) -> None:
    """An implication that says "poor metabolizer" tells the genotype that it was derived from."""
    left = () if withheld else (linked,)
    assert release(result("1", RESTRICTED), linked)[0] == Fetched(Answer.WITHHELD, left, NOT_ALLOWED)


def test_what_is_derived_from_a_withheld_part_of_a_bundle_is_withheld() -> None:
    """Its own reference stands inside the Bundle."""
    nested = {"resourceType": "Bundle", "entry": [{"resource": result("1", RESTRICTED)}]}
    derived = result("2", derivedFrom=refer("Observation/1"))
    assert release(nested, derived)[0] == Fetched(Answer.WITHHELD, (), NOT_ALLOWED)


@pytest.mark.parametrize("kind", ["Patient", "Organization"])
def test_a_bundle_or_parameters_without_a_result_is_judged_by_itself(kind: str) -> None:
    """One answer of a batch may hold nothing but the patient, or nothing at all: no label permits it."""
    other = {"resourceType": kind, "id": PATIENT}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": other}]}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": other}]}
    for each in (bundle, parameters, {"resourceType": "Bundle"}):
        assert release(result("1"), each) == (
            Fetched(Answer.WITHHELD, (result("1"),), NOT_ALLOWED),
            Outcome.UNDECIDABLE,
            1,
        )
        general = Fetched(Answer.READ, (make_pcf("permit"),))
        expected = (Fetched(Answer.READ, (result("1"), each)), Outcome.PERMIT, 0)
        assert release(result("1"), each, consents=general) == expected


def test_links_by_the_addresses_of_a_bundle_are_no_matter_where_nothing_is_withheld() -> None:
    """All is permitted, all is used."""
    linked = result("2", derivedFrom=refer("urn:uuid:7d0c5a3e-0000-4000-8000-000000000001"))
    assert release(result("1"), linked) == (Fetched(Answer.READ, (result("1"), linked)), Outcome.PERMIT, 0)


@pytest.mark.parametrize("default", ["permit", "ehr"])
def test_more_than_can_be_weighed_is_undecidable(default: str) -> None:
    """Neither the request nor the results of others wait for it; what was not weighed is not used."""
    results = [result(str(number)) for number in range(300)]
    permits = [make_pcf("permit", _id=str(number)) for number in range(100)]
    few = Fetched(Answer.READ, tuple(permits[:50]))
    assert release(*results, consents=few, default=default)[1:] == (Outcome.PERMIT, 0)
    many = Fetched(Answer.READ, tuple(permits))
    assert release(*results, consents=many, default=default) == (
        Fetched(Answer.WITHHELD, (), NOT_ALLOWED), Outcome.UNDECIDABLE, 300
    )  # fmt: skip


@pytest.mark.parametrize("default", ["permit", "ehr"])
def test_a_consent_that_does_not_say_what_it_is_leaves_it_undecidable(default: str) -> None:
    """It may be a refusal whose type was lost on its way; other kinds of resources beside consents are no matter."""
    nameless = {key: value for key, value in make_pcf("deny").items() if key != "resourceType"}
    lower = nameless | {"resourceType": "consent"}
    for unclear in (nameless, lower, {"resourceType": "Bundle", "entry": [{"resource": lower}]}):
        consents = Fetched(Answer.READ, (make_pcf("permit"), unclear))
        assert release(result("1"), consents=consents, default=default)[1] is Outcome.UNDECIDABLE
    beside = Fetched(Answer.READ, (make_pcf("permit"), {"resourceType": "Patient", "id": PATIENT}))
    assert release(result("1"), consents=beside, default=default)[1] is Outcome.PERMIT


@pytest.mark.parametrize("default", ["permit", "ehr"])
def test_a_consent_of_another_patient_shows_that_the_answer_is_the_wrong_one(default: str) -> None:
    """A server that mixes two records up may have left out the refusal of this patient."""
    foreign = make_pcf("permit", _id="2", _patient={"reference": "Patient/demo-2"})
    for consents, outcome in (((foreign,), Outcome.UNDECIDABLE), ((make_pcf("permit"),), Outcome.PERMIT)):
        assert release(result("1"), consents=Fetched(Answer.READ, consents), default=default)[1] is outcome


def test_a_refusal_behind_more_resources_than_are_looked_at_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that was not read to its end permits nothing."""
    listed = ({"resourceType": "Patient"}, {"resourceType": "Patient"}, make_pcf("deny"))
    monkeypatch.setattr(unwrapping, "MAX_RESOURCES", 2)
    assert release(result("1"), consents=Fetched(Answer.READ, listed), default="permit")[1] is Outcome.UNDECIDABLE
    assert release(result("1"), consents=Fetched(Answer.READ, listed[:2]), default="permit")[1] is Outcome.PERMIT


def test_the_results_of_a_withheld_report_are_withheld() -> None:
    """Also what they are linked with in turn."""
    report = result("1", RESTRICTED, "DiagnosticReport", result=refer("Observation/2"))
    chain = result("2"), result("3", derivedFrom=refer("Observation/2"))
    assert release(*chain, report) == (Fetched(Answer.WITHHELD, (), NOT_ALLOWED), Outcome.DENY, 3)


def test_a_resource_with_a_restricted_result_inside_is_withheld_whole() -> None:
    """Contained results count, contained patients do not."""
    patient = {"resourceType": "Patient", "id": "p"}
    assert release(result("1", contained=[patient]))[1] is Outcome.PERMIT
    held = result("1", kind="DiagnosticReport", contained=[result("c", RESTRICTED)])
    assert release(held) == (Fetched(Answer.WITHHELD, (), NOT_ALLOWED), Outcome.DENY, 1)


def test_without_any_result_a_refusal_is_still_not_none_on_file() -> None:
    """Whether there is one is not told either."""
    denial = Fetched(Answer.READ, (make_pcf("deny"),))
    assert release(consents=denial) == (Fetched(Answer.WITHHELD, (), NOT_ALLOWED), Outcome.DENY, 0)
    permit = Fetched(Answer.READ, (make_pcf("permit"),))
    assert release(consents=permit) == (NOTHING, Outcome.PERMIT, 0)


@pytest.mark.parametrize("answer", [Answer.NOT_FETCHED, Answer.WITHHELD])
@pytest.mark.parametrize("default", ["permit", "deny", "ehr"])
def test_consents_that_could_not_be_had_leave_it_undecidable(answer: Answer, default: str) -> None:
    """Also where a part of them came and permits: the rest may refuse."""
    consents = Fetched(answer, (make_pcf("permit"),), "the FHIR server did not answer in time")
    expected = (Fetched(Answer.WITHHELD, (), NOT_ALLOWED), Outcome.UNDECIDABLE, 1)
    assert release(result("1"), consents=consents, default=default) == expected


def test_an_unreadable_consent_withholds() -> None:
    """It may be the one that refuses."""
    consents = Fetched(Answer.READ, (make_consent(), make_pcf("permit", _id="2")))
    assert release(result("1"), consents=consents)[1] is Outcome.UNDECIDABLE


def test_the_decision_names_its_consents() -> None:
    """For the audit: outcome, reason and references, nothing of the data."""
    consents = Fetched(Answer.READ, (make_pcf("deny"),))
    record = Record(
        PATIENT, "R4", NOTHING, Fetched(Answer.READ, (result("1"),)), NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
        consents=consents,
    )  # fmt: skip
    decision = release_record(record, Asker(TODAY), "permit")[1]
    assert decision == Decision(Outcome.DENY, "a provision denies it", ("Consent/1",), 1)
