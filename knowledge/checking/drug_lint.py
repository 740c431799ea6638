"""The laws of a drug file that its schema cannot say; one small function a law."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from knowledge.checking.open_places import find_open_places
from knowledge.findings import Action, Indicator, Strength
from knowledge.library import Drug, Library, Row, Table
from knowledge.loading.drug_file import ALTERNATIVE_KINDS, DOSE_KINDS, OTHER_KINDS
from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document

Words = Mapping[str, Mapping[str, str]]
"""Sections of the cards' words: direction, of, risk, monitor, test -> key -> words."""


@dataclass(frozen=True)
class DrugCheck:
    """A drug with everything that its laws are checked against."""

    library: Library
    drug: Drug
    document: Document
    words: Words
    ingredients: Mapping[str, str]
    """RxNorm ingredient code -> name."""

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Every row with its table."""
        for table in self.drug.tables:
            for row in table.rows:
                yield table, row

    def at_row(self, row: Row, what: str, mend: str) -> Fault:
        """A fault at a row."""
        return Fault(*row.place, f"{row.id}: {what}", mend)


def ids_are_unique(check: DrugCheck) -> Iterator[Fault]:
    """Law 7: a row id names one row for ever."""
    for table in check.drug.tables:
        seen: set[str] = set()
        for row in table.rows:
            if row.id in seen:
                yield check.at_row(row, f"the id stands twice in {table.slug}", "give one of them another id")
            seen.add(row.id)


def genes_are_declared(check: DrugCheck) -> Iterator[Fault]:
    """`genes` names every gene that a table asks about, and no other."""
    asked = {gene for table in check.drug.tables for gene in table.genes}
    if asked != set(check.drug.genes):
        listed = ", ".join(sorted(asked)) or "none"
        yield check.document.fault(("genes",), "genes does not list what the tables ask about", f"write: {listed}")


def populations_are_declared(check: DrugCheck) -> Iterator[Fault]:
    """Rows, assume and pretest name declared populations; none is declared for nothing."""
    declared = set(check.drug.populations)
    used: set[str] = set()
    for _, row in check.rows():
        used |= set(row.populations)
        for name in set(row.populations) - declared:
            yield check.at_row(row, f"the population {name!r} is not declared", "declare it under populations")
    assumed = set(check.drug.assume)
    wanted = set(check.drug.pretest.populations) if check.drug.pretest else set()
    for name in (assumed | wanted) - declared:
        yield check.document.fault(
            ("assume",), f"the population {name!r} is not declared", "declare it under populations"
        )
    for name in declared - used:
        yield check.document.fault(
            ("populations", name), f"no row asks for the population {name!r}", "use or remove it"
        )


def conditions_exist(check: DrugCheck) -> Iterator[Fault]:
    """Populations, alternatives and rows name condition sets that have a file."""
    places = [(("populations", name), one.criteria.conditions) for name, one in check.drug.populations.items()]
    alternatives = check.drug.alternatives.items()
    places += [(("alternatives", name), {*one.unless, *one.check_if, *one.meant_for}) for name, one in alternatives]
    rows = [(table.slug, row) for table in check.drug.tables for row in table.rows]
    places += [(("bodies", slug), {name for one in row.actions for name in one.by_hand_in}) for slug, row in rows]
    for place, names in places:
        for name in sorted(names - set(check.library.conditions)):
            yield check.document.fault(place, f"there is no condition set {name!r}", f"add conditions/{name}.yaml")


def alternatives_are_known(check: DrugCheck) -> Iterator[Fault]:
    """What is offered is declared; what is declared is offered and has a code or is a class."""
    offered = {name for _, row in check.rows() for action in row.actions for name in action.drugs}
    declared = check.drug.alternatives
    for _, row in check.rows():
        for name in {name for action in row.actions for name in action.drugs} - set(declared):
            yield check.at_row(row, f"{name!r} is offered and not declared", "declare it under alternatives")
    for name, one in declared.items():
        if name not in offered:
            yield check.document.fault(("alternatives", name), f"{name!r} is never offered", "offer or remove it")
        if not one.is_class and one.rxnorm is None:
            mend = "write its RxNorm name in lower case, or give it a `class:` in words"
            yield check.document.fault(("alternatives", name), f"{name!r} has no RxNorm ingredient code", mend)


def partners_are_known(check: DrugCheck) -> Iterator[Fault]:
    """What an alternative must not be taken with, or a population is told by, is an ingredient, a group or a class of
    modulators."""
    classes = {f"{gene} {one.group}" for gene, several in check.library.modulators.items() for one in several}
    known = {*check.ingredients.values(), *check.library.medicine_groups, *classes}
    alternatives = check.drug.alternatives.items()
    places = [(("alternatives", name), {*one.not_with, *one.check_with}) for name, one in alternatives]
    places += [(("populations", name), one.criteria.company) for name, one in check.drug.populations.items()]
    for place, names in places:
        for partner in sorted(names - known):
            near = get_close_matches(partner, known, n=1)
            mend = f"write {near[0]}" if near else "write its RxNorm name, or put it into medicine_groups.yaml"
            yield check.document.fault(place, f"{partner!r} is no medicine, group or class", mend)


def words_exist(check: DrugCheck) -> Iterator[Fault]:
    """Every key that a card must put into words has words."""
    for _, row in check.rows():
        for section, key in _keys(check, row):
            known = check.words.get(section, {})
            if key not in known:
                near = get_close_matches(key, known, n=3)
                other = f"write {' or '.join(near)}, or " if near else ""
                mend = f"{other}add it to cards/text/en.yaml, section {section}"
                yield check.at_row(row, f"{key!r} has no words", mend)


def pretest_is_known(check: DrugCheck) -> Iterator[Fault]:
    """What a pretest orders in place of a genotype has words, and stands for a gene that it asks for."""
    wanted = check.drug.pretest
    for member, listed in (("kinds", wanted.kinds), ("otherwise", wanted.otherwise)) if wanted else ():
        for gene, key in listed.items():
            place = ("pretest", member, gene)
            if wanted and gene not in wanted.genes:
                yield check.document.fault(
                    place, f"the pretest does not ask for {gene}", "add it to genes, or remove it"
                )
            if key not in check.words.get("test", {}):
                mend = "add it to cards/text/en.yaml, section test"
                yield check.document.fault(place, f"{key!r} has no words", mend)


def other_forms_rows_exist(check: DrugCheck) -> Iterator[Fault]:
    """What holds for other forms as well names rows that there are."""
    known = {f"{table.slug}/{row.id}" for table, row in check.rows()}
    for at, name in enumerate(check.drug.not_for.but if check.drug.not_for else ()):
        if name not in known:
            yield check.document.fault(("not_for", "but", at), f"there is no row {name!r}", "write table/row id")


def _keys(check: DrugCheck, row: Row) -> Iterator[tuple[str, str]]:
    if row.effect is not None:
        yield from (("direction", key) for key in [row.effect.direction] if key)
        yield from (("of", key) for key in [row.effect.of] if key)
        yield from (("risk", key) for key in row.effect.risk)
    for action in row.actions:
        yield from _action_keys(check, action)


def _action_keys(check: DrugCheck, action: Action) -> Iterator[tuple[str, str]]:
    if action.kind in ("monitor", "titrate"):
        yield from (("monitor", key) for key in action.what)
    if action.kind == "test":
        yield from (("test", key) for key in action.what if key not in check.library.genes)


def change_has_urgency(check: DrugCheck) -> Iterator[Fault]:
    """A row that changes something states its indicator; critical needs a strong classification."""
    for table, row in check.rows():
        stated = _raw_row(check, table, row)
        changes = row.dose_change or row.alternative or row.other_guidance
        if changes and row.strength is not Strength.NONE and "indicator" not in stated:
            yield check.at_row(row, "it changes something and has no indicator", "write critical, warning or info")
        if row.indicator is Indicator.CRITICAL and row.strength is not Strength.STRONG:
            yield check.at_row(row, "critical without a strong recommendation", "write warning, or check the strength")


def silence_is_silent(check: DrugCheck) -> Iterator[Fault]:
    """`strength: none` forbids actions that change care."""
    for _, row in check.rows():
        loud = [action.kind for action in row.actions if action.kind not in ("keep", "monitor")]
        if row.strength is Strength.NONE and loud:
            yield check.at_row(
                row, f"strength is none and there is {', '.join(loud)}", "drop the actions or state the strength"
            )


def flags_are_needed(check: DrugCheck) -> Iterator[Fault]:
    """Law 2: flags are stated only where they differ from what the actions imply."""
    for table, row in check.rows():
        stated = _raw_row(check, table, row).get("flags")
        if stated is not None and set(stated) == _implied(row):
            yield check.at_row(row, "flags repeat what the actions imply", "remove them")


def _implied(row: Row) -> set[str]:
    kinds = {action.kind for action in row.actions}
    pairs = (("dose", DOSE_KINDS), ("alternative", ALTERNATIVE_KINDS), ("other", OTHER_KINDS))
    return {flag for flag, which in pairs if kinds & which}


def codes_are_known(check: DrugCheck) -> Iterator[Fault]:
    """The drug's RxNorm code is its own, and no other file has it."""
    for code in check.drug.rxnorm:
        name = check.ingredients.get(code)
        if name != check.drug.name:
            what = f"RxNorm {code} is {name or 'on no list'}, and the file is {check.drug.name}"
            yield check.document.fault(("codes", "rxnorm"), what, "write the ingredient's own code")
    known = {name: code for code, name in check.ingredients.items()}
    if not check.drug.rxnorm and check.drug.name in known:
        what = f"{check.drug.name} has an RxNorm code, and the file gives none"
        yield check.document.fault(("codes", "rxnorm"), what, f"write: {known[check.drug.name]}")
    for other in check.library.drugs.values():
        if other.id != check.drug.id and set(other.rxnorm) & set(check.drug.rxnorm):
            yield check.document.fault(
                ("codes", "rxnorm"), f"{other.id} has the same RxNorm code", "keep it in one file"
            )


