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

from bot.ca import crl as lists
from bot.ca.certificate import sign
from bot.ca.crl import Revoked
from bot.ca.lint import lint_crl
from bot.errors import Misconfigured
from bot.hsm.keys import generate_key
from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import NOW, YEAR, Chain, a_chain, a_draft, der

DAY = timedelta(days=1)
REASONS = [reason for reason in x509.ReasonFlags if reason != x509.ReasonFlags.remove_from_crl]


def a_crl_draft(chain: Chain, *revoked: Revoked, **changes: Any) -> lists.CrlDraft:
    valid: dict[str, Any] = {
        "issuer": chain.issuer,
        "number": 7,
        "this_update": NOW,
        "next_update": NOW + DAY,
        "entries": [lists.entry(one) for one in revoked],
    }
    return lists.draft(**{**valid, **changes})


def a_crl(chain: Chain, *revoked: Revoked, **changes: Any) -> x509.CertificateRevocationList:
    draft = a_crl_draft(chain, *revoked, **changes)
    return x509.load_der_x509_crl(lists.sign(draft.tbs, chain.key, chain.issuer))


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
    crl = a_crl(chain, Revoked(1, NOW, x509.ReasonFlags.key_compromise), Revoked(2, NOW))
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
    revoked = [
        Revoked(serial, NOW - timedelta(seconds=seconds), reason)
        for serial, (seconds, reason) in entries.items()
    ]
    crl = a_crl(chain, *revoked, number=number)
    assert {one.serial_number for one in crl} == set(entries)
    for one in crl:
        assert NOW - one.revocation_date_utc == timedelta(seconds=entries[one.serial_number][0])
    assert not [finding for finding in lint_crl(der(crl)) if finding.stops]


def test_a_list_without_entries_is_clean(chain: Chain) -> None:
    assert list(a_crl(chain)) == []
    assert not [finding for finding in lint_crl(a_crl_draft(chain).trial) if finding.stops]


def test_a_stranger_signs_no_crl(chain: Chain) -> None:
    with pytest.raises(Misconfigured):
        lists.sign(a_crl_draft(chain).tbs, ec.generate_private_key(ec.SECP256R1()), chain.issuer)


def test_a_hundred_thousand_entries_of_which_the_linter_sees_a_few(chain: Chain) -> None:
    one = Revoked(2**158, NOW, x509.ReasonFlags.superseded)
    draft = a_crl_draft(chain, entries=[lists.entry(one)] * 100_000)
    crl = x509.load_der_x509_crl(lists.sign(draft.tbs, chain.key, chain.issuer))
    assert len(crl) == 100_000
    assert len(x509.load_der_x509_crl(draft.trial)) == lists.SHOWN
    assert not [finding for finding in lint_crl(draft.trial) if finding.stops]


def test_a_fault_of_an_entry_shows_in_the_trial(chain: Chain) -> None:
    too_long = Revoked(2**170, NOW)
    findings = lint_crl(a_crl_draft(chain, Revoked(1, NOW), too_long).trial)
    assert any(finding.stops for finding in findings)


def test_openssl_sees_the_revoked_and_only_them(ca_token: Token, tmp_path: Path) -> None:
    chain = a_chain(generate_key(ca_token, "crl", KeyAlgorithm.EC_P256))
    good, bad = (
        sign(a_draft(chain.issuer, serial=serial).tbs, chain.key, chain.issuer)
        for serial in (11, 12)
    )
    crl = a_crl(chain, Revoked(12, NOW, x509.ReasonFlags.superseded))
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
