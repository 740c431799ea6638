"""The site's policy.yaml -> Policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from knowledge.loading.errors import ContentError
from knowledge.loading.load import check_document
from knowledge.loading.strict_yaml import load_strict
from knowledge.policy import Policy


def load_policy(overlay: Path | None = None) -> Policy:
    """`policy.yaml` of the overlay over the product's defaults. Raises ContentError with every fault."""
    path = overlay / "policy.yaml" if overlay else None
    if path is None or not path.exists():
        return Policy()
    document = load_strict(path)
    faults = check_document(document, "policy")
    if faults:
        raise ContentError(faults)
    data = document.data or {}
    stated: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return Policy(**stated)
