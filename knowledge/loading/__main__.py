"""`python -m knowledge.loading`: compile the shipped content for a fast start. Exit code 1 where it is not sound."""

from __future__ import annotations

import sys

from knowledge.loading.compiled import write_compiled
from knowledge.loading.load import CONTENT, read_content


def main() -> int:
    """Read, validate, write; or say every fault."""
    files = read_content()
    for fault in files.faults:
        print(fault, file=sys.stderr)
    if files.faults:
        return 1
    documents = (document for read in files.documents.values() for document in read)
    write_compiled(CONTENT, files.digest, {document.path: document.data for document in documents})
    return 0


if __name__ == "__main__":
    sys.exit(main())
