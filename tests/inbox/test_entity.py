"""The tree of a mail: every part is a slice of what encloses it, and nothing is lost or made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.entity import Entity, read

MIXED = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"


def parts(mail: bytes) -> list[bytes]:
    return [leaf.raw for leaf in read(mail).leaves()]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"--a\r\nx\r\n--a--\r\n", [b"x"]),
        (b"--a\r\nx\r\n--a--", [b"x"]),
        (b"--a\r\nx", [b"x"]),
        (b"--a\nx\n--a\ny\n--a--\n", [b"x", b"y"]),
        (b"--a \t\r\nx\r\n--a\t\r\ny\r\n--a-- \r\n", [b"x", b"y"]),
        (b"before\r\n--a\r\nx\r\n--a--\r\nafter\r\n--a\r\nmore", [b"x"]),
        (b"--a\r\n\r\n--a--", [b""]),
        (b"--a\r\n--a\r\nx\r\n--a--", [b"", b"x"]),
        (b"--a\r\nx\r\n\r\n--a--", [b"x\r\n"]),
        (b"--a\r\nx\r\n--ab\r\ny\r\n --a\r\nz--a\r\n--a--", [b"x\r\n--ab\r\ny\r\n --a\r\nz--a"]),
        (b"--a\r\nx\r--a\r\ny\r\n--a--", [b"x\r--a\r\ny"]),
    ],
)  # fmt: skip
def test_delimiters(body: bytes, found: list[bytes]) -> None:
    assert parts(MIXED % b"a" + body) == found


def test_boundaries_that_begin_alike() -> None:
    inner = MIXED % b"ab" + b"--ab\r\nx\r\n--ab--\r\n"
    for boundary in (b"a", b"abc"):
        mail = MIXED % boundary + b"--%s\r\n%s\r\n--%s--" % (boundary, inner, boundary)
        assert parts(mail) == [b"x"]
        assert read(mail).children[0].raw == inner


def test_places() -> None:
    inner = MIXED % b"b" + b"--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--"
    mail = read(MIXED % b"a" + b"--a\r\n\r\nw\r\n--a\r\n" + inner + b"\r\n--a--")
    assert [one.place for one in mail.walk()] == ["1", "1.1", "1.2", "1.2.1", "1.2.2"]
    assert [leaf.content for leaf in mail.leaves()] == [b"w", b"x", b"y"]


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        (b"base64", b"S8Ot\r\nbmg=\r\n", "Kính".encode()),
        (b"BASE64", b"S8O!tbmg", "Kính".encode()),
        (b"base64", b"S8Otb", "Kí".encode()),
        (b"quoted-printable", b"K=C3=ADn=\r\nh", "Kính".encode()),
        (b"8bit", b"K\xff", b"K\xff"),
        (b"unheard-of", b"K", b"K"),
    ],
)
def test_transfer_encodings(encoding: bytes, body: bytes, content: bytes) -> None:
    assert read(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body).content == content


@pytest.mark.parametrize("mail", [b"%PDF-1.7\n: x\n\ny", b"text", b"\r\ntext", b"\ntext"])
def test_without_headers_all_is_body(mail: bytes) -> None:
    assert read(mail).content == mail.lstrip(b"\r\n")


pieces = st.sampled_from(
    [
        b"--a",
        b"--a--",
        b"--ab",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"x",
        MIXED % b"a",
        MIXED % b"ab",
        b"--",
    ]
)


@given(st.lists(pieces, max_size=30).map(b"".join))
def test_every_part_is_a_slice_of_what_encloses_it(mail: bytes) -> None:
    def require(entity: Entity, end: int) -> None:
        assert entity.start <= entity.body_start <= entity.end <= end
        at = entity.body_start
        for child in entity.children:
            assert at <= child.start
            require(child, entity.end)
            at = child.end

    require(read(MIXED % b"a" + mail), len(MIXED % b"a" + mail))
