"""Drafted orders in every shape that EHRs send, and medicines in use."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fhir_samples import NAMES, RXNORM, concept, fetched, record

from cds_hooks.fhir.drugs import read_medications, read_orders, read_unasked_orders
from knowledge.facts import DoseLine, DrugOrder, DrugUse, Ingredient

SIPONIMOD = Ingredient("siponimod", "1310520")
BOTH = (Ingredient("acetaminophen", "161"), Ingredient("codeine", "2670"))
CODED = concept((RXNORM, "2121085", "siponimod 0.25 MG Oral Tablet"))
MEDICATION = {"resourceType": "Medication", "id": "m1", "code": CODED}
TODAY = date(2026, 1, 1)


def draft(**members: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": "d1", "status": "draft", "intent": "order", **members}


def orders(*drafts: dict[str, Any], **topics: Any) -> tuple[DrugOrder, ...]:
    return read_orders(record(drafts=drafts, **topics), NAMES)


def order(resource: dict[str, Any], **members: Any) -> DrugOrder:
    defaults: dict[str, Any] = {
        "order_id": "MedicationRequest/d1",
        "display": "siponimod 0.25 MG Oral Tablet",
        "ingredients": (SIPONIMOD,),
        "resource": resource,
        "fhir_release": "R4",
    }
    return DrugOrder(**{**defaults, **members})


@pytest.mark.parametrize(
    ("medicine", "release"),
    [
        ({"medicationCodeableConcept": CODED}, "R4"),
        ({"medicationReference": {"reference": "#m1"}, "contained": [MEDICATION]}, "R4"),
        ({"medication": {"concept": CODED}}, "R5"),
        ({"medication": {"reference": {"reference": "#m1"}}, "contained": [MEDICATION]}, "R5"),
    ],
)
def test_order_is_read_when_the_medicine_is_inline_or_contained(medicine: dict[str, Any], release: str) -> None:
    """R4 and R5, told apart by their own members."""
    sent = draft(**medicine)
    assert orders(sent) == (order(sent, fhir_release=release),)


@pytest.mark.parametrize(
    "topics",
    [
        {"referenced": {"Medication/m1": MEDICATION}},
        {"medications": fetched(MEDICATION)},
    ],
)
def test_order_is_read_when_the_medication_was_fetched(topics: dict[str, Any]) -> None:
    """A reference to the server, by whatever way the Medication came."""
    sent = draft(medicationReference={"reference": "Medication/m1", "display": "something"})
    assert orders(sent, **topics) == (order(sent, display="something"),)


def test_order_is_read_when_the_medication_is_another_entry_of_the_drafts() -> None:
    """The entry itself is no order."""
    sent = draft(medicationReference={"reference": "Medication/m1"})
    assert orders(sent, MEDICATION) == (order(sent),)


def test_order_is_read_when_only_the_display_of_the_reference_names_it() -> None:
    """The name counts where it is known exactly; a longer one stays unidentified, with its name."""
    exact = draft(medicationReference={"reference": "Medication/9", "display": "Mayzent"})
    longer = draft(medicationReference={"reference": "Medication/9", "display": "Mayzent or the like"})
    unknown = order(longer, display="Mayzent or the like", ingredients=(), reason="a word of its name is not known")
    assert (orders(exact), orders(longer)) == ((order(exact, display="Mayzent"),), (unknown,))


def test_order_is_read_when_the_code_is_empty_and_the_text_is_exact() -> None:
    """An RxNorm coding without a code, as some servers write it."""
    sent = draft(medicationCodeableConcept=concept((RXNORM, "", None), text="Siponimod"))
    assert orders(sent) == (order(sent, display="Siponimod"),)


def test_order_is_read_when_one_of_several_codes_is_known() -> None:
    """Vendor codes beside RxNorm; a local code by the site's table."""
    several = draft(
        medicationCodeableConcept=concept(("urn:oid:1.1", "5", "x"), (RXNORM, "2121085", None), text="Sipo")
    )
    local = draft(medicationCodeableConcept=concept(("urn:oid:1.2.3.4", "77", "house name")))
    carbamazepine = (Ingredient("carbamazepine", "2002"),)
    assert (orders(several), orders(local)) == (
        (order(several, display="Sipo"),),
        (order(local, display="house name", ingredients=carbamazepine),),
    )


def test_order_keeps_every_name_that_may_tell_the_form_and_the_codes_of_the_product() -> None:
    """Of the product, of the form of its Medication and of the route; inline there is no form to read."""
    route = {"route": concept(("http://snomed.info/sct", "6064005", "Topical route"))}
    inline = draft(medicationCodeableConcept=CODED, dosageInstruction=[route, {"route": {"text": "on the skin"}}])
    held = MEDICATION | {"form": {"text": "Cream"}}
    referred = draft(medicationReference={"reference": "#m1", "display": "Mayzent"}, contained=[held])
    said = [(one.form_names, one.codes) for sent in (inline, referred) for one in orders(sent)]
    assert said == [
        (("siponimod 0.25 MG Oral Tablet", "Topical route", "on the skin"), ((RXNORM, "2121085"),)),
        (("siponimod 0.25 MG Oral Tablet", "Cream", "Mayzent"), ((RXNORM, "2121085"),)),
    ]


