"""What of the answers on current medicines is shown on patient-view."""

from cds_hooks.web.current_medicines import keep_acting
from tests.cards.answers import make_answer, make_finding, make_gap


def test_what_acts_or_hides_a_result_is_kept_and_what_asks_for_nothing_is_not() -> None:
    """A change by a result on file, results that were not fetched, a hole in the content; no result and no PDF."""
    acting = make_answer(make_finding())
    hidden = [make_answer(make_gap(kind)) for kind in ("not_fetched", "no_row")]
    others = [make_answer(make_gap(kind)) for kind in ("no_result", "unreadable")]
    assert keep_acting([acting, *hidden, *others]) == (acting, *hidden)
