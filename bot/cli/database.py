"""What `bot doctor` says of the database itself: its rights and its time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tortoise import Tortoise

from bot.cli.parts import OK, Check
from bot.register.connection import clock

APART = timedelta(seconds=10)

FORBIDDEN = """
    SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND NOT (
        SELECT bool_and(has_table_privilege(format('%I.%I', schemaname, tablename), needed))
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
    ) ORDER BY tablename
"""


async def server() -> Check:
    """The register is open: it let us in, and is of a version that this program knows."""
    client = Tortoise.get_connection("default")
    if client.capabilities.dialect != "postgres":
        return Check("register", OK)
    _, rows = await client.execute_query(FORBIDDEN)
    if forbidden := ", ".join(row["tablename"] for row in rows):
        return Check(
            "register",
            f"The bot's user may not read and write everything in: {forbidden}.",
            "Let it own the database's tables: it made them, and migrates them.",
        )
    _, [row] = await client.execute_query("SHOW server_version")
    return Check("register", f"{OK}, PostgreSQL {row['server_version']}")


async def clocks(now: Callable[[], datetime]) -> Check:
    """Work goes by the register's clock; TLS and what the web says of the CRL by this one's."""
    before = now()
    there = await clock()
    apart = there - (before + (now() - before) / 2)
    if abs(apart) <= APART:
        return Check("this machine's clock", OK)
    seconds = round(abs(apart).total_seconds())
    which = "behind" if apart > timedelta() else "ahead of"
    return Check(
        "this machine's clock",
        f"It is {seconds:,} s {which} the register's.",
        "Keep both machines' time by NTP (timedatectl).",
    )
