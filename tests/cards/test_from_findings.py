"""Findings to cards: which card comes, what it says, and when none does."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.from_findings import CardPolicy, cap_cards, make_cards
from knowledge.drug_answer import DrugAnswer, Pretest
from knowledge.facts import DrugOrder, Ingredient
from knowledge.findings import Action, Basis, Finding, Gap, Indicator, PersonalAttribute, Strength, mark_shared
from tests.cards.answers import (
    OFFERS,
    SOURCE,
    make_answer,
    make_finding,
    make_gap,
    make_gene,
    make_order,
    make_reduction,
    numbered,
)


def cards_of(*answers: DrugAnswer, **policy: Any) -> list[dict[str, Any]]:
    """The JSON of the cards, with numbered ids."""
    cards = make_cards(answers, CardPolicy(**policy), numbered())
    return [card.to_json() for card in cap_cards(cards, CardPolicy(**policy))]


def test_the_card_of_a_poor_metabolizer_is_whole() -> None:
    """Every member of the card but detail and extension, which have tests of their own."""
    (card,) = cards_of(make_answer(make_finding()))
    replaced = {
        "resourceId": "MedicationRequest/1",
        "type": "delete",
        "description": "Remove the draft of Clopidogrel 75 mg",
    }
    del card["detail"], card["extension"], card["overrideReasons"]
    assert card == {
        "uuid": "id-1",
        "summary": "Clopidogrel: avoid (CYP2C19 Poor Metabolizer)",
        "indicator": "critical",
        "source": {
            "label": "pgx-cds: CPIC",
            "url": SOURCE.url,
            "topic": {
                "system": "urn:pgx-cds:topic",
                "code": "clopidogrel-cyp2c19",
                "display": "clopidogrel and CYP2C19",
            },
        },
        "suggestions": [
            {
                "label": f"Replace Clopidogrel 75 mg by {name} (dose to be filled in)",
                "uuid": uuid,
                **({"isRecommended": True} if at == 0 else {}),
                "actions": [
                    replaced,
                    {
                        "type": "create",
                        "description": f"Replace Clopidogrel 75 mg by {name} (dose to be filled in)",
                        "resource": {
                            "resourceType": "MedicationRequest",
                            "status": "draft",
                            "intent": "order",
                            "medicationCodeableConcept": {
                                "coding": [
                                    {
                                        "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                                        "code": code,
                                        "display": name,
                                    }
                                ],
                                "text": name,
                            },
                            "subject": {"reference": "Patient/demo"},
                        },
                    },
                ],
            }
            for at, (name, code, uuid) in enumerate(
                [("prasugrel", "613391", "id-2"), ("ticagrelor", "1116632", "id-3")]
            )
        ],
        "selectionBehavior": "at-most-one",
        "links": [{"label": SOURCE.title, "url": SOURCE.url, "type": "absolute"}],
    }


def test_the_detail_lets_the_basis_be_checked_from_the_card_alone() -> None:
    """What to do, why, the result with its origin, the body's strength, the source, and that nobody has reviewed it."""
    (card,) = cards_of(make_answer(make_finding()))
    assert card["detail"] == "\n\n".join(
        [
            "**What to do**",
            "- Avoid clopidogrel. Consider instead: prasugrel or ticagrelor.",
            "**Why**",
            "- Expect much less active metabolite, with a risk of stent thrombosis.\n"
            "- CYP2C19 \\*2/\\*2: Poor Metabolizer (genotype; Observation/9, 2024-05-01)",
            "**What the guidelines say**",
            "- CPIC: strong recommendation",
            "**Alternatives**",
            "- Interactions and organ function were NOT checked: check both before ordering any of them. Looked at were"
            " only the genes, conditions and allergies on file, and those medicines that the content names against an"
            " alternative. Where the guideline names no alternative, the ones above are this service's own choice.",
            "**Sources**",
            "- [Guideline for clopidogrel](https://example.org/clopidogrel), 1.0, transcribed 2026-11-23\n"
            "- Content: transcribed from the published guideline; not reviewed by a clinician.",
        ]
    )


def test_where_no_body_has_anything_to_say_there_is_no_heading_for_it() -> None:
    """A gap with a body that leaves the treatment alone (an age limit that does not hold)."""
    keep = make_finding(indicator=Indicator.INFO, actions=(Action("keep"),), alternative=False, effect=None)
    (card,) = cards_of(make_answer(make_gap("not_fetched"), keep))
    assert "**Missing**" in card["detail"]
    assert "What the guidelines say" not in card["detail"]


