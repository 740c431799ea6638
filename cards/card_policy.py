"""What a site may set about its cards."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.policy import Policy


@dataclass(frozen=True)
class CardPolicy:
    """Policy of the cards; the defaults are the product's."""

    max_cards: int = Policy.max_cards
    show_no_action: bool = Policy.show_no_action
    """A card for standard care, too."""
    withheld_line: bool = False
    """One neutral line where something may not be used for reasons of consent; else not even that is said."""
    single_action_suggestions: bool = False
    """For EHRs that take one action a suggestion: the replacement is created, the draft is left to be removed."""
    rule_pages: str | None = None
    """Address below which each row has a page, e.g. "https://cds.example.org/transparency"; None: no link to it."""
