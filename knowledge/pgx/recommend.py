"""What every body says about one drug for one patient: findings, and gaps where nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.facts import Answer, DrugUse, Ingredient, PatientFacts
from knowledge.findings import Action, Finding, Gap, GeneState, Indicator, PersonalAttribute, Strength, mark_shared
from knowledge.library import Criteria, Drug, Library, Row, Table
from knowledge.pgx.dose_formula import estimate_doses
from knowledge.pgx.dose_inputs import Given
from knowledge.pgx.gene_answer import MOST_NAMED, GeneAnswer, allele_gap, answer_gene
from knowledge.pgx.lookup import ask_table, asked_alleles, merge_equal_advice, spread_presence
from knowledge.pgx.phenoconversion import find_modulators
from knowledge.pgx.phenotype import ANY, GeneValue
from knowledge.pgx.population import GENERAL, Chosen, Membership, asks_age, choose_populations, decide
from knowledge.pgx.without_inhibitor import set_beside, take_away
from knowledge.policy import Policy
from knowledge.row_inputs import find_inputs, list_attributes

EVERYBODY = Chosen(GENERAL)


@dataclass(frozen=True)
class Question:
    """One drug for one patient, with everything that the answer rests on."""

    library: Library
    policy: Policy
    facts: PatientFacts
    drug: Drug
    ingredient: Ingredient
    medicines: tuple[DrugUse, ...]
    """Active medicines and the other drafts, for phenoconversion."""
    every_population: bool = False


@dataclass(frozen=True)
class _Asked:
    """A table's genes as it asks them: values and gaps."""

    values: Mapping[str, Sequence[GeneValue]]
    gaps: Mapping[str, Gap]


def recommend(question: Question) -> tuple[Finding, ...]:
    """Every finding, the site's leading body first; gap findings last, one a gene."""
    drug, facts = question.drug, question.facts
    genes = dict.fromkeys(gene for table in drug.tables for gene in table.genes)
    answers = {
        gene: answer_gene(question.library, gene, facts, question.medicines, question.ingredient) for gene in genes
    }
    findings: list[Finding] = []
    missing: dict[str, Gap] = {}
    for table in _in_order(drug.tables, question.policy):
        found, gaps = _ask(question, table, answers)
        alone = take_away(answers, table.genes)
        findings += set_beside(_ask(question, table, alone)[0], found) if alone else found
        missing |= gaps
    return (*findings, *(_gap_finding(question, gap, answers[gene].state) for gene, gap in missing.items()))


def _in_order(tables: Sequence[Table], policy: Policy) -> list[Table]:
    order = {body: at for at, body in enumerate(policy.bodies)}
    return sorted(tables, key=lambda table: order.get(table.body, len(order)))


def _ask(question: Question, table: Table, answers: Mapping[str, GeneAnswer]) -> tuple[list[Finding], dict[str, Gap]]:
    asked = _values_asked(table, answers)
    findings: list[Finding] = []
    missing: dict[str, Gap] = {}
    answered = True
    for chosen in choose_populations(question.drug, table, question.facts, question.every_population):
        found = ask_table(table, asked.values, chosen.id)
        rows = found.rows if table.flow else merge_equal_advice(found.rows)
        several = len(rows) > 1 and not table.flow
        for row in rows:
            # A row for every population is said once, and hangs on none of them.
            to = chosen if row.populations else EVERYBODY
            if to is EVERYBODY and any(one.id == f"{question.drug.id}/{table.slug}/{row.id}" for one in findings):
                continue
            findings.append(_finding(question, table, row, to, answers, asked, several))
        missing |= {gene: asked.gaps[gene] for gene in found.missing if gene in asked.gaps}
        if found.uncovered and table.genes:
            missing[table.genes[0]] = _hole(table)
        answered = answered and not found.missing and not found.uncovered
    return mark_shared(findings) if answered and not table.flow else findings, missing


