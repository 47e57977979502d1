"""The few PKCS#11 (v2.40) calls that python-pkcs11 does not make as we need them.

It initialises a library without thread support, leaks a session when a PIN is
wrong, cannot ask whether a login still stands, cannot write an attribute that
is itself a template, and cannot make a token.
"""

import ctypes
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Mechanism, TokenFlag
from pkcs11.exceptions import PKCS11Error

OS_LOCKING_OK = 0x2
UNWRAP_TEMPLATE = 0x40000212  # CKA_UNWRAP_TEMPLATE, which python-pkcs11 has no name for

OFFICER, USER = 0, 1  # CKU_SO, CKU_USER
READ_WRITE = 0x2 | 0x4  # CKF_RW_SESSION, CKF_SERIAL_SESSION
LOGGED_IN_STATES = {1, 3}  # CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS

Value = bool | int | bytes
Template = Mapping[int, Any]  # a Value, or again a Template


class Result(IntEnum):
    """The return values (CKR_…) that mean something to us."""

    OK = 0x0
    PIN_INCORRECT = 0xA0
    PIN_INVALID = 0xA1
    PIN_LEN_RANGE = 0xA2
    PIN_EXPIRED = 0xA3
    PIN_LOCKED = 0xA4
    USER_ALREADY_LOGGED_IN = 0x100
    USER_PIN_NOT_INITIALIZED = 0x102


class _InitializeArguments(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _SessionInfo(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_ulong) for name in ("slot", "state", "flags", "device_error"))


class _Mechanism(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_ulong),
        ("parameter", ctypes.c_void_p),
        ("parameter_length", ctypes.c_ulong),
    )


class _Attribute(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_ulong),
        ("value", ctypes.c_void_p),
        ("length", ctypes.c_ulong),
    )


class Cryptoki:
    """A library that another loader has already mapped into this process."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))

    def initialize(self) -> None:
        """C_Initialize, promising that the library may use the system's locks."""
        arguments = _InitializeArguments(flags=OS_LOCKING_OK)
        _check(self._library.C_Initialize(ctypes.byref(arguments)))

    def login(self, session: int, pin: str, user: int = USER) -> int:
        """C_Login; the return value is for the caller to judge."""
        return int(
            self._library.C_Login(ctypes.c_ulong(session), ctypes.c_ulong(user), *_secret(pin))
        )

    def make_token(self, slot: int, label: str, officer_pin: str, pin: str) -> None:
        """C_InitToken and C_InitPIN: all that `slot` held is gone.

        Raises:
            PKCS11Error: the device refused.
        """
        session = ctypes.c_ulong()
        at, padded = ctypes.c_ulong(slot), label.encode().ljust(32)
        _check(self._library.C_InitToken(at, *_secret(officer_pin), padded))
        _check(
            self._library.C_OpenSession(
                at, ctypes.c_ulong(READ_WRITE), None, None, ctypes.byref(session)
            )
        )
        _check(self.login(session.value, officer_pin, OFFICER))
        _check(self._library.C_InitPIN(session, *_secret(pin)))

    def is_logged_in(self, session: int) -> bool:
        """Whether `session` is alive and the process logged in to its token."""
        info = _SessionInfo()
        result = self._library.C_GetSessionInfo(ctypes.c_ulong(session), ctypes.byref(info))
        return result == Result.OK and info.state in LOGGED_IN_STATES

    def generate_key(self, session: int, mechanism: Mechanism, template: Template) -> None:
        """C_GenerateKey with a template that may hold templates.

        Raises:
            PKCS11Error: the device refused.
        """
        attributes, _values = _packed(template)
        handle = ctypes.c_ulong()
        _check(
            self._library.C_GenerateKey(
                ctypes.c_ulong(session),
                ctypes.byref(_Mechanism(type=mechanism)),
                attributes,
                ctypes.c_ulong(len(attributes)),
                ctypes.byref(handle),
            )
        )


def make_token(module: str, label: str, officer_pin: str, pin: str) -> None:
    """Make a token in the first free slot; for a process that has not loaded `module`.

    Raises:
        PKCS11Error: the library cannot be loaded, has no free slot, or refused.
    """
    library = pkcs11.lib(module)
    for slot in library.get_slots(token_present=True):
        if not slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED:
            Cryptoki(Path(module)).make_token(slot.slot_id, label, officer_pin, pin)
            return
    raise PKCS11Error("no free slot")


def _secret(pin: str) -> tuple[bytes, ctypes.c_ulong]:
    encoded = pin.encode()
    return encoded, ctypes.c_ulong(len(encoded))


def _packed(template: Template) -> tuple["ctypes.Array[_Attribute]", list[object]]:
    """`template` as CK_ATTRIBUTE[], and the values that must outlive the call."""
    attributes = (_Attribute * len(template))()
    values: list[object] = []
    for attribute, (kind, value) in zip(attributes, template.items(), strict=True):
        buffer: ctypes.Array[_Attribute] | ctypes.Array[ctypes.c_char]
        if isinstance(value, Mapping):
            buffer, inner = _packed(value)
            values.append(inner)
        else:
            content = _bytes(value)
            buffer = ctypes.create_string_buffer(content, len(content))
        values.append(buffer)
        attribute.type = kind
        attribute.value = ctypes.addressof(buffer)
        attribute.length = ctypes.sizeof(buffer)
    return attributes, values


def _bytes(value: Value) -> bytes:
    match value:
        case bool():
            return bytes(ctypes.c_ubyte(value))
        case int():
            return bytes(ctypes.c_ulong(value))
        case bytes():
            return value


def _check(result: int) -> None:
    if result != Result.OK:
        raise PKCS11Error(f"{result:#x}")
