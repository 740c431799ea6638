"""What a site may set: `policy.yaml` of its overlay over the product's defaults, which stand here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """A site's policy; schema/policy.schema.json says what each member means."""

    bodies: tuple[str, ...] = ("CPIC", "FDA", "DPWG")
    pretest_priorities: tuple[str, ...] = ("required", "recommended")
    show_no_action: bool = False
    max_cards: int = 10
    stopped_days: int = 92
    reviewed_only: bool = False
