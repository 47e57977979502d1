import unicodedata
from collections.abc import Callable

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st

from bot.ca import profiles
from bot.ca.lint import lint_certificate
from bot.ca.profiles import NAME_LIMIT, NameUnfit
from tests.ca.builders import ADDRESSES, Chain, a_draft, a_subject

LONG = "Nguyễn " * 9 + "Á"  # 64 characters, 83 octets


def parts(name: bytes) -> list[tuple[str, str, str]]:
    """Type, string kind and value of each attribute, in order."""
    return [
        (
            pair["type"].native,
            type(getattr(pair["value"], "chosen", pair["value"])).__name__,
            pair["value"].native,
        )
        for rdn in asn1.Name.load(name).chosen
        for pair in rdn
    ]


def test_a_subject_reads_as_real_ones_do() -> None:
    assert parts(a_subject(units=("Trường A", "Tổ B")).name()) == [
        ("country_name", "PrintableString", "VN"),
        ("locality_name", "UTF8String", "Hà Nội"),
        ("organization_name", "UTF8String", "Sở Giáo dục và Đào tạo Hà Nội"),
        ("organizational_unit_name", "UTF8String", "Trường A"),
        ("organizational_unit_name", "UTF8String", "Tổ B"),
        ("common_name", "UTF8String", "Nguyễn Thị Ánh Tuyết"),
        ("email_address", "EmailAddress", "anhtuyet@hanoiedu.edu.vn"),
    ]


def test_names_are_written_in_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", LONG)
    assert len(decomposed) > NAME_LIMIT
    assert a_subject(common_name=decomposed).name() == a_subject(common_name=LONG).name()


@pytest.mark.parametrize("field", ["province", "organization", "common_name"])
def test_64_characters_fit_whatever_their_octets(chain: Chain, field: str) -> None:
    assert len(LONG) == NAME_LIMIT
    subject = a_subject(**{field: LONG})
    trial = a_draft(chain.issuer, subject=subject.name()).trial
    assert not [finding for finding in lint_certificate(trial) if finding.stops]


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"province": LONG + "x"}, "L"),
        ({"organization": LONG + "x"}, "O"),
        ({"units": ("Trường A", LONG + "x")}, "OU"),
        ({"common_name": LONG + "x"}, "CN"),
        ({"province": ""}, "L"),
        ({"organization": " "}, "O"),
        ({"units": ("",)}, "OU"),
        ({"common_name": "A\nB"}, "CN"),
        ({"common_name": "A\x00B"}, "CN"),
        ({"common_name": "A\u202eB"}, "CN"),
        ({"common_name": "Nguyễn\u3164Văn An"}, "CN"),
        ({"common_name": "Nguyễn Văn\u00a0An"}, "CN"),
        ({"common_name": "Nguуễn Văn Вinh"}, "CN"),
        ({"common_name": "𝐍guyễn Ｖăn"}, "CN"),
        ({"common_name": "محمد علي"}, "CN"),
        ({"common_name": "Lê ʟan"}, "CN"),
        ({"common_name": "Lê  Lan"}, "CN"),
        ({"common_name": "Lê - Lan"}, "CN"),
        ({"common_name": "..."}, "CN"),
        ({"email": "a" * 251 + "@b.vn"}, "E"),
        ({"email": "ánh@edu.vn"}, "E"),
        ({"email": "a b@edu.vn"}, "E"),
        ({"email": "a@b@edu.vn"}, "E"),
        ({"email": "@edu.vn"}, "E"),
        ({"email": "edu.vn"}, "E"),
        ({"email": ""}, "E"),
        ({"email": "a@edu.vn\n"}, "E"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_attribute(
    changes: dict[str, object], attribute: str
) -> None:
    with pytest.raises(NameUnfit) as raised:
        a_subject(**changes)
    assert raised.value.attribute == attribute
    assert raised.value.code == "subject.unfit"


@pytest.mark.parametrize("profile", [profiles.subscriber, profiles.mail_signer])
def test_ocsp_is_asked_before_the_issuer_is_fetched(
    chain: Chain, profile: Callable[[str, profiles.Addresses], profiles.Profile]
) -> None:
    made = a_draft(chain.issuer, profile=profile(a_subject().email, ADDRESSES))
    trial = x509.load_der_x509_certificate(made.trial)
    access = trial.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [(one.access_method, one.access_location.value) for one in access] == [
        (AuthorityInformationAccessOID.OCSP, ADDRESSES.ocsp),
        (AuthorityInformationAccessOID.CA_ISSUERS, ADDRESSES.issuer),
    ]


@given(name=st.text("ABcdĐđƯỹÑ '’-.ß", max_size=70) | st.text(max_size=70))
def test_any_name_is_refused_or_passes_the_linter(chain: Chain, name: str) -> None:
    try:
        subject = a_subject(common_name=name)
    except NameUnfit:
        return
    trial = a_draft(chain.issuer, subject=subject.name()).trial
    assert not [finding for finding in lint_certificate(trial) if finding.stops]
