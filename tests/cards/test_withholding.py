"""What is withheld is taken out of an answer whole, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

from cards.card_policy import CardPolicy
from cards.from_findings import make_cards
from cards.withholding import LINE, SUMMARY, hide_withheld
from knowledge.drug_answer import Offer
from knowledge.facts import Answer
from knowledge.findings import Action, DoseEstimate, Gap, GeneState
from tests.cards.answers import OFFERS, SOURCE, make_answer, make_finding, make_gap, make_gene, numbered

WITHHELD = Gap("withheld", "CYP2D6 results may not be used: because", "CYP2D6")
STATE = GeneState("CYP2D6", Answer.WITHHELD)


def test_an_answer_without_anything_withheld_is_left_as_it_is() -> None:
    """Other gaps are told."""
    answer = make_answer(make_finding(), make_gap("unreadable"))
    assert hide_withheld(answer) == answer


def test_gene_gap_test_and_estimate_that_tell_of_it_are_taken_out() -> None:
    """A finding that acts on another gene stays."""
    test = Action("test", what=("CYP2D6", "tpmt_activity"))
    estimate = DoseEstimate("one", "One", reason="the CYP2D6 genotype may not be used", content_status="transcribed")
    whole = make_finding(
        genes=(make_gene(), STATE), gaps=(WITHHELD,), actions=(Action("avoid"), test), estimates=(estimate,)
    )
    kept = replace(
        whole,
        genes=(make_gene(),),
        gaps=(),
        actions=(Action("avoid"), replace(test, what=("tpmt_activity",))),
        estimates=(),
    )
    gap = replace(make_gap("withheld"), genes=(STATE,), gaps=(WITHHELD,))
    assert hide_withheld(make_answer(whole, gap)).findings == (kept,)
    assert hide_withheld(make_answer(whole, gap)).gaps == ()


def test_a_finding_that_only_asks_for_the_test_is_taken_out() -> None:
    """To ask for a test of what may be on file would tell that it is not seen."""
    asks = make_finding(gaps=(WITHHELD,), actions=(Action("test", what=("CYP2D6",)),))
    assert hide_withheld(make_answer(asks)).findings == ()


def test_a_row_for_want_of_the_result_acts_under_its_tables_id() -> None:
    """What it says of the hidden gene goes: the sentence, the assay, the alternative that hangs on it."""
    offer = Action("offer", drugs=("prasugrel", "other"))
    whole = make_finding(
        genes=(make_gene(), STATE),
        gaps=(WITHHELD,),
        untested=("CYP2D6",),
        note="Start with 1.5 mg. CYP2D6 may add to it.",
        actions=(offer, Action("test", what=("CYP2D6",))),
    )
    offers = (OFFERS[0], Offer("a drug, once CYP2D6 is known", None, holds=True, is_class=True, key="other"))
    hidden = hide_withheld(make_answer(whole, offers=offers))
    assert hidden.offers == offers[:1]
    assert hidden.findings == (
        replace(
            whole,
            id="clopidogrel/cpic",
            genes=(make_gene(),),
            gaps=(),
            note="Start with 1.5 mg.",
            actions=(Action("offer", drugs=("prasugrel",)),),
        ),
    )
    (card,) = make_cards([make_answer(whole)], CardPolicy(rule_pages="https://cds.example.org"))
    assert (card.row, [link.label for link in card.links]) == ("clopidogrel/cpic", [SOURCE.title])


def test_a_row_by_genotype_alone_tells_as_little_of_it() -> None:
    """The alternative that hangs on the hidden gene goes, and the sentence that names it."""
    offer = Action("offer", drugs=("prasugrel", "other"))
    note = "Start with 1.5 mg. CYP2D6 may add to it."
    alone = make_finding(genes=(make_gene(),), actions=(offer,), note=note)
    whole = make_finding(genes=(make_gene(), STATE), gaps=(WITHHELD,), by_genotype=(alone,))
    offers = (OFFERS[0], Offer("a drug, once CYP2D6 is known", None, holds=True, is_class=True, key="other"))
    (kept,) = hide_withheld(replace(make_answer(whole), offers=offers)).findings
    assert kept.by_genotype == (
        replace(alone, actions=(replace(offer, drugs=("prasugrel",)),), note="Start with 1.5 mg."),
    )


def test_a_row_for_want_of_the_result_is_taken_out_where_nothing_else_acts() -> None:
    """Usual care; watchfulness beside the test; nothing on a gene that was read."""
    usual = {"actions": (Action("keep"),), "alternative": False}
    watched = {
        "actions": (Action("test", what=("CYP2D6",)), Action("monitor", what=("toxicity",))),
        "alternative": False,
        "other_guidance": True,
    }
    for changes in (usual, watched, {"genes": (STATE,)}):
        row = make_finding(**{"genes": (make_gene(), STATE), "gaps": (WITHHELD,), "untested": ("CYP2D6",), **changes})
        assert hide_withheld(make_answer(row)).findings == ()


def test_the_neutral_line_needs_the_sites_leave() -> None:
    """Alone on a card of its own, which rests on nothing."""
    answer = make_answer(make_gap("withheld"))
    assert make_cards([answer], CardPolicy()) == ()
    (card,) = make_cards([answer], CardPolicy(withheld_line=True), numbered())
    assert card.to_json() == {
        "uuid": "id-1",
        "summary": SUMMARY,
        "detail": LINE,
        "indicator": "info",
        "source": {"label": "pgx-cds"},
    }
