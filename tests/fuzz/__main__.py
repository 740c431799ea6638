"""`python -m tests.fuzz --seconds 600 --seed 1`: spoil and read, and tell every failure that no reader declares.

The seed is printed at the beginning: the same seed makes the same documents in the same order. Of each failure the
document is printed, made as small as hypothesis could. Exit code 1 where anything failed.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.readers import ROOT, Reader, build_readers

BATCH = 200


def read_batch(reader: Reader, number: int, examples: int = BATCH) -> None:
    """Give a reader that many spoiled documents. Raises what the reader does not declare."""

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(reader.given)
    def spoil(document: object) -> None:
        try:
            reader.read(document)
        except reader.declared:
            return

    spoil()


def main() -> int:
    """Read for so many seconds, and say how many documents each reader was given."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options.add_argument("--reader", action="append", help="only this one; may be given several times")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"seed {chosen.seed}", flush=True)
    readers = {name: one for name, one in build_readers().items() if not chosen.reader or name in chosen.reader}
    turns = [name for name, reader in readers.items() for _ in range(reader.weight)]
    numbers, end = random.Random(chosen.seed), time.monotonic() + chosen.seconds
    given_out, failures = Counter[str](), Counter[str]()
    while time.monotonic() < end:
        name = numbers.choice(turns)
        number = numbers.randrange(2**32)
        try:
            read_batch(readers[name], number)
        except Exception as error:
            place = f"{name}: {type(error).__name__} at {find_place(error)}"
            if place not in failures:
                traceback.print_exc()
            failures[place] += 1
            print(f"failed: {place}, batch seed {number}", flush=True)
        given_out[name] += BATCH
    for name in readers:
        print(f"{name}: {given_out[name]} documents")
    print(f"all: {given_out.total()} documents, failures at {len(failures)} places")
    for place, times in failures.most_common():
        print(f"  {place} ({times} batches)")
    return 1 if failures else 0


def find_place(error: BaseException) -> str:
    """File and line of the innermost frame that is the project's own, outside the tests."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/" not in frame.filename]
    own = [frame for frame in frames if frame.filename.startswith(f"{ROOT}/") and "/.venv/" not in frame.filename]
    return f"{Path(own[-1].filename).relative_to(ROOT)}:{own[-1].lineno}" if own else "no file of the project"


if __name__ == "__main__":
    raise SystemExit(main())
