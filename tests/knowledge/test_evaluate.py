"""Evaluation: facts in, findings out. Each test is one behaviour that a prescriber would notice."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from facts_samples import make_facts

from knowledge.drug_answer import DrugAnswer, Silence
from knowledge.evaluate import evaluate
from knowledge.facts import Answer, DrugOrder, GeneRecord, GeneResult, Ingredient, PatientFacts
from knowledge.findings import Finding, Gap
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order
from knowledge.sign_off import SignOff
from knowledge.terms.code_systems import ATC, RXNORM


def ask(names: Names, drug: str, policy: Policy | None = None, every: bool = False, **given: Any) -> DrugAnswer:
    """The answer on one drug for what a question states."""
    facts = replace(read_facts(given, names), orders=(read_order(drug, names),))
    (answer,) = evaluate(facts, names.library, policy or Policy(), every)
    return answer


def rows(answer: DrugAnswer) -> list[str]:
    """The ids of the findings."""
    return [finding.id for finding in answer.findings]


def by_cpic(answer: DrugAnswer) -> list[Finding]:
    """The findings of one body, for tests of how a table is asked."""
    return [finding for finding in answer.findings if finding.body == "CPIC"]


def test_a_poor_metabolizer_is_told_to_avoid_clopidogrel_after_a_stent(names: Names) -> None:
    """The row, its flags and the alternatives that hold."""
    answer = ask(names, "clopidogrel", genes={"CYP2C19": "*2/*2"}, conditions=["coronary_intervention"])
    (finding,) = by_cpic(answer)
    assert (finding.id, finding.alternative, finding.dose_change) == ("clopidogrel/cpic/poor-acs-pci", True, False)
    assert {offer.name for offer in answer.offers if offer.holds} == {"prasugrel", "ticagrelor"}


def test_an_alternative_that_the_record_forbids_drops_out_with_its_reason(names: Names) -> None:
    """Prasugrel after a stroke is named with the reason, and is not offered."""
    conditions = ["coronary_intervention", "stroke_or_tia"]
    answer = ask(names, "clopidogrel", genes={"CYP2C19": "*2/*2"}, conditions=conditions)
    dropped = {offer.name: offer.reasons for offer in answer.offers if not offer.holds}
    label = names.library.conditions["stroke_or_tia"].label
    assert dropped["prasugrel"] == (f"on file: {label}",)
    assert all("prasugrel" not in action.drugs for finding in answer.findings for action in finding.actions)


def test_an_allergy_to_an_alternative_drops_it(names: Names) -> None:
    """What the patient is allergic to is not offered."""
    answer = ask(
        names,
        "clopidogrel",
        genes={"CYP2C19": "*2/*2"},
        conditions=["coronary_intervention"],
        allergies=["ticagrelor"],
    )
    held = {offer.key: offer.holds for offer in answer.offers}
    assert (held["prasugrel"], held["ticagrelor"]) == (True, False)


def test_without_a_result_the_drug_policy_asks_for_the_test(names: Names) -> None:
    """None on file, and only that, leads to a test."""
    answer = ask(names, "clopidogrel", conditions=["coronary_intervention"])
    assert rows(answer) == ["clopidogrel/gap/CYP2C19"]
    assert answer.pretest is not None
    assert answer.pretest.genes == ("CYP2C19",)
    assert [(gap.kind, gap.suggest_test) for gap in answer.gaps] == [("no_result", True)]


@pytest.mark.parametrize(
    ("medications", "in_use"), [([], False), (["omeprazole"], False), (["omeprazole", "clopidogrel"], True)]
)
def test_a_test_that_is_asked_for_says_whether_the_drug_is_in_use(
    names: Names, medications: list[str], in_use: bool
) -> None:
    """By the medication list; what else the patient takes does not count."""
    answer = ask(names, "clopidogrel", conditions=["coronary_intervention"], medications=medications)
    assert answer.pretest is not None
    assert answer.pretest.in_use is in_use


@pytest.mark.parametrize("answer", [Answer.UNREADABLE, Answer.WITHHELD, Answer.NOT_FETCHED])
def test_the_other_three_answers_never_lead_to_a_test(names: Names, answer: Answer) -> None:
    """Unreadable, withheld and not fetched say what they are."""
    found = ask(names, "clopidogrel", genes={"CYP2C19": {"answer": str(answer)}}, conditions=["coronary_intervention"])
    assert found.pretest is None
    assert [(gap.kind, gap.suggest_test) for gap in found.gaps] == [(str(answer), False)]


@pytest.mark.parametrize(
    ("drug", "gene", "genotype", "why", "measure"),
    [
        ("fluorouracil", "DPYD", "Reference/c.704G>A", "no function is known for c.704G>A", "dpd_activity"),
        ("eliglustat", "CYP2D6", "*1/*22", "*1/*22 means Normal function and Uncertain function", None),
        ("siponimod", "CYP2C9", "*1/*7", "*1/*7 means Normal function and Uncertain function", None),
    ],
)
def test_a_result_that_tells_no_phenotype_does_not_answer_the_test_that_the_drug_asks_for(
    names: Names, drug: str, gene: str, genotype: str, why: str, measure: str | None
) -> None:
    """It is a gap of its own kind, with what can be measured instead; no genotype is ordered again."""
    answer = ask(names, drug, genes={gene: genotype})
    text = f"the {gene} result on file tells no phenotype: {why}"
    assert (answer.gaps, answer.pretest, answer.silence) == (
        (Gap("indeterminate", text, gene, measure=measure),),
        None,
        None,
    )


def test_where_no_test_is_asked_for_a_result_that_tells_no_phenotype_is_not_called_standard_care(names: Names) -> None:
    """Silence with a reason of its own."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*22"}, age=40)
    assert (answer.gaps, answer.silence_kind, answer.silence) == (
        (),
        Silence.INDETERMINATE,
        "the CYP2D6 result on file tells no phenotype (*1/*22 means Normal function and Uncertain function),"
        " and no test is asked for before this drug",
    )
    told = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40)
    assert told.silence_kind is Silence.STANDARD_CARE


