"""pkilint's linter for OCSP answers (RFC 6960). The bot lints none of them: they are too many."""

from pkilint import loader, pkix
from pkilint.pkix import extension, name, ocsp

from bot.ca.lint import STOPS

LINTER = ocsp.create_pkix_ocsp_response_validator_container(
    [
        ocsp.create_response_decoder(),
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ],
    [],
)


def lint_ocsp(response: bytes) -> list[str]:
    """What it objects to; codes."""
    document = loader.load_ocsp_response(response, "response")
    return [
        description.finding.code
        for result in LINTER.validate(document.root)
        for description in result.finding_descriptions
        if description.finding.severity <= STOPS
    ]