def test_a_hole_in_the_content_makes_a_card_that_sends_to_the_guideline() -> None:
    """It never looks as if nothing had to be said."""
    (card,) = cards_of(make_answer(make_gap("no_row", genes=(make_gene(),))))
    assert card["summary"] == "Clopidogrel: the content has no answer for the CYP2C19 result"
    assert "- Look up the guideline itself for the CYP2C19 result: the content leaves it out" in card["detail"]


def test_phenoconversion_is_shown_as_what_the_genotype_says_and_why_it_acts_otherwise() -> None:
    """Genotype says X, acts as Y because of Z."""
    inhibitor = ("paroxetine (strong inhibitor)",)
    gene = make_gene(genotype_says="Normal Metabolizer", score_before="2.0", because=inhibitor)
    (card,) = cards_of(make_answer(make_finding(genes=(gene,))))
    said = (
        "- CYP2C19: genotype says Normal Metabolizer (2.0), acts as Poor Metabolizer"
        " because of paroxetine \\(strong inhibitor\\); without it the genotype alone would count"
    )
    assert said in card["detail"].splitlines()
    assert card["summary"] == "Clopidogrel: avoid (CYP2C19 Poor Metabolizer with paroxetine)"


def test_bodies_that_differ_on_acting_are_shown_side_by_side() -> None:
    """CPIC acts and FDA does not: both positions, and a sentence that says so; a silent body differs from nobody."""
    keep = make_finding(
        id="clopidogrel/fda/keep", body="FDA", indicator=Indicator.INFO, actions=(Action("keep"),), alternative=False
    )
    (card,) = cards_of(make_answer(make_finding(), keep))
    lines = card["detail"].splitlines()
    assert "- The bodies differ: CPIC would change the treatment, FDA would not." in lines
    assert "- FDA: label or safety communication. Use clopidogrel at its standard dose." in lines
    (quiet,) = cards_of(make_answer(make_finding(), replace(keep, strength=Strength.NONE, actions=())))
    assert "differ" not in quiet["detail"]


def test_the_gravest_body_leads_and_every_body_that_acts_says_what_to_do() -> None:
    """A child's contraindication is not hidden behind another body's advice to watch the response."""
    watch = make_finding(
        indicator=Indicator.INFO,
        actions=(Action("keep"), Action("monitor", what=("response",))),
        alternative=False,
        other_guidance=True,
    )
    refuse = make_finding(
        id="clopidogrel/fda/child",
        body="FDA",
        genes=(),
        actions=(Action("avoid", degree="contraindicated"),),
        population_label="children",
    )
    (card,) = cards_of(make_answer(watch, refuse))
    assert (card["summary"], card["indicator"]) == ("Clopidogrel: contraindicated (children)", "critical")
    lines = card["detail"].splitlines()
    assert lines[:4] == [
        "**What to do**",
        "",
        "- FDA, children: Do not use clopidogrel: it is contraindicated.",
        "- CPIC: Use clopidogrel at its standard dose. Monitor clinical response.",
    ]
    assert "- FDA: label or safety communication (children)" in lines


def test_two_bodies_of_like_gravity_both_stand_in_the_summary() -> None:
    """A contraindication by age leads, and the gene that another body acts on is named beside it."""
    actions = (Action("avoid", degree="contraindicated"),)
    refuse = make_finding(
        id="clopidogrel/fda/child", body="FDA", genes=(), actions=actions, population_label="children"
    )
    (card,) = cards_of(make_answer(make_finding(), refuse))
    assert card["summary"] == "Clopidogrel: contraindicated (children; CYP2C19 Poor Metabolizer)"


def test_settling_which_result_is_right_comes_first_only_where_the_lead_rests_on_it() -> None:
    """A lead that is only possible waits for the right result; a certain one is said before that."""
    settle = "- Find out which CYP2C19 result is right before relying on either."
    possible = "- Possible, the record leaves it open: Avoid clopidogrel. Consider instead: prasugrel or ticagrelor."
    (open_card,) = cards_of(make_answer(make_finding(possible=True), make_gap("results_disagree")))
    assert open_card["detail"].splitlines()[2:5] == [settle, possible, ""]
    (certain,) = cards_of(make_answer(make_finding(), make_gap("results_disagree")))
    avoid = "- Avoid clopidogrel. Consider instead: prasugrel or ticagrelor."
    assert certain["detail"].splitlines()[2:5] == [avoid, settle, ""]


