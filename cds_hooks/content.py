"""The content that every request is answered from, and what its files look like from outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cards.card_policy import CardPolicy
from cds_hooks.services.registry import build_services
from cds_hooks.services.service import Service
from cds_hooks.settings import Settings
from knowledge.library import Library
from knowledge.loading.errors import ContentError, Fault
from knowledge.loading.load import CONTENT, load_library
from knowledge.loading.policy_file import load_policy
from knowledge.policy import Policy
from knowledge.terms.drug_names import DrugNames, load_drug_names

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, time of the last change (ns), size and inode of every file; -1 in each for a folder that is not there."""
_READ = (".yaml", ".json")
_NOT_READ = (".test.yaml", "compiled.json")


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
    if settings.overlay is not None and not settings.overlay.is_dir():
        # Without this a folder that has gone would mean: the site has no rules of its own any more.
        raise ContentError([Fault(str(settings.overlay), 0, "the overlay is no folder", "bring it back")])
    library, policy = _load_both(settings.overlay)
    policy = apply_settings(policy, settings)
    cards = CardPolicy(
        max_cards=policy.max_cards,
        show_no_action=policy.show_no_action,
        single_action_suggestions=settings.suggestions == "single-action",
        rule_pages=f"{settings.public_url}/transparency" if settings.public_url else None,
    )
    return Content(library, load_drug_names(library, settings.overlay), policy, cards, build_services(library))


def _load_both(overlay: Path | None) -> tuple[Library, Policy]:
    """Library and policy. Raises ContentError with the faults of both."""
    try:
        library = load_library(overlay)
    except ContentError as error:
        try:
            load_policy(overlay)
        except ContentError as further:
            raise ContentError([*error.faults, *further.faults]) from None
        raise
    return library, load_policy(overlay)


def apply_settings(policy: Policy, settings: Settings) -> Policy:
    """The policy with what the environment sets over it."""
    given: dict[str, Any] = {"max_cards": settings.max_cards, "show_no_action": settings.show_no_action}
    return replace(policy, **{key: value for key, value in given.items() if value is not None})


def stamp_content(overlays: Iterable[Path], content: Path = CONTENT) -> Stamp:
    """The stamp of the shipped content and of overlays: no file is opened. Raises OSError where one vanishes."""
    return tuple(sorted(entry for folder in (content, *overlays) for entry in _stamp_folder(folder)))


def _stamp_folder(folder: Path | str) -> Iterator[tuple[str, int, int, int]]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        yield str(folder), -1, -1, -1
        return
    with entries:
        for entry in entries:
            if entry.is_dir():
                yield from _stamp_folder(entry.path)
            elif entry.name.endswith(_READ) and not entry.name.endswith(_NOT_READ):
                found = entry.stat()
                yield entry.path, found.st_mtime_ns, found.st_size, found.st_ino
