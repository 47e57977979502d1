"""What a proposal asks, laid out for who must answer it: line by line, in Vietnamese.

Nothing of it is left out but the reason, which stands elsewhere. What the
register knows stands beside it: whose a certificate is, what a task is about.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509

from bot.outbox.values import Fact
from bot.outbox.words import CAPACITIES, ROLES, TASKS, day, short
from bot.procedures.power.acts import (
    AgencySigner,
    Asked,
    NewAgency,
    OfficerEnd,
    OfficerEntry,
    ResumedTask,
    Revocation,
)
from bot.procedures.power.enrolment import fingerprint, holder
from bot.register.models import Agency, Certificate, Dossier, Officer, Task
from bot.register.tasks import OF_ITEMS, Kind

Lines = AsyncIterator[tuple[str, str]]

UNKNOWN = "không có trong sổ đăng ký"


async def laid_out(asked: Asked) -> tuple[Fact, ...]:
    """The lines; those that say nothing are left out."""
    if type(asked) not in LINES:
        return ()
    lines = [Fact(label, value) async for label, value in LINES[type(asked)](asked)]
    return tuple(line for line in lines if line.value)


async def _agency(asked: NewAgency) -> Lines:
    yield "Mã cơ quan", asked.code
    yield "Tên cơ quan", asked.name
    path = (asked.province, asked.organization, *asked.units)
    yield "Trên chứng thư (L, O, OU)", " / ".join(path)
    yield "Hộp thư nhận kết quả", asked.mailbox
    yield "Hộp thư gửi khác", ", ".join(asked.senders)
    yield "Tên miền thư của thuê bao", ", ".join(asked.domains)
    yield "Đơn vị trực thuộc", "; ".join(asked.workplaces)
    receiver = asked.receiver
    known = (receiver.full_name, receiver.mobile, receiver.mailbox)
    yield "Người tiếp nhận", ", ".join(filter(None, known))
    for capacity, ders in (("người có thẩm quyền", asked.leaders), ("con dấu", asked.seals)):
        for der in ders:
            yield f"Chứng thư của {capacity}", certificate(der)


async def _signer(asked: AgencySigner) -> Lines:
    agency = await Agency.get_or_none(code=asked.agency)
    yield "Cơ quan", f"{agency.name if agency else UNKNOWN} ({asked.agency})"
    yield "Tư cách ký", CAPACITIES[asked.capacity]
    for line in _period(asked.since, asked.until):
        yield line
    yield "Chứng thư", certificate(asked.certificate)


async def _officer(asked: OfficerEntry) -> Lines:
    yield "Họ và tên", asked.name
    yield "Hộp thư", asked.mailbox
    yield "Điện thoại", asked.mobile
    yield "Vai trò", ROLES[asked.role]
    for line in _period(asked.since, asked.until):
        yield line
    yield "Chứng thư", certificate(asked.certificate) if asked.certificate else ""
    yield "Đang đăng ký", await _standing(asked.mailbox)


async def _end(asked: OfficerEnd) -> Lines:
    yield "Hộp thư", asked.mailbox
    yield "Thôi làm cán bộ từ", short(asked.until)
    yield "Đang đăng ký", await _standing(asked.mailbox)


def _period(since: datetime | None, until: datetime | None) -> Iterator[tuple[str, str]]:
    yield "Hiệu lực từ", short(since) if since else "khi được thực hiện"
    yield "Hiệu lực đến", short(until) if until else "không ghi"


def certificate(der: bytes) -> str:
    """Whose it is, by whom, until when, and the digest to compare over another channel."""
    one = x509.load_der_x509_certificate(der)
    return (
        f"{holder(der)} ({one.subject.rfc4514_string()}); cấp bởi {one.issuer.rfc4514_string()}; "
        f"số hiệu {one.serial_number:x}; "
        f"{day(one.not_valid_before_utc)} - {day(one.not_valid_after_utc)}; "
        f"SHA-256 {fingerprint(der)}"
    )


async def _standing(mailbox: str) -> str:
    officer = await Officer.get_or_none(mailbox=mailbox)
    if officer is None:
        return ""
    until = f", đến {short(officer.until)}" if officer.until else ""
    return f"{officer.name}, {ROLES[officer.role]}{until}; SHA-256 {officer.fingerprint or 'không'}"


async def _certificates(asked: Revocation) -> Lines:
    """Agency by agency, with their people."""
    found = Certificate.filter(serial__in=asked.serials).select_related("subscriber__agency")
    known = {one.serial: one.subscriber async for one in found}
    by_agency = defaultdict[str, list[str]](list)
    for serial in asked.serials:
        person = known.get(serial)
        named = f"{serial} ({person.full_name})" if person else serial
        by_agency[person.agency.name if person else UNKNOWN].append(named)
    yield "Số chứng thư", str(len(asked.serials))
    for agency, listed in by_agency.items():
        yield f"{agency}: {len(listed)} chứng thư", ", ".join(listed)


async def _task(asked: ResumedTask) -> Lines:
    task = await Task.get_or_none(id=asked.task)
    if task is None:
        yield "Việc", f"{asked.task}: {UNKNOWN}"
        return
    yield "Việc", f"{task.id}: {TASKS.get(task.kind, task.kind)}"
    dossier = None
    if task.kind in OF_ITEMS:
        dossier = await Dossier.get_or_none(items__id=task.subject)
    elif task.kind == Kind.DECIDE:
        dossier = await Dossier.get_or_none(id=task.subject)
    yield "Hồ sơ", dossier.number if dossier else ""
    yield "Lỗi lần cuối", task.last_error


LINES: Mapping[type[Asked], Callable[[Any], Lines]] = {
    NewAgency: _agency,
    AgencySigner: _signer,
    OfficerEntry: _officer,
    OfficerEnd: _end,
    Revocation: _certificates,
    ResumedTask: _task,
}