def test_a_certain_warning_is_heard_before_what_is_only_possible() -> None:
    """Where the age is unknown, the body that speaks of children does not lead."""
    avoid = make_finding(indicator=Indicator.WARNING)
    refuse = make_finding(id="clopidogrel/fda/child", body="FDA", genes=(), possible=True, population_label="children")
    (card,) = cards_of(make_answer(refuse, avoid))
    assert card["summary"] == "Clopidogrel: avoid (CYP2C19 Poor Metabolizer)"


def test_what_all_possible_rows_share_is_certain_and_leads() -> None:
    """Half the starting dose in either case is no "possibly", and comes before another body's certain monitoring."""
    half = Action("reduce", percent=(Decimal(50),), of="start")
    watch = make_finding(
        id="clopidogrel/fda/watch",
        body="FDA",
        indicator=Indicator.WARNING,
        actions=(Action("monitor", what=("response",)),),
        alternative=False,
        other_guidance=True,
    )
    one = make_reduction(half, id="clopidogrel/cpic/one", indicator=Indicator.WARNING, possible=True, note="One.")
    two = replace(one, id="clopidogrel/cpic/two", note="Two.")
    (open_card,) = cards_of(make_answer(one, two, watch))
    assert open_card["summary"] == "Clopidogrel: monitor clinical response (CYP2C19 Poor Metabolizer)"
    (card,) = cards_of(make_answer(*mark_shared([one, two]), watch))
    assert card["summary"] == "Clopidogrel: reduce the starting dose by 50% (CYP2C19 Poor Metabolizer)"
    assert card["detail"].splitlines()[2:6] == [
        "- CPIC: Whichever of the possible answers holds: Reduce the starting dose by 50%.",
        "- CPIC: Possible, the record leaves it open: Reduce the starting dose by 50%. One.",
        "- CPIC: Possible, the record leaves it open: Reduce the starting dose by 50%. Two.",
        "- FDA: Monitor clinical response.",
    ]


def test_what_follows_on_the_advice_to_avoid_is_for_those_who_get_the_drug_all_the_same() -> None:
    """A limit beside "avoid" is no second advice to everybody."""
    actions = (Action("avoid", degree="if_possible"), Action("monitor", what=("response", "side_effects")))
    (card,) = cards_of(make_answer(make_finding(actions=actions)))
    assert card["detail"].splitlines()[2] == (
        "- Avoid clopidogrel if possible."
        " If clopidogrel is used all the same: monitor clinical response and side effects."
    )


def test_an_unusable_result_weighs_more_where_the_drug_asks_for_a_test_first() -> None:
    """Abacavir with an unreadable HLA-B is no footnote; where nobody asks for a test it is for information."""
    (first,) = cards_of(make_answer(make_gap("unreadable"), tested_first=True))
    (other,) = cards_of(make_answer(make_gap("unreadable")))
    assert (first["indicator"], other["indicator"]) == ("warning", "info")


def test_the_note_of_a_row_whose_alternatives_all_dropped_out_does_not_stand_alone() -> None:
    """Without its offer the row has nothing to say."""
    bare = make_finding(id="clopidogrel/cpic/other", actions=(), note="This weighs more where bleeding is likely.")
    (card,) = cards_of(make_answer(make_finding(), bare))
    assert "weighs more" not in card["detail"]


def test_a_result_that_could_not_be_used_is_left_to_the_reader_in_plain_words() -> None:
    """The card says what to do, not only what failed."""
    (card,) = cards_of(make_answer(make_gap("unreadable")))
    assert card["detail"].splitlines()[2] == (
        "- Read the CYP2C19 report itself: it could not be used here, and nothing here speaks for clopidogrel."
    )


