"""Tortoise's PostgreSQL engine (asyncpg), which says plainly when the server is away.

Stock Tortoise lets asyncpg's and the system's errors through, and keeps a
connection of the pool for ever when a transaction cannot begin on it; ours
gives it back, so that a server that comes back finds everybody well.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
from asyncpg import exceptions
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError

from bot.errors import Misconfigured, Unavailable

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # the connection was closed under us
    asyncpg.InternalClientError,  # … just now
    exceptions.PostgresConnectionError,
    exceptions.OperatorInterventionError,  # shutting down, or starting
    exceptions.InsufficientResourcesError,  # no disk, no memory, no connection
    exceptions.TransactionRollbackError,  # two waited for each other
    exceptions.LockNotAvailableError,
)
NOT_OURS = (
    ssl.SSLCertVerificationError,  # before what it is a kind of: OSError
    asyncpg.ClientConfigurationError,
    exceptions.InvalidAuthorizationSpecificationError,
    exceptions.InvalidCatalogNameError,
    exceptions.InsufficientPrivilegeError,
    DBConnectionError,
)


class RegisterUnavailable(Unavailable):
    """The database server does not answer, or gave up on this step."""

    code = "register.unavailable"


@contextmanager
def plainly() -> Iterator[None]:
    """Errors of server and network as those of the house."""
    try:
        yield
    except NOT_OURS as error:
        raise _not_let_in(error) from None
    except OperationalError as error:  # what Tortoise makes of a right that is wanting
        if isinstance(error.__cause__, NOT_OURS):
            raise _not_let_in(error.__cause__) from None
        raise
    except AWAY as error:
        raise RegisterUnavailable(type(error).__name__) from None


def _not_let_in(error: BaseException) -> Misconfigured:
    return Misconfigured(
        f"The database does not let the bot in ({type(error).__name__}).",
        "Mend database.url and database.password_file, or the rights of that user.",
    )


class _Plain(AsyncpgDBClient):
    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with plainly():
            return await super()._translate_exceptions(func, *args, **kwargs)


class Transaction(TransactionWrapper, _Plain):
    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))


class Context(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        with plainly():
            await self.ensure_connection()
            pool = self.client._parent._pool
            self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            with suppress(asyncpg.InterfaceError):  # the pool has it back already
                self.client._connection.terminate()  # whatever state it is in
            await pool.release(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, *error: Any) -> None:
        with plainly():
            await super().__aexit__(*error)


class Client(_Plain):
    async def create_connection(self, with_db: bool) -> None:
        with plainly():
            await super().create_connection(with_db)

    def _in_transaction(self) -> TransactionContext:
        return Context(Transaction(self), self._pool_init_lock)


def get_client_class(db_info: dict[str, Any]) -> type[AsyncpgDBClient]:
    """Tortoise asks the engine module for its client."""
    return Client
