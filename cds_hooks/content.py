"""The content that every request is answered from, loaded once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cards.card_policy import CardPolicy
from cds_hooks.services.registry import build_services
from cds_hooks.services.service import Service
from cds_hooks.settings import Settings
from knowledge.library import Library, Policy
from knowledge.loading.load import load_library, load_policy
from knowledge.terms.drug_names import DrugNames, load_drug_names


@dataclass(frozen=True)
class Content:
    """Library, drug names, policies and the services built from them."""

    library: Library
    names: DrugNames
    policy: Policy
    cards: CardPolicy
    services: Mapping[str, Service]
    """By id."""


def load_content(settings: Settings) -> Content:
    """The shipped content with the site's overlay. Raises knowledge.loading.errors.ContentError with every fault."""
    library = load_library(settings.overlay)
    policy = apply_settings(load_policy(settings.overlay), settings)
    cards = CardPolicy(
        max_cards=policy.max_cards,
        show_no_action=policy.show_no_action,
        single_action_suggestions=settings.suggestions == "single-action",
    )
    return Content(library, load_drug_names(library, settings.overlay), policy, cards, build_services(library))


def apply_settings(policy: Policy, settings: Settings) -> Policy:
    """The policy with what the environment sets over it."""
    given: dict[str, Any] = {"max_cards": settings.max_cards, "show_no_action": settings.show_no_action}
    return replace(policy, **{key: value for key, value in given.items() if value is not None})