def test_nothing_to_change_makes_no_card_unless_the_site_asks_for_it() -> None:
    """Silence by default; with the policy one line that says so."""
    keep = make_finding(actions=(Action("keep"),), alternative=False, indicator=Indicator.INFO)
    assert cards_of(make_answer(keep)) == []
    (card,) = cards_of(make_answer(keep), show_no_action=True)
    assert (card["summary"], card["indicator"]) == (
        "Clopidogrel: no change needed, CYP2C19 Poor Metabolizer",
        "info",
    )


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("unreadable", "Clopidogrel: the CYP2C19 result on file could not be read"),
        ("not_fetched", "Clopidogrel: CYP2C19 results could not be fetched"),
        (
            "indeterminate",
            "Clopidogrel: the CYP2C19 result on file is indeterminate, it does not answer the test asked for",
        ),
        ("no_result", None),
        ("withheld", None),
    ],
)
def test_each_gap_says_what_it_is_or_nothing(kind: str, summary: str | None) -> None:
    """Unreadable and not fetched are told; what is withheld is not hinted at; none on file needs a policy."""
    cards = cards_of(make_answer(make_gap(kind)))
    assert [card["summary"] for card in cards] == ([summary] if summary else [])
    assert all("suggestions" not in card for card in cards)


@pytest.mark.parametrize(
    ("priority", "indicator"), [("required", "warning"), ("recommended", "warning"), ("optional", "info")]
)
def test_a_test_that_the_policy_asks_for_can_be_ordered(priority: str, indicator: str) -> None:
    """The ServiceRequest is for the draft's own patient."""
    (card,) = cards_of(make_answer(make_gap(), pretest=Pretest(("CYP2C19",), priority)))
    assert card["indicator"] == indicator
    assert [suggestion["actions"] for suggestion in card["suggestions"]] == [
        [
            {
                "type": "create",
                "description": "Order CYP2C19 genotyping before clopidogrel",
                "resource": {
                    "resourceType": "ServiceRequest",
                    "status": "draft",
                    "intent": "order",
                    "code": {"text": "CYP2C19 genotype"},
                    "subject": {"reference": "Patient/demo"},
                    "reasonCode": [{"text": "Before treatment with clopidogrel"}],
                },
            }
        ]
    ]


def test_rows_that_the_record_leaves_open_are_all_shown_and_nothing_is_suggested() -> None:
    """A possible row is no basis for an order."""
    keep = make_finding(id="clopidogrel/cpic/standard", actions=(Action("keep"),), alternative=False, possible=True)
    (card,) = cards_of(make_answer(make_finding(possible=True), keep))
    assert card["summary"] == "Clopidogrel: possibly avoid (CYP2C19 Poor Metabolizer), the record leaves it open"
    assert "suggestions" not in card


def test_the_worst_card_comes_first_and_what_is_cut_off_is_said() -> None:
    """Three answers, room for two."""
    warning = make_answer(make_finding(indicator=Indicator.WARNING))
    info = make_answer(make_finding(indicator=Indicator.INFO))
    critical = make_answer(make_finding())
    cards = cards_of(info, warning, critical, max_cards=2)
    assert [card["indicator"] for card in cards] == ["critical", "warning"]
    assert cards[-1]["detail"].endswith(
        "**Not shown for want of room**\n\n- Clopidogrel: avoid (CYP2C19 Poor Metabolizer)"
    )


def test_hostile_text_of_the_record_comes_out_harmless() -> None:
    """No HTML and no link of the record survives into Markdown that some clients render raw."""
    gene = make_gene(diplotype="<script>alert(1)</script>[x](javascript:1)\n# *1", reported="<b>PM</b>")
    order = replace(make_order(), display="<img src=x onerror=alert(1)>")
    (card,) = cards_of(make_answer(make_finding(genes=(gene,)), order=order))
    assert "<" not in card["detail"]
    assert "](javascript" not in card["detail"]


def test_a_medicine_already_taken_gets_no_change_of_draft_orders() -> None:
    """On patient-view there is nothing to delete or update."""
    (card,) = cards_of(make_answer(make_finding(), order=replace(make_order(), active=True)))
    assert "suggestions" not in card


def test_the_extension_carries_the_finding_without_empty_members() -> None:
    """Programs read the row, the gene and the actions from the card."""
    (card,) = cards_of(make_answer(make_finding()))
    (finding,) = card["extension"]["org.pgx-cds"]["findings"]
    assert (finding["id"], finding["alternative"], finding["doseChange"]) == (
        "clopidogrel/cpic/poor-acs-pci",
        True,
        False,
    )
    assert "activityScore" not in finding["genes"][0]


