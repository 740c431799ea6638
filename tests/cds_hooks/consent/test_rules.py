"""The ten rules of docs/consent.md, each with what it permits and what it refuses side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from consent_samples import (
    GENETIC,
    NORMAL,
    PATIENT,
    RESTRICTED,
    TREAT,
    coded,
    make_consent,
    make_decision,
    make_pcf,
    make_question,
    make_rule,
)

from cds_hooks.consent.decision import decide
from cds_hooks.consent.question import Asker, Question
from cds_hooks.consent.reading import read_consents

ACTOR_9 = [{"role": {"coding": [coded("IRCP", "v3-ParticipationType")]}, "reference": {"reference": "Practitioner/9"}}]
ACTOR_8 = [{"role": {"coding": [coded("IRCP", "v3-ParticipationType")]}, "reference": {"reference": "Practitioner/8"}}]
OVER = {"start": "2024-01-01", "end": "2025-12-31"}
RUNNING = {"start": "2024-01-01", "end": "2027-12-31"}
TO_COME = {"start": "2027-01-01"}


def outcome(*consents: dict[str, Any], default: str = "site", **changes: Any) -> str:
    """The outcome; "site" where the consents say nothing, so that the site's default decides."""
    question = make_question(**changes)
    found = {each: str(_decide(consents, question, each).outcome) for each in ("permit", "deny")}
    if found == {"permit": "permit", "deny": "deny"}:
        return default
    assert found["permit"] == found["deny"]
    return found["permit"]


def _decide(consents: tuple[dict[str, Any], ...], question: Question, default: str) -> Any:
    return decide(read_consents(consents, PATIENT), question, default)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("active", "deny"),
        *((each, "site") for each in ("draft", "proposed", "rejected", "inactive", "entered-in-error", "not-done")),
        ("unknown", "undecidable"),
        (None, "undecidable"),
    ],
)
def test_only_what_is_active_counts(status: str | None, expected: str) -> None:
    """Rule 1. What has no status that FHIR knows may be the one that refuses."""
    assert outcome(make_pcf("deny", _status=status)) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "permit"),
        ({"_scope": {"coding": [coded("treatment", "consentscope")]}}, "permit"),
        ({"_scope": {"coding": [coded("research", "consentscope")]}}, "site"),
        ({"_scope": {"coding": [coded("adr", "consentscope")]}}, "site"),
        ({"_scope": {"text": "local"}}, "undecidable"),
        ({"_category": [{"coding": [coded("RESEARCH", "v3-ActCode")]}]}, "site"),
        ({"_category": [{"coding": [coded("rsdid", "consentcategorycodes")]}]}, "site"),
    ],
)
def test_research_and_advance_directives_say_nothing_on_treatment(members: dict[str, Any], expected: str) -> None:
    """Rule 2."""
    assert outcome(make_pcf(**members)) == expected


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (make_pcf("permit"), "permit"),
        (make_pcf("deny"), "deny"),
        (make_rule("OPTIN"), "permit"),
        (make_rule("OPTOUT"), "deny"),
        (make_rule("OPTOUT", type="deny"), "deny"),
        (make_decision("permit"), "permit"),
        (make_decision("deny"), "deny"),
        (make_consent(), "undecidable"),
        (make_consent(provision={"purpose": TREAT}), "undecidable"),
        (make_decision("perhaps"), "undecidable"),
    ],
)
def test_the_base_rule_is_found_in_each_convention(consent: dict[str, Any], expected: str) -> None:
    """Rule 3. Without a base rule nothing can be decided."""
    assert outcome(consent) == expected


