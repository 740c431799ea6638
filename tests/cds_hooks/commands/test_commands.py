"""The command line: what each command reads, prints and exits with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from knowledge.checking.check import check_content
from knowledge.loading.load import load_library
from knowledge.terms.drug_names import load_drug_names
from tests.rxnorm_sample import write_release

CODEINE = {"drug": "codeine", "genes": {"CYP2D6": "*4/*4"}, "age": 40}


def run(*arguments: str, given: str | bytes = "") -> Result:
    """One run of `pgx-cds`."""
    return CliRunner().invoke(main, list(arguments), input=given)


def lines_of(result: Result) -> list[Any]:
    """Standard output as JSON lines."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_translate_prints_a_phenotype_or_a_gap_for_every_line() -> None:
    """Quoted commas, an unknown gene and malformed text; never Normal for what is unknown."""
    given = (
        "gene,diplotype\n# a comment\nCYP2D6,*1/*4\nCYP2D6,*1/*999\nCYP2C19,*1\nNOGENE,*1/*1\n"
        'DPYD,"Reference/c.1905+1G>A (*2A)"\n'
    )
    result = run("translate", given=given)
    said = [(line["gene"], line["phenotype"], line["activityScore"], line["gap"] is None) for line in lines_of(result)]
    assert result.exit_code == 0
    assert said == [
        ("CYP2D6", "Intermediate Metabolizer", "1.0", True),
        ("CYP2D6", "Indeterminate", "n/a", False),
        ("CYP2C19", None, None, False),
        ("NOGENE", None, None, False),
        ("DPYD", "Intermediate Metabolizer", "1.0", True),
    ]


def test_recommend_answers_a_question_a_line() -> None:
    """Members of a finding that other programs rely on."""
    result = run("recommend", given=json.dumps(CODEINE) + "\n\n" + json.dumps(CODEINE) + "\n")
    first, second = lines_of(result)
    assert (result.exit_code, first) == (0, second)
    finding = first[0]
    assert {
        key: finding[key] for key in ("id", "drug", "body", "strength", "doseChange", "alternative", "otherGuidance")
    } == {
        "id": "codeine/cpic/poor",
        "drug": {"name": "codeine", "rxnorm": "2670"},
        "body": "CPIC",
        "strength": "strong",
        "doseChange": False,
        "alternative": True,
        "otherGuidance": False,
    }


def test_recommend_computes_a_dose_from_what_the_question_states() -> None:
    """Height, weight, smoking and the target INR; what is not stated is missing."""
    genes = {"CYP2C9": "*1/*2", "VKORC1": "rs9923231 C/T"}
    question = {"drug": "warfarin", "genes": genes, "age": 62, "height_cm": 170, "weight_kg": 80}
    full = question | {"smokes": False, "target_inr": 2.5}
    given = json.dumps(question) + "\n" + json.dumps(full) + "\n"
    some, all_ = (line[0]["estimates"] for line in lines_of(run("recommend", given=given)))
    daily = {"value": 3.8, "unit": "mg", "per": "day"}
    assert [(one["formula"], one["amount"] is None, one["reason"]) for one in some] == [
        ("iwpc-eu-pact", False, None),
        ("gage", True, "the target INR is not on file; whether the patient smokes is not on file"),
    ]
    assert (all_[1]["amount"], all_[1]["weekly"], all_[1]["reason"]) == (daily, None, None)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("not json", "not JSON"),
        ("[]", "a question is a JSON object"),
        ('{"drug": 7}', "write the ingredient's name"),
        ('{"drug": "unobtainium"}', "could not be identified"),
        ('{"drug": "codeine", "genes": {"NOGENE": "*1/*1"}}', "there is no file for this gene"),
        ('{"drug": "codeine", "genes": {"CYP2D6": 7}}', "write a diplotype in quotes"),
        ('{"drug": "codeine", "sex": "x"}', "neither female nor male"),
        ('{"drug": "warfarin", "smokes": "no"}', "neither true nor false"),
        ('{"drug": "warfarin", "target_inr": "2-3"}', "is no number"),
        ('{"drug": "codeine", "conditions": ["rain"]}', "is no condition set"),
        ('{"drug": "codeine", "colour": "red"}', "colour: not known"),
        ('{"drug": "codeine", "population": "some"}', 'only "all" can be asked for'),
    ],
)
def test_recommend_says_what_is_wrong_with_a_question_and_goes_on(question: str, reason: str) -> None:
    """An empty array keeps the lines aligned; the reason stands on standard error; the exit code is 2."""
    result = run("recommend", given=f"{question}\n{json.dumps(CODEINE)}\n")
    assert result.exit_code == 2
    assert [len(line) > 0 for line in lines_of(result)] == [False, True]
    assert result.stderr.startswith("line 1: ")
    assert reason in result.stderr