def _hole(table: Table) -> Gap:
    """Content that is at fault (`pgx-cds check` would find it) must not look like nothing to be said."""
    genes = " and ".join(table.genes)
    return Gap("no_row", f"the content on {table.body}'s advice has no answer for this {genes} result", table.genes[0])


def _values_asked(table: Table, answers: Mapping[str, GeneAnswer]) -> _Asked:
    values: dict[str, Sequence[GeneValue]] = {}
    gaps: dict[str, Gap] = {}
    for gene in table.genes:
        answer = answers[gene]
        alleles = asked_alleles(table, gene)
        values[gene] = spread_presence(answer.values, alleles) if alleles else answer.values
        if answer.gap is not None:
            gaps[gene] = answer.gap
        elif not values[gene]:
            gaps[gene] = allele_gap(answer, " and ".join(alleles))
    return _Asked(values, gaps)


def _finding(
    question: Question,
    table: Table,
    row: Row,
    chosen: Chosen,
    answers: Mapping[str, GeneAnswer],
    asked: _Asked,
    several: bool,
) -> Finding:
    drug = question.drug
    disagreements = [answers[gene].disagreement for gene in table.genes]
    gaps = [*asked.gaps.values(), *(gap for gap in disagreements if gap is not None and several)]
    gaps += [*_population_gaps(question, chosen), *_age_gaps(question, table), *_medication_gaps(question)]
    finding = Finding(
        id=f"{drug.id}/{table.slug}/{row.id}",
        drug=question.ingredient,
        body=table.body,
        strength=row.strength,
        indicator=row.indicator,
        population=chosen.id,
        genes=tuple(
            _modulated(question, _noted(answers[gene], several, asked_alleles(table, gene))) for gene in table.genes
        ),
        actions=tuple(_settled(action, question.facts) for action in row.actions),
        dose_change=row.dose_change,
        alternative=row.alternative,
        other_guidance=row.other_guidance,
        effect=row.effect,
        note=row.note,
        quiet=row.quiet,
        no_inhibitors=row.no_inhibitors,
        assumed=(chosen.id,) if chosen.assumed else (),
        gaps=tuple(gaps),
        source=table.source,
        content_version=drug.version,
        content_status=drug.sign_off.status_on(question.facts.today),
        signature_ended=drug.sign_off.ended(question.facts.today),
        possible=several or chosen.unknown,
        population_label=chosen.label,
        condition=chosen.condition,
        estimates=estimate_doses(row.actions, _given(question, answers)),
        untested=_untested(row, asked),
        attributes=_list_attributes(question, table, row),
    )
    return _switch_off(finding, row.switched_off) if row.switched_off else finding


def _modulated(question: Question, state: GeneState) -> GeneState:
    medicines = (*question.medicines, *question.facts.ended)
    return replace(state, modulators=find_modulators(question.library, state.gene, medicines, question.ingredient))


def _settled(action: Action, facts: PatientFacts) -> Action:
    """Whether the change is the prescriber's to choose for this patient; it is where that cannot be told."""
    if not action.by_hand_in:
        return action
    obtained = facts.conditions_answer in (Answer.READ, Answer.NONE_ON_FILE)
    return replace(action, by_hand=action.by_hand or not obtained or bool(facts.conditions & set(action.by_hand_in)))


def _untested(row: Row, asked: _Asked) -> tuple[str, ...]:
    return tuple(gene for gene, texts in row.when.items() if ANY not in texts and not asked.values[gene])


def _switch_off(finding: Finding, why: str) -> Finding:
    """A row that the site does not use still answers its cell: by asking for nothing, and saying why."""
    return replace(
        finding,
        strength=Strength.NONE,
        indicator=Indicator.INFO,
        actions=(),
        dose_change=False,
        alternative=False,
        other_guidance=False,
        effect=None,
        note=None,
        estimates=(),
        switched_off=why,
    )


