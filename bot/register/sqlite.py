"""Tortoise's SQLite engine, with transactions that take the write lock at once.

A deferred transaction that reads and then writes fails when another process
wrote in between, whatever the busy timeout. `BEGIN IMMEDIATE` waits instead.
Stock Tortoise also keeps its connection lock when BEGIN or connecting fails, and
waits for it for ever; ours lets go.

There is one connection a process: a transaction left open on it would swallow
whatever comes next. What was asked of its thread happens even if the asking
coroutine is cancelled, so a BEGIN that nobody waits for is rolled back, and so
is a transaction that cannot be committed.
"""

import asyncio
import sqlite3
from datetime import UTC, datetime
from typing import Any

from tortoise.backends.base.client import (
    ConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error
        except asyncio.CancelledError:
            await self._connection.rollback()
            raise

    async def commit(self) -> None:
        try:
            await super().commit()
        except sqlite3.Error:
            await self.rollback()
            raise


class ImmediateContext(SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client


class LettingGo(ConnectionWrapper[Any]):
    async def __aenter__(self) -> Any:
        try:
            return await super().__aenter__()
        except sqlite3.Error:
            self._lock.release()
            raise


def in_utc(moment: datetime) -> str:
    """As every moment stands in the file: SQLite compares letters, whatever the zone.

    Tortoise converts what it saves, and not what a query updates.
    """
    return moment.astimezone(UTC).isoformat(" ")


class ImmediateClient(SqliteClient):
    async def create_connection(self, with_db: bool) -> None:
        sqlite3.register_adapter(datetime, in_utc)
        try:
            await super().create_connection(with_db)
        except sqlite3.Error:  # it is no database, or locked
            await self.close()
            raise

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        return LettingGo(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)


def get_client_class(db_info: dict[str, Any]) -> type[SqliteClient]:
    """Tortoise asks the engine module for its client."""
    return ImmediateClient