def test_a_typed_root_is_an_exception_where_there_is_a_policy_rule() -> None:
    """Rule 3. Opt-in with a refusal for one organisation does not refuse everybody."""
    actor = [{"reference": {"reference": "Organization/other"}}]
    assert outcome(make_rule("OPTIN", type="deny", actor=actor)) == "permit"
    own = [{"reference": {"reference": "Organization/hospital"}}]
    assert outcome(make_rule("OPTIN", type="deny", actor=own)) == "deny"
    unknown = Asker(make_question().asker.today, "Practitioner/9")
    assert outcome(make_rule("OPTIN", type="deny", actor=own), asker=unknown) == "undecidable"


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (make_pcf(period=RUNNING), "permit"),
        (make_pcf(period=OVER), "site"),
        (make_pcf(period=TO_COME), "site"),
        (make_pcf("deny", period=RUNNING), "deny"),
        (make_rule("OPTIN", period=RUNNING), "permit"),
        (make_rule("OPTIN", period=OVER), "site"),
        (make_rule("OPTIN", period={"start": "2024-02-01", "end": "2024-03-01"}), "permit"),
        (make_rule("OPTIN", period={"start": "2020-05-01", "end": "2020-07-01"}), "deny"),
        (make_rule("OPTIN", period={"start": "2024-02-01", "end": "2024-03-01"}) | {"dateTime": "2099-01-01"}, "site"),
        (make_decision("permit", {"period": OVER}), "site"),
        (make_pcf(period={"start": "2027-01-01", "end": "2024-01-01"}), "undecidable"),
        (make_pcf(period={"start": "soon"}), "undecidable"),
        (make_pcf(period={}), "undecidable"),
    ],
)
def test_a_consent_whose_period_is_over_no_longer_permits(consent: dict[str, Any], expected: str) -> None:
    """Rule 4. A short window that was over before an opt-in was given is one withheld, not a term."""
    assert outcome(consent) == expected


@pytest.mark.parametrize(
    ("period", "permitted", "denied"),
    [
        (RUNNING, "permit", "deny"),
        (OVER, "site", "site"),
        (TO_COME, "site", "site"),
        ({"end": "2022-12-31"}, "site", "site"),
        ({}, "undecidable", "undecidable"),
    ],
)
def test_the_period_of_a_consent_holds_for_everything_in_it(
    period: dict[str, str], permitted: str, denied: str
) -> None:
    """Rule 4. `Consent.period` is R5's and STU3's; it is heeded in a Consent of any shape."""
    for permit in (make_decision("permit", period=period), make_pcf(_period=period), make_rule() | {"period": period}):
        assert outcome(permit) == permitted
    for deny in (
        make_decision("deny", period=period),
        make_pcf("deny", _period=period),
        make_rule("OPTOUT") | {"period": period},
    ):
        assert outcome(deny) == denied


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (make_pcf("deny", period=OVER), "site"),
        (make_pcf("deny", period=TO_COME), "site"),
        (make_rule("OPTOUT") | {"period": OVER}, "site"),
        (make_decision("deny", period=OVER), "site"),
        (make_rule("OPTOUT", period=OVER), "deny"),
        (make_rule("OPTOUT", period=TO_COME), "deny"),
        (make_rule("OPTOUT", type="deny", period=OVER), "deny"),
        (make_rule("OPTOUT", type="permit", period=OVER), "deny"),
        (make_decision("deny", {"period": OVER}), "deny"),
    ],
)
def test_a_refusal_is_over_only_where_the_period_is_its_own(refusal: dict[str, Any], expected: str) -> None:
    """Rule 4. Beside a base rule that denies, the period of a provision is that of an exception: the refusal stands."""
    assert outcome(refusal) == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [({"start": "2020-01-01"}, "site"), ({"end": "2021-12-31"}, "site"), (RUNNING, "undecidable")],
)
def test_a_provision_that_outlasts_its_consent_is_undecidable(own: dict[str, str], expected: str) -> None:
    """Rule 4. A provision without an end of its own ends with the Consent; one that ends later contradicts it."""
    over = {"end": "2022-12-31"}
    assert outcome(make_pcf("deny", period=own, _period=over)) == expected
    assert outcome(make_decision("permit", {"period": own, "securityLabel": GENETIC}, period=over)) == expected


