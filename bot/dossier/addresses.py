"""Whose an e-mail address is, as far as its domain tells."""


def in_domains(address: str, domains: tuple[str, ...]) -> bool:
    """Whether `address` is in one of `domains` or below it."""
    domain = address.rpartition("@")[2]
    return any(domain == one or domain.endswith(f".{one}") for one in domains)


def whole_address(address: str, domains: tuple[str, ...]) -> str:
    """The address that `address` is the beginning of: `…@laocai.go` of `…@laocai.gov.vn`.

    Empty unless its domain ends within one of `domains`.
    """
    for domain in domains:
        for length in range(2, len(domain)):
            head = address.removesuffix(f".{domain[:length].rstrip('.')}")
            if head != address and not in_domains(address, domains):
                return f"{head}.{domain}"
    return ""
