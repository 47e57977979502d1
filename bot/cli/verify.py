"""`bot verify`: what the bot would believe of a mail or a PDF, without register or effect."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import verdicts
from bot.cli.asked import Asked, moment_of, read, sort_out
from bot.cli.output import USAGE, Json, fail, show_record, shown
from bot.cli.settings import chosen
from bot.cli.verdicts import Language, Words
from bot.errors import Misconfigured, code_of
from bot.sandbox import Sandbox
from bot.sections import servers
from bot.sections.section import MEGABYTE
from bot.signatures import report
from bot.signatures.examine import PRELOAD, Examiner
from bot.signatures.report import Report
from bot.signatures.revocation import RevocationSource
from bot.signatures.sources import AtHand, Online
from bot.signatures.trust import Policy, TrustStore
from bot.signatures.verdict import Indication
from bot.signatures.verify import Unreadable, Verification

EXIT_CODES = {
    Indication.TOTAL_PASSED: 0,
    Indication.TOTAL_FAILED: 1,
    Indication.INDETERMINATE: 2,
}
UNREADABLE = 3

SECONDS = 12.0  # for judging: with start and end it is 20 at most
FETCH_SECONDS = 3.0
LIMITS = servers.Sandbox(seconds=9, memory=200 * MEGABYTE, children=1)


def verify(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="A mail (.eml) or a PDF.", show_default=False),
    ],
    trust: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH…",
            help="Certificates (PEM, DER, PKCS#7), or folders of them, in place of the trust "
            "store. The self-signed ones are the trust anchors; without any, those that no other "
            "among them has issued.",
        ),
    ] = None,
    crl: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH…", help="CRLs (PEM, DER), or folders of them."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    no_revocation: Annotated[
        bool,
        typer.Option(
            "--no-revocation",
            help="Do not ask whether certificates are revoked. For diagnosis: the report says so.",
        ),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Judge as of then: ISO 8601, in Vietnam's time unless it names another. "
            "Default: now.",
        ),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Of the report.")] = Language.VI,
    as_json: Json = False,
) -> None:
    """Say what the bot would believe of a mail or a PDF. Nothing else happens.

    It ends with 0 (TOTAL-PASSED), 1 (TOTAL-FAILED), 2 (INDETERMINATE), 3 (it cannot be read as
    a mail or a PDF) or 64 (wrong usage).

    By the trust store of this bot, asking for revocation where its settings allow:

    `bot verify letter.pdf`

    By certificates and CRLs at hand, without any network:

    `bot verify mail.eml --trust root.pem issuer.pem --crl root.crl issuer.crl --offline`

    As of a day, for scripts:

    `bot verify letter.pdf --trust certificates/ --at 2026-11-20 --json`
    """
    asked = sort_out(paths, trust or [], crl or [])
    moment = moment_of(at) if at else None
    means = _means(context, asked, offline=offline, revocation=not no_revocation)
    words = Words.load(lang)
    try:
        said = _judged(read(asked.file), asked.file.name, means, moment)
        ending = EXIT_CODES[said.verdict]
    except Unreadable as unreadable:
        said, ending = report.on_nothing(unreadable.code), UNREADABLE
        what = f"{shown(asked.file)}: {words.says(unreadable.code)}"
        fail(what, words.remedy(unreadable.code))
    if as_json:
        show_record(said.model_dump(mode="json"), as_json=True)
    elif ending != UNREADABLE:
        verdicts.show(said, words, asked.file.name)
    raise typer.Exit(ending)


@dataclass(frozen=True)
class _Means:
    """What is judged by."""

    trust: TrustStore
    source: RevocationSource
    policy: Policy


def _means(context: typer.Context, asked: Asked, *, offline: bool, revocation: bool) -> _Means:
    """What was brought along; else the settings' trust store."""
    if asked.trust:
        section, store = servers.Trust(), asked.trust.trust_store()
    else:
        try:
            settings = chosen(context)
            section, store = settings.trust, TrustStore.load(settings.trust, settings.home)
        except Misconfigured as wrong:  # 1 is a verdict here
            raise fail(wrong.what, wrong.remedy, USAGE) from None
    at_hand = AtHand(asked.crl.crls if asked.crl else ())
    hurried = section.model_copy(update={"fetch_seconds": FETCH_SECONDS})
    source = at_hand if offline else Online(hurried, at_hand, anywhere=bool(asked.trust))
    return _Means(store, source, Policy(revocation, section.unattributed))


def _judged(data: bytes, name: str, means: _Means, moment: datetime | None) -> Report:
    """Raises: Unreadable."""
    try:
        said = asyncio.run(_in_sandbox(data, name, means, moment))
    except Unreadable:
        raise
    except Exception as error:  # whatever it is, it is no verdict
        fail(f"A fault of the bot itself ({code_of(error)}).", "Report it, please.")
        return report.on_nothing("bot.fault")
    return said.judged_by(anchors=bool(means.trust.roots), revocation=means.policy.revocation)


async def _in_sandbox(data: bytes, name: str, means: _Means, moment: datetime | None) -> Report:
    asyncio.get_running_loop().set_default_executor(Unattended())
    now = datetime.now(UTC)
    sandbox = Sandbox(LIMITS, PRELOAD)
    try:
        examiner = Examiner(sandbox, means.trust, means.source, means.policy)
        verification = Verification(examiner, moment or now, max(moment or now, now), SECONDS)
        return await verification.of(data, name.encode("utf-8", "replace").decode())
    finally:
        await sandbox.close()


class Unattended(ThreadPoolExecutor):
    """Threads that nobody waits for: a resolver that hangs does not hold up the end."""

    def submit(self, call: Callable[..., Any], /, *args: object, **options: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(call(*args, **options))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future