@pytest.mark.parametrize(
    ("grantee", "permitted", "denied"),
    [
        ([{"reference": "Practitioner/9"}], "permit", "deny"),
        ([{"reference": "Organization/hospital"}], "permit", "deny"),
        ([{"reference": "Practitioner/8"}, {"reference": "Practitioner/9"}], "permit", "deny"),
        ([{"reference": "Practitioner/8"}], "site", "site"),
        ([{"reference": "Organization/other"}], "site", "site"),
        ([{"reference": "Group/1"}], "undecidable", "undecidable"),
        ([{"display": "whoever treats me"}], "undecidable", "undecidable"),
        ({"reference": "Practitioner/8"}, "site", "site"),
        ("Practitioner/9", "undecidable", "undecidable"),
    ],
)
def test_what_is_granted_to_another_is_not_granted_here(grantee: object, permitted: str, denied: str) -> None:
    """Rule 6. R5's `grantee` is read as an actor of every rule of the Consent."""
    assert outcome(make_decision("permit", grantee=grantee)) == permitted
    assert outcome(make_decision("deny", grantee=grantee)) == denied


@pytest.mark.parametrize(
    ("purpose", "permitted", "denied"),
    [
        ([coded("TREAT")], "permit", "deny"),
        ([coded("ETREAT")], "permit", "deny"),
        ([coded("COC")], "permit", "deny"),
        ([], "permit", "deny"),
        ([coded("HPAYMT"), coded("TREAT")], "permit", "deny"),
        ([coded("HRESCH")], "site", "site"),
        ([coded("BTG")], "site", "site"),
        ([coded("HOPERAT"), coded("HPAYMT")], "site", "site"),
        ([{"system": "urn:local", "code": "FooBar"}], "site", "undecidable"),
        ([coded("PurposeOfUse")], "site", "deny"),
        ([coded("_ActHealthInformationManagementReason")], "site", "deny"),
    ],
)
def test_treatment_must_be_among_the_purposes(purpose: list[dict[str, str]], permitted: str, denied: str) -> None:
    """Rule 5. A purpose of a local code system may be treatment: enough to doubt, not enough to permit. A refusal of
    every purpose refuses treatment.
    """
    assert outcome(make_pcf("permit", purpose=purpose)) == permitted
    assert outcome(make_pcf("deny", purpose=purpose)) == denied


OBSERVATIONS = [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]
MEDICINES = [{"system": "http://hl7.org/fhir/resource-types", "code": "MedicationRequest"}]
DOCUMENTS = [{"system": "urn:ietf:bcp:13", "code": "application/hl7-cda+xml"}]


def _data(meaning: str, reference: str) -> list[dict[str, Any]]:
    return [{"meaning": meaning, "reference": {"reference": reference}}]


