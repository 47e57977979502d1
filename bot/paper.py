"""HTML to PDF: the one engine for forms and slips."""

from pathlib import Path


def draw(html: str, *, beside: Path | None = None, fillable: bool = False) -> bytes:
    """A PDF of `html`. Nothing is fetched but files, where it names some. CPU work of 0.5 s.

    Args:
        beside: the folder that relative links start from; without it no file is read either.
        fillable: `<input>` and its like become AcroForm fields.
    """
    # here, not above: WeasyPrint takes a second to load, and most commands never draw
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    fetcher = URLFetcher(allowed_protocols=("file",) if beside else ())
    base = f"{beside.as_uri()}/" if beside else None
    pdf: bytes = HTML(string=html, base_url=base, url_fetcher=fetcher).write_pdf(pdf_forms=fillable)
    return pdf
