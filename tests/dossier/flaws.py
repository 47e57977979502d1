"""A field with each flaw that it can have, as somebody types it."""

from bot.dossier.fields import Flaw
from bot.dossier.form import Kind

# What a flaw looks like, by the kind of its column.
FLAWED: dict[Kind, dict[Flaw, str]] = {
    Kind.TEXT: {Flaw.EMPTY: " ", Flaw.INVALID: "Hà Nội\u200b"},
    Kind.NAME: {
        Flaw.EMPTY: "",
        Flaw.HONORIFIC: "Ông/Bà Nguyễn Thị Hoà",
        Flaw.MAYBE_HONORIFIC: "Ông Gia Bảo",
        Flaw.INVALID: "Nguyễn Thị Hoà 1985",
        Flaw.TOO_LONG: "Nguyễn " * 9 + "Hoà",
    },
    Kind.DATE: {Flaw.EMPTY: "", Flaw.INVALID: "31/02/1985"},
    Kind.PERSONAL_NUMBER: {
        Flaw.EMPTY: "",
        Flaw.LOST_ZERO: "01185000001",
        Flaw.LAPSED: "012345678",
        Flaw.INVALID: "001985000001",
    },
    Kind.SERIAL: {Flaw.EMPTY: "", Flaw.INVALID: "3A91-F0"},
    Kind.MOBILE: {
        Flaw.EMPTY: "",
        Flaw.SEVERAL: "0912345678 / 0987654321",
        Flaw.SPREADSHEET: "912345678.0",
        Flaw.LOST_ZERO: "912345678",
        Flaw.INVALID: "0212345678",
    },
    Kind.MAILBOX: {
        Flaw.EMPTY: "",
        Flaw.SEVERAL: "hoa@hanoiedu.edu.vn; binh@hanoiedu.edu.vn",
        Flaw.SPACE: "hoa @hanoiedu.edu.vn",
        Flaw.DOUBLE_AT: "hoa@@hanoiedu.edu.vn",
        Flaw.COMMA: "hoa@hanoiedu.edu,vn",
        Flaw.INVALID: "hoà@hanoiedu.edu.vn",
    },
}

for samples in FLAWED.values():
    samples[Flaw.OVERLONG] = "9" * 401