def has_empty(value: Any) -> bool:
    """Whether any member is null, "", [] or {}."""
    if value in (None, "", [], {}):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(has_empty(one) for one in inner)


ACTIONS = st.lists(
    st.sampled_from(
        [
            Action("avoid", degree="if_possible"),
            Action("offer", drugs=("prasugrel", "ticagrelor")),
            Action("monitor", what=("response",)),
            Action("titrate", of="start", what=("inr",)),
            Action("test", what=("CYP2C19",)),
            Action("keep"),
        ]
    ),
    max_size=3,
    unique=True,
)
FINDINGS = st.builds(
    make_finding,
    actions=ACTIONS.map(tuple),
    indicator=st.sampled_from(Indicator),
    strength=st.sampled_from(Strength),
    alternative=st.booleans(),
    possible=st.booleans(),
    note=st.none() | st.text(min_size=1, max_size=300),
    condition=st.none() | st.just("no alternative is available"),
    genes=st.builds(make_gene, diplotype=st.none() | st.text(min_size=1), reported=st.none() | st.text(min_size=1)).map(
        lambda gene: (gene,)
    ),
)


@given(st.lists(FINDINGS, max_size=4), st.text(min_size=1, max_size=300), st.booleans())
def test_whatever_is_found_makes_a_conformant_card(findings: list[Finding], name: str, single: bool) -> None:
    """Summary below 140 characters, no empty member, unique uuids, at most one recommendation."""
    order = DrugOrder(
        "MedicationRequest/1", name, (Ingredient(name),), resource=make_order().resource, fhir_release="R4"
    )
    answer = DrugAnswer(order, Ingredient(name), tuple(findings), (), OFFERS)
    policy = CardPolicy(single_action_suggestions=single, show_no_action=True)
    for card in make_cards([answer], policy):
        members = card.to_json()
        assert 0 < len(members["summary"]) < 140
        assert not has_empty(members)
        assert ("selectionBehavior" in members) is ("suggestions" in members)
        suggestions = members.get("suggestions", [])
        assert len({one["uuid"] for one in (members, *suggestions)}) == len(suggestions) + 1
        assert sum("isRecommended" in one for one in suggestions) <= 1


def test_a_dose_change_leaves_the_rest_of_the_draft_alone() -> None:
    """See test_suggestions for the numbers."""
    (card,) = cards_of(make_answer(make_reduction(Action("reduce", factor=None, of="start"))))
    assert "suggestions" not in card


@pytest.mark.parametrize(
    ("before", "summary", "detail"),
    [
        (
            "the first dose",
            "Clopidogrel: no CYP2C19 result on file, test required before the first dose",
            "**Before the first dose**\n\n- The label requires testing CYP2C19 before the first dose of clopidogrel.",
        ),
        (
            "doses above 50 mg a day",
            "Clopidogrel: no CYP2C19 result on file, test required before doses above 50 mg a day",
            "**Before doses above 50 mg a day**\n\n"
            "- The label requires testing CYP2C19 before doses above 50 mg a day of clopidogrel.",
        ),
    ],
)
def test_a_test_is_asked_for_before_what_the_label_says(before: str, summary: str, detail: str) -> None:
    """The first dose, or the one from which the genotype matters."""
    answer = make_answer(make_gap(), pretest=Pretest(("CYP2C19",), "required", before=before))
    (card,) = make_cards([answer], CardPolicy(), numbered())
    assert card.summary == summary
    assert detail in card.detail


INHIBITED = make_gene(
    diplotype="*1/*1",
    basis=Basis.PHENOCONVERSION,
    genotype_says="Normal Metabolizer",
    because=("fluvoxamine (strong inhibitor)",),
)


