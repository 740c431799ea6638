"""A FHIR server for the soak: `python -m bench.fhir_stand_in PORT`. One invented patient for each number, no memory.

It answers what the service asks for and nothing else: the patient, one CYP2C19 genotype, and empty searches.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.bodies import genotype_entry


class Handler(BaseHTTPRequestHandler):
    """Reads and searches by GET."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one query."""
        parts = urlsplit(self.path)
        kind, _, identifier = parts.path.removeprefix("/fhir/").partition("/")
        patient = identifier or parse_qs(parts.query).get("patient", [""])[0]
        body = json.dumps(_answer(kind, identifier, patient, parts.query)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _answer(kind: str, identifier: str, patient: str, query: str) -> dict[str, Any]:
    if kind == "Patient":
        return {"resourceType": "Patient", "id": identifier, "birthDate": "1961-04-12", "gender": "female"}
    asked_for_genes = kind == "Observation" and "84413-4" in query
    entries = [genotype_entry(patient, int(patient.rpartition("-")[2]))] if asked_for_genes else []
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
