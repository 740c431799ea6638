"""Facts on a patient of whom everything was asked and nothing is on file, but for what a test states."""

from typing import Any

from knowledge.facts import Answer, PatientFacts


def make_facts(**stated: Any) -> PatientFacts:
    """The facts with these members; every answer that is not stated is "none on file"."""
    topics = ("genes", "patient", "conditions", "medications", "allergies")
    return PatientFacts(**{**{f"{topic}_answer": Answer.NONE_ON_FILE for topic in topics}, **stated})