def test_a_row_that_says_what_to_do_with_an_indeterminate_result_needs_no_gap(names: Names) -> None:
    """Rasburicase: the row asks for the enzyme's activity."""
    answer = ask(names, "rasburicase", genes={"G6PD": {"phenotype": "Indeterminate"}})
    assert [finding.id for finding in answer.findings if finding.acts] == ["rasburicase/cpic/measure-indeterminate"]
    assert answer.gaps == ()


def test_a_strong_inhibitor_makes_a_normal_metabolizer_act_as_poor(names: Names) -> None:
    """The genotype's own phenotype and the medicine are kept for the card."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40, medications=["paroxetine"])
    (finding,) = [one for one in answer.findings if one.body == "CPIC"]
    (gene,) = finding.genes
    assert (gene.genotype_says, gene.phenotype, gene.score) == ("Normal Metabolizer", "Poor Metabolizer", "0.0")
    assert gene.because == ("paroxetine (strong inhibitor)",)
    assert finding.alternative


def test_what_an_inhibitor_hides_of_a_graver_genotype_stands_beside_what_holds_now(names: Names) -> None:
    """Ultrarapid, acting as normal under duloxetine: the genotype's row comes on the condition that it is stopped."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*2x2"}, age=40, medications=["duloxetine"])
    said = [(one.id, one.condition, one.hidden_by, one.genes[0].phenotype) for one in by_cpic(answer)]
    assert said == [
        ("codeine/cpic/normal", None, (), "Normal Metabolizer"),
        ("codeine/cpic/ultrarapid", "duloxetine is stopped", ("duloxetine",), "Ultrarapid Metabolizer"),
    ]
    assert answer.silence is None


def test_a_hidden_rows_own_condition_stands_in_brackets_behind_the_stop(names: Names) -> None:
    """The DPWG's "more than 20 mg, or a further risk": neither holds before duloxetine is stopped."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*2x2"}, age=40, medications=["duloxetine"])
    (hidden,) = [one for one in answer.findings if one.body == "DPWG" and one.hidden_by]
    besides = (
        "an adult gets more than 20 mg every six hours, or has a further risk such as a CYP3A4 inhibitor"
        " or weak kidneys"
    )
    assert (hidden.id, hidden.condition, hidden.besides) == (
        "codeine/dpwg/ultrarapid-adult",
        f"duloxetine is stopped and ({besides})",
        besides,
    )
    (row,) = [one for one in by_cpic(answer) if one.hidden_by]
    assert (row.condition, row.besides) == ("duloxetine is stopped", None)


def test_what_an_inhibitor_hides_of_a_milder_genotype_stands_behind_the_row_that_acts(names: Names) -> None:
    """Nothing graver comes once paroxetine is stopped: no finding of its own, and the genotype's row is kept for the
    card."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40, medications=["paroxetine"])
    (finding,) = by_cpic(answer)
    assert (finding.id, [row.id for row in finding.by_genotype]) == ("codeine/cpic/poor", ["codeine/cpic/normal"])
    assert not any(one.hidden_by for one in answer.findings)


