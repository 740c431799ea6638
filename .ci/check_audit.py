"""The AuditEvents that we export against IHE's own examples of the same profile: types, agents, entities.

Each exported event that claims a profile must have the type, the action, the kinds of agents and the kinds of entities
that all examples of that profile have in common.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests" / "cds_hooks" / "records"))

from test_balp import EVENTS, export

Json = dict[str, Any]

OPTIONAL = {
    # A patient who asked herself, and a user: 0..1 in the profiles. Our cards go to a clinician, and EHRs do not say
    # who sent feedback.
    "agent http://snomed.info/sct|429577009, requestor True",
    "agent http://terminology.hl7.org/CodeSystem/v3-ParticipationType|AUT, requestor True",
}
"""What all examples of a profile have and the profile does not ask for."""


def main(shared: Path) -> int:
    """Print what differs; 1 where anything does."""
    common = {profile: set.intersection(*found) for profile, found in read_examples(shared).items()}
    faults, compared = [], defaultdict[str, int](int)
    for name, event in EVENTS.items():
        for made in export(event):
            for profile in made.get("meta", {}).get("profile", []):
                compared[profile.rpartition(".BasicAudit.")[2]] += 1
                if profile not in common:
                    faults.append(f"{name}: no example has the profile {profile}")
                    continue
                faults += [
                    f"{name}: {profile}: lacks {trait}"
                    for trait in sorted(common[profile] - OPTIONAL - set(traits(made)))
                ]
    for fault in faults:
        print(fault)
    print(f"{sum(compared.values())} events of {len(compared)} profiles compared ({', '.join(sorted(compared))})")
    return 1 if faults or len(compared) < 5 else 0


def read_examples(shared: Path) -> dict[str, list[set[str]]]:
    """The traits of each example, by its profile."""
    found: dict[str, list[set[str]]] = defaultdict(list)
    for path in sorted((shared / "examples" / "audit-balp").glob("AuditEvent-*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        for profile in event["meta"].get("profile", []):
            # The examples disclose by a read; the profile asks for the first subtype alone.
            own = {**event, "subtype": event["subtype"][:1]} if "Disclosure" in profile else event
            found[profile].append(set(traits(own)))
    return found


def traits(event: Json) -> Iterator[str]:
    """What a profile fixes, each as a word."""
    yield f"type {event['type']['system']}|{event['type']['code']}"
    yield f"action {event['action']}"
    yield from (f"subtype {each['system']}|{each['code']}" for each in event.get("subtype", []))
    for agent in event["agent"]:
        code = agent["type"]["coding"][0]
        yield f"agent {code['system']}|{code['code']}, requestor {agent['requestor']}"
        if "network" in agent:
            yield f"agent {code['code']} with a network"
    for entity in event.get("entity", []):
        kind, role = entity["type"], entity.get("role", {})
        yield f"entity {kind['system']}|{kind['code']}, role {role.get('code')}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