def actions_go_together(check: DrugCheck) -> Iterator[Fault]:
    """One action of a kind; keep stands without avoid, reduce or increase."""
    for _, row in check.rows():
        kinds = [action.kind for action in row.actions]
        for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            yield check.at_row(row, f"{kind} stands twice", "put both into one action")
        if "keep" in kinds and {"avoid", "reduce", "increase"} & set(kinds):
            yield check.at_row(row, "keep stands beside an action that changes the treatment", "remove one of them")


def changes_go_their_way(check: DrugCheck) -> Iterator[Fault]:
    """A reduction leaves a dose and is below 100 percent or a factor of 1; an increase by a factor is above 1."""
    for _, row in check.rows():
        for action in row.actions:
            if action.kind == "reduce" and (max(action.percent, default=0) >= 100 or (action.factor or 0) >= 1):
                yield check.at_row(row, "this reduction leaves no lower dose", "write less than 100 percent, or avoid")
            if action.kind == "increase" and action.factor is not None and action.factor <= 1:
                yield check.at_row(row, "this increase raises no dose", "write a factor above 1")


def everything_is_filled_in(check: DrugCheck) -> Iterator[Fault]:
    """Nothing that `pgx-cds new` left open reaches a card."""
    yield from find_open_places(check.document)


def switched_off_rows_exist(check: DrugCheck) -> Iterator[Fault]:
    """A row that a site switches off is there: a misspelt id would leave the wrong row in use."""
    known = [f"{table.slug}/{row.id}" for table, row in check.rows()]
    for name in check.document.data.get("switched_off", {}):
        if name not in known:
            near = get_close_matches(name, known, 3) or known
            yield check.document.fault(
                ("switched_off", name), f"no row has the id {name!r}", f"near: {', '.join(near)}"
            )


