"""Rules for what stands in a mail instead of a signed letter, or beside it.

What is packed or encrypted is never opened: whoever signed the mail is told to
send it plainly. The same words go to an agency whose mail nobody known has signed.
"""

from collections.abc import Callable, Collection

from bot.dossier.case import Case
from bot.dossier.rules import RETURN, Fault, Rule, when
from bot.inbox.mime import Kind

SHEETS = {Kind.XLSX, Kind.XLS, Kind.ODS}

CLOSED = {
    Kind.ZIP: (
        "mail.zip",
        "Thư có tệp nén (ZIP). Tệp nén không được mở.",
        "Đề nghị đính kèm từng tệp, không nén, rồi gửi lại.",
    ),
    Kind.RAR: (
        "mail.rar",
        "Thư có tệp nén (RAR). Tệp nén không được mở.",
        "Đề nghị đính kèm từng tệp, không nén, rồi gửi lại.",
    ),
    Kind.ENCRYPTED: (
        "mail.encrypted",
        "Thư hoặc tệp đính kèm bị mã hóa hoặc đặt mật khẩu nên không mở được.",
        (
            "Đề nghị gửi lại thư không mã hóa, tệp không đặt mật khẩu; chữ ký số đã bảo đảm nội "
            "dung không bị thay đổi."
        ),
    ),
}
UNSIGNED_PDF = (
    "pdf.unsigned",
    "Tệp PDF trong thư không có chữ ký số hợp lệ nào của người ký đã đăng ký.",
    (
        "Đề nghị ký số tệp PDF bằng chứng thư của người có thẩm quyền và của cơ quan, tổ chức đã "
        "đăng ký; bản in ra ký tay rồi quét không có chữ ký số."
    ),
)
ONLY_SHEETS = (
    "letter.only_sheets",
    "Thư chỉ có bảng tính, không có văn bản đề nghị. Chữ ký số trong bảng tính không được hỗ trợ.",
    (
        "Đề nghị lập văn bản đề nghị dạng PDF, nhúng bảng tính vào đó hoặc đính kèm, rồi ký số và "
        "gửi lại."
    ),
)


def _holds(kind: Kind) -> Callable[[Case], bool]:
    return lambda case: kind in case.attachments


ATTACHMENT_RULES: tuple[Rule[Case], ...] = (
    *(
        Rule(
            code,
            "House rule: nothing packed or encrypted is opened",
            RETURN,
            text,
            remedy,
            when(_holds(kind)),
        )
        for kind, (code, text, remedy) in CLOSED.items()
    ),
    Rule(
        "letter.missing",
        "Decree 30/2020 art. 5: a signed letter",
        RETURN,
        "Trong thư không có văn bản đề nghị dạng PDF nào.",
        "Đề nghị gửi văn bản đề nghị là tệp PDF có đủ hai chữ ký số (người có thẩm quyền và cơ "
        "quan, tổ chức).",
        when(lambda case: case.attachments and Kind.PDF not in case.attachments),
    ),
)


def in_the_way(attachments: Collection[str]) -> tuple[Fault, ...]:
    """What kept a mail that nobody known has signed from being a dossier, as far as can be seen.

    Args:
        attachments: kinds of its parts, as in `Case.attachments`.
    """
    seen = [CLOSED[kind] for kind in CLOSED if kind in attachments]
    if Kind.PDF in attachments:
        seen.append(UNSIGNED_PDF)
    elif SHEETS & set(attachments):
        seen.append(ONLY_SHEETS)
    return tuple(Fault(code, RETURN, None, None, "", text, remedy) for code, text, remedy in seen)
