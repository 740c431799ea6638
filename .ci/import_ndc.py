"""Rebuild knowledge/content/imported/ndc.json.gz from a table of National Drug Codes.

    .venv/bin/python .ci/import_ndc.py NDC9.csv.gz

NDC9.csv.gz has the columns ndc9 (labeler and product, nine digits), ingredient_rxcuis ("|" between several) and
conflict_with_2019_2020. Left out: products with an ingredient that drug_names.json does not name, and codes that two
years' tables give different medicines.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

from knowledge.terms.imported_tables import write_ndc

IMPORTED = Path(__file__).resolve().parent.parent / "knowledge" / "content" / "imported"


def main(arguments: list[str]) -> int:
    """Read, group by contents, write the same bytes for the same table."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    named = json.loads((IMPORTED / "drug_names.json").read_bytes())
    contents: dict[str, list[str]] = defaultdict(list)
    with gzip.open(arguments[0], "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            codes = sorted(row["ingredient_rxcuis"].split("|"), key=int)
            if set(codes) <= named["ingredients"].keys() and not row["conflict_with_2019_2020"].strip():
                contents["|".join(codes)].append(row["ndc9"])
    write_ndc(IMPORTED / "ndc.json.gz", named["source"], contents)
    sys.stderr.write(f"{sum(map(len, contents.values()))} codes, {len(contents)} contents\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