def formulas_exist(check: DrugCheck) -> Iterator[Fault]:
    """An equation that a row names has a file, and asks only for genes of the row's table."""
    for table, row in check.rows():
        for name in (name for action in row.actions for name in action.formulas):
            formula = check.library.formulas.get(name)
            if formula is None:
                yield check.at_row(row, f"there is no formula {name!r}", f"add formulas/{name}.yaml")
                continue
            for gene in set(formula.genes) - set(table.genes):
                yield check.at_row(row, f"{name} asks for {gene}, and no row of {table.slug} does", "ask for it")


def _raw_row(check: DrugCheck, table: Table, row: Row) -> Mapping[str, Any]:
    body = check.document.data["bodies"][table.slug]
    listed = body.get("rows") or body.get("flow")
    raw: Mapping[str, Any] = next(raw for raw, one in zip(listed, table.rows, strict=True) if one is row)
    return raw


LAWS: tuple[Callable[[DrugCheck], Iterator[Fault]], ...] = (
    ids_are_unique,
    genes_are_declared,
    populations_are_declared,
    conditions_exist,
    alternatives_are_known,
    partners_are_known,
    words_exist,
    pretest_is_known,
    other_forms_rows_exist,
    change_has_urgency,
    silence_is_silent,
    flags_are_needed,
    codes_are_known,
    actions_go_together,
    changes_go_their_way,
    everything_is_filled_in,
    switched_off_rows_exist,
    formulas_exist,
)
