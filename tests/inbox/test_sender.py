"""The one sender: everybody reads the same address, or it is nobody's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.sender import NOBODY, senders

A = "vanthu@thptcva.edu.vn"


@pytest.mark.parametrize(
    "header",
    [
        f"From: {A}",
        f"from:{A}",
        f"FROM:\t <{A}>",
        f"From: Trường THPT Chu Văn An <{A}>",
        f"From: Tr. Chu V. An <{A}>",
        f'From: "Nguyễn, Văn A. (Hiệu trưởng)" <{A}>',
        f'From: "Trường \\"Chu Văn An\\"" <{A}>',
        f"From: 'Văn thư' <{A}>",
        f"From: Phòng [QLCL] <{A}>",
        f"From: =?utf-8?B?VHLGsOG7nW5n?= <{A}>",
        f"From: =?UTF-8?Q?Tr=C6=B0=E1=BB=9Dng?=\r\n =?UTF-8?Q?_THPT?= <{A}>",
        f"From: =?utf-8?B?VHLGsOG7\r\n nW5n?= <{A}>",  # folded in the middle of a word
        f"From: =?utf-8?B?VHLGsOG7nW?= <{A}>",
        f"From: =?x-unknown?B?VHLGsOG7nW5n?= <{A}>",
        f'From: "=?utf-8?B?VHLGsOG7nW5n?=" <{A}>',
        f"From: {A} (Văn thư; phòng 1, tầng 2)",
        f"From: (Văn thư (chính)) Trường <{A}> (gửi)",
        f"From: Trường\r\n\t<{A}>",
        f'From: "other@gov.vn" <{A}>',
        f"From: {A} <{A}>",
        f"From: =?utf-8?q?other=40gov.vn?= <{A}>",
        f"From: <{A.upper()}>",
        f"From vanthu@x.vn Mon Nov 16 08:00:00 2026\r\nFrom: {A}",
        f"Sender: b@x.vn\r\nReply-To: c@x.vn\r\nResent-From: d@x.vn\r\nFrom: {A}",
    ],
)
def test_honest_senders(header: str) -> None:
    assert senders((header + "\r\n").encode()) == (A,)
    assert senders((header.replace("\r\n", "\n") + "\n").encode()) == (A,)


def test_an_international_domain_in_ascii() -> None:
    assert senders(b"From: a@xn--trng-4va.edu.vn\r\n") == ("a@xn--trng-4va.edu.vn",)
    assert senders("From: Tr\u01b0\u1eddng <a.b+c@x-y.vn>\r\n".encode()) == ("a.b+c@x-y.vn",)
    assert senders(b"From: Tr\xfd\xff <a@x.vn>\r\n") == ("a@x.vn",)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nobody",
        "@x.vn",
        "a@x.vn <b@x.vn>",
        "a@x.vn b@x.vn",
        "<a@x.vn> <b@x.vn>",
        "<a@x.vn> b",
        "b <a@x.vn",
        "b a@x.vn>",
        "<<a@x.vn>>",
        "<a@x.vn>,",
        ", a@x.vn",
        "Nguyễn, A <a@x.vn>",
        "group: a@x.vn;",
        "a: <a@x.vn>",
        "undisclosed:;",
        "<@b.vn:a@x.vn>",
        "<@b.vn,@c.vn:a@x.vn>",
        '"a b"@x.vn',
        '"a"@x.vn',
        '<"a"@x.vn>',
        "a(comment)@x.vn",
        "a@x(comment).vn",
        "<a(comment)@x.vn>",
        "a@x.vn (b@y.vn)",
        "a@x.vn (<b@y.vn>)",
        "a@x.vn (never closed",
        "a@x.vn )",
        '"never closed <a@x.vn>',
        '"<b@y.vn>" <a@x.vn>',
        "=?utf-8?q?=3Cb=40y.vn=3E?= <a@x.vn>",
        "=?utf-8?q?b=40y.vn=00?= <a@x.vn>",
        "=?utf-8?q?b=40y.vn=0A?= <a@x.vn>",
        "=?utf-8?b?YQ==?=@x.vn",
        "<=?utf-8?q?a?=@x.vn>",
        "=?utf-8?q?a=40x.vn?=",
        "a@x.vn\\",
        "a\\@x.vn <b@x.vn>",
        "\u0430@x.vn",  # a Cyrillic letter
        "a@xn.vn\u200b",
        "a@\ufb01x.vn",
        "a@trường.edu.vn",
        "\u212a@x.vn",  # the Kelvin sign
        "a@x\uff0evn",
        "a..b@x.vn",
        ".a@x.vn",
        "a.@x.vn",
        "a@x..vn",
        "a@x.vn.",
        "a@-x.vn",
        "a@vn",
        "a@[10.0.0.1]",
        "a@10.0.0.1",
        "a@b@x.vn",
        "a @x.vn",
        "a@ x.vn",
        "<a@\r\n x.vn>",
        "a;b <a@x.vn>",
        "a@x.vn\0",
        "a@x.vn\x01",
        "a@x.vn\r<b@x.vn>",
        "a" * 65 + "@x.vn",
        "a@" + "x." * 130 + "vn",
        "a@x.vn" + " " * 1_000 + "(b)",
    ],
)
def test_bent_senders_are_nobody(value: str) -> None:
    assert senders(f"From: {value}\r\nSubject: x\r\n".encode()) == (NOBODY,)


@pytest.mark.parametrize(
    "block",
    [
        b"From : a@x.vn\r\n",
        b"From\t: a@x.vn\r\n",
        b"Subject: x\rFrom: a@x.vn\r\n",
        b"From: a@x.vn\rSubject: x\r\n",
        b"Subject: \0\r\nFrom: a@x.vn\r\n",
        b" folded\r\nFrom: a@x.vn\r\n",
        b"Subject: x\r\n \r\nFrom: a@x.vn\r\n",
        b"no field at all\r\nFrom: a@x.vn\r\n",
        b"\xef\xbb\xbfFrom: a@x.vn\r\n",
        b"From: a@x.vn\r\nFrom\xc2\xa0: b@x.vn\r\n",
        b": x\r\nFrom: a@x.vn\r\n",
    ],
)
def test_headers_that_programs_take_apart_differently(block: bytes) -> None:
    assert senders(block) == (NOBODY,)


def test_more_than_one_is_more_than_one() -> None:
    assert senders(b"From: a@x.vn\r\nFROM: b@x.vn\r\n") == ("a@x.vn", "b@x.vn")
    assert senders(b"From: a@x.vn\r\nfrom: a@x.vn\r\n") == ("a@x.vn", "a@x.vn")
    assert senders(b"From: a@x.vn, b@x.vn\r\n") == ("a@x.vn", "b@x.vn")
    assert senders(b"Subject: x\r\n") == senders(b"") == ()


pieces = st.sampled_from(
    [*'<>()",:;@\\ .=?', "a@x.vn", "=?utf-8?q?", "?=", "\r\n ", "\r", "é", "b"]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_any_from_is_one_plain_address_or_nobody(value: str) -> None:
    for sender in senders(f"From: {value}\r\n".encode()):
        assert sender == NOBODY or (sender.isascii() and sender.count("@") == 1)