def test_the_alternatives_of_a_row_by_genotype_alone_are_checked_as_any(names: Names) -> None:
    """Venlafaxine, ultrarapid under paroxetine: at 12 years beside phenelzine none of the DPWG's four holds, at 40
    without it all do. Haloperidol: the class that only that row names is known by its words."""
    given = {"genes": {"CYP2D6": "*1/*1x2"}}
    offered = {}
    for age, medications in ((12, ["paroxetine", "phenelzine"]), (40, ["paroxetine"])):
        answer = ask(names, "venlafaxine", age=age, medications=medications, **given)
        (row,) = [row for one in answer.findings if one.body == "DPWG" for row in one.by_genotype]
        offered[age] = [action.drugs for action in row.actions if action.kind == "offer"]
        assert ("no_alternative" in [gap.kind for gap in row.gaps]) is (age == 12)
    assert offered == {12: [], 40: [("duloxetine", "mirtazapine", "citalopram", "sertraline")]}
    answer = ask(names, "haloperidol", age=40, medications=["paroxetine"], **given)
    assert [(offer.key, offer.name) for offer in answer.offers] == [
        ("another_antipsychotic", "an antipsychotic that CYP2D6 does not clear, such as olanzapine or quetiapine")
    ]


def test_where_two_rows_are_as_grave_the_one_that_says_to_avoid_is_not_hidden(names: Names) -> None:
    """Eliglustat: a lower dose as a poor metabolizer under paroxetine, and none at all without it."""
    answer = ask(names, "eliglustat", genes={"CYP2D6": "*1/*1x2"}, medications=["paroxetine"])
    said = [(one.id, one.condition) for one in answer.findings if one.body == "FDA"]
    assert said == [
        ("eliglustat/fda/dose-poor", None),
        ("eliglustat/fda/avoid-ultrarapid", "paroxetine is stopped"),
    ]


def test_a_strong_inhibitor_tells_the_phenotype_of_every_genotype_where_none_is_on_file(names: Names) -> None:
    """Factor 0 leaves nothing of any score; with a moderate one the genotype still decides."""
    answer = ask(names, "codeine", age=40, medications=["paroxetine"])
    (finding,) = by_cpic(answer)
    (gene,) = finding.genes
    assert (finding.id, gene.answer, gene.phenotype, gene.score, gene.because) == (
        "codeine/cpic/poor",
        Answer.NONE_ON_FILE,
        "Poor Metabolizer",
        "0.0",
        ("paroxetine (strong inhibitor)",),
    )
    assert ("no_result", "CYP2D6") in [(gap.kind, gap.gene) for gap in answer.gaps]
    assert by_cpic(ask(names, "codeine", age=40, medications=["duloxetine"])) == []


@pytest.mark.parametrize("kind", [Answer.UNREADABLE, Answer.WITHHELD, Answer.NOT_FETCHED])
def test_an_inhibitor_speaks_for_no_result_that_is_there_and_could_not_be_used(names: Names, kind: Answer) -> None:
    """Only where none is on file."""
    answer = ask(names, "codeine", age=40, medications=["paroxetine"], genes={"CYP2D6": {"answer": str(kind)}})
    assert by_cpic(answer) == []
    assert [(gap.kind, gap.gene) for gap in answer.gaps] == [(str(kind), "CYP2D6")]


@pytest.mark.parametrize(("drug", "genes"), [("tetrabenazine", ()), ("pimozide", ()), ("eliglustat", ("CYP2D6",))])
def test_under_a_strong_inhibitor_a_test_that_only_sets_a_limit_is_not_asked_for(
    names: Names, drug: str, genes: tuple[str, ...]
) -> None:
    """The limit of poor metabolizers holds then; what a label wants before the first dose it still wants."""
    answer = ask(names, drug, age=40, medications=["paroxetine"])
    assert (answer.pretest.genes if answer.pretest else ()) == genes
    assert [finding.genes[0].phenotype for finding in answer.findings if finding.acts]
    alone = ask(names, drug, age=40)
    assert alone.pretest is not None
    assert alone.pretest.genes == ("CYP2D6",)


def test_an_inhibitor_that_has_nothing_left_to_inhibit_is_no_reason(names: Names) -> None:
    """A poor genotype stays what it is."""
    answer = ask(names, "tamoxifen", genes={"CYP2D6": "*4/*4"}, medications=["paroxetine"])
    (finding,) = by_cpic(answer)
    assert (finding.id, finding.genes[0].because, finding.genes[0].genotype_says) == ("tamoxifen/cpic/poor", (), None)


def test_a_test_that_is_no_genotype_is_asked_for_by_its_name(names: Names) -> None:
    """G6PD: the enzyme's activity; the label of rasburicase means those at higher risk."""
    answer = ask(names, "rasburicase")
    assert answer.pretest is not None
    assert (answer.pretest.kinds, answer.pretest.of_whom, answer.pretest.loinc) == (
        {"G6PD": "g6pd_activity"},
        "those at higher risk of its deficiency",
        {},
    )