@pytest.mark.parametrize(
    ("no_inhibitors", "summary", "places"),
    [
        (True, "Clopidogrel: change fluvoxamine, or else avoid (CYP2C19 Poor Metabolizer with fluvoxamine)", [0]),
        (False, "Clopidogrel: avoid (CYP2C19 Poor Metabolizer with fluvoxamine)", [1]),
    ],
)
def test_a_card_on_account_of_an_inhibitor_says_that_the_inhibitor_can_be_changed(
    no_inhibitors: bool, summary: str, places: list[int]
) -> None:
    """First where the body asks to keep inhibitors away from the drug, with that row's note; else last."""
    alone = make_finding(
        id="clopidogrel/cpic/standard",
        actions=(Action("keep"),),
        alternative=False,
        no_inhibitors=no_inhibitors,
        note="Keep inhibitors away.",
    )
    (card,) = cards_of(make_answer(make_finding(genes=(INHIBITED,), by_genotype=(alone,))))
    lines = card["detail"].split("\n\n")[1].splitlines()
    said = (
        "- Consider whether fluvoxamine can be changed: by genotype alone \\(CYP2C19 Normal Metabolizer\\)"
        " no change would be asked for."
    )
    own = " CPIC: Use clopidogrel at its standard dose. Keep inhibitors away." if no_inhibitors else ""
    assert card["summary"] == summary
    assert [at for at, line in enumerate(lines) if line == said + own] == places


def test_where_no_alternative_of_the_genotypes_own_row_holds_the_card_says_so() -> None:
    """It is no row that asks for nothing."""
    alone = make_finding(actions=(), gaps=(Gap("no_alternative", "none of the alternatives of CPIC holds"),))
    (card,) = cards_of(make_answer(make_finding(genes=(INHIBITED,), by_genotype=(alone,))))
    lines = card["detail"].split("\n\n")[1].splitlines()
    assert lines[-1] == (
        "- Consider whether fluvoxamine can be changed: by genotype alone \\(CYP2C19 Normal Metabolizer\\)"
        " something else would be asked for. CPIC: Consider another medicine; of those that could be named here none"
        " holds for this patient."
    )


def test_what_holds_once_an_inhibitor_is_stopped_is_said_with_that_condition_and_is_no_emergency_of_today() -> None:
    """A warning at most, and no draft is replaced for it."""
    hidden = make_finding(indicator=Indicator.CRITICAL, condition="fluvoxamine is stopped", hidden_by=("fluvoxamine",))
    (card,) = cards_of(make_answer(hidden))
    assert (card["summary"], card["indicator"], "suggestions" in card) == (
        "Clopidogrel: if fluvoxamine is stopped: avoid (CYP2C19 Poor Metabolizer)",
        "warning",
        False,
    )
    assert "- If fluvoxamine is stopped: Avoid clopidogrel." in card["detail"]


def test_what_needs_no_more_than_the_stop_leads_and_the_action_is_never_cut_off() -> None:
    """A contraindication on a further condition comes after it; alone, its condition comes last in the summary."""
    once = make_finding(
        indicator=Indicator.CRITICAL, condition="fluvoxamine is stopped", hidden_by=("fluvoxamine",), body="CPIC"
    )
    besides = "an adult gets more than 20 mg every six hours, or has a further risk such as weak kidneys"
    further = replace(
        once,
        body="DPWG",
        actions=(Action("avoid", degree="contraindicated"),),
        condition=f"fluvoxamine is stopped and ({besides})",
        besides=besides,
    )
    assert cards_of(make_answer(further, once))[0]["summary"] == (
        "Clopidogrel: if fluvoxamine is stopped: avoid (CYP2C19 Poor Metabolizer)"
    )
    alone = cards_of(make_answer(further))[0]
    assert alone["summary"].startswith(
        "Clopidogrel: if fluvoxamine is stopped: contraindicated, where an adult gets more than 20 mg every six hours,"
    )
    assert f"- If fluvoxamine is stopped and \\({besides}\\): Do not use clopidogrel" in alone["detail"]


def test_where_the_drug_is_in_use_already_the_test_says_so() -> None:
    """Its first dose was given; whether to wait with the next is the clinician's to judge."""
    answer = make_answer(make_gap(), pretest=Pretest(("CYP2C19",), "recommended", in_use=True))
    (card,) = cards_of(answer)
    assert (
        card["summary"]
        == "Clopidogrel: no CYP2C19 result on file, test recommended before the first dose (in use already)"
    )
    assert card["detail"].startswith(
        "**Testing**\n\n- Testing CYP2C19 before the first dose of clopidogrel is advised. "
        "The medication list shows it in use already."
    )
    (action,) = card["suggestions"][0]["actions"]
    assert (action["description"], action["resource"]["reasonCode"]) == (
        "Order CYP2C19 genotyping for clopidogrel",
        [{"text": "Treatment with clopidogrel"}],
    )


