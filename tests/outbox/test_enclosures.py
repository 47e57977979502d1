"""Which files go with a notice, and that they are the same each time."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from bot.config import Settings
from bot.hsm.token import Token
from bot.inbox.archive import Archive, Damaged
from bot.outbox.agency_notices import Forms
from bot.outbox.delivery import intend, post
from bot.outbox.enclosures import Enclosures
from bot.outbox.handouts import FILES, Handout, Handouts
from bot.outbox.values import Enclosed
from bot.register.lifecycle import Channel
from bot.register.tasks import Kind
from tests.outbox.examples import AGENCY, NOW, a_return
from tests.outbox.world import Signer, a_post, mails, take

SHEET = b"PK of a sheet\x00\xff"


class Quick(Handouts):
    """Handouts that are not drawn."""

    def content(self, handout: Handout) -> bytes:
        return handout.name.encode()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def enclosures(archive: Archive) -> Enclosures:
    return Enclosures(archive, Quick(Settings()))


def a_sheet(archive: Archive) -> Enclosed:
    return Enclosed("danh sách.xlsx", "application/x-sheet", archive.put(SHEET), len(SHEET))


def test_a_notice_s_files_come_out_of_the_archive(archive: Archive, enclosures: Enclosures) -> None:
    content = a_return(files=(a_sheet(archive),))
    [file] = enclosures.of(content)
    assert (file.name, file.content, file.type) == ("danh sách.xlsx", SHEET, "application/x-sheet")
    assert enclosures.of(a_return()) == []


def test_bytes_that_are_no_longer_those_are_not_sent(
    archive: Archive, enclosures: Enclosures
) -> None:
    file = a_sheet(archive)
    archive.path(file.digest).chmod(0o600)
    archive.path(file.digest).write_bytes(b"others")
    with pytest.raises(Damaged):
        enclosures.of(a_return(files=(file,)))


def test_whoever_asks_for_forms_gets_all_of_them(enclosures: Enclosures) -> None:
    assert [file.name for file in enclosures.of(Forms(AGENCY))] == [
        *("mau-01.pdf", "mau-04.pdf", "mau-05.pdf"),
        *("danh-sach-01.xlsx", "danh-sach-04.xlsx", "danh-sach-05.xlsx"),
    ]
    assert len({file.type for file in FILES}) == 2


@pytest.mark.usefixtures("sqlite_register")
async def test_they_stand_under_our_signature(
    post_token: Token, signer: Signer, enclosures: Enclosures, archive: Archive, tmp_path: Path
) -> None:
    services = replace(a_post(post_token, signer, tmp_path), enclosures=enclosures)
    content = a_return(files=(a_sheet(archive),))
    async with in_transaction():
        await intend(content, key="k", channel=Channel.EMAIL, recipient="a@hanoiedu.vn", now=NOW)
    await post(await take(Kind.NOTICE), services, NOW)
    [raw] = mails(tmp_path)
    mail = message_from_bytes(raw, policy=default)
    signed, _ = mail.iter_parts()
    assert isinstance(signed, EmailMessage)
    [sheet] = signed.iter_attachments()
    assert isinstance(sheet, EmailMessage)
    assert (sheet.get_filename(), sheet.get_content()) == ("danh sách.xlsx", SHEET)