def test_a_moderate_inhibitor_halves_the_score(names: Names) -> None:
    """2.0 becomes 1.0: an intermediate metabolizer."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40, medications=["duloxetine"])
    (finding,) = [one for one in answer.findings if one.body == "CPIC"]
    assert (finding.genes[0].phenotype, finding.genes[0].score) == ("Intermediate Metabolizer", "1.0")


def test_a_weak_inhibitor_is_named_and_changes_nothing(names: Names) -> None:
    """CPIC gives no factor for weak inhibitors."""
    answer = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40, medications=["escitalopram"])
    (finding,) = [one for one in answer.findings if one.body == "CPIC"]
    assert finding.genes[0].phenotype == "Normal Metabolizer"
    assert any("escitalopram" in note for note in finding.genes[0].notes)


def result(genotype: str, number: str) -> GeneResult:
    """A readable CYP2C19 result."""
    return GeneResult("CYP2C19", Answer.READ, genotype=genotype, result_id=f"Observation/{number}")


def with_results(names: Names, *genotypes: str) -> PatientFacts:
    """A patient with a stent and several CYP2C19 results."""
    results = tuple(result(genotype, str(at)) for at, genotype in enumerate(genotypes))
    facts = read_facts({"conditions": ["coronary_intervention"]}, names)
    genes = {"CYP2C19": GeneRecord("CYP2C19", Answer.READ, results)}
    return replace(facts, genes=genes, orders=(read_order("clopidogrel", names),))


def test_results_that_disagree_are_all_shown_as_possible(names: Names) -> None:
    """Never averaged, never silently the newest."""
    (answer,) = evaluate(with_results(names, "*1/*1", "*2/*2"), names.library, Policy())
    found = [finding.id for finding in by_cpic(answer)]
    assert sorted(found) == ["clopidogrel/cpic/poor-acs-pci", "clopidogrel/cpic/standard-acs-pci"]
    assert all(finding.possible for finding in answer.findings)
    assert {gap.kind for gap in answer.gaps} == {"results_disagree"}


def test_results_that_differ_without_changing_the_advice_give_one_answer(names: Names) -> None:
    """*2/*2 and *2/*3 both mean poor; *1/*1 and *1/*17 both keep the standard dose."""
    (same,) = evaluate(with_results(names, "*2/*2", "*2/*3"), names.library, Policy())
    assert [(finding.id, finding.possible) for finding in by_cpic(same)] == [("clopidogrel/cpic/poor-acs-pci", False)]
    (alike,) = evaluate(with_results(names, "*1/*1", "*1/*17"), names.library, Policy())
    assert [finding.id for finding in by_cpic(alike)] == ["clopidogrel/cpic/standard-acs-pci"]
    assert alike.gaps == ()


def test_a_result_that_could_not_be_used_is_said_beside_the_one_that_was(names: Names) -> None:
    """A readable result answers; what else is on file, or may be, is not passed over."""
    unread = GeneResult("CYP2C19", Answer.UNREADABLE, reason="it is a PDF")
    record = GeneRecord("CYP2C19", Answer.READ, (result("*2/*2", "1"), unread), "a page is missing")
    facts = replace(with_results(names), genes={"CYP2C19": record})
    (answer,) = evaluate(facts, names.library, Policy())
    assert answer.findings[0].genes[0].notes == (
        "another result on file could not be used: it is a PDF",
        "there may be more results: a page is missing",
    )


def test_an_indication_is_assumed_otherwise_when_the_problem_list_was_not_obtained(names: Names) -> None:
    """Nothing on a list and no list at all are told apart."""
    facts = with_results(names, "*2/*2")
    listed = replace(facts, conditions=frozenset(), conditions_answer=Answer.READ)
    (known,) = evaluate(listed, names.library, Policy())
    (unknown,) = evaluate(replace(listed, conditions_answer=Answer.NOT_FETCHED), names.library, Policy())
    assert [finding.assumed for finding in by_cpic(known)] == [("acs_pci",)]
    assert known.gaps == ()
    assert [gap.text for gap in by_cpic(unknown)[0].gaps] == [
        "the problem list could not be obtained: the indication is not known"
    ]


def test_a_typing_says_of_a_gene_only_what_the_drug_asks_for(names: Names) -> None:
    """Abacavir asks for *57:01; the other risk alleles are noise there."""
    answer = ask(names, "abacavir", genes={"HLA-B": "*57:01/*07:02"})
    assert {finding.genes[0].phenotype for finding in answer.findings} == {"*57:01 positive"}


def test_a_phenotype_without_a_score_shows_every_row_that_it_allows(names: Names) -> None:
    """An intermediate DPYD metabolizer may have score 1.0 or 1.5: rows of unlike strength are both shown."""
    answer = ask(names, "fluorouracil", genes={"DPYD": {"phenotype": "Intermediate Metabolizer"}})
    found = [(finding.strength, finding.possible) for finding in answer.findings if finding.body == "CPIC"]
    assert sorted(found) == [("moderate", True), ("strong", True)]


def test_hla_results_on_other_alleles_are_no_answer(names: Names) -> None:
    """A positive *15:02 says nothing about *57:01."""
    answer = ask(names, "abacavir", genes={"HLA-B": "*15:02 positive"})
    assert rows(answer) == ["abacavir/gap/HLA-B"]
    assert answer.gaps[0].text == "the HLA-B results on file say nothing about *57:01"


OTHER_ALLELE = GeneResult("HLA-B", Answer.READ, genotype="*15:02 positive")
PDF = GeneResult("HLA-B", Answer.UNREADABLE, reason="PDF only")


@pytest.mark.parametrize(
    ("rest", "kind", "text"),
    [
        ({}, "no_result", "the HLA-B results on file say nothing about *57:01"),
        (
            {"reason": "page 2 is late"},
            "not_fetched",
            "the HLA-B results that came say nothing about *57:01, others may not have been fetched: page 2 is late",
        ),
        (
            {"genes_answer": Answer.NOT_FETCHED, "genes_reason": "results of another patient came"},
            "not_fetched",
            "the HLA-B results that came say nothing about *57:01, others may not have been fetched:"
            " results of another patient came",
        ),
        (
            {"results": (OTHER_ALLELE, PDF)},
            "unreadable",
            "the HLA-B results that were read say nothing about *57:01, others could not be read",
        ),
        (
            {"genes_answer": Answer.UNREADABLE, "genes_reason": "a report in PDF"},
            "unreadable",
            "the HLA-B results that were read say nothing about *57:01, others could not be read: a report in PDF",
        ),
        (
            {"genes_answer": Answer.WITHHELD, "reason": "page 2 did not come"},
            "withheld",
            "the HLA-B results that may be used say nothing about *57:01",
        ),
    ],
    ids=["none", "rest not fetched", "others not fetched", "unreadable", "others unreadable", "withheld"],
)
def test_an_allele_without_a_result_is_missing_only_where_there_is_nothing_else(
    rest: dict[str, Any], kind: str, text: str, names: Names
) -> None:
    """A test is asked for where nothing more is on file, and nowhere else."""
    record = GeneRecord("HLA-B", Answer.READ, rest.pop("results", (OTHER_ALLELE,)), rest.pop("reason", None))
    stated = replace(read_facts({}, names), genes={"HLA-B": record}, orders=(read_order("abacavir", names),), **rest)
    (answer,) = evaluate(stated, names.library, Policy())
    assert [(gap.kind, gap.text) for gap in answer.gaps] == [(kind, text)]
    assert (answer.pretest is not None) is (kind == "no_result")


def test_one_missing_gene_of_two_still_gets_the_guideline_row(names: Names) -> None:
    """CPIC has rows for a missing second gene, and the gap stays visible."""
    answer = ask(names, "azathioprine", genes={"TPMT": "*3A/*3C"})
    finding = answer.findings[0]
    assert (finding.body, finding.alternative, [gap.gene for gap in finding.gaps]) == ("CPIC", True, ["NUDT15"])


def test_every_population_answers_when_asked_for_all(names: Names) -> None:
    """The `recommend` command can ask for all populations of a drug."""
    answer = ask(names, "clopidogrel", every=True, genes={"CYP2C19": "*2/*2"})
    populations = [finding.population for finding in answer.findings if finding.body == "CPIC"]
    assert populations == ["acs_pci", "other_cardiovascular", "neurovascular"]


def test_an_unknown_age_answers_for_adults_and_children_and_says_so(names: Names) -> None:
    """Without a birth date neither population is chosen silently."""
    answer = ask(names, "voriconazole", genes={"CYP2C19": "*1/*17"})
    assert {finding.population for finding in by_cpic(answer)} == {"adults", "pediatrics"}
    assert {gap.kind for gap in answer.gaps} == {"population_unknown"}
    said = "the patient's age is not on file: what holds at some ages only could not be told apart"
    assert said in {gap.text for gap in answer.gaps}
    grown = ask(names, "voriconazole", genes={"CYP2C19": "*1/*17"}, age=40)
    assert {finding.population for finding in by_cpic(grown)} == {"adults"}
    assert not [gap for gap in grown.gaps if gap.text.startswith("the patient's age")]


def test_an_age_that_could_not_be_fetched_is_not_called_absent(names: Names) -> None:
    """ "Not on file" and "could not be fetched" are two answers."""
    facts = read_facts({"genes": {"CYP2C19": "*1/*17"}}, names)
    late = replace(facts, orders=(read_order("voriconazole", names),), patient_answer=Answer.NOT_FETCHED)
    (answer,) = evaluate(late, names.library, Policy())
    said = "the patient's age could not be fetched: what holds at some ages only could not be told apart"
    assert [gap.text for gap in answer.gaps if gap.text.startswith("the patient's age")] == [said]


def test_a_drug_without_content_is_silent_and_says_why(names: Names) -> None:
    """Silence always has a reason for whoever asks."""
    facts = make_facts(
        orders=(DrugOrder("MedicationRequest/1", "aspirin", (Ingredient("aspirin", "1191"),), fhir_release="R4"),)
    )
    (answer,) = evaluate(facts, names.library, Policy())
    assert (answer.findings, answer.silence) == ((), "no guideline content on aspirin")


def test_a_drug_that_cannot_be_identified_is_a_gap_and_never_a_guess(names: Names) -> None:
    """The reason of the reader reaches the answer."""
    facts = make_facts(
        orders=(
            DrugOrder("MedicationRequest/1", "Herb X", (), reason="its name is not known exactly", fhir_release="R4"),
        )
    )
    (answer,) = evaluate(facts, names.library, Policy())
    assert answer.silence == "the drug could not be identified: its name is not known exactly"
    assert [gap.kind for gap in answer.gaps] == ["drug_unknown"]


@pytest.mark.parametrize(("medications", "in_use"), [(["voriconazole"], False), (["tacrolimus"], True)])
def test_an_answer_carries_what_a_dose_is_weighed_against(names: Names, medications: list[str], in_use: bool) -> None:
    """The weight on file, and whether the medication list shows the drug in use."""
    stated = read_facts({"genes": {"CYP3A5": "*1/*3"}, "weight_kg": 60, "medications": medications}, names)
    weighed = replace(stated, measured_on={"weight_kg": "2026-11-01"}, orders=(read_order("tacrolimus", names),))
    (answer,) = evaluate(weighed, names.library, Policy())
    assert (answer.weight_kg, answer.weighed_on, answer.in_use) == (Decimal(60), "2026-11-01", in_use)


@pytest.mark.parametrize("answered", list(Answer))
def test_whether_a_drug_is_in_use_is_known_only_where_the_list_was_obtained(names: Names, answered: Answer) -> None:
    """A list that was not fetched, may not be used or could not be read holds no absence."""
    stated = read_facts({"genes": {"CYP3A5": "*1/*3"}}, names)
    asked = replace(stated, medications_answer=answered, orders=(read_order("tacrolimus", names),))
    (answer,) = evaluate(asked, names.library, Policy())
    assert answer.in_use is (False if answered in (Answer.READ, Answer.NONE_ON_FILE) else None)


@pytest.mark.parametrize("obtained", list(Answer))
@pytest.mark.parametrize("condition", ["severe_liver_disease", "obesity"])
def test_a_dose_is_left_to_the_prescriber_where_the_source_says_that_a_disease_calls_for_another(
    names: Names, condition: str, obtained: Answer
) -> None:
    """And where the problem list was not obtained, so that nobody knows."""
    stated = read_facts({"genes": {"CYP3A5": "*1/*3"}, "conditions": [condition]}, names)
    asked = replace(stated, conditions_answer=obtained, orders=(read_order("tacrolimus", names),))
    (answer,) = evaluate(asked, names.library, Policy())
    increases = [one for found in answer.findings for one in found.actions if one.kind == "increase"]
    known = obtained in (Answer.READ, Answer.NONE_ON_FILE)
    assert {one.by_hand for one in increases} == {condition == "severe_liver_disease" or not known}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"medications": ["voriconazole"]}, ("voriconazole",)),
        ({"medications": ["rifampin"]}, ("rifampin",)),
        ({"medications": ["metformin"]}, ()),
        ({}, ()),
    ],
)
def test_inhibitors_and_inducers_of_a_gene_are_named_as_data_whether_or_not_they_are_counted(
    names: Names, given: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """CYP3A5 has no factors: the genotype is left as it is."""
    answer = ask(names, "tacrolimus", genes={"CYP3A5": "*1/*3"}, **given)
    assert {gene.modulators for found in answer.findings for gene in found.genes} == {expected}


@pytest.mark.parametrize(("nudt15", "by_hand"), [("*1/*3", True), ("*1/*1", False)])
@pytest.mark.parametrize("drug", ["azathioprine", "mercaptopurine", "thioguanine"])
def test_how_far_two_genes_cut_a_thiopurine_is_left_to_the_prescriber(
    names: Names, drug: str, nudt15: str, by_hand: bool
) -> None:
    """CPIC's range is one gene's, and its words say that two may call for more."""
    (finding,) = by_cpic(ask(names, drug, genes={"TPMT": "*1/*3A", "NUDT15": nudt15}, conditions=["malignancy"]))
    assert [one.by_hand for one in finding.actions if one.kind == "reduce"] == [by_hand]


@pytest.mark.parametrize("drug", ["mercaptopurine", "thioguanine"])
def test_a_full_dose_of_a_thiopurine_first_is_said_only_of_a_normal_other_gene(names: Names, drug: str) -> None:
    """On each row that names it, as the row itself is reached by one gene."""
    answer = ask(names, drug, genes={"TPMT": "*1/*3A", "NUDT15": "*1/*3"}, conditions=["malignancy"])
    said = [one for found in answer.findings for one in (found.note or "").split(". ") if "full dose" in one]
    assert ["only where NUDT15 is normal" in one.lower().replace("nudt15", "NUDT15") for one in said] == [True, False]
    assert ["only where TPMT is normal" in one for one in said] == [False, True]


def test_an_answer_carries_the_other_drafts_of_its_drug(names: Names) -> None:
    """Asked about or not; no other drug, no form that is not meant, and none of what is taken already."""
    first, second, third, codeine, taken, skin = (
        replace(read_order(drug, names), order_id=f"MedicationRequest/{at}")
        for at, drug in enumerate(("tacrolimus", "tacrolimus", "tacrolimus", "codeine", "tacrolimus", "tacrolimus"))
    )
    asked = replace(
        read_facts({"genes": {"CYP3A5": "*1/*3"}}, names),
        orders=(first, second, codeine, replace(taken, active=True)),
        unasked_orders=(third, replace(skin, form_names=("tacrolimus ointment",))),
    )
    answers = evaluate(asked, names.library, Policy())
    assert [answer.other_drafts for answer in answers[:3]] == [(second, third), (first, third), ()]


def test_an_order_of_two_ingredients_is_answered_for_each(names: Names) -> None:
    """A combination product checks every ingredient."""
    both = DrugOrder(
        "MedicationRequest/1",
        "both",
        (Ingredient("codeine", "2670"), Ingredient("simvastatin", "36567")),
        fhir_release="R4",
    )
    answers = evaluate(
        replace(read_facts({"genes": {"CYP2D6": "*4/*4"}}, names), orders=(both,)), names.library, Policy()
    )
    assert [answer.drug.name for answer in answers] == ["codeine", "simvastatin"]


def test_a_site_may_ask_for_signed_content_only(names: Names) -> None:
    """Nothing that is shipped is signed; an answer rests on its gene and the inhibitors, too; signatures end."""
    library = names.library
    clopidogrel, gene = library.drugs["clopidogrel"], library.genes["CYP2C19"]
    held, over = SignOff("reviewed", "2026-01-01"), SignOff("reviewed", "2025-12-31")

    def silence(of_drug: SignOff, of_gene: SignOff, of_inhibitors: SignOff) -> str | None:
        signed = replace(
            library,
            drugs={"clopidogrel": replace(clopidogrel, sign_off=of_drug)},
            genes=library.genes | {"CYP2C19": replace(gene, sign_off=of_gene)},
            modulators_signed={"CYP2C19": of_inhibitors},
        )
        asked = {"genes": {"CYP2C19": "*2/*2"}}
        return ask(replace(names, library=signed), "clopidogrel", Policy(reviewed_only=True), **asked).silence

    none, words = SignOff(), "content is not signed ({}), and the site asks for signed only"
    assert silence(held, held, held) is None
    assert silence(none, none, none) == words.format("clopidogrel; gene CYP2C19; modulators of CYP2C19")
    assert silence(over, held, none) == words.format(
        "clopidogrel, the signature ended on 2025-12-31; modulators of CYP2C19"
    )


def test_a_signature_counts_to_the_end_of_its_last_day(names: Names) -> None:
    """Afterwards the content is as it was before, and the finding says when the signature ended."""
    clopidogrel = names.library.drugs["clopidogrel"]

    def signed(until: str) -> set[tuple[str, str | None]]:
        drugs = {"clopidogrel": replace(clopidogrel, sign_off=SignOff("reviewed", until))}
        local = replace(names, library=replace(names.library, drugs=drugs))
        found = ask(local, "clopidogrel", genes={"CYP2C19": "*2/*2"}).findings
        return {(one.content_status, one.signature_ended) for one in found}

    assert signed("2026-01-01") == {("reviewed", None)}
    assert signed("2025-12-31") == {("transcribed", "2025-12-31")}


def test_two_drafts_that_interact_know_of_each_other(names: Names) -> None:
    """Codeine and paroxetine ordered together: the inhibitor counts, and is said to be ordered as well."""
    orders = (read_order("codeine", names), read_order("paroxetine", names))
    facts = replace(read_facts({"genes": {"CYP2D6": "*1/*1"}, "age": 40}, names), orders=orders)
    codeine = evaluate(facts, names.library, Policy())[0]
    (finding,) = [one for one in codeine.findings if one.body == "CPIC"]
    assert finding.genes[0].because == ("paroxetine (strong inhibitor, being ordered as well)",)


def test_a_hole_in_the_content_is_said_and_is_no_silence(names: Names) -> None:
    """A table that lost its row for poor metabolizers: they get a gap, normal metabolizers their row, as before."""
    drug = names.library.drugs["clopidogrel"]
    table = next(table for table in drug.tables if table.slug == "fda")
    kept = tuple(row for row in table.rows if "poor" not in row.when["CYP2C19"])
    assert kept != table.rows
    broken = replace(drug, tables=(replace(table, rows=kept),))
    holed = replace(names, library=replace(names.library, drugs={"clopidogrel": broken}))
    answer = ask(holed, "clopidogrel", genes={"CYP2C19": "*2/*2"})
    text = "the content on FDA's advice has no answer for this CYP2C19 result"
    assert answer.gaps == (Gap("no_row", text, "CYP2C19"),)
    assert (rows(answer), answer.silence) == (["clopidogrel/gap/CYP2C19"], None)
    assert ask(holed, "clopidogrel", genes={"CYP2C19": "*1/*1"}).gaps == ()


@pytest.mark.parametrize("topic", ["genes", "patient", "conditions", "medications", "allergies"])
def test_facts_without_an_answer_on_a_topic_cannot_be_made(topic: str) -> None:
    """ "None on file" is what leads to a test: it is stated, never assumed."""
    answers = {one.name: Answer.READ for one in fields(PatientFacts) if one.name.endswith("_answer")}
    assert PatientFacts(**answers).orders == ()
    del answers[f"{topic}_answer"]
    with pytest.raises(TypeError, match=f"{topic}_answer"):
        PatientFacts(**answers)


@pytest.mark.parametrize(
    ("drug", "names_said", "code", "why"),
    [
        ("fluorouracil", ("Fluorouracil 10 MG/ML Topical Cream",), None, "topical"),
        ("fluorouracil", ("fluorouracil", "Cutaneous route"), None, "cutaneous"),
        ("fluorouracil", ("fluorouracil",), (RXNORM, "310379"), "310379"),
        ("tacrolimus", ("tacrolimus",), (ATC, "D11AH01"), "D11AH01"),
    ],
)
def test_a_form_that_the_guidance_is_not_meant_for_gets_no_dose_no_test_and_a_reason_of_its_own(
    names: Names, drug: str, names_said: tuple[str, ...], code: tuple[str, str] | None, why: str
) -> None:
    """By its name, its route or its code; with a result on file and without one."""
    order = replace(read_order(drug, names), form_names=names_said, codes=(code,) if code else ())
    for genes in ({}, {"DPYD": "Reference/c.1905+1G>A (*2A)", "CYP3A5": "*1/*1"}):
        facts = replace(read_facts({"genes": genes}, names), orders=(order,))
        (answer,) = evaluate(facts, names.library, Policy())
        said = f"the guidance on {drug} is not meant for this form: {why}"
        assert (answer.findings, answer.pretest, answer.silence_kind, answer.silence) == (
            (),
            None,
            Silence.OTHER_FORM,
            said,
        )


def test_a_form_that_is_not_known_is_answered_as_ever(names: Names) -> None:
    """Neither an injection nor a bare name is a cream."""
    genes = {"DPYD": "Reference/c.1905+1G>A (*2A)"}
    for said in ("fluorouracil", "10 ML fluorouracil 50 MG/ML Injection"):
        order = replace(read_order("fluorouracil", names), form_names=(said,))
        facts = replace(read_facts({"genes": genes}, names), orders=(order,))
        (answer,) = evaluate(facts, names.library, Policy())
        assert "fluorouracil/cpic/score-1" in rows(answer)


def test_what_a_body_says_of_that_form_too_is_kept(names: Names) -> None:
    """Without any DPD activity the DPWG avoids fluorouracil on the skin as well."""
    order = replace(read_order("fluorouracil", names), form_names=("fluorouracil topical cream",))
    genes = {"DPYD": "c.1905+1G>A (*2A)/c.1905+1G>A (*2A)"}
    facts = replace(read_facts({"genes": genes}, names), orders=(order,))
    (answer,) = evaluate(facts, names.library, Policy())
    assert (rows(answer), answer.silence) == (["fluorouracil/dpwg/score-0"], None)


@pytest.mark.parametrize(
    ("drug", "genes", "shared"),
    [
        (
            "fluorouracil",
            {"DPYD": {"phenotype": "Intermediate Metabolizer"}},
            {"cpic/score-1-5": ("reduce", "titrate"), "cpic/score-1": ("reduce", "titrate")},
        ),
        ("fluorouracil", {"DPYD": {"activityScore": "1"}}, {"cpic/score-1": ()}),
        (
            "fluorouracil",
            {"DPYD": {"phenotype": "Poor Metabolizer"}},
            {"cpic/score-0-5": (), "cpic/score-0": ()},
        ),
    ],
)
def test_what_all_possible_rows_of_a_body_ask_for_alike_is_known_of_each(
    names: Names, drug: str, genes: dict[str, Any], shared: dict[str, tuple[str, ...]]
) -> None:
    """Half the start at either score; a row that turns the drug down for good shares nothing with one that does not."""
    found = {one.id.removeprefix(f"{drug}/"): one.shared for one in by_cpic(ask(names, drug, genes=genes))}
    assert found == shared