def test_order_keeps_name_and_reason_when_nothing_identifies_it() -> None:
    """A code of an unknown system, and no code at all: never a guess."""
    vnr = draft(medicationCodeableConcept=concept(("https://pharmaca.fi/vnr", "123456", "Pixie dust 50 mg")))
    empty = draft()
    assert (orders(vnr), orders(empty)) == (
        (
            order(
                vnr,
                display="Pixie dust 50 mg",
                ingredients=(),
                reason="its code (https://pharmaca.fi/vnr) is on no list, and a word of its name is not known",
            ),
        ),
        (order(empty, display="unnamed medicine", ingredients=(), reason="it names no medicine yet"),),
    )


@pytest.mark.parametrize("sent", [True, 5, "siponimod", [CODED]])
def test_order_names_no_medicine_when_its_medication_is_of_no_allowed_type(sent: object) -> None:
    """Such a member is passed over, never an error."""
    (found,) = orders(draft(medication=sent))
    assert (found.ingredients, found.display, found.reason) == ((), "unnamed medicine", "it names no medicine yet")


def test_every_ingredient_is_named_when_the_product_is_a_combination() -> None:
    """By one code, or by the ingredients of a Medication without a known code; one unknown ingredient spoils it."""
    parts = [{"itemCodeableConcept": concept(text="Acetaminophen")}, {"item": {"concept": concept(text="codeine")}}]
    mixed = {"resourceType": "Medication", "id": "m1", "ingredient": parts}
    unclear = {**mixed, "ingredient": [*parts, {"itemCodeableConcept": concept(text="secret")}]}
    coded = draft(medicationCodeableConcept=concept((RXNORM, "993781", "mix")))
    listed = draft(medicationReference={"reference": "#m1"}, contained=[mixed])
    spoiled = draft(medicationReference={"reference": "#m1"}, contained=[unclear])
    read = [(one.ingredients, one.reason) for sent in (coded, listed, spoiled) for one in orders(sent)]
    reason = "one of its ingredients is not known: a word of its name is not known"
    assert read == [(BOTH, None), (BOTH, None), ((), reason)]


def test_drafts_are_passed_over_when_they_are_no_medicines_to_give() -> None:
    """Services, diets, orders not to give, and drafts of another patient; DSTU2's name of an order is read."""
    others = [{"resourceType": kind, "id": "x"} for kind in ("ServiceRequest", "NutritionOrder", "DeviceRequest")]
    never = draft(id="d2", doNotPerform=True, medicationCodeableConcept=CODED)
    theirs = draft(id="d3", subject={"reference": "Patient/demo-2"}, medicationCodeableConcept=CODED)
    old = draft(resourceType="MedicationOrder", medicationCodeableConcept=CODED)
    assert orders(*others, never, theirs, old) == (order(old, order_id="MedicationOrder/d1"),)


@pytest.mark.parametrize("selection", ["MedicationRequest/d2", "d2", "https://ehr.example/fhir/MedicationRequest/d2"])
def test_only_the_selected_drafts_are_orders_when_there_are_selections(selection: str) -> None:
    """The others are medicines that will be taken together with them, and keep their doses."""
    one, two = (draft(id=name, medicationCodeableConcept=CODED) for name in ("d1", "d2"))
    sent = record(drafts=(one, two), selections=(selection,))
    use = DrugUse((SIPONIMOD,), "siponimod 0.25 MG Oral Tablet", "MedicationRequest/d1", draft=True)
    assert (read_orders(sent, NAMES), read_medications(sent, NAMES, TODAY), read_unasked_orders(sent, NAMES)) == (
        (order(two, order_id="MedicationRequest/d2"),),
        (use,),
        (order(one, order_id="MedicationRequest/d1"),),
    )


