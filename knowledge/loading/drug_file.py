"""One drug file -> Drug. The document has passed its schema; what the schema cannot say is checked by lint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from knowledge.findings import Action, Amount, Effect, Indicator, Strength
from knowledge.library import Alternative, Criteria, Drug, NotFor, Population, PretestPolicy, Row, Table
from knowledge.loading.gene_file import read_sign_off, read_source
from knowledge.loading.strict_yaml import Document

ANY = "any"
POPULATION = "population"
DOSE_KINDS = frozenset({"reduce", "increase", "limit", "titrate", "dose"})
ALTERNATIVE_KINDS = frozenset({"avoid", "offer"})
OTHER_KINDS = frozenset({"monitor", "test"})


def read_drug(document: Document, version: str, codes: Mapping[str, str]) -> Drug:
    """The Drug of a document that keeps drug.schema.json. `codes`: ingredient name -> RxNorm, for alternatives."""
    data = document.data
    pretest, assume = data.get("pretest"), data.get("assume", ())
    return Drug(
        id=data["id"],
        name=data.get("name", data["id"]),
        sign_off=read_sign_off(data),
        rxnorm=tuple(data["codes"]["rxnorm"]),
        atc=tuple(data["codes"].get("atc", ())),
        genes=tuple(data["genes"]),
        populations={key: _population(key, value) for key, value in data.get("populations", {}).items()},
        assume=(assume,) if isinstance(assume, str) else tuple(assume),
        alternatives={key: _alternative(key, value, codes) for key, value in data.get("alternatives", {}).items()},
        pretest=_pretest(pretest) if pretest else None,
        tables=tuple(_switch_off(_table(document, slug), data.get("switched_off", {})) for slug in data["bodies"]),
        not_for=_not_for(data["not_for"]) if "not_for" in data else None,
        version=version,
    )


def _not_for(data: Mapping[str, Any]) -> NotFor:
    codes = data.get("codes", {})
    return NotFor(
        words=tuple(data["words"]),
        atc=tuple(codes.get("atc", ())),
        rxnorm=tuple(codes.get("rxnorm", ())),
        but=tuple(data.get("but", ())),
    )


def _population(key: str, data: Mapping[str, Any]) -> Population:
    return Population(key, data["label"], _criteria(data))


def _criteria(data: Mapping[str, Any]) -> Criteria:
    age, weight, uses = data.get("age", {}), data.get("weight_kg", {}), data.get("uses", {})
    return Criteria(
        any_of=tuple(data.get("any_of", ())),
        none_of=tuple(data.get("none_of", ())),
        age_from=_decimal(age.get("from")),
        age_below=_decimal(age.get("below")),
        weight_over_kg=_decimal(weight.get("over")),
        weight_up_to_kg=_decimal(weight.get("up_to")),
        uses=uses.get("drug"),
        uses_months=uses.get("months"),
        naive_to=data.get("naive_to"),
        beside=tuple(data.get("beside", ())),
        not_beside=tuple(data.get("not_beside", ())),
        judgement=data.get("judgement"),
        either=tuple(_criteria(one) for one in data.get("either", ())),
    )


def spell_out(drug: Drug, members: Callable[[str], Sequence[str]]) -> Drug:
    """The drug with groups and classes of medicines in its populations' criteria replaced by what is in them."""
    populations = {key: replace(one, criteria=_spell(one.criteria, members)) for key, one in drug.populations.items()}
    return replace(drug, populations=populations)


def _spell(criteria: Criteria, members: Callable[[str], Sequence[str]]) -> Criteria:
    def spell(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for name in names for one in members(name)))

    return replace(
        criteria,
        beside=spell(criteria.beside),
        not_beside=spell(criteria.not_beside),
        either=tuple(_spell(one, members) for one in criteria.either),
    )


