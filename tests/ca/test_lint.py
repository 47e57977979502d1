from concurrent.futures import ThreadPoolExecutor

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from pkilint.validation import ValidationFindingSeverity as Severity

from bot.ca import profiles
from bot.ca.lint import UNREADABLE, lint_certificate, lint_crl
from tests.ca.builders import ADDRESSES, Chain, a_draft, a_subject, der

MAILBOX = a_subject().email
CA_WITHOUT_USAGE: profiles.Profile = ((x509.BasicConstraints(ca=True, path_length=None), False),)


def stopping(document: bytes) -> list[str]:
    return [finding.code for finding in lint_certificate(document) if finding.stops]


def test_certificates_of_the_ceremony_are_clean(chain: Chain) -> None:
    assert stopping(der(chain.root)) == stopping(der(chain.issuer)) == []


@pytest.mark.parametrize(
    "profile",
    [profiles.subscriber(MAILBOX, ADDRESSES), profiles.mail_signer(MAILBOX, ADDRESSES)],
)
def test_the_profiles_are_clean(chain: Chain, profile: profiles.Profile) -> None:
    assert stopping(a_draft(chain.issuer, profile=profile).trial) == []


def test_a_mailbox_that_differs_from_the_subjects_is_stopped(chain: Chain) -> None:
    other = profiles.subscriber("other@hanoiedu.edu.vn", ADDRESSES)
    assert stopping(a_draft(chain.issuer, profile=other).trial)


def test_a_ca_that_says_so_by_halves_is_stopped(chain: Chain) -> None:
    assert stopping(a_draft(chain.issuer, profile=CA_WITHOUT_USAGE).trial)


def test_a_name_too_long_is_stopped(chain: Chain) -> None:
    name = asn1.Name.build({"country_name": "VN", "organization_name": "Ô" * 65})
    assert stopping(a_draft(chain.issuer, subject=name.dump()).trial)


def test_a_serial_of_21_octets_is_stopped(chain: Chain) -> None:
    assert stopping(a_draft(chain.issuer, serial=2**160).trial)


def test_what_is_only_information_does_not_stop(chain: Chain) -> None:
    findings = lint_certificate(a_draft(chain.issuer).trial)
    assert {finding.severity for finding in findings} == {Severity.INFO}
    assert not any(finding.stops for finding in findings)


@pytest.mark.parametrize("junk", [b"", b"x", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff"])
def test_what_cannot_be_read_is_fatal(junk: bytes) -> None:
    for lint in (lint_certificate, lint_crl):
        (finding,) = lint(junk)
        assert finding.stops
        assert (finding.severity, finding.code) == (Severity.FATAL, UNREADABLE)


def test_threads_do_not_disturb_each_other(chain: Chain) -> None:
    long = asn1.Name.build({"country_name": "VN", "organization_name": "Ô" * 65}).dump()
    good = a_draft(chain.issuer, subject=a_subject().name()).trial
    bad = a_draft(chain.issuer, subject=long).trial
    expected = [lint_certificate(good), lint_certificate(bad)] * 50
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lint_certificate, [good, bad] * 50)) == expected