def test_doses_carry_their_path_and_daily_count() -> None:
    """doseAndRate, DSTU2's plain doseQuantity, ranges; counts only where the timing says so plainly."""
    milligrams = {"value": 2.50, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    daily = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    hourly = {"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}
    lines = [
        {"timing": daily, "doseAndRate": [{"doseQuantity": milligrams}]},
        {"timing": hourly, "doseQuantity": {"value": 1, "unit": "{pill}"}},
        {"asNeededBoolean": True, "timing": daily, "doseAndRate": [{"doseRange": {"high": {"value": 3}}}]},
        {"timing": {"code": concept((None, "TID", None))}, "doseAndRate": [{"doseQuantity": {"value": True}}]},
    ]
    sent = draft(medicationCodeableConcept=CODED, dosageInstruction=lines)
    expected = (
        DoseLine(("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity"), Decimal("2.5"), "mg", Decimal(2)),
        DoseLine(("dosageInstruction", 1, "doseQuantity"), Decimal(1), "{pill}", Decimal(3)),
        DoseLine(("dosageInstruction", 2, "doseAndRate", 0, "doseRange", "high"), Decimal(3), None, None),
    )
    assert orders(sent) == (order(sent, doses=expected),)


def use(**members: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationStatement", "id": "s1", "status": "active", "medication": CODED, **members}


@pytest.mark.parametrize(
    ("resource", "taken"),
    [
        (use(), True),
        (use(status="completed"), False),
        (use(status="recorded", adherence={"code": concept((None, "not-taking", None))}), False),
        (use(effectivePeriod={"end": "2025-12-31"}), False),
        (use(effectivePeriod={"end": "2026-01-01"}), True),
        (draft(status="active", medicationCodeableConcept=CODED, category={"text": "x"}), True),
        ({**draft(status="active", medicationCodeableConcept=CODED), "intent": None}, True),
        (draft(status="active", intent="proposal", medicationCodeableConcept=CODED), False),
        (draft(status="stopped", medicationCodeableConcept=CODED), False),
        (use(subject={"reference": "Patient/demo-2"}), False),
    ],
)
def test_medicine_is_in_use_when_its_order_or_statement_is_active(resource: dict[str, Any], taken: bool) -> None:
    """Orders and statements; what has ended, is only proposed, or is of somebody else is not taken."""
    got = tuple(
        replace(one, until=None) for one in read_medications(record(medications=fetched(resource)), NAMES, TODAY)
    )
    reference = f"{resource['resourceType']}/{resource['id']}"
    expected = DrugUse((SIPONIMOD,), "siponimod 0.25 MG Oral Tablet", reference)
    assert got == ((expected,) if taken else ())


def test_medicine_is_in_use_since_the_earliest_whole_date() -> None:
    """A year alone is no date to count months from."""
    both = use(effectivePeriod={"start": "2024-02-03"}, dosageInstruction="broken")
    year = use(effectivePeriod={"start": "2024"})
    got = [read_medications(record(medications=fetched(one)), NAMES, TODAY)[0] for one in (both, year)]
    whole = DrugUse((SIPONIMOD,), "siponimod 0.25 MG Oral Tablet", "MedicationStatement/s1", date(2024, 2, 3))
    assert got == [whole, replace(whole, since=None)]


@pytest.mark.parametrize(
    ("timing", "daily"),
    [
        ({"code": concept((None, "BID", None))}, Decimal(2)),
        ({"repeat": {"timeOfDay": ["08:00", "20:00"]}}, Decimal(2)),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}, Decimal("0.1429")),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}}, None),
        ({"repeat": {"frequency": 1, "frequencyMax": 3, "period": 1, "periodUnit": "d"}}, None),
        ({"repeat": {"frequency": 1, "period": 0, "periodUnit": "d"}}, None),
        ({"repeat": {"frequency": 1}}, None),
        ("twice", None),
    ],
)
def test_doses_a_day_are_counted_when_the_timing_is_plain(timing: Any, daily: Decimal | None) -> None:
    """Codes, times of day and periods; ranges, weekdays and halves of a statement are none."""
    line = {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "mg"}}]}
    sent = draft(medicationCodeableConcept=CODED, dosageInstruction=[line])
    assert [one.per_day for one in orders(sent)[0].doses] == [daily]


@pytest.mark.parametrize("asked", [{"asNeeded": True}, {"asNeededCodeableConcept": {"text": "pain"}}])
def test_doses_a_day_are_not_counted_when_given_as_needed(asked: dict[str, Any]) -> None:
    """R5 and R4."""
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    line = {**asked, "timing": timing, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "mg"}}]}
    sent = draft(medicationCodeableConcept=CODED, dosageInstruction=[line])
    assert [one.per_day for one in orders(sent)[0].doses] == [None]


def test_ingredients_are_followed_when_a_medication_refers_to_them() -> None:
    """To another Medication or Substance, or by the reference's display; inactive ones do not count."""
    substance = {"resourceType": "Substance", "id": "s1", "code": concept(text="codeine")}
    parts = [
        {"itemReference": {"reference": "Substance/s1"}},
        {"item": {"reference": {"reference": "Substance/9", "display": "Acetaminophen"}}},
        {"itemCodeableConcept": concept(text="starch"), "isActive": False},
    ]
    mixed = {"resourceType": "Medication", "id": "m1", "ingredient": parts}
    sent = draft(medicationReference={"reference": "Medication/m1"})
    got = orders(sent, mixed, referenced={"Substance/s1": substance})
    assert {one.name for one in got[0].ingredients} == {"acetaminophen", "codeine"}


def test_order_says_so_when_its_medication_could_not_be_had() -> None:
    """A reference without a name is no nameless draft."""
    sent = draft(medicationReference={"reference": "Medication/9"})
    reason = "the Medication that it refers to could not be had, and the reference carries no name"
    assert orders(sent) == (order(sent, display="unnamed medicine", ingredients=(), reason=reason),)
