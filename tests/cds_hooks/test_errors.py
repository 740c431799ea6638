"""What goes wrong is told as an OperationOutcome that says where, what and how to mend it."""

from __future__ import annotations

from cds_hooks.errors import Fault, InvalidRequestError, make_outcome


def test_a_fault_becomes_an_issue() -> None:
    """Place, fault and advice in one line; what is not given leaves no trace."""
    assert make_outcome([Fault("/hook", "is missing", "Send it.", "required"), Fault("", "is empty")]) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": "required", "diagnostics": "/hook: is missing. Send it."},
            {"severity": "error", "code": "invalid", "diagnostics": "is empty."},
        ],
    }


def test_an_outcome_stays_short_when_there_are_very_many_faults() -> None:
    """The first fifty are enough to begin with."""
    assert len(make_outcome([Fault(f"/{number}", "is wrong") for number in range(1000)])["issue"]) == 50


def test_an_error_names_its_places_when_printed() -> None:
    """For whoever reads a traceback."""
    assert (
        str(InvalidRequestError(Fault("/hook", "is missing"), Fault("", "is odd"))) == "/hook: is missing; body: is odd"
    )