def _alternative(name: str, data: Mapping[str, Any], codes: Mapping[str, str]) -> Alternative:
    label = data.get("class")
    return Alternative(
        name=name,
        rxnorm=None if label else codes.get(name),
        unless=tuple(data.get("unless", ())),
        age_from=_decimal(data.get("age", {}).get("from")),
        is_class=label is not None,
        label=label,
        not_with=tuple(data.get("not_with", ())),
        age_below=_decimal(data.get("age", {}).get("below")),
        weight_from_kg=_decimal(data.get("weight_kg", {}).get("from")),
        check_if=tuple(data.get("check_if", ())),
        check_with=tuple(data.get("check_with", ())),
        check=data.get("check"),
        meant_for=tuple(data.get("meant_for", ())),
    )


def _pretest(data: Mapping[str, Any]) -> PretestPolicy:
    return PretestPolicy(
        genes=tuple(data["genes"]),
        priority=data["priority"],
        populations=tuple(data.get("populations", ())),
        before=data.get("before"),
        of_whom=data.get("of_whom"),
        unless_inhibited=data.get("unless_inhibited", False),
        kinds=data.get("kinds", {}),
        otherwise=data.get("otherwise", {}),
        note=data.get("note"),
        source=data.get("source"),
    )


def _table(document: Document, slug: str) -> Table:
    data = document.data["bodies"][slug]
    kind = "flow" if "flow" in data else "rows"
    rows = tuple(_row(row, document.place("bodies", slug, kind, at)) for at, row in enumerate(data[kind]))
    genes = dict.fromkeys(gene for row in rows for gene in row.when)
    populations = dict.fromkeys(name for row in rows for name in row.populations)
    source = read_source(data["source"])
    return Table(slug, data["body"], tuple(genes), source, rows, tuple(populations), kind == "flow")


def _switch_off(table: Table, reasons: Mapping[str, str]) -> Table:
    rows = tuple(replace(row, switched_off=reasons.get(f"{table.slug}/{row.id}")) for row in table.rows)
    return replace(table, rows=rows) if reasons else table


def _row(data: Mapping[str, Any], place: tuple[str, int]) -> Row:
    actions = tuple(_action(action) for action in data.get("actions", ()))
    kinds = {action.kind for action in actions}
    flags = data.get("flags")
    when = {gene: tuple(values) for gene, values in data["when"].items() if gene != POPULATION}
    populations = tuple(name for name in data["when"].get(POPULATION, ()) if name != ANY)
    return Row(
        id=data["id"],
        when=when,
        populations=populations,
        strength=Strength(data["strength"]),
        indicator=Indicator(data.get("indicator", Indicator.INFO)),
        actions=actions,
        dose_change="dose" in flags if flags is not None else bool(kinds & DOSE_KINDS),
        alternative="alternative" in flags if flags is not None else bool(kinds & ALTERNATIVE_KINDS),
        other_guidance="other" in flags if flags is not None else bool(kinds & OTHER_KINDS),
        effect=_effect(data["effect"]) if "effect" in data else None,
        note=data.get("note"),
        quiet=data.get("quiet", False),
        no_inhibitors=data.get("no_inhibitors", False),
        place=place,
    )


def _effect(data: Mapping[str, Any]) -> Effect:
    return Effect(data.get("direction"), data.get("of"), tuple(data.get("risk", ())))


def _action(data: Mapping[str, Any]) -> Action:
    ((kind, value),) = data.items()
    if kind == "offer":
        return Action(kind, drugs=tuple(value))
    if isinstance(value, list):
        return Action(kind, what=tuple(value))
    percent = value.get("percent")
    amount = value.get("amount") or value.get("to")
    return Action(
        kind,
        percent=tuple(Decimal(str(one)) for one in (percent if isinstance(percent, list) else [percent]) if one),
        factor=_decimal(value.get("factor")),
        amount=_amount(amount) if amount else None,
        of=value.get("of"),
        degree=value.get("degree"),
        what=tuple(value.get("by", ())),
        formulas=tuple(value.get("formulas", ())),
        bounds=tuple(_amount(one) for one in value.get("from", ())),
        days_a_week=value.get("days_a_week"),
        by_hand=value.get("by_hand", False),
        by_hand_in=tuple(value.get("by_hand_in", ())),
    )


def _amount(data: Mapping[str, Any]) -> Amount:
    return Amount(Decimal(str(data["value"])), data["unit"], data.get("per"))


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
