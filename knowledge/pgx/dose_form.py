"""Forms of a medicine that its guidance is not meant for, such as a cream of what is dosed by the vein."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.facts import DrugOrder
from knowledge.findings import Finding
from knowledge.library import NotFor
from knowledge.terms.code_systems import ATC, RXNORM
from knowledge.terms.display_name import tokenise


def find_other_form(order: DrugOrder, not_for: NotFor | None) -> str | None:
    """What of the order says that it is one of these forms: a word of its name, form or route, or its code; None where
    nothing does, so that a form which is not known is none of them."""
    if not_for is None:
        return None
    words = [word for name in order.form_names for word in tokenise(name)]
    named = next((word for word in words if word in not_for.words), None)
    codes = {(ATC, code) for code in not_for.atc} | {(RXNORM, code) for code in not_for.rxnorm}
    return named or next((code for system, code in order.codes if (system, code) in codes), None)


def keep_meant(findings: Sequence[Finding], not_for: NotFor) -> tuple[Finding, ...]:
    """The rows that hold for these forms as well, where they ask for something."""
    return tuple(one for one in findings if one.acts and one.id.split("/", 1)[1] in not_for.but)
