"""Load every content file into one Library, or say everything that is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from knowledge.display_words import DisplayWords
from knowledge.library import ConditionSet, Library, Modulator
from knowledge.loading.compiled import read_compiled
from knowledge.loading.drug_file import read_drug, spell_out
from knowledge.loading.errors import ContentError, Fault
from knowledge.loading.formula_file import read_formula
from knowledge.loading.gene_file import read_gene, read_sign_off
from knowledge.loading.imported import DRUG_NAMES, find_imported
from knowledge.loading.schema import schema_faults
from knowledge.loading.strict_yaml import Document, load_strict
from knowledge.loading.transparency_file import read_transparency
from knowledge.transparency import Transparency

CONTENT = Path(__file__).resolve().parent.parent / "content"
KINDS = {"drugs": "drug", "genes": "gene", "modulators": "modulator", "conditions": "condition", "formulas": "formula"}
SINGLE = ("synonyms", "answer_codes", "display_words", "atc_combinations", "medicine_groups", "transparency")
"""Kinds of which there is one file, at the top of the content."""
OVERLAY_ALONE = ("policy.yaml", "drug_codes.yaml")
"""Files that only an overlay has."""
SYSTEMS = {
    "snomed": ("http://snomed.info/sct",),
    "icd10": ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"),
}


@dataclass(frozen=True)
class ContentFiles:
    """Every document of the content by kind, an overlay already merged in, with the faults of YAML and schema."""

    documents: Mapping[str, tuple[Document, ...]]
    faults: tuple[Fault, ...]
    digest: str
    versions: Mapping[str, str]
    """Document path -> first twelve digits of its SHA-256."""


def load_library(overlay: Path | None = None, content: Path = CONTENT) -> Library:
    """The Library of the shipped content with a site's overlay merged over it. Raises ContentError with all faults."""
    files = read_content(overlay, content, compiled=True)
    if files.faults:
        raise ContentError(files.faults)
    return build_library(files, content)


def read_content(overlay: Path | None = None, content: Path = CONTENT, compiled: bool = False) -> ContentFiles:
    """Read and validate every file; nothing is raised. `compiled`: as far as the compiled content holds them sound,
    shipped files are taken from there, without the lines of their nodes."""
    raw = _read_bytes(content)
    digest = hashlib.sha256()
    for name, data in raw.items():
        digest.update(f"{name}\0".encode() + data)
    sound = read_compiled(content, digest.hexdigest()) if compiled else {}
    documents: dict[str, tuple[Document, ...]] = {}
    faults: list[Fault] = []
    for name in raw:
        kind = KINDS.get(name.split("/")[0], name.removesuffix(".yaml"))
        path, local = content / name, overlay / name if overlay else None
        ready = sound.get(shown_path(path))
        document = _read_merged(path, ready, local)
        if ready is None or document.data is not ready:
            faults += check_document(document, kind)
        documents[kind] = (*documents.get(kind, ()), document)
    versions = {shown_path(content / name): hashlib.sha256(data).hexdigest()[:12] for name, data in raw.items()}
    if overlay is not None:
        faults += _find_strangers(overlay, raw)
        for path in sorted(overlay.rglob("*.yaml")):
            digest.update(str(path.relative_to(overlay)).encode() + b"\0" + path.read_bytes())
    return ContentFiles(dict.fromkeys(KINDS.values(), ()) | documents, tuple(faults), digest.hexdigest(), versions)


def _find_strangers(overlay: Path, shipped: Iterable[str]) -> Iterator[Fault]:
    """Files of an overlay that nothing would read: a wrong name must not look like a rule that holds."""
    known = {*shipped, *OVERLAY_ALONE}
    for path in sorted((*overlay.rglob("*.yaml"), *overlay.rglob("*.yml"))):
        name = path.relative_to(overlay).as_posix()
        if name in known or name.endswith(".test.yaml"):
            continue
        near = get_close_matches(name, known, n=1)
        mend = f"rename it to {near[0]}, or remove it" if near else "remove it: an overlay only changes shipped files"
        yield Fault(str(path), 1, "no shipped file has this name, and nothing reads this one", mend)


def _read_bytes(content: Path) -> dict[str, bytes]:
    """Every content file by its path inside the content folder, kind by kind."""
    folders = [sorted((content / folder).glob("*.yaml")) for folder in KINDS]
    paths = [path for listed in folders for path in listed if not path.name.endswith(".test.yaml")]
    paths += [content / f"{name}.yaml" for name in SINGLE]
    return {path.relative_to(content).as_posix(): path.read_bytes() for path in paths}


