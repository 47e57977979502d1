"""Signed mails that are bent, each in one thing: none is believed for what nobody signed."""

import base64
from collections.abc import Callable

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import mime
from bot.signatures import smime
from bot.signatures.verdict import MailInspection
from tests.signatures.authority import Holder, Pki
from tests.signatures.mails import (
    ENTITY,
    HEADERS,
    PDF,
    clear,
    clear_entity,
    opaque,
    opaque_entity,
    pss_algorithm,
    signature_entity,
    signed,
    signer_info,
    signing_certificate,
    wrapped,
)

EVIL = b"Content-Type: application/pdf; name=evil.pdf\r\n\r\n%PDF-1.7 evil"


def multipart(*parts: bytes, boundary: bytes = b"more", subtype: bytes = b"mixed") -> bytes:
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    header = b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\n'
    return header + inside + b"--" + boundary + b"--\r\n"


def binary(cms_: bytes) -> bytes:
    """An opaque mail without a transfer encoding."""
    return HEADERS + b"Content-Type: application/pkcs7-mime\r\n\r\n" + cms_


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: mail.replace(b"charset=utf-8", b"charset=utf-7"),
        lambda mail: mail.replace(b"name=a.pdf", b"name=b.pdf"),
        lambda mail: mail.replace(b"\r\n--inner--", b"\r\n\r\n--inner--"),
        lambda mail: mail.replace(b"--inner--\r\n", b"--inner--\r\nmore"),
        lambda mail: mail.replace(b"--outer\r\nContent", b"--outer\r\n\r\nContent", 1),
        lambda mail: mail.replace(b"boundary=inner", b"boundary=inner "),
    ],
)  # fmt: skip
def test_nothing_inside_may_change(made: Pki, change: Callable[[bytes], bytes]) -> None:
    mail = clear(signed(ENTITY, made.signer))
    assert change(mail) != mail
    assert made.verdict(change(mail)) == "signature.digest"


def test_what_stands_around_is_not_covered(made: Pki) -> None:
    """A list's footer: the signature holds, and not for the whole mail."""
    own = clear_entity(signed(ENTITY, made.signer))
    third = b"\r\n--outer\r\n" + EVIL + b"\r\n--outer--"
    for mail in (
        HEADERS + multipart(own, EVIL),
        HEADERS + multipart(EVIL, own),
        HEADERS + multipart(own),
        HEADERS + own.replace(b"\r\n--outer--", third),
    ):
        judged, letters = made.judge(mail), mime.survey(mail).letters
        assert judged.passed == ()
        (signature,) = judged.signatures
        assert signature.passed
        assert not signature.is_root
        covered = [part for part in letters if part.index in signature.parts]
        assert [mime.part(mail, part.index) for part in covered] == [PDF]


def test_an_attached_mail_speaks_for_itself_alone(made: Pki) -> None:
    attached = b"Content-Type: message/rfc822\r\n\r\n" + clear(signed(ENTITY, made.signer))
    for mail in (HEADERS + multipart(attached, EVIL), HEADERS + attached):
        assert made.judge(mail).signatures == ()
        assert PDF not in [mime.part(mail, part.index) for part in mime.survey(mail).parts]


def test_preamble_and_epilogue_are_nobodys(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer))
    mail = mail.replace(b"This is an S/MIME signed message", EVIL) + EVIL
    inner = ENTITY.replace(b"\r\n\r\n--inner", b"\r\n\r\n" + EVIL + b"\r\n--inner") + EVIL
    for one in (mail, clear(signed(inner, made.signer), inner)):
        assert made.judge(one).passed
        assert [mime.part(one, part.index) for part in mime.survey(one).letters] == [PDF]


def test_another_multipart_type_is_no_signature(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer))
    assert made.judge(mail.replace(b"multipart/signed", b"multipart/mixed")).signatures == ()
    swapped = multipart(signature_entity(signed(ENTITY, made.signer)), ENTITY, subtype=b"signed")
    assert not any(one.intact for one in made.judge(HEADERS + swapped).signatures)


def test_detached_and_embedded_at_once(made: Pki) -> None:
    for embedded in (ENTITY, EVIL):
        both = signed(embedded, made.signer, detached=False)
        assert made.verdict(clear(both)) == "signature.format"
        assert made.verdict(clear(both, embedded)) == "signature.format"
        as_mime = clear(both).replace(b"application/pkcs7-signature", b"application/pkcs7-mime")
        assert made.verdict(as_mime) == "signature.format"
        assert len(mime.survey(as_mime).letters) == 1


def test_what_follows_in_a_detached_signature_is_not_opened(made: Pki) -> None:
    """A layer whose signature part holds more: what is signed within is not the whole mail."""
    own = clear_entity(signed(ENTITY, made.signer))
    mail = HEADERS + multipart(own, EVIL, subtype=b"signed")
    judged = made.judge(mail)
    assert judged.passed == ()
    assert [one.is_root for one in judged.signatures] == [False]