def test_check_is_quiet_about_sound_content_and_names_faults(tmp_path: Path) -> None:
    """Exit code 0 and 1; one line a fault."""
    assert (run("check").exit_code, run("check").stdout) == (0, "")
    broken = tmp_path / "nothing.yaml"
    broken.write_text("id: nothing\nstatus: No\n", encoding="utf-8")
    result = run("check", str(broken))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{broken}:2: 'No' is not plain text to YAML: put it in quotes (\"No\") or write null"
    ]


def test_new_writes_files_that_the_checker_can_read(tmp_path: Path) -> None:
    """The checker names the cells and the words that are still missing; a second run refuses to overwrite."""
    path = tmp_path / "drugs" / "prasugrel.yaml"
    named = ("new", "drug", "prasugrel", "--gene", "CYP2C19", "--content", str(tmp_path))
    assert (run(*named).exit_code, path.exists()) == (0, True)
    missing = [fault.what for fault in check_content({}, only=path)]
    opened = [what for what in missing if what.endswith("is not filled in")]
    assert opened == [
        "bodies/cpic/source/title: is not filled in",
        "bodies/cpic/source/version: is not filled in",
        "bodies/cpic/rows/0/strength: is not filled in",
    ]
    assert len(missing) > len(opened)
    assert all(what.endswith("no row answers") for what in missing if what not in opened)
    assert run(*named).exit_code == 2


