import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from bot.ca.certificate import sign
from bot.ca.crl import Revoked, build
from bot.ca.lint import lint_crl
from bot.errors import Misconfigured
from bot.hsm.keys import generate_key
from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import NOW, YEAR, Chain, a_chain, a_draft, der

DAY = timedelta(days=1)
REASONS = [reason for reason in x509.ReasonFlags if reason != x509.ReasonFlags.remove_from_crl]


def a_crl(chain: Chain, **changes: Any) -> x509.CertificateRevocationList:
    valid: dict[str, Any] = {
        "issuer": chain.issuer,
        "key": chain.key,
        "number": 7,
        "this_update": NOW,
        "next_update": NOW + DAY,
        "revoked": [Revoked(1, NOW, x509.ReasonFlags.key_compromise), Revoked(2, NOW)],
    }
    return build(**{**valid, **changes})


def test_a_crl_says_what_rfc_5280_asks_for(chain: Chain) -> None:
    crl = a_crl(chain)
    assert crl.issuer == chain.issuer.subject
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW, NOW + DAY)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    authority = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    subject = chain.issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert authority.key_identifier == subject.digest
    assert crl.is_signature_valid(chain.key.public_key())


def test_an_unspecified_reason_is_left_out(chain: Chain) -> None:
    crl = a_crl(chain)
    one, two = (crl.get_revoked_certificate_by_serial_number(serial) for serial in (1, 2))
    assert one is not None
    assert two is not None
    reason = one.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    assert list(two.extensions) == []


@given(
    entries=st.dictionaries(
        st.integers(1, 2**159 - 1),
        st.tuples(st.integers(0, 10**8), st.sampled_from(REASONS)),
        max_size=20,
    ),
    number=st.integers(0, 2**63),
)
def test_any_list_is_complete_and_clean(
    chain: Chain, entries: dict[int, tuple[int, x509.ReasonFlags]], number: int
) -> None:
    crl = a_crl(
        chain,
        number=number,
        revoked=[
            Revoked(serial, NOW - timedelta(seconds=seconds), reason)
            for serial, (seconds, reason) in entries.items()
        ],
    )
    assert {one.serial_number for one in crl} == set(entries)
    for one in crl:
        assert NOW - one.revocation_date_utc == timedelta(seconds=entries[one.serial_number][0])
    assert not [finding for finding in lint_crl(der(crl)) if finding.stops]


def test_a_stranger_signs_no_crl(chain: Chain) -> None:
    with pytest.raises(Misconfigured):
        a_crl(chain, key=ec.generate_private_key(ec.SECP256R1()))


def test_twenty_thousand_entries(chain: Chain) -> None:
    crl = a_crl(chain, revoked=[Revoked(serial, NOW) for serial in range(1, 20_001)])
    assert len(crl) == 20_000


def test_openssl_sees_the_revoked_and_only_them(ca_token: Token, tmp_path: Path) -> None:
    chain = a_chain(generate_key(ca_token, "crl", KeyAlgorithm.EC_P256))
    good, bad = (
        sign(a_draft(chain.issuer, serial=serial).tbs, chain.key, chain.issuer)
        for serial in (11, 12)
    )
    crl = a_crl(chain, revoked=[Revoked(12, NOW, x509.ReasonFlags.superseded)])
    documents = (("root", chain.root), ("ca", chain.issuer), ("good", good), ("bad", bad))
    for name, document in (*documents, ("crl", crl)):
        (tmp_path / name).write_bytes(document.public_bytes(Encoding.PEM))

    def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    shown = openssl("crl", "-in", "crl", "-noout", "-verify", "-CAfile", "ca")
    assert "verify OK" in shown.stderr
    at = str(int((NOW + DAY / 2).timestamp()))
    verify = ("verify", "-attime", at, "-crl_check", "-CRLfile", "crl", "-CAfile", "root",
              "-untrusted", "ca")  # fmt: skip
    assert openssl(*verify, "good").stdout == "good: OK\n"
    assert "certificate revoked" in openssl(*verify, "bad").stderr
    late = str(int((NOW + YEAR).timestamp()))
    assert "CRL has expired" in openssl(*verify, "-attime", late, "good").stderr