def test_a_file_between_changed_line_ends_is_not_covered(made: Pki) -> None:
    """The signature holds for its canonical form, which is another file."""
    file = b"%PDF-1.7\r\nbinary\r\n%%EOF"
    entity = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n" + file
    mail = clear(signed(entity, made.signer), entity)
    assert made.judge(mail).signatures[0].parts == (0,)
    (signature,) = made.judge(mail.replace(file, file.replace(b"\r\n", b"\n"))).signatures
    assert signature.passed
    assert signature.parts == ()


def test_a_file_that_is_called_text_is_a_file(made: Pki) -> None:
    entity = b"Content-Type: text/plain\r\n\r\n%PDF-1.7\r\n%%EOF\r\n"
    (signature,) = made.judge(clear(signed(entity, made.signer), entity)).signatures
    assert signature.parts == (0,)
    on_the_way = clear(signed(entity, made.signer), entity.replace(b"\r\n%%", b"\n%%"))
    (signature,) = made.judge(on_the_way).signatures
    assert (signature.passed, signature.parts) == (True, ())


def test_a_lone_carriage_return_is_no_line_end(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer))
    assert made.verdict(mail.replace(b"utf-8\r\n", b"utf-8\r")) == "signature.digest"


Attributes = list[dict[str, object]]
DIGEST, TIME = 1, 2


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop(0),  # no content type
        lambda found: found.pop(DIGEST),
        lambda found: found.clear(),
        lambda found: found.append(found[0]),
        lambda found: found.append(found[DIGEST]),
        lambda found: found.append({"type": "message_digest", "values": [b"\0" * 32]}),
        lambda found: found.append(found[TIME]),
        lambda found: found[DIGEST]["values"].append(b"\0" * 32),
        lambda found: found[0].update(values=["encrypted_data"]),
        lambda found: found[0].update(values=["data", "data"]),
    ],
)  # fmt: skip
def test_attributes(made: Pki, change: Callable[[Attributes], object]) -> None:
    assert made.verdict(clear(signed(ENTITY, made.signer, change=change))) == "signature.format"


def test_a_digest_of_something_else(made: Pki) -> None:
    def change(found: Attributes) -> None:
        found[DIGEST]["values"] = [b"\0" * 32]

    assert made.verdict(clear(signed(ENTITY, made.signer, change=change))) == "signature.digest"


def test_the_attribute_names_another_certificate(made: Pki) -> None:
    other = made.issuer.holder()
    for digest in ("sha1", "sha256"):
        named = signing_certificate(other, digest)
        cms_ = signed(
            ENTITY, made.signer, certificates=[made.signer, other],
            change=lambda found, one=named: found.append(one),
        )  # fmt: skip
        assert made.verdict(clear(cms_)) == "signature.no_certificate"


def test_signed_attributes_passed_off_as_content(made: Pki) -> None:
    """The value over attributes is one over their bytes, without attributes."""
    info = signer_info(ENTITY, made.signer)
    attributes = info["signed_attrs"].untag().dump()
    bare = cms.SignerInfo({
        name: info[name].copy()
        for name in ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")
    })  # fmt: skip
    cms_ = wrapped([bare], [made.signer], attributes)
    assert not made.judge(opaque(cms_)).passed
    detached = wrapped([bare], [made.signer], None)
    assert made.verdict(clear(detached, attributes)) == "signature.format"


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [
        ({"algorithm": "sha512_rsa"}, "signature.format"),
        ({"algorithm": "sha1_rsa"}, "signature.format"),
        ({"algorithm": "sha256_ecdsa"}, "signature.unreadable"),
        (pss_algorithm("sha256", "sha1", 32), "signature.format"),
        (pss_algorithm("sha512", "sha512", 32), "signature.format"),
        (pss_algorithm("sha256", "sha256", 20), "signature.value"),
    ],
)
def test_algorithms_that_do_not_agree(
    made: Pki, rsa_signer: Holder, algorithm: dict[str, object], reason: str
) -> None:
    for pss in (False, True):
        cms_ = signed(ENTITY, rsa_signer, pss=pss, algorithm=algorithm)
        assert made.verdict(clear(cms_)) == reason


@pytest.fixture(scope="module")
def rsa_signer(made: Pki) -> Holder:
    return made.issuer.holder(key=rsa.generate_private_key(65537, 2048))


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha224"])
def test_weak_digests(made: Pki, rsa_signer: Holder, digest: str) -> None:
    for attributed in (True, False):
        cms_ = signed(ENTITY, rsa_signer, digest=digest, attributed=attributed)
        assert made.verdict(clear(cms_)) == "signature.weak_algorithm"


def test_weak_keys(made: Pki) -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
    for key in (short, ec.generate_private_key(ec.SECP224R1())):
        signer = made.issuer.holder(key=key)
        assert made.verdict(clear(signed(ENTITY, signer))) == "signature.weak_algorithm"