@pytest.mark.parametrize(
    ("limit", "covers"),
    [
        ({"class": OBSERVATIONS}, True),
        ({"class": MEDICINES}, False),
        ({"class": DOCUMENTS}, False),
        ({"class": [{"system": "urn:local", "code": "labs"}]}, None),
        ({"code": [{"coding": [{"system": "http://loinc.org", "code": "84413-4"}]}]}, True),
        ({"code": [{"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}]}, False),
        ({"code": [{"text": "genetics"}]}, None),
        ({"data": _data("instance", "Observation/1")}, True),
        ({"data": _data("instance", "Observation/2")}, False),
        ({"data": _data("related", "Encounter/1")}, True),
        ({"data": _data("related", "Encounter/2")}, False),
        ({"data": _data("related", "Task/1")}, None),
        ({"data": _data("authoredby", "Organization/lab")}, True),
        ({"data": _data("authoredby", "Practitioner/8")}, False),
        ({"dataPeriod": {"start": "2020-01-01", "end": "2020-12-31"}}, True),
        ({"dataPeriod": {"start": "2022-01-01"}}, False),
        ({"actor": ACTOR_9}, True),
        ({"actor": ACTOR_8}, False),
        ({"actor": [{"reference": {"reference": "Group/1"}}]}, None),
        ({"actor": [{"reference": {"identifier": {"value": "9"}}}]}, None),
        ({"action": [{"coding": [coded("access", "consentaction")]}]}, True),
        ({"action": [{"coding": [coded("correct", "consentaction")]}]}, False),
    ],
)
def test_a_rule_on_other_data_or_persons_is_no_rule(limit: dict[str, Any], covers: bool | None) -> None:
    """Rule 6, for permits and refusals alike; what the record does not tell is undecidable."""
    expected = {True: ("permit", "deny"), False: ("site", "site"), None: ("undecidable", "undecidable")}[covers]
    assert (outcome(make_pcf("permit", **limit)), outcome(make_pcf("deny", **limit))) == expected


OURS, OTHER = "https://fhir.example.org", "https://other.example.org/fhir"


def _actor(reference: str, role: str = "IRCP") -> list[dict[str, Any]]:
    return [{"role": {"coding": [coded(role, "v3-ParticipationType")]}, "reference": {"reference": reference}}]


@pytest.mark.parametrize(
    "limit",
    [
        lambda server: {"actor": _actor(f"{server}/Practitioner/9")},
        lambda server: {"actor": _actor(f"{server}/Organization/hospital")},
        lambda server: {"actor": _actor(f"{server}/Organization/lab", "AUT")},
        lambda server: {"data": _data("instance", f"{server}/Observation/1/_history/2")},
        lambda server: {"data": _data("related", f"{server}/Encounter/1")},
        lambda server: {"data": _data("authoredby", f"{server}/Organization/lab")},
    ],
    ids=["user", "organisation", "author", "instance", "related", "authored by"],
)
def test_the_same_id_on_another_server_permits_nobody_and_refuses_all_the_same(limit: Any) -> None:
    """Rule 6. An absolute reference is the own one only where the record's server is known to be meant."""
    asker = replace(make_question().asker, server=OURS)
    found = {
        (server, known): (
            outcome(make_pcf("permit", **limit(server)), **({"asker": asker} if known else {})),
            outcome(make_pcf("deny", **limit(server)), **({"asker": asker} if known else {})),
        )
        for server in (OURS, OTHER)
        for known in (True, False)
    }
    doubtful = ("undecidable", "deny")
    assert found == {
        (OURS, True): ("permit", "deny"),
        (OURS, False): doubtful,
        (OTHER, True): doubtful,
        (OTHER, False): doubtful,
    }


def test_what_a_result_refers_to_on_another_server_is_not_what_is_here() -> None:
    """Rule 6. A laboratory elsewhere with the same id as the one that a permit names."""
    abroad = {"sources": frozenset({f"{OTHER}/Organization/lab"})}
    here, there = (_data("authoredby", f"{server}Organization/lab") for server in ("", f"{OTHER}/"))
    assert outcome(make_pcf("permit", data=here), **abroad) == "undecidable"
    assert outcome(make_pcf("deny", data=here), **abroad) == "deny"
    assert outcome(make_pcf("permit", data=there), **abroad) == "permit"


@pytest.mark.parametrize("kind", ["Practitioner", "Organization"])
@pytest.mark.parametrize("role", ["IRCP", "AUT"], ids=["for whom", "by whom"])
def test_another_id_on_another_server_may_be_the_same_person_or_organisation(kind: str, role: str) -> None:
    """Rule 6. Each server gives its own ids; on the own server another id is another one."""
    known = {"asker": replace(make_question().asker, server=OURS), "sources": frozenset({f"{kind}/lab"})}
    for rule in ("permit", "deny"):
        there, here = (make_pcf(rule, actor=_actor(f"{server}/{kind}/8", role)) for server in (OTHER, OURS))
        assert (outcome(there, **known), outcome(here, **known)) == ("undecidable", "site")


def test_an_author_by_an_id_of_another_server_is_not_known() -> None:
    """Rule 6. As `authoredby`, too, and whichever of the rule and the result names the other server; a person is no
    organisation anywhere.
    """
    there, here = (_data("authoredby", f"{server}Organization/8") for server in (f"{OTHER}/", ""))
    person = _data("authoredby", f"{OTHER}/Practitioner/8")
    abroad = {"sources": frozenset({f"{OTHER}/Organization/lab"})}
    for rule, known in (("permit", "permit"), ("deny", "deny")):
        assert outcome(make_pcf(rule, data=there)) == "undecidable"
        assert outcome(make_pcf(rule, data=here), **abroad) == "undecidable"
        assert (outcome(make_pcf(rule, data=here)), outcome(make_pcf(rule, data=person))) == ("site", "site")
        assert outcome(make_pcf(rule, data=there + _data("authoredby", "Organization/lab"))) == known


@pytest.mark.parametrize(
    "limit",
    [
        {"data": _data("related", "Encounter/1")},
        {"data": _data("authoredby", "Practitioner/8")},
        {"dataPeriod": {"start": "2022-01-01"}},
        {"securityLabel": NORMAL},
        {"code": [{"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}]},
    ],
)
def test_a_result_that_does_not_say_what_a_rule_asks_is_undecidable(limit: dict[str, Any]) -> None:
    """Nothing is assumed of its encounter, author, date, label or code."""
    bare = {"codes": (), "confidentiality": frozenset(), "date": None, "sources": frozenset(), "relations": frozenset()}
    assert outcome(make_pcf("permit", **limit), **bare) == "undecidable"
    assert outcome(make_pcf("deny", **limit), **bare) == "undecidable"


@pytest.mark.parametrize(
    ("consent", "normal", "restricted"),
    [
        (make_pcf("permit", securityLabel=NORMAL), "permit", "site"),
        (make_pcf("permit", securityLabel=[*NORMAL, *RESTRICTED]), "permit", "permit"),
        (make_pcf("deny", securityLabel=RESTRICTED), "site", "deny"),
        (make_pcf("deny", securityLabel=NORMAL), "deny", "deny"),
        (make_pcf("permit", securityLabel=GENETIC), "permit", "permit"),
        (make_pcf("deny", securityLabel=GENETIC), "deny", "deny"),
        (make_pcf("deny", securityLabel=[coded("PSY", "v3-ActCode")]), "site", "site"),
        (make_pcf("deny", securityLabel=[*RESTRICTED, *GENETIC]), "undecidable", "deny"),
        (make_decision("permit", {"securityLabel": RESTRICTED}), "permit", "deny"),
    ],
)
def test_labels_decide_and_gene_results_are_genetic(consent: dict[str, Any], normal: str, restricted: str) -> None:
    """Rule 7. GDIS holds for every gene result, labelled so or not."""
    assert outcome(consent) == normal
    assert outcome(consent, confidentiality=frozenset({"R"})) == restricted


@pytest.mark.parametrize(
    ("nested", "normal", "restricted"),
    [
        ({"type": "deny", "securityLabel": RESTRICTED}, "permit", "deny"),
        ({"type": "permit", "securityLabel": RESTRICTED}, "permit", "permit"),
        ({"type": "permit", "securityLabel": RESTRICTED, "actor": ACTOR_9}, "permit", "permit"),
        ({"type": "permit", "securityLabel": RESTRICTED, "actor": ACTOR_8}, "permit", "deny"),
        ({"type": "permit", "securityLabel": RESTRICTED, "purpose": [coded("BTG")]}, "permit", "deny"),
        ({"type": "permit", "purpose": [coded("BTG")]}, "permit", "site"),
        ({"type": "permit", "securityLabel": [coded("PSY", "v3-ActCode")], "actor": ACTOR_8}, "permit", "site"),
        ({"securityLabel": RESTRICTED}, "undecidable", "undecidable"),
        ({"type": "deny", "provision": [{"type": "permit"}]}, "undecidable", "undecidable"),
    ],
)
def test_nested_provisions_override_and_need_a_type(nested: dict[str, Any], normal: str, restricted: str) -> None:
    """Rule 7. What is permitted to others under its own label is kept from the rest."""
    consent = make_pcf("permit", securityLabel=NORMAL, provision=[nested])
    assert outcome(consent) == normal
    assert outcome(consent, confidentiality=frozenset({"R"})) == restricted


def test_break_glass_is_left_to_the_ehr() -> None:
    """Rule 10. A permit for breaking the glass opens nothing here."""
    nested = [{"type": "permit", "purpose": [coded("BTG")]}]
    assert outcome(make_pcf("deny", provision=nested)) == "deny"
    assert outcome(make_rule("OPTOUT", provision=nested)) == "deny"


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (make_rule("OPTOUT", provision=[{"type": "permit", "purpose": TREAT}]), "permit"),
        (make_rule("OPTOUT", provision=[{"type": "permit", "actor": ACTOR_8}]), "deny"),
        (make_rule("OPTOUT", purpose=TREAT), "deny"),
        (make_rule("OPTIN", actor=ACTOR_9), "deny"),
        (make_rule("OPTIN", actor=ACTOR_8), "permit"),
        (make_rule("OPTIN", purpose=TREAT), "undecidable"),
        (make_rule("OPTIN", type="permit", securityLabel=RESTRICTED), "site"),
        (make_rule("OPTIN", provision=[{"type": "permit", "class": MEDICINES}]), "undecidable"),
        (make_rule("OPTIN", provision=[{"type": "deny", "class": OBSERVATIONS}]), "deny"),
        (make_decision("deny", {"purpose": TREAT}), "permit"),
        (make_decision("deny", {"actor": ACTOR_9}), "undecidable"),
        (make_decision("deny", {"purpose": [coded("HRESCH")]}), "deny"),
        (make_decision("permit", {"actor": ACTOR_9, "provision": [{"purpose": TREAT}]}), "deny"),
    ],
)
def test_exceptions_go_the_other_way_than_the_base_rule(consent: dict[str, Any], expected: str) -> None:
    """Rules 3 and 6. Where an exception can be read in two ways, it is undecidable."""
    assert outcome(consent) == expected


@pytest.mark.parametrize(
    "broken",
    [
        {"provision": "none"},
        {"provision": {"type": "permit", "actor": "nobody"}},
        {"provision": {"type": "maybe"}},
        {"provision": {"type": "permit"}, "modifierExtension": [{"url": "urn:x"}]},
        {"provision": {"type": "permit", "modifierExtension": [{"url": "urn:x"}]}},
        {"provision": [{"type": "permit"}, {"type": "deny"}]},
        {"decision": "permit", "provision": [{"type": "deny"}]},
        {"policyRule": {"coding": [coded("OPTIN", "v3-ActCode"), coded("OPTOUT", "v3-ActCode")]}},
        {"provision": {"type": "permit"}, "purpose": [coded("HRESCH")]},
        {"provision": {"type": "permit"}, "except": [{"type": "deny"}]},
    ],
)
def test_a_consent_that_cannot_be_read_is_kept_and_decides_nothing(broken: dict[str, Any]) -> None:
    """It is never dropped, not even beside one that permits."""
    assert outcome(make_consent(**broken)) == "undecidable"
    assert outcome(make_consent(**broken), make_pcf("permit", _id="2")) == "undecidable"


@pytest.mark.parametrize("kind", ["permit", "deny"])
def test_what_a_consent_of_another_patient_says_does_not_count_and_shows_a_wrong_answer(kind: str) -> None:
    """It neither permits nor denies; but a server that mixes records up may keep this patient's refusal back."""
    assert outcome(make_pcf(kind, _patient={"reference": "Patient/other"})) == "undecidable"
