"""The PKCS#11 library, the login and the sessions of one process.

Login is per process and token: one root session holds it and lives on; every
other session opens without a PIN. A session serves one caller at a time.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pkcs11
from pkcs11.exceptions import PKCS11Error

from bot.errors import Misconfigured, Unavailable
from bot.hsm.cryptoki import Cryptoki, Result

# A pkcs11.Session; its `handle`, which only the implementation has, is not in its types.
RawSession = Any

WRONG_PIN = {
    Result.PIN_INCORRECT,
    Result.PIN_INVALID,
    Result.PIN_LEN_RANGE,
    Result.PIN_EXPIRED,
    Result.PIN_LOCKED,
    Result.USER_PIN_NOT_INITIALIZED,
}


class HsmUnavailable(Unavailable):
    """The device did not answer, lost a session or forgot the login."""

    code = "hsm.unavailable"


class KeyMissing(Misconfigured):
    """The token has no key, or more than one, under that label."""

    code = "hsm.key_missing"


class PinRejected(Misconfigured):
    """The token does not take the PIN."""

    code = "hsm.pin_rejected"

    def __init__(self, label: str) -> None:
        super().__init__(
            f"Token {label} rejects its PIN.",
            "Mend the PIN file below tokens.pins, then start again.",
        )


class Module:
    """A PKCS#11 library, initialised once a process for many threads.

    Load it after worker processes have started: what a fork inherits from an
    initialised library is undefined (PKCS#11 v2.40, 2.5.3).
    """

    _loaded: ClassVar[dict[Path, "Module"]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        """Use `Module.load`: a library cannot be initialised twice."""
        try:
            self.library = pkcs11.lib(str(path))
            # python-pkcs11 has called C_Initialize(NULL), which promises a single thread.
            self.library.finalize()
            self.cryptoki = Cryptoki(path)
            self.cryptoki.initialize()
        except PKCS11Error:
            raise Misconfigured(
                f"tokens.module: {path} cannot be loaded.",
                "Name the device's PKCS#11 library; SoftHSM's also needs SOFTHSM2_CONF.",
            ) from None
        self._process = os.getpid()

    @classmethod
    def load(cls, path: Path) -> "Module":
        """The library at `path`, loaded when first asked for.

        Raises:
            Misconfigured: it is not there, or is no PKCS#11 library.
        """
        with cls._loading:
            if path not in cls._loaded:
                cls._loaded[path] = cls(path)
            return cls._loaded[path]

    def tokens(self, label: str) -> list[pkcs11.Token]:
        """The tokens named `label` that are present now."""
        return list(self.library.get_tokens(token_label=label))

    def require_own_process(self) -> None:
        """Raises Misconfigured in a child that inherited the library by a fork."""
        if os.getpid() != self._process:
            raise Misconfigured(
                "The PKCS#11 library was loaded before a fork.",
                "Load it in the process that uses it.",
            )


class Session:
    """A PKCS#11 session in the hands of one caller."""

    def __init__(self, token: "Token", root: RawSession) -> None:
        self.token = token
        self.root = root
        self.raw: RawSession = root.token.open(rw=True)
        self._found: dict[tuple[pkcs11.ObjectClass, str], Any] = {}

    def find(self, kind: pkcs11.ObjectClass, label: str) -> Any:
        """The one key of class `kind` named `label`; a python-pkcs11 object of this session.

        Raises:
            KeyMissing: there is none, or there are several.
            HsmUnavailable: the login was lost, so that keys cannot be seen.
        """
        if (kind, label) not in self._found:
            found = self.all(kind, label)
            if len(found) != 1:
                self.token.require_login()
                raise KeyMissing(
                    f"Token {self.token.label} holds {len(found)} keys named {label}, not one.",
                    "Hold the key ceremony, or name the right token.",
                )
            self._found[kind, label] = found[0]
        return self._found[kind, label]

    def all(self, kind: pkcs11.ObjectClass, label: str) -> list[Any]:
        """All keys of class `kind` named `label`.

        The class is always asked for: an object left half-made by a killed
        process has none, and reading it fails.
        """
        wanted = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}
        return list(self.raw.get_objects(wanted))


class Token:
    """A token of the device and this process's login to it.

    Args:
        label: the token's label (CK_TOKEN_INFO), unique on the device.
        pin: the user PIN.
    """

    def __init__(self, module: Module, label: str, pin: str) -> None:
        self.module = module
        self.label = label
        self._pin = pin
        self._root: RawSession | None = None
        self._idle: list[Session] = []
        self._suspect = False
        self._known = False
        self._pin_rejected = False
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a logged-in read-write session; no other thread has it meanwhile.

        Raises:
            HsmUnavailable: the device failed; the next call starts anew.
            Misconfigured: the token is unknown or its PIN wrong. A wrong PIN is
                tried once only, since devices lock after a few.
        """
        session = self._lend()
        try:
            yield session
        except PKCS11Error as error:
            self._discard(session)
            raise HsmUnavailable from error
        except BaseException:
            self._discard(session)
            raise
        self._take_back(session)

    def require_login(self) -> None:
        """Raises HsmUnavailable if this process is logged in no more."""
        if not self._is_logged_in():
            raise HsmUnavailable

    def _lend(self) -> Session:
        self.module.require_own_process()
        try:
            with self._lock:
                if self._root is None or (self._suspect and not self._is_logged_in()):
                    self._log_in()
                self._suspect = False
                if self._idle:
                    return self._idle.pop()
                root = self._root
            assert root is not None  # noqa: S101 -- _log_in has set it
            return Session(self, root)
        except PKCS11Error as error:
            self._suspect = True
            raise HsmUnavailable from error

    def _take_back(self, session: Session) -> None:
        with self._lock:
            if session.root is self._root:
                self._idle.append(session)
                return
        _close(session.raw)

    def _discard(self, session: Session) -> None:
        self._suspect = True
        _close(session.raw)

    def _is_logged_in(self) -> bool:
        root = self._root
        return root is not None and self.module.cryptoki.is_logged_in(root.handle)

    def _log_in(self) -> None:
        """Open a root session and log in; sessions of an earlier login are let go."""
        if self._pin_rejected:
            raise PinRejected(self.label)
        self._forget_sessions()
        root: RawSession = self._present().open(rw=True)
        match self.module.cryptoki.login(root.handle, self._pin):
            case Result.OK | Result.USER_ALREADY_LOGGED_IN:
                self._root, self._known = root, True
            case result if result in WRONG_PIN:
                _close(root)
                self._pin_rejected = True
                raise PinRejected(self.label)
            case result:
                _close(root)
                raise PKCS11Error(f"{result:#x}")

    def _forget_sessions(self) -> None:
        """Close what is left of an earlier login, before the device gives its handles anew."""
        for session in self._idle:
            _close(session.raw)
        self._idle.clear()
        if self._root:
            _close(self._root)
        self._root = None

    def _present(self) -> pkcs11.Token:
        match self.module.tokens(self.label):
            case [token]:
                return token
            case [] if self._known:
                raise HsmUnavailable  # it was here: somebody pulled it out
            case tokens:
                raise Misconfigured(
                    f"The device has {len(tokens)} tokens labelled {self.label}, not one.",
                    "Initialise it with the vendor's tool (SoftHSM: `bot init`), or mend "
                    "the label in [tokens].",
                )


def _close(session: RawSession) -> None:
    with suppress(PKCS11Error):  # it may be dead already
        session.close()
