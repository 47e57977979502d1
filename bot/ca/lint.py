"""pkilint's RFC 5280 (PKIX) linters, in process; 2 to 4 ms a document.

The CA/Browser Forum's profiles do not fit this PKI: they demand a reserved
policy, an organizationIdentifier and at most 825 days.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity as Severity

from bot.errors import Misconfigured

UNREADABLE = "lint.unreadable"

# Findings of this severity and above stop issuance: all that is more than information.
STOPS = Severity.NOTICE


class LintFailed(Misconfigured):
    """A certificate or CRL of our own breaks RFC 5280: nothing was signed."""

    code = "ca.lint"


@dataclass(frozen=True)
class Finding:
    """What a linter objects to.

    Attributes:
        code: pkilint's stable code, or `lint.unreadable`.
        path: where in the document, such as `certificate.tbsCertificate.subject`.
    """

    severity: Severity
    code: str
    path: str

    @property
    def stops(self) -> bool:
        return bool(self.severity <= STOPS)


def lint_certificate(der: bytes) -> tuple[Finding, ...]:
    """Judge a Certificate. Bytes that are no certificate are a FATAL finding."""
    return _lint(loader.load_der_certificate, _certificate_linter(), der)


def lint_crl(der: bytes) -> tuple[Finding, ...]:
    """Judge a CertificateList. Bytes that are no CRL are a FATAL finding."""
    return _lint(loader.load_der_crl, _crl_linter(), der)


def require_clean(findings: Iterable[Finding]) -> None:
    """Raises LintFailed, naming all that stops."""
    if faults := sorted({finding.code for finding in findings if finding.stops}):
        raise LintFailed(
            f"What is about to be signed would break RFC 5280: {', '.join(faults)}.",
            "Mend the names and addresses in the settings and in the agency's entry.",
        )


def _lint(load: Callable[..., Any], linter: Any, der: bytes) -> tuple[Finding, ...]:
    try:
        document = load(der, "document")
    except ValueError:
        return (Finding(Severity.FATAL, UNREADABLE, ""),)
    return tuple(
        Finding(description.finding.severity, description.finding.code, str(result.node.path))
        for result in linter.validate(document.root)
        for description in result.finding_descriptions
    )


@cache
def _certificate_linter() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@cache
def _crl_linter() -> Any:
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )
