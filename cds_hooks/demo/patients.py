"""The synthetic patients of the first page, each a FHIR R4 Bundle with the story that it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

Json = Mapping[str, Any]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class DemoPatient:
    """One invented patient. Nobody's data: names, dates and ids are made up."""

    id: str
    title: str
    """What is special, in a few words."""
    story: str
    expect: str
    """What the card of `drug` on `hook` says."""
    drug: str
    """Name of the medicine that tells the story."""
    hook: str
    resources: tuple[Json, ...]
    """The whole file, the Patient first."""

    @property
    def name(self) -> str:
        """Given and family name."""
        name = self.resources[0]["name"][0]
        return " ".join([*name["given"], name["family"]])

    @property
    def gender(self) -> str:
        """The file's administrative gender."""
        return str(self.resources[0]["gender"])

    @property
    def birth_date(self) -> str:
        """The file's date of birth, YYYY-MM-DD."""
        return str(self.resources[0]["birthDate"])


@lru_cache
def load_patients() -> Mapping[str, DemoPatient]:
    """All patients by id, in the order in which the page lists them."""
    stories = orjson.loads((_HERE / "stories.json").read_bytes())
    return {story["id"]: DemoPatient(**story, resources=_read_file(story["id"])) for story in stories}


def _read_file(patient_id: str) -> tuple[Json, ...]:
    bundle = orjson.loads((_HERE / "patients" / f"{patient_id}.json").read_bytes())
    return tuple(entry["resource"] for entry in bundle["entry"])
