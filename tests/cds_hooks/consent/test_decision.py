"""Several Consents come to one decision, and a refusal is never lost among them."""

from __future__ import annotations

from typing import Any

import pytest
from consent_samples import (
    GENETIC,
    PATIENT,
    RESTRICTED,
    make_consent,
    make_decision,
    make_pcf,
    make_question,
    make_rule,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.consent.decision import Decision, decide
from cds_hooks.consent.judging import Outcome
from cds_hooks.consent.reading import read_consents


def decide_on(*consents: dict[str, Any], default: str = "permit") -> Decision:
    """The decision on an ordinary question."""
    return decide(read_consents(consents, PATIENT), make_question(), default)


def test_the_newer_of_two_of_the_same_scope_holds() -> None:
    """Rule 8, both ways."""
    old_deny, new_permit = make_pcf("deny", _dateTime="2020-01-01"), make_pcf("permit", _id="2", _dateTime="2023")
    assert decide_on(old_deny, new_permit) == Decision(Outcome.PERMIT, "a provision permits it", ("Consent/2",))
    old_permit, new_deny = make_pcf("permit", _dateTime="2020-01-01"), make_rule("OPTOUT") | {"id": "2"}
    assert decide_on(old_permit, new_deny) == Decision(Outcome.DENY, "it denies in general", ("Consent/2",))


def test_a_refusal_wins_where_neither_is_newer_for_certain() -> None:
    """Rule 8. The same day, no date, or a year that may hold both."""
    for date in ("2024-06-13", None, "2024"):
        found = decide_on(make_pcf("deny", _dateTime=date), make_pcf("permit", _id="2"))
        assert found == Decision(Outcome.DENY, "a provision denies it", ("Consent/1",))


def test_the_narrower_refusal_stays_beside_a_newer_general_permit() -> None:
    """Rule 8. Who once withheld genetic data has not given them by permitting treatment in general."""
    narrow = make_pcf("deny", _dateTime="2020-01-01", securityLabel=GENETIC)
    assert decide_on(narrow, make_pcf("permit", _id="2")).outcome is Outcome.DENY
    lifted = make_pcf("permit", _id="2", securityLabel=GENETIC)
    assert decide_on(narrow, lifted).outcome is Outcome.PERMIT


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ("2099-01-01", Outcome.DENY),
        ("2026-11-24", Outcome.DENY),
        ("2026-11-23", Outcome.PERMIT),
        ("2026", Outcome.PERMIT),
    ],
)
def test_what_is_dated_in_the_future_replaces_nothing(given: str, outcome: Outcome) -> None:
    """Rule 8. A date that has not come is a slip of the pen, not a newer will. Today and this year may have come."""
    refusal = make_pcf("deny", _dateTime="2024-01-01")
    assert decide_on(refusal, make_pcf("permit", _id="2", _dateTime=given)).outcome is outcome


def test_a_newer_permit_granted_to_the_asker_alone_does_not_lift_a_general_refusal() -> None:
    """Rule 8. A grantee makes a Consent narrower, as an actor does a provision."""
    general, own = make_decision("deny", date="2020-01-01"), [{"reference": "Practitioner/9"}]
    granted = make_decision("permit", id="2", grantee=own)
    assert decide_on(general, granted).outcome is Outcome.DENY
    assert decide_on(general | {"grantee": own}, granted).outcome is Outcome.PERMIT


@pytest.mark.parametrize(
    ("default", "outcome"), [("permit", Outcome.PERMIT), ("deny", Outcome.DENY), ("ehr", Outcome.PERMIT)]
)
def test_the_site_decides_where_no_consent_speaks(default: str, outcome: Outcome) -> None:
    """Rule 9. The decision says so, and names no consent."""
    found = decide_on(make_pcf("permit", securityLabel=RESTRICTED), default=default)
    assert (found.outcome, found.consents) == (outcome, ())
    assert "speaks of this" in found.reason


_DATES = st.sampled_from([None, "2015", "2020-01-01", "2024-06-13", "2025-02", "2099-01-01"])
_OF_THE_ASKER = [{"reference": "Practitioner/9"}]
_KINDS = st.sampled_from(
    [
        make_pcf("permit"), make_pcf("deny"), make_rule("OPTIN"), make_rule("OPTOUT"), make_decision("permit"),
        make_pcf("permit", securityLabel=GENETIC), make_pcf("permit", securityLabel=RESTRICTED), make_consent(),
        make_decision("permit", period={"end": "2022-12-31"}), make_decision("permit", grantee=_OF_THE_ASKER),
        make_decision("deny", grantee=_OF_THE_ASKER),
        make_rule("OPTIN", period={"start": "2020-05-01", "end": "2020-07-01"}),
    ]
)  # fmt: skip
_CONSENTS = st.builds(lambda consent, date: consent | {"dateTime": date, "date": date}, _KINDS, _DATES)
_DENIALS = st.sampled_from([make_pcf("deny"), make_rule("OPTOUT"), make_decision("deny"), make_consent()])


@given(st.lists(_CONSENTS, max_size=4), _DENIALS, _DATES, st.sampled_from(["permit", "deny", "ehr"]))
def test_a_refusal_added_never_opens_anything(
    consents: list[dict[str, Any]], denial: dict[str, Any], date: str | None, default: str
) -> None:
    """Whatever else is on file, and however it is dated."""
    before = decide_on(*consents, default=default)
    after = decide_on(*consents, denial | {"dateTime": date, "date": date}, default=default)
    assert before.permits or not after.permits


@given(st.lists(_CONSENTS, max_size=4), st.sampled_from(["permit", "deny"]))
def test_the_order_of_consents_does_not_matter(consents: list[dict[str, Any]], default: str) -> None:
    """A server may list them in any order."""
    assert decide_on(*consents, default=default).outcome is decide_on(*reversed(consents), default=default).outcome


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.just("permit"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "purpose", "coding", "code", "provision", "actor", "period", "start", "reference"]
                ),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_whatever_stands_in_a_provision_is_judged(value: Any) -> None:
    """No JSON of any shape ends in an exception."""
    assert isinstance(decide_on(make_consent(provision=value)), Decision)