def _list_attributes(question: Question, table: Table, row: Row) -> tuple[PersonalAttribute, ...]:
    """What the card names of the data on a person, used by this row or not."""
    library = question.library
    named = [one for one in library.transparency.attributes if one.on_card]
    used = list_attributes(library, find_inputs(library, question.drug, table, row)) if named else ()
    return tuple(PersonalAttribute(one.name, one.id in used) for one in named)


def _given(question: Question, answers: Mapping[str, GeneAnswer]) -> Given:
    signed = question.policy.reviewed_only
    return Given(question.library, question.facts, question.medicines, question.ingredient, answers, signed)


def _noted(answer: GeneAnswer, several: bool, alleles: Sequence[str]) -> GeneState:
    """The gene's state as this table needs it: of an HLA typing only the alleles that the table asks for.

    Results that differ without changing the advice are mentioned, not raised as a gap.
    """
    state = answer.state
    if alleles and state.phenotype is not None:
        asked = [status for status in state.phenotype.split("; ") if status.split(" ")[0] in alleles]
        state = replace(state, phenotype="; ".join(asked) or None)
    if answer.disagreement is None or several:
        return state
    return replace(state, notes=(*state.notes, f"{answer.disagreement.text}; the advice is the same"))


def _population_gaps(question: Question, chosen: Chosen) -> list[Gap]:
    """What is not known of a population that is shown all the same; a problem list that was not obtained is said."""
    if not chosen.unknown and not chosen.assumed:
        return []
    gaps = []
    if question.facts.conditions_answer in (Answer.NOT_FETCHED, Answer.WITHHELD):
        gaps.append(Gap("population_unknown", "the problem list could not be obtained: the indication is not known"))
    if chosen.unknown:
        gaps.append(
            Gap("population_unknown", f"the record does not tell whether the patient belongs to: {chosen.label}")
        )
    return gaps


def _age_gaps(question: Question, table: Table) -> list[Gap]:
    """What of a table holds at some ages only, for a patient whose age is not known."""
    facts, declared = question.facts, question.drug.populations
    criteria = [declared[name].criteria for name in table.populations]
    if facts.age is not None or question.every_population or not any(_is_open(one, facts) for one in criteria):
        return []
    said = f"the patient's age {facts.missing_person}: what holds at some ages only could not be told apart"
    return [Gap("population_unknown", said)]


def _is_open(criteria: Criteria, facts: PatientFacts) -> bool:
    return asks_age(criteria) and decide(criteria, facts) is Membership.UNKNOWN


def _medication_gaps(question: Question) -> list[Gap]:
    """What of the medication list could not be used, where it might matter: only for genes with known inhibitors."""
    unidentified = any(use.reason for use in question.medicines)
    if not unidentified and question.facts.medications_answer is not Answer.NOT_FETCHED:
        return []
    if not set(question.drug.genes) & set(question.library.modulators):
        return []
    if question.facts.medications_answer is Answer.NOT_FETCHED:
        return [Gap("medications_unknown", "the medication list could not be fetched: inhibitors were not looked for")]
    names = list(dict.fromkeys(use.display for use in question.medicines if use.reason))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) + more
    return [Gap("medications_unknown", f"not identified, and so not looked at as inhibitors: {listed}")]


def _gap_finding(question: Question, gap: Gap, state: GeneState) -> Finding:
    """A finding that only says what is missing."""
    return Finding(
        id=f"{question.drug.id}/gap/{gap.gene}",
        drug=question.ingredient,
        body=None,
        strength=Strength.NONE,
        indicator=Indicator.INFO,
        population="general",
        genes=(state,),
        actions=(),
        dose_change=False,
        alternative=False,
        other_guidance=False,
        gaps=(gap,),
        source=next((table.source for table in question.drug.tables if gap.gene in table.genes), None),
        content_version=question.drug.version,
        content_status=question.drug.sign_off.status_on(question.facts.today),
        signature_ended=question.drug.sign_off.ended(question.facts.today),
    )
