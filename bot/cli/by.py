"""Who signs a command: options of every command that orders, and the key they name."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from bot.cli.output import Json, fail
from bot.errors import Misconfigured
from bot.hsm.keys import find_key
from bot.hsm.token import Module, Token
from bot.outbox.cms import PrivateKey

PANEL = "Who signs"
WAIT = 30  # seconds


def _option(help_: str, *names: str) -> Any:
    return typer.Option(*names, help=help_, rich_help_panel=PANEL)


@dataclass(frozen=True, kw_only=True)
class By:
    """What was said of who signs; its fields are the options."""

    p12: Annotated[
        Path | None, _option("The officer's key and certificate in one file (PKCS #12).")
    ] = None
    password_file: Annotated[
        Path | None, _option("Where its password stands. Default: it is asked for.")
    ] = None
    pkcs11: Annotated[
        Path | None, _option("The PKCS #11 library of the device that holds the officer's key.")
    ] = None
    token: Annotated[str, _option("With --pkcs11: the token's label.")] = ""
    key: Annotated[str, _option("With --pkcs11: the key's label.")] = ""
    pin_file: Annotated[
        Path | None, _option("With --pkcs11: where its PIN stands. Default: it is asked for.")
    ] = None
    evidence: Annotated[
        list[Path] | None, _option("A file that is signed together with the order.")
    ] = None
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds until the bot must have obeyed; 0: not at all.",
                          rich_help_panel=PANEL)
    ] = WAIT  # fmt: skip
    as_json: Json = False

    @property
    def is_named(self) -> bool:
        """Whether anybody signs."""
        return self.p12 is not None or self.pkcs11 is not None

    def open_key(self) -> PrivateKey:
        """The key that signs; its secret is asked for unless it stands in a file.

        Raises:
            Misconfigured, HsmUnavailable: as the token does; ends the command where
                the file cannot be opened, or nobody is named.
        """
        if self.p12 and not self.pkcs11:
            return _of_file(self.p12, _secret(self.password_file, f"Password of {self.p12}"))
        if self.pkcs11 and not self.p12 and self.token and self.key:
            pin = _secret(self.pin_file, f"PIN of token {self.token}")
            return find_key(Token(Module.load(self.pkcs11), self.token, pin), self.key)
        raise fail(
            "Nobody signs this.",
            "Add --p12 FILE, or --pkcs11 MODULE --token LABEL --key LABEL.",
        )


def signed(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with the options of `By`, which it is given as `by`."""
    own = inspect.signature(command)
    kept = [one for one in own.parameters.values() if one.name != "by"]
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type
        )
        for field in fields(By)
    ]

    @wraps(command)
    def with_options(*words: Any, **named: Any) -> None:
        by = By(**{field.name: named.pop(field.name) for field in fields(By)})
        command(*words, **named, by=by)

    setattr(with_options, "__signature__", own.replace(parameters=[*kept, *options]))  # noqa: B010 - a function has none of its own
    return with_options


def _secret(file: Path | None, asked_for: str) -> str:
    if file is None:
        secret: str = typer.prompt(asked_for, hide_input=True, err=True)
        return secret
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"{file} cannot be read.", "Check the path and its rights.") from None


def _of_file(path: Path, password: str) -> PrivateKey:
    try:
        key, _, _ = pkcs12.load_key_and_certificates(path.read_bytes(), password.encode())
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    except ValueError:
        raise fail(
            f"{path} cannot be opened.", "Check that it is a .p12, and its password."
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise fail(f"{path} has no RSA or EC key.", "Export the signing key with its certificate.")
    return key