def test_the_certificate_of_somebody_else(made: Pki) -> None:
    """The same name and number, another key; and a signature of nobody's."""
    forged = Pki.made().issuer.holder(
        serial=made.signer.certificate.serial_number, issuer_name=made.issuer.certificate.subject
    )
    assert made.verdict(clear(signed(ENTITY, forged, certificates=[made.signer]))) == (
        "signature.value"
    )
    assert made.verdict(clear(signed(ENTITY, forged))) == "certificate.untrusted"
    assert made.verdict(clear(signed(ENTITY, made.signer, certificates=[]))) == (
        "signature.no_certificate"
    )


def test_each_signer_by_himself(made: Pki) -> None:
    other = made.issuer.holder()
    infos = [signer_info(ENTITY, made.signer), signer_info(EVIL, other)]
    judged = made.judge(clear(wrapped(infos, [made.signer, other], None)))
    assert {one.certificate: one.verdict.reasons for one in judged.signatures} == {
        made.signer.der: (),
        other.der: ("signature.digest",),
    }


def test_another_content_type(made: Pki) -> None:
    cms_ = signed(b"\x30\x00", made.signer, detached=False, kind="tst_info")
    assert made.verdict(opaque(cms_)) == "signature.format"


def test_too_many_signatures(made: Pki) -> None:
    info = signer_info(ENTITY, made.signer)
    judged = made.judge(clear(wrapped([info] * 40, [made.signer], None)))
    assert judged.faults == ("mail.too_complex",)
    assert (len(judged.signatures), judged.passed) == (smime.SIGNATURES_LIMIT, ())


def test_layers_are_bounded(made: Pki) -> None:
    entity = ENTITY
    for _ in range(12):
        entity = opaque_entity(signed(entity, made.signer, detached=False))
    judged, seen = made.judge(HEADERS + entity), mime.survey(HEADERS + entity)
    assert len(judged.signatures) == 8
    assert [part.kind for part in seen.parts] == [mime.Kind.PKCS7]


def test_what_is_too_deep_is_covered_by_nothing(made: Pki) -> None:
    entity = ENTITY
    for at in range(25):
        entity = multipart(entity, boundary=b"b%d" % at)
    mail = clear(signed(entity, made.signer), entity)
    assert made.judge(mail).passed[0].parts == ()
    seen = mime.survey(mail)
    assert [part.kind for part in seen.parts] == [mime.Kind.PKCS7]
    assert seen.truncated


def test_a_signature_part_that_is_none(made: Pki) -> None:
    for value in (b"", b"\x30\x80", b"\x30\x82" + b"\xff" * 40, PDF):
        assert not any(one.intact for one in made.judge(clear(value)).signatures)
    mail = clear(signed(ENTITY, made.signer))
    assert made.judge(mail.replace(b"pkcs7-signature", b"pgp-signature")).passed  # bytes count


def test_no_flipped_byte_inside_keeps_a_signature(made: Pki) -> None:
    mails = (
        clear(signed(ENTITY, made.signer)),
        binary(signed(ENTITY, made.signer, detached=False)),
    )
    for mail in mails:
        start = mail.index(ENTITY)
        for at in range(start, start + len(ENTITY), 7):
            changed = bytearray(mail)
            changed[at] ^= 1
            assert not any(one.passed for one in made.judge(bytes(changed)).signatures), at


def test_a_flipped_byte_in_the_cms_proves_nothing_new(made: Pki) -> None:
    """Some bytes are nobody's, as unused certificates; what passes covers the same."""
    whole = made.judge(clear(signed(ENTITY, made.signer))).passed[0]
    cms_ = signed(ENTITY, made.signer)
    for at in range(0, len(cms_), 5):
        changed = bytearray(cms_)
        changed[at] ^= 0x10
        for one in made.judge(clear(bytes(changed))).passed:
            assert (one.parts, one.certificate) == (whole.parts, whole.certificate)


bent = st.sampled_from(
    [
        *(b"--a", b"--a--", b"--b", b"--b--", b"", b"text", b"\r", b"\0"),
        b"Content-Type: multipart/signed; boundary=a",
        b"Content-Type: multipart/signed; boundary=b",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: application/pkcs7-mime",
        b"Content-Type: application/pkcs7-signature",
        b"Content-Transfer-Encoding: base64",
        base64.b64encode(bytes.fromhex("3080 06092a864886f70d010702 a080 3080 0201 01")),
        base64.b64encode(bytes.fromhex("3081ff 06092a864886f70d010702 a0")),
    ]
)


@settings(max_examples=60)
@given(st.lists(bent, max_size=25).map(b"\r\n".join))
def test_any_bytes_are_inspected(raw: bytes) -> None:
    seen = smime.inspect(raw)
    assert MailInspection.model_validate_json(seen.model_dump_json()) == seen
    assert not any(one.intact for one in seen.signatures)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_cms_is_inspected(made: Pki, data: st.DataObject) -> None:
    cms_ = bytearray(signed(ENTITY, made.signer, detached=False))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 1_000))
        cms_[at % len(cms_)] = data.draw(st.integers(0, 255))
    mail = binary(bytes(cms_))
    smime.inspect(mail)
    for one in mime.survey(mail).parts:
        assert len(mime.part(mail, one.index)) == one.size