def check_document(document: Document, kind: str) -> tuple[Fault, ...]:
    """Faults of the YAML and of the schema, and a name that is not the file's."""
    if document.data is None:
        return document.faults
    faults = [*document.faults, *schema_faults(document, kind)]
    stem = Path(document.path).stem
    if isinstance(document.data, dict) and "id" in document.data and document.data["id"] != stem:
        faults.append(
            document.fault(("id",), f"id is {document.data['id']!r}, the file is {stem}.yaml", "make them equal")
        )
    return tuple(faults)


def shown_path(path: Path) -> str:
    """The path as a reader at the project's root would type it."""
    root = CONTENT.parent.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def build_library(files: ContentFiles, content: Path = CONTENT) -> Library:
    """The Library of faultless documents; a check may leave out those that are not."""
    names = load_ingredients(content)
    codes = {name: rxcui for rxcui, name in names.items()}
    genes = [read_gene(document) for document in files.documents["gene"]]
    drugs = [read_drug(document, files.versions[document.path], codes) for document in files.documents["drug"]]
    formulas = [read_formula(document, files.versions[document.path]) for document in files.documents["formula"]]
    modulators = {
        gene: doc.data
        for doc in files.documents["modulator"]
        for gene in (doc.data["id"], *doc.data.get("also", ()))
        if not read_sign_off(doc.data).retired
    }
    single = {kind: _single(files, kind) for kind in SINGLE}
    library = Library(
        genes={gene.id: gene for gene in genes if not gene.sign_off.retired},
        drugs={drug.id: drug for drug in drugs if not drug.sign_off.retired},
        modulators={gene: tuple(_modulators(data)) for gene, data in modulators.items()},
        modulators_signed={gene: read_sign_off(data) for gene, data in modulators.items()},
        conditions={doc.data["id"]: _condition_set(doc.data) for doc in files.documents["condition"]},
        synonyms={key.lower(): term for key, term in (single["synonyms"] or {}).items()},
        digest=files.digest,
        answer_codes={
            (entry["system"], entry["code"]): (entry.get("gene"), entry["term"])
            for entry in single["answer_codes"] or ()
        },
        display_words=_display_words(single["display_words"]) if single["display_words"] else DisplayWords(),
        atc_combinations={code: tuple(parts) for code, parts in (single["atc_combinations"] or {}).items()},
        formulas={formula.id: formula for formula in formulas if not formula.sign_off.retired},
        medicine_groups={name: tuple(members) for name, members in (single["medicine_groups"] or {}).items()},
        transparency=read_transparency(single["transparency"]) if single["transparency"] else Transparency(),
    )
    return replace(library, drugs={key: spell_out(one, library.find_members) for key, one in library.drugs.items()})


def _single(files: ContentFiles, kind: str) -> Any:
    """The data of a kind of which there is one file; None where a check has put the broken file aside."""
    return next((document.data for document in files.documents.get(kind, ())), None)


def load_ingredients(content: Path = CONTENT) -> dict[str, str]:
    """RxNorm ingredient code -> name in lower case, from the imported table."""
    data = json.loads(find_imported(content, DRUG_NAMES).read_bytes())
    return dict(data["ingredients"])


def _read_merged(path: Path, sound: Any, local: Path | None) -> Document:
    """A file with the site's own merged over it; `sound`: its compiled data, where there are any."""
    shipped = Document(shown_path(path), sound, {}) if sound is not None else load_strict(path, shown_path(path))
    if local is None or not local.exists() or not isinstance(shipped.data, dict):
        return shipped
    shipped = load_strict(path, shown_path(path))
    own = load_strict(local)
    merged = _merge(shipped.data, own.data) if isinstance(own.data, dict) else shipped.data
    return Document(shipped.path, merged, shipped.lines, (*shipped.faults, *own.faults), own)


def _merge(shipped: Mapping[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    """The site's mapping over the shipped one; lists and single values are replaced whole."""
    out = dict(shipped)
    for key, value in local.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merge(out[key], value) if both else value
    return out


def _modulators(data: Mapping[str, Any]) -> Iterable[Modulator]:
    for group, drugs in data["modulators"].items():
        effect, strength = group.split()
        factor = data["factors"].get(group)
        for drug, rxnorm in drugs.items():
            yield Modulator(drug, rxnorm, strength, effect, Decimal(factor) if factor is not None else None)


def _display_words(data: Mapping[str, Any]) -> DisplayWords:
    kinds = {kind: frozenset(words) for kind, words in data.items() if kind != "synonyms"}
    return DisplayWords(**kinds, synonyms=dict(data["synonyms"]))


def _condition_set(data: Mapping[str, Any]) -> ConditionSet:
    codes = {
        system: tuple(data["codes"][key])
        for key, systems in SYSTEMS.items()
        if key in data["codes"]
        for system in systems
    }
    return ConditionSet(data["id"], data["label"], codes, lasting=bool(data.get("lasting")))
