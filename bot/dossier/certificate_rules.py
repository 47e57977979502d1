"""Rules for the certificate that a row of form 04 or 05 names by its serial number."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.dossier.case import OTHER_AGENCY, Holding, RowCase
from bot.dossier.field_rules import in_column
from bot.dossier.fields import plain
from bot.dossier.form import Form
from bot.dossier.rows import CertificateRow
from bot.dossier.rules import HOLD, RETURN, WAIT, Rule

OneCase = RowCase[CertificateRow]


def certificate_rules(form: Form) -> Iterator[Rule[OneCase]]:
    """As a renewal or an amendment weighs them: a fault is mended, a doubt is held."""
    yield Rule(
        "row.serial.duplicate",
        "House rule: one certificate, one row",
        RETURN,
        "Số hiệu này đã có ở dòng số {detail} của danh sách.",
        "Đề nghị ghi mỗi {certificate} một dòng, với thông tin đúng.",
        in_column(form, "serial", _is_copy, _first_copy),
    )
    yield Rule(
        "row.certificate.unknown",
        "Register of certificates",
        RETURN,
        "Không có {certificate} nào do cơ quan tiếp nhận này cấp có số hiệu này.",
        "Đề nghị đối chiếu số hiệu với thông báo kết quả hoặc với {certificate} và ghi lại.",
        in_column(form, "serial", lambda row: row.row.serial.value and row.holding is None),
    )
    yield Rule(
        OTHER_AGENCY,
        "Register of certificates",
        HOLD,
        "Theo sổ đăng ký, {certificate} này thuộc một cơ quan, tổ chức khác.",
        WAIT,
        in_column(form, "serial", _of_another_agency),
    )
    yield Rule(
        "row.certificate.ended",
        "RFC 5280 5.3; X.509 validity",
        RETURN,
        "Số hiệu này là của {certificate} đã bị thu hồi hoặc đã hết hạn.",
        "Nếu cá nhân vẫn có nhu cầu, đề nghị cấp mới theo Mẫu số 01.",
        in_column(form, "serial", _own(lambda _, held: not held.in_force)),
    )
    yield Rule(
        "row.full_name.differs",
        "Register of subscribers",
        HOLD,
        "Tên ghi ở dòng này khác với tên trong {certificate} có số hiệu này.",
        WAIT,
        in_column(form, "full_name", _own(_other_name)),
    )
    yield Rule(
        "row.mailbox.differs",
        "Register of subscribers",
        RETURN,
        "Địa chỉ thư điện tử khác với địa chỉ đã đăng ký khi cấp {certificate} này.",
        "Đề nghị ghi địa chỉ đã đăng ký; nếu muốn thay đổi, ghi địa chỉ mới ở cột «Thông tin mới».",
        in_column(form, "mailbox", _own(_other_mailbox)),
    )


def _own(broken: Callable[[CertificateRow, Holding], object]) -> Callable[[OneCase], bool]:
    """Only what the agency may know of is compared: certificates of its own people."""

    def find(subject: OneCase) -> bool:
        held = subject.own_holding
        return held is not None and bool(broken(subject.row, held))

    return find


def _of_another_agency(subject: OneCase) -> bool:
    held = subject.holding
    return held is not None and held.agency_id != subject.case.agency.id


def _first_copy(subject: OneCase) -> str:
    return str(next(subject.neighbours.same_serial(subject.row)).position)


def _is_copy(subject: OneCase) -> bool:
    """The first of equal rows stands; where rows of one certificate differ, none does."""
    return any(
        other.position < subject.row.position or not _is_same(other, subject.row)
        for other in subject.neighbours.same_serial(subject.row)
    )


def _is_same(one: CertificateRow, other: CertificateRow) -> bool:
    return replace(one, position=other.position) == other


def _other_name(row: CertificateRow, held: Holding) -> bool:
    name = row.full_name.value
    return name is not None and plain(name) != plain(held.full_name)


def _other_mailbox(row: CertificateRow, held: Holding) -> bool:
    mailbox = row.mailbox.value
    return mailbox is not None and mailbox != held.mailbox.casefold()