def test_a_headline_of_advice_for_one_condition_carries_the_condition() -> None:
    """A reader to whom it does not apply must not take it for certain; certain advice of another body leads."""
    above = make_finding(
        body="DPWG", condition="more than 20 mg is given", actions=(Action("avoid", degree="contraindicated"),)
    )
    alone = cards_of(make_answer(above))[0]["summary"]
    assert alone == "Clopidogrel: contraindicated if more than 20 mg is given (CYP2C19 Poor Metabolizer)"
    both = cards_of(make_answer(make_finding(), above))[0]["summary"]
    assert both == "Clopidogrel: avoid (CYP2C19 Poor Metabolizer)"


@pytest.mark.parametrize(
    ("of", "in_use", "said"),
    [
        ("start", True, "The medication list shows clopidogrel in use already: this is about its start."),
        ("start", None, "Whether clopidogrel is in use already could not be told: this is about its start."),
        ("start", False, None),
        ("dose", True, None),
    ],
)
def test_advice_on_a_start_says_where_the_drug_may_be_in_use_already(of: str, in_use: Any, said: str | None) -> None:
    """Its first dose was given, and no new one is offered."""
    finding = make_finding(actions=(Action("reduce", percent=(Decimal(50),), of=of),), dose_change=True)
    (card,) = cards_of(make_answer(finding, in_use=in_use))
    assert ("this is about its start" in card["detail"]) is (said is not None)
    assert (said or "") in card["detail"]


def test_the_sources_end_with_what_of_the_person_the_rules_use() -> None:
    """Of several rules together: used is what any of them uses. Nothing is said where nothing was named."""
    none, some = (PersonalAttribute("race", False), PersonalAttribute("sex", False)), PersonalAttribute("sex", True)
    first = make_finding(attributes=none)
    second = make_finding(id="clopidogrel/fda/poor", body="FDA", attributes=(none[0], some))
    for findings, last in (
        ((first,), "- The rules above: race and sex not used."),
        ((first, second), "- The rules above: sex used; race not used."),
        ((make_finding(),), "- Content: transcribed from the published guideline; not reviewed by a clinician."),
        ((make_finding(content_status="reviewed"),), "- Content: reviewed by this site."),
        (
            (make_finding(signature_ended="2026-01-01"),),
            "- Content: this site's review ended on 2026-01-01; not reviewed since.",
        ),
    ):
        (card,) = cards_of(make_answer(*findings))
        assert card["detail"].splitlines()[-1] == last


def test_the_sources_say_where_the_demand_for_a_test_can_be_read() -> None:
    """Where the content names the address; else the line is not there."""
    for source, count in (("https://example.org/label", 1), (None, 0)):
        (card,) = cards_of(make_answer(make_gap(), pretest=Pretest(("CYP2C19",), "required", source=source)))
        assert card["detail"].splitlines().count("- [What asks for the test](https://example.org/label)") == count


def test_a_link_leads_to_the_leading_rule_where_pages_of_rules_are_known() -> None:
    """Behind the links to the sources, with the content's version."""
    answer = make_answer(make_finding(), content_digest="0123456789ab")
    (card,) = cards_of(answer, rule_pages="https://cds.example.org/transparency")
    lead = make_finding().id
    assert card["links"] == [
        {"label": SOURCE.title, "url": SOURCE.url, "type": "absolute"},
        {
            "label": f"About the rule {lead}",
            "url": f"https://cds.example.org/transparency/{lead}?content=0123456789ab",
            "type": "absolute",
        },
    ]


def test_where_no_alternative_holds_a_row_that_asks_for_one_only_still_asks_for_it() -> None:
    """It is no reason to change nothing; a row that asks for more says what is left of it."""
    dropped = (Gap("no_alternative", "none of the alternatives of CPIC holds for this patient"),)
    (alone,) = cards_of(make_answer(make_finding(actions=(), gaps=dropped)))
    assert alone["summary"] == "Clopidogrel: consider an alternative (CYP2C19 Poor Metabolizer)"
    assert alone["detail"].split("\n\n")[1] == (
        "- Consider another medicine; of those that could be named here none holds for this patient."
    )
    (more,) = cards_of(make_answer(make_finding(actions=(Action("avoid"),), gaps=dropped)))
    assert more["summary"] == "Clopidogrel: avoid (CYP2C19 Poor Metabolizer)"
    assert more["detail"].split("\n\n")[1] == "- Avoid clopidogrel."
