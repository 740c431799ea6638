"""A token is good for one call, on whatever worker and host: the database holds those that were used."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Engine, delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from cds_hooks.errors import Fault, StorageError
from cds_hooks.records.tables import TOKEN
from cds_hooks.security.refusal import Refusal, TokenRefusedError
from cds_hooks.security.token import VerifiedToken

_LOG = logging.getLogger(__name__)

KEPT = 300
"""Seconds that a row stays beyond the token's end: the clock of another host may be behind."""
PURGE_EVERY = 60.0
"""Seconds between two purges of one process."""


class UsedTokens:
    """The tokens that were used, in the table TOKEN. `clock`: seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._purged = clock()

    def use(self, token: VerifiedToken) -> None:
        """Use the token up. Raises TokenRefusedError where it was used before.

        Raises StorageError where the database cannot tell: then it is not taken, and may be sent again.
        """
        row = {"digest": token.digest, "expires": int(token.expires) + KEPT}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(TOKEN).values(row))
        except IntegrityError:
            raise TokenRefusedError(Refusal.REPLAYED, token.client.name) from None
        except SQLAlchemyError:
            fault = Fault("", "the call could not be checked", "Send it again.", "transient")
            raise StorageError(fault) from None
        self._purge()

    def _purge(self) -> None:
        """Remove rows whose time has passed, now and then; a purge that fails is tried again later."""
        now = self._clock()
        if now - self._purged < PURGE_EVERY:
            return
        self._purged = now
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(TOKEN).where(TOKEN.c.expires < int(now)))
        except SQLAlchemyError:
            _LOG.warning("used tokens not purged")
