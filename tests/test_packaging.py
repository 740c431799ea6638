"""A wheel holds every file that the code reads: what no pattern takes would be missing only where it is installed."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]


def test_every_file_of_the_packages_is_taken_into_the_wheel() -> None:
    """Code by itself, data by a pattern; a folder with a dot in its name would be no package and stay out."""
    files = [
        path.relative_to(ROOT)
        for package in ("cds_hooks", "cards", "knowledge")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    left_out = [
        str(path)
        for path in files
        if not (path.suffix == ".py" or any(fnmatch(path.name, pattern) for pattern in PATTERNS))
        or any("." in folder for folder in path.parts[:-1])
    ]
    assert {"ndc.json.gz", "clopidogrel.yaml", "drug.schema.json", "en.yaml"} <= {path.name for path in files}
    assert left_out == []
