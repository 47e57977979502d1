"""Signed mails as programs make them: all get in, and what they cover is what they hold."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bot.inbox import mime
from bot.inbox.mime import Kind
from bot.signatures import smime
from bot.signatures.trust import Policy
from tests.signatures.authority import NOW, Holder, Pki
from tests.signatures.mails import (
    ENTITY,
    HEADERS,
    PDF,
    by_key_identifier,
    by_openssl,
    clear,
    clear_entity,
    encoded,
    opaque,
    opaque_entity,
    signed,
    signing_certificate,
)

TEXT, LETTER = 0, 1  # the parts of ENTITY


@pytest.fixture(scope="module")
def rsa_signer(made: Pki) -> Holder:
    return made.issuer.holder(key=rsa.generate_private_key(65537, 2048))


def require_whole(made: Pki, mail: bytes, signatures: int = 1) -> None:
    """Every signature passes over the whole mail, text and letter; the letter comes out right."""
    judged, seen = made.judge(mail), mime.survey(mail)
    assert [one.verdict.reasons for one in judged.passed] == [()] * signatures
    assert all({TEXT, LETTER} <= set(one.parts) for one in judged.signatures)
    assert [part.index for part in seen.letters] == [LETTER]
    assert seen.is_signed
    assert mime.part(mail, LETTER) == PDF


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["-nodetach"],
        ["-nodetach", "-stream"],
        ["-binary"],
        ["-keyid"],
        ["-noattr"],
        ["-md", "sha512", "-cades"],
    ],
)
def test_openssl(made: Pki, tmp_path: Path, more: list[str]) -> None:
    require_whole(made, HEADERS + by_openssl(tmp_path, ENTITY, made.signer, more=more))


@pytest.mark.parametrize("salt", ["digest", "max", "0"])
def test_openssl_pss(made: Pki, rsa_signer: Holder, tmp_path: Path, salt: str) -> None:
    more = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", f"rsa_pss_saltlen:{salt}"]
    require_whole(made, HEADERS + by_openssl(tmp_path, ENTITY, rsa_signer, more=more))


def test_openssl_two_signers(made: Pki, rsa_signer: Holder, tmp_path: Path) -> None:
    require_whole(made, HEADERS + by_openssl(tmp_path, ENTITY, made.signer, rsa_signer), 2)


def test_rsa(made: Pki, rsa_signer: Holder) -> None:
    require_whole(made, clear(signed(ENTITY, rsa_signer)))
    require_whole(
        made, clear(signed(ENTITY, rsa_signer, algorithm={"algorithm": "rsassa_pkcs1v15"}))
    )
    require_whole(made, clear(signed(ENTITY, rsa_signer, pss=True, digest="sha384")))


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_curves(made: Pki, curve: ec.EllipticCurve) -> None:
    signer = made.issuer.holder(key=ec.generate_private_key(curve))
    require_whole(made, clear(signed(ENTITY, signer, digest="sha512")))


def test_edwards_curves(made: Pki) -> None:
    signer = made.issuer.holder(key=ed25519.Ed25519PrivateKey.generate())
    require_whole(made, clear(signed(ENTITY, signer, digest="sha512")))


def test_the_signer_by_key_identifier_and_by_attribute(made: Pki) -> None:
    sid = by_key_identifier(made.signer)
    require_whole(made, clear(signed(ENTITY, made.signer, sid=sid)))
    for digest in ("sha1", "sha256", "sha512"):
        named = signing_certificate(made.signer, digest)
        require_whole(
            made,
            clear(signed(ENTITY, made.signer, change=lambda all_, one=named: all_.append(one))),
        )


def test_an_attribute_tells_which_of_two_namesakes_signed(made: Pki) -> None:
    twin = made.issuer.holder(serial=made.signer.certificate.serial_number)
    named = signing_certificate(made.signer)
    both = [twin, made.signer]
    cms_ = signed(ENTITY, made.signer, certificates=both, change=lambda all_: all_.append(named))
    require_whole(made, clear(cms_))
    assert made.verdict(clear(signed(ENTITY, made.signer, certificates=both))) == (
        "signature.no_certificate"
    )


def test_without_attributes_by_policy(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer, attributed=False))
    require_whole(made, mail)
    assert made.verdict(mail, policy=Policy(unattributed=False)) == "signature.format"


def test_line_ends_on_the_way(made: Pki) -> None:
    require_whole(made, clear(signed(ENTITY, made.signer)).replace(b"\r\n", b"\n"))
    bare = ENTITY.replace(b"\r\n", b"\n")  # signed as binary
    require_whole(made, clear(signed(bare, made.signer), bare))


@pytest.mark.parametrize(
    "type_",
    [
        b"application/pkcs7-mime; smime-type=signed-data",
        b"application/x-pkcs7-mime",
        b"application/octet-stream",
    ],
)
@pytest.mark.parametrize("encoding", [b"base64", b"binary", b"quoted-printable"])
def test_opaque(made: Pki, type_: bytes, encoding: bytes) -> None:
    cms_ = signed(ENTITY, made.signer, detached=False)
    body = {
        b"base64": encoded(cms_),
        b"binary": cms_,
        b"quoted-printable": b"".join(b"=%02X" % one for one in cms_),
    }[encoding]
    mail = HEADERS + b"Content-Type: " + type_ + b"; name=smime.p7m\r\n"
    require_whole(made, mail + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body)


def test_layers(made: Pki, rsa_signer: Holder) -> None:
    inner_clear = clear_entity(signed(ENTITY, made.signer))
    inner_opaque = opaque_entity(signed(ENTITY, made.signer, detached=False))
    for inner in (inner_clear, inner_opaque):
        outer = clear(signed(inner, rsa_signer), inner, boundary=b"outer-1")
        require_whole(made, outer, 2)
        require_whole(made, opaque(signed(inner, rsa_signer, detached=False)), 2)
        places = [(one.field, one.certificate) for one in made.judge(outer).signatures]
        assert places == [("1", rsa_signer.der), ("1.1", made.signer.der)]


@pytest.mark.parametrize(
    "boundary",
    [b"inne", b"inner2", b"=_?:/'()+,-. x", b"----=_Part_1.2", b"a" * 70],
)
def test_boundaries(made: Pki, boundary: bytes) -> None:
    require_whole(made, clear(signed(ENTITY, made.signer), boundary=boundary))


def test_boundaries_as_lines_may_be(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer))
    require_whole(made, mail.replace(b"\r\n--outer\r\n", b"\r\n--outer \t \r\n"))
    require_whole(made, mail.removesuffix(b"\r\n--outer--\r\n"))
    require_whole(made, mail + b"an epilogue, which nobody reads")
    require_whole(made, mail.replace(b'boundary="outer"', b"boundary*=us-ascii''outer"))
    require_whole(
        made,
        mail.replace(b"Content-Type: multipart/signed;", b"content-type:\r\n Multipart/Signed;"),
    )


@pytest.mark.parametrize("micalg", [b"", b"micalg=md5;", b"micalg=unknown;"])
def test_hints_are_hints(made: Pki, micalg: bytes) -> None:
    mail = clear(signed(ENTITY, made.signer))
    require_whole(made, mail.replace(b"micalg=sha-256;", micalg))
    require_whole(
        made, mail.replace(b"application/pkcs7-signature", b"application/x-pkcs7-signature")
    )


def test_the_authorities_it_brings_along(made: Pki) -> None:
    between = made.issuer.authority("CA nữa")
    signer = between.holder()
    cms_ = signed(ENTITY, signer, certificates=[signer, between, made.issuer])
    crls = (*made.crls(), between.crl())
    assert made.verdict(clear(cms_), crls=crls) == "passed"
    (found,) = smime.inspect(clear(cms_)).signatures
    assert set(found.chain) == {between.der, made.issuer.der}
    assert made.verdict(clear(signed(ENTITY, signer)), crls=crls) == "certificate.untrusted"


def test_an_encrypted_mail_is_said_to_be(made: Pki) -> None:
    enveloped = bytes.fromhex("3080 06092a864886f70d010703 a080")
    mail = opaque_entity(enveloped, b"application/pkcs7-mime; smime-type=enveloped-data")
    assert [part.kind for part in mime.survey(HEADERS + mail).parts] == [Kind.ENCRYPTED]
    assert made.judge(HEADERS + mail).faults == ("mail.encrypted",)
    judged = made.judge(clear(signed(mail, made.signer), mail))
    assert (judged.faults, judged.passed) == (("mail.encrypted",), ())
    assert judged.signatures[0].passed


def test_certificates_alone_are_no_signature(made: Pki) -> None:
    only = signed(b"", certificates=[made.signer], detached=True)
    mail = HEADERS + opaque_entity(only, b"application/pkcs7-mime; smime-type=certs-only")
    assert smime.inspect(mail).signatures == ()
    assert [part.kind for part in mime.survey(mail).parts] == [Kind.PKCS7]


def test_a_text_without_headers_of_its_own(made: Pki) -> None:
    """As `openssl cms -sign -nodetach` makes it of a file."""
    mail = opaque(signed(b"%PDF-1.7\n: x\n\n", made.signer, detached=False))
    assert made.judge(mail).passed[0].parts == (0,)
    assert mime.part(mail, 0) == b"%PDF-1.7\n: x\n\n"


def test_the_time_it_claims(made: Pki) -> None:
    (found,) = smime.inspect(clear(signed(ENTITY, made.signer))).signatures
    assert found.signing_time == NOW