def test_new_asks_for_the_gene_of_a_medicine(tmp_path: Path) -> None:
    """Which one it is stands in the guideline, and in no default."""
    result = run("new", "drug", "prasugrel", "--content", str(tmp_path))
    assert (result.exit_code, "Missing option '--gene'" in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_new_makes_up_nothing_about_a_gene(tmp_path: Path) -> None:
    """What only its source says is left open, and the checker names each place with its line."""
    path = tmp_path / "genes" / "NEWGENE.yaml"
    assert run("new", "gene", "cyp2c19", "--content", str(tmp_path)).exit_code == 2
    assert run("new", "gene", "NEWGENE", "--content", str(tmp_path)).exit_code == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    faults = check_content({}, only=path)
    opened = [fault for fault in faults if fault.path.endswith("NEWGENE.yaml") and "is not filled in" in fault.what]
    assert [fault.what.split(":")[0] for fault in opened] == [
        "codes/hgnc",
        "method",
        "sources/0/title",
        "sources/0/version",
        "functions/normal",
        "alleles/normal/0",
        "phenotypes/normal/term",
    ]
    assert all("to be filled in" in lines[fault.line - 1] for fault in opened)


def test_new_takes_a_name_of_several_words(tmp_path: Path) -> None:
    """The file's name has hyphens, the medicine keeps its own; without a code on the list none is made up."""
    result = run("new", "drug", "isavuconazonium sulfate", "--gene", "CYP2C19", "--content", str(tmp_path))
    text = (tmp_path / "drugs" / "isavuconazonium-sulfate.yaml").read_text(encoding="utf-8")
    assert result.exit_code == 0
    assert "id: isavuconazonium-sulfate\nname: isavuconazonium sulfate\n" in text
    assert "codes: {rxnorm: []}" in text


GENOTYPE = {
    "resourceType": "Observation",
    "id": "g1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "84413-4"}]},
    "valueCodeableConcept": {"text": "CYP2C19 *2/*3"},
}


def test_read_prints_a_line_for_each_gene_result(tmp_path: Path) -> None:
    """The members that other programs rely on; a file that is no JSON is said on standard error."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(GENOTYPE), encoding="utf-8")
    bad.write_text("{", encoding="utf-8")
    result = run("read", str(good), str(bad))
    (line,) = lines_of(result)
    assert result.exit_code == 2
    assert [one for one in result.stderr.splitlines() if one.startswith(f"{bad}: not JSON")] != []
    expected = {
        "file": str(good),
        "gene": "CYP2C19",
        "phenotype": "Poor Metabolizer",
        "activityScore": None,
        "status": "read",
        "reason": None,
        "resourceId": "Observation/g1",
    }
    assert {key: line[key] for key in expected} == expected


def request_for(hook: str, **context: Any) -> dict[str, Any]:
    """A hook request of a demonstration patient."""
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "demo"} | context,
    }


def test_try_answers_a_request_in_a_file_and_explains(tmp_path: Path) -> None:
    """A drug without content needs nothing of the record: no card, and the reason for the silence."""
    draft = {
        "resourceType": "MedicationRequest",
        "id": "1\x1b[2J",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/demo"},
        "medicationCodeableConcept": {"text": "Herb X"},
    }
    orders = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request_for("order-sign", draftOrders=orders)), encoding="utf-8")
    result = run("try", str(path), "--why")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"cards": []})
    assert "silent, the drug could not be identified" in result.stderr
    assert "MedicationRequest/1 [2J" in result.stderr, "what a terminal would obey is left out"


def test_try_says_why_consent_withholds_and_names_no_gene(tmp_path: Path, order_select: dict[str, Any]) -> None:
    """With consents that are asked for and cannot be had; without the question the card comes."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps(order_select), encoding="utf-8")
    asked = run("try", str(path), "--why", "--consent", "permit")
    assert json.loads(asked.stdout) == {"cards": []}
    assert asked.stderr.startswith("consent: undecidable, the consents could not be had: it was not in the prefetch")
    assert "CYP2C19" not in asked.stderr
    assert len(json.loads(run("try", str(path)).stdout)["cards"]) == 1


def test_try_prints_the_outcome_of_a_request_that_the_service_would_refuse(tmp_path: Path) -> None:
    """Exit code 1 and the same OperationOutcome as over HTTP."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request_for("order-sign")), encoding="utf-8")
    result = run("try", str(path))
    assert (result.exit_code, json.loads(result.stdout)["resourceType"]) == (1, "OperationOutcome")


def test_help_lists_the_commands_without_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment is needed to read the help."""
    monkeypatch.delenv("PGX_CDS_AUTH", raising=False)
    result = run("--help")
    assert result.exit_code == 0
    for command in ("check", "identify", "new", "read", "recommend", "terms", "translate", "try"):
        assert f"\n  {command} " in result.stdout


def test_translate_takes_one_x_linked_allele_as_it_stands_and_recommend_asks_for_the_sex() -> None:
    """CPIC's table has hemizygous results; of a patient without a sex on file a second allele may be missing."""
    (line,) = lines_of(run("translate", given="G6PD,B (reference)\n"))
    assert (line["phenotype"], line["gap"]) == ("Normal", None)
    question = {"drug": "rasburicase", "genes": {"G6PD": "B (reference)"}}
    unknown, male = lines_of(
        run("recommend", given=json.dumps(question) + "\n" + json.dumps(question | {"sex": "male"}) + "\n")
    )
    assert [finding["id"] for finding in unknown] == ["rasburicase/gap/G6PD"]
    assert [finding["id"] for finding in male] == ["rasburicase/cpic/standard-normal", "rasburicase/fda/silent-others"]


def test_identify_says_what_a_medicine_is_or_why_not() -> None:
    """By code of any system, by name, and never half a combination."""
    given = (
        "rxnorm|309362|\nhttp://hl7.org/fhir/sid/ndc|0093-7314-56|\natc|B01AC04|\n"
        "||acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet\nurn:x|1|Plavix 75 mg\n"
        "||codeine / foobarin\nurn:x|1|\n\n|||\n"
    )
    result = run("identify", given=given)
    clopidogrel = {"name": "clopidogrel", "rxnorm": "32968"}
    both = [{"name": "acetaminophen", "rxnorm": "161"}, {"name": "codeine", "rxnorm": "2670"}]
    said = [(line["ingredients"], line["evidence"], line["reason"], line["unknownWord"]) for line in lines_of(result)]
    assert result.exit_code == 0
    assert said == [
        ([clopidogrel], "code", None, None),
        ([clopidogrel], "code", None, None),
        ([clopidogrel], "code", None, None),
        (both, "name", None, None),
        ([clopidogrel], "name", None, None),
        ([], None, "a part of the combination in its name is not known", "foobarin"),
        ([], None, "its code (urn:x) is on no list, and it has no name", None),
        ([], None, "it has neither code nor name", None),
    ]


def test_identify_reads_any_bytes(tmp_path: Path) -> None:
    """A mark at the beginning, signs that are no UTF-8, a line of 100 kB: an answer a line."""
    given = b"\xef\xbb\xbfrxnorm|309362|\r\n\xff|\xfe|\xff\n||" + b"codeine " * 12_500 + b"\n||aspirin | codeine\n"
    said = [(one["ingredients"] != [], one["reason"]) for one in lines_of(run("identify", given=given))]
    assert said == [
        (True, None),
        (False, "its code (\ufffd) is on no list, and a word of its name is not known"),
        (False, "its name is too long to be one"),
        (False, "a word of its name is not known"),
    ]


def test_identify_knows_the_codes_of_the_site(tmp_path: Path) -> None:
    """From the folder of PGX_CDS_OVERLAY or --overlay; what is wrong in it is said with its line."""
    path = tmp_path / "drug_codes.yaml"
    path.write_text('"urn:our-pharmacy":\n  X1: ["32968"]\n', encoding="utf-8")
    asked = CliRunner(env={"PGX_CDS_OVERLAY": str(tmp_path)}).invoke(main, ["identify"], input="urn:our-pharmacy|X1|\n")
    (by_setting,) = lines_of(asked)
    (by_option,) = lines_of(run("identify", "--overlay", str(tmp_path), given="urn:our-pharmacy|X1|\n"))
    assert by_setting == by_option
    assert by_option["ingredients"] == [{"name": "clopidogrel", "rxnorm": "32968"}]
    path.write_text('"urn:our-pharmacy":\n  X1: "32968"\n', encoding="utf-8")
    refused = run("identify", "--overlay", str(tmp_path), given="")
    assert (refused.exit_code, "drug_codes.yaml:2: urn:our-pharmacy/X1" in refused.output) == (1, True)


def test_terms_build_writes_tables_that_a_site_can_use(tmp_path: Path) -> None:
    """Built into the overlay, they stand in place of the shipped ones."""
    files = [str(path) for path in write_release(tmp_path)]
    result = run("terms", "build", *files, "--out", str(tmp_path / "overlay"))
    assert (result.exit_code, result.output) == (
        0, f"2 ingredients, 8 codes of products, 1 brands, 1 NDC products -> {tmp_path / 'overlay'}\n",
    )  # fmt: skip
    names = load_drug_names(load_library(), tmp_path / "overlay")
    ndc = ("http://hl7.org/fhir/sid/ndc", "0093-0150-01", None)
    assert [one.name for one in names.identify([ndc], None).ingredients] == ["acetaminophen", "codeine"]
    clopidogrel = [("clopidogrel", "32968")]
    assert [
        (one.name, one.rxnorm) for one in names.identify([], "clopidogrel 75 MG Oral Tablet").ingredients
    ] == clopidogrel


def test_terms_build_refuses_what_is_not_nlms(tmp_path: Path) -> None:
    """With the line, and without writing anything."""
    concepts, relations, _ = write_release(tmp_path)
    concepts.write_text("rxcui,name\n")
    result = run("terms", "build", str(concepts), str(relations), "--out", str(tmp_path / "overlay"))
    assert result.exit_code == 1
    assert "RXNCONSO.RRF:1: 1 columns where 17 belong" in result.output
    assert not (tmp_path / "overlay").exists()


@pytest.mark.parametrize("by_setting", [True, False], ids=["PGX_CDS_OVERLAY", "--overlay"])
@pytest.mark.parametrize("command", ["identify", "read", "recommend", "translate", "try"])
def test_a_broken_overlay_ends_every_command_that_answers_from_it(
    command: str, by_setting: bool, tmp_path: Path
) -> None:
    """Every fault on a line, nothing else, and no answer; a sound overlay is taken."""
    file, overlay = tmp_path / "request.json", tmp_path / "overlay"
    file.write_text(json.dumps(request_for("order-select", patientId="p", draftOrders={"resourceType": "Bundle"})))
    (overlay / "genes").mkdir(parents=True)
    (overlay / "genes" / "CYP2C19.yaml").write_text("status: fine\n")
    arguments = [command, *([str(file)] if command in ("read", "try") else [])]
    if by_setting:
        refused = CliRunner(env={"PGX_CDS_OVERLAY": str(overlay)}).invoke(main, arguments, input="")
    else:
        refused = run(*arguments, "--overlay", str(overlay))
    assert (refused.exit_code, refused.stdout) == (1, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"{overlay / 'genes' / 'CYP2C19.yaml'}:1: status: 'fine' is not one of ")


def test_the_commands_answer_from_the_content_and_the_policy_of_the_site(tmp_path: Path) -> None:
    """A retired gene is read no more, a retired medicine has no advice, and the bodies come in the site's order."""
    question = json.dumps({"drug": "clopidogrel", "genes": {"CYP2C19": "*2/*2"}})
    (tmp_path / "policy.yaml").write_text("bodies: [FDA, CPIC, DPWG]\n")
    (shipped,) = lines_of(run("recommend", given=question))
    (local,) = lines_of(run("recommend", "--overlay", str(tmp_path), given=question))
    assert (shipped[0]["body"], local[0]["body"]) == ("CPIC", "FDA")
    (tmp_path / "genes").mkdir()
    (tmp_path / "genes" / "NUDT15.yaml").write_text("status: retired\n")
    (line,) = lines_of(run("translate", "--overlay", str(tmp_path), given="NUDT15,*1/*3\n"))
    assert line["gap"] == "there is no file for the gene NUDT15"
