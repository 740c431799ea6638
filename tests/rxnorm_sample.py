"""A small release of RxNorm in the columns of NLM's documentation."""

from collections.abc import Sequence
from pathlib import Path

CONCEPTS = [
    ("161", "IN", "Acetaminophen", "N"),
    ("2670", "IN", "Codeine", "N"),
    ("2672", "PIN", "Codeine Phosphate", "N"),
    ("817579", "MIN", "Acetaminophen / Codeine", "N"),
    ("315266", "SCDC", "Acetaminophen 300 MG", "N"),
    ("330583", "SCDC", "codeine phosphate 30 MG", "N"),
    ("371310", "SCDF", "Acetaminophen / Codeine Oral Tablet", "N"),
    ("993781", "SCD", "acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet", "N"),
    ("993837", "SBD", "acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet [Tylenol with Codeine]", "N"),
    ("220627", "BN", "Tylenol with Codeine", "N"),
    ("1000", "GPCK", "{12 (acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet) } Pack", "N"),
    ("2000", "SCD", "an obsolete tablet", "O"),
    ("3000", "SCD", "a tablet that leads nowhere", "N"),
]
RELATIONS = [
    ("2670", "2672", "form_of"),
    ("161", "817579", "has_part"),
    ("2670", "817579", "has_part"),
    ("161", "315266", "has_ingredient"),
    ("2672", "330583", "has_precise_ingredient"),
    ("161", "371310", "has_ingredient"),
    ("2670", "371310", "has_ingredient"),
    ("315266", "993781", "consists_of"),
    ("330583", "993781", "consists_of"),
    ("993781", "993837", "tradename_of"),
    ("220627", "993837", "has_ingredient"),
    ("993781", "1000", "contains"),
    ("993781", "161", "ingredient_of"),
]
BOTH = ("161", "2670")


def write_release(
    folder: Path,
    further: Sequence[tuple[str, str, str, str]] = (),
    links: Sequence[tuple[str, str, str]] = (),
) -> tuple[Path, Path, Path]:
    """Three files in the columns of NLM's documentation, with further concepts and relations."""
    concepts, relations, attributes = (folder / f"{name}.RRF" for name in ("RXNCONSO", "RXNREL", "RXNSAT"))
    concepts.write_text(
        "".join(
            f"{code}|ENG||||||{code}|{code}|{code}||{source}|{level}|{code}|{name}||{suppressed}|4096|\n"
            for code, level, name, suppressed in (*CONCEPTS, *further)
            for source in ("RXNORM", "MTHSPL")
        )
    )
    relations.write_text(
        "".join(
            f"{first}||CUI|RO|{second}||CUI|{relation}|1||RXNORM|RXNORM||||4096|\n"
            for first, second, relation in (*RELATIONS, *links)
        )
    )
    attributes.write_text(
        "993781|||1|AUI|993781|||NDC|RXNORM|00093015001|N|4096|\n"
        "993781|||1|AUI|993781|||NDC|MTHSPL|0093-0150-01|N|4096|\n"
        "993781|||1|AUI|993781|||RXN_STRENGTH|RXNORM|300 MG|N|4096|\n"
        "3000|||1|AUI|3000|||NDC|RXNORM|00093999901|N|4096|\n"
    )
    return concepts, relations, attributes
