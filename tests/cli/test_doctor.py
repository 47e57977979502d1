"""`bot doctor` tells the truth: each thing that is wrong has its own line and remedy."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import backlog, cli
from bot.cli.doctor import LOOKS
from bot.cli.parts import Check, Duty
from bot.config import Settings
from bot.errors import Misconfigured
from bot.files import replace
from bot.home import Home
from bot.hsm.token import KeyMissing
from bot.register import audit
from bot.register.lifecycle import DossierStatus, ItemStatus, MailStatus, NoticeStatus
from bot.register.models import Task
from bot.register.tasks import Kind
from bot.sections.authority import Issuing
from demo.foreign import ForeignPki
from tests.house import settings_for
from tests.register.rows import (
    NOW,
    a_dossier,
    a_mail,
    a_notice,
    an_agency,
    an_item,
    an_officer,
)

LOOKED = datetime.now(UTC)
YEAR = timedelta(days=366)


@pytest.fixture
def settings(founded: Path, token_home: Path, pki: ForeignPki, tmp_path: Path) -> Settings:
    """Of a whole home that nobody else has."""
    home = shutil.copytree(founded, tmp_path / "home")
    return settings_for(home, token_home, pki.address)


SEE = {look.part: look.see for look in LOOKS}


def wrong(part: str, settings: Settings, now: datetime = LOOKED) -> Misconfigured:
    with pytest.raises(Misconfigured) as found:
        SEE[part](settings, now)
    return found.value


def test_nothing_is_wrong_with_a_new_house_but_its_list_and_its_answers(settings: Settings) -> None:
    for look in LOOKS:
        if look.part not in {"CRL", "OCSP"} and Duty.RUN in look.needed_by:
            look.see(settings, LOOKED)


def test_the_subjects_token_must_really_wrap(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tools.SUBJECTS_KEK", "another")
    with pytest.raises(KeyMissing):
        SEE["token subjects"](settings, LOOKED)


@pytest.mark.parametrize("part", ["token ca", "token ocsp", "token post"])
def test_a_key_and_its_certificate_belong_together(settings: Settings, part: str) -> None:
    home = Home(settings)
    ca, mail = home.ca_certificate.read_bytes(), home.mail_certificate.read_bytes()
    home.ca_certificate.write_bytes(mail)
    home.mail_certificate.write_bytes(ca)
    home.ocsp_certificate.write_bytes(mail)
    assert "bot init --answer" in wrong(part, settings).remedy


@pytest.mark.parametrize(
    ("part", "good_for", "says"),
    [
        ("mail certificate", 4 * YEAR, "mail-signing certificate has expired"),
        ("CA certificate", 6 * YEAR, "less than 3 years"),
        ("CA certificate", 0 * YEAR, "CA certificate has expired"),
    ],
)
def test_a_certificate_that_ends_too_soon_is_named(
    settings: Settings, part: str, good_for: timedelta, says: str
) -> None:
    SEE[part](settings, LOOKED + good_for)
    later = 11 * YEAR if "CA certificate has" in says else good_for + 2 * YEAR
    assert says in wrong(part, settings, LOOKED + later).what


def test_the_responder_s_certificate_must_be_made_anew_in_time(settings: Settings) -> None:
    see, day = SEE["OCSP certificate"], timedelta(days=1)
    assert (see(settings, LOOKED + 65 * day) or "").startswith("until ")
    late = wrong("OCSP certificate", settings, LOOKED + 70 * day)
    assert "was not made anew" in late.what
    assert "urgent" in late.remedy
    assert "has ended" in wrong("OCSP certificate", settings, LOOKED + 91 * day).what


def test_a_responder_that_this_ca_has_not_made_is_named(settings: Settings) -> None:
    home = Home(settings)
    home.ocsp_certificate.write_bytes(home.mail_certificate.read_bytes())
    found = wrong("OCSP certificate", settings)
    assert "none of this CA's" in found.what
    assert "bot init --answer" in found.remedy
    home.ocsp_certificate.unlink()
    assert "does not exist" in wrong("OCSP certificate", settings).what


def test_a_responder_that_cannot_be_reached_from_outside_is_named(settings: Settings) -> None:
    found = wrong("OCSP", settings)
    assert settings.web.base_url in found.what
    assert "bot web" in found.remedy


def test_a_shorter_validity_is_a_remedy(settings: Settings) -> None:
    soon = LOOKED + 4 * YEAR
    long = settings.model_copy(update={"issuing": Issuing(validity_years=5)})
    SEE["CA certificate"](long, soon)
    assert "less than 5 years" in wrong("CA certificate", long, soon + 2 * YEAR).what


@pytest.mark.parametrize(
    ("content", "says"), [(None, "not there yet"), (b"a list", "is no CRL"), (b"", "is no CRL")]
)
def test_a_list_that_is_none(settings: Settings, content: bytes | None, says: str) -> None:
    if content is not None:
        replace(Home(settings).crl, content)
    assert says in wrong("CRL", settings).what


def test_a_register_that_is_none_is_said_and_waited_for_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "register.sqlite3").write_bytes(b"no register" * 1_000)
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), "doctor", "--json"])
    register = json.loads(done.stdout)[-1]
    assert register["says"] == "does not answer (crash.DatabaseError)"


class TestBacklog:
    pytestmark = pytest.mark.usefixtures("register")

    async def test_an_empty_register_lacks_people(self) -> None:
        assert {part for part, check in (await looked()).items() if check.remedy} == {
            "officers",
            "agencies",
        }

    async def test_nothing_is_wrong_once_they_are_there(self) -> None:
        await an_officer()
        await an_agency()
        assert {check.says for check in (await looked()).values()} == {"ok"}

    async def test_what_is_held_is_counted_and_is_no_fault(self) -> None:
        await a_mail(status=MailStatus.HELD)
        await a_dossier(status=DossierStatus.HELD)
        await an_item(status=ItemStatus.HELD)
        await an_item(status=ItemStatus.HELD)
        held = (await looked())["held"]
        assert held.says == "ok, 1 mails, 1 dossiers, 2 rows waiting for an officer"

    async def test_what_is_overdue_is_named_until_it_is_done(self) -> None:
        for number, status in enumerate(DossierStatus, start=1):
            await a_dossier(number=f"HS-2026-9{number:05}", status=status)
        before = await looked(NOW - timedelta(seconds=1))
        assert before["clocks"].says == "ok"
        says = (await looked())["clocks"].says
        assert says == "3 OVERDUE: HS-2026-900001, HS-2026-900002, HS-2026-900003."

    async def test_what_could_not_be_delivered_is_named(self) -> None:
        notice = await a_notice(status=NoticeStatus.FAILED)
        await a_notice(status=NoticeStatus.FAILED, dossier=None)
        await a_notice(status=NoticeStatus.SENT)
        dossier = await notice.dossier
        assert (await looked())["notices"].says == f"2 could not be delivered: {dossier.number}."

    @pytest.mark.parametrize(
        ("changes", "late"),
        [
            ({}, True),
            ({"since": NOW - timedelta(minutes=59)}, False),
            ({"due_at": NOW + timedelta(minutes=5)}, False),
            ({"due_at": NOW + timedelta(minutes=5), "last_error": "hsm.unavailable"}, True),
            ({"parked_at": NOW}, False),
        ],
    )
    async def test_what_waits_for_long_is_counted(
        self, changes: dict[str, Any], late: bool
    ) -> None:
        await a_task(**changes)
        says = (await looked())["tasks"].says
        code = changes.get("last_error", "not tried")
        assert says == (f"1 have waited for more than an hour ({code})." if late else "ok")

    async def test_what_was_given_up_is_named_with_how_to_look_at_it(self) -> None:
        mail, item, notice = await a_mail(), await an_item(), await a_notice()
        subjects = {
            Kind.IDENTIFY: (mail.id, f"bot mail show {mail.digest[:12]}"),
            Kind.ISSUE: (item.id, f"bot dossier show {(await item.dossier).number}"),
            Kind.CHANGE: (item.id, f"bot dossier show {(await item.dossier).number}"),
            Kind.RESULT: (item.dossier_id, f"bot dossier show {(await item.dossier).number}"),
            Kind.DECIDE: (item.dossier_id, f"bot dossier show {(await item.dossier).number}"),
            Kind.NOTICE: (notice.id, f"bot dossier show {(await notice.dossier).number}"),
        }
        for kind, (subject, _) in subjects.items():
            await a_task(kind=kind, subject=subject, parked_at=NOW, last_error="crash.KeyError")
        found = [check async for check in backlog.look(NOW) if check.part == "task given up"]
        assert len(found) == len(subjects)
        for check, (kind, (subject, command)) in zip(found, subjects.items(), strict=True):
            assert check.says == f"{kind} {subject}: crash.KeyError"
            assert command in check.remedy
            assert "bot task resume" in check.remedy

    async def test_a_clock_that_stands_behind_is_told_by_how_much(self) -> None:
        await audit.append("system", "test", because="test", now=NOW + timedelta(hours=2))
        clock = await backlog.clock(NOW)
        assert "2026-11-23 11:00:00, 2:00:00 ahead" in clock.says
        assert (await backlog.clock(NOW + timedelta(hours=2))).says == "ok"


async def looked(now: datetime = NOW) -> dict[str, Check]:
    return {check.part: check async for check in backlog.look(now)}


async def a_task(**changes: Any) -> Task:
    long_ago = NOW - timedelta(hours=2)
    values: dict[str, Any] = {"kind": Kind.ISSUE, "subject": 1, "since": long_ago}
    values |= {"due_at": long_ago} | changes
    return await Task.create(key=f"{values['kind']}:{values['subject']}", **values)
