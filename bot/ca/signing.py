"""How the CA signs: one algorithm a key, and every result verified before it leaves."""

from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bot.errors import Misconfigured, Unavailable

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SignatureBroken(Unavailable):
    """The device returned a signature that does not verify; nothing was issued."""

    code = "ca.signature_broken"


def hash_for(public_key: object) -> hashes.SHA256 | hashes.SHA384:
    """The hash that goes with an issuer's key: as strong as the key, SHA-256 or better."""
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


def algorithm_for(public_key: object) -> str:
    """The signature algorithm (RFC 4055, RFC 5758) by its asn1crypto name."""
    scheme = "rsa" if isinstance(public_key, rsa.RSAPublicKey) else "ecdsa"
    return f"{hash_for(public_key).name}_{scheme}"


def sign_bytes(key: PrivateKey, data: bytes) -> bytes:
    """The signature by `algorithm_for`: PKCS #1 v1.5, or ECDSA in DER."""
    algorithm = hash_for(key.public_key())
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm)
    return key.sign(data, ec.ECDSA(algorithm))


def verify_bytes(public_key: object, signature: bytes, data: bytes) -> None:
    """Raises SignatureBroken unless `signature` is one that `sign_bytes` makes over `data`."""
    algorithm = hash_for(public_key)
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            raise SignatureBroken
    except InvalidSignature:
        raise SignatureBroken from None


def require_same_key(key: PrivateKey, public_key: object) -> None:
    """Raises Misconfigured unless `key` is the private half of `public_key`."""
    if key.public_key() != public_key:
        raise Misconfigured(
            "The CA's key and its certificate do not belong together.",
            "See that tokens.ca names the token of the ceremony that made the certificate.",
        )


@cache
def throwaway_key(algorithm: str) -> PrivateKey:
    """A key that signs with `algorithm`, known to this process only."""
    match algorithm:
        case "sha256_rsa":
            return rsa.generate_private_key(65537, 2048)
        case "sha384_ecdsa":
            return ec.generate_private_key(ec.SECP384R1())
        case _:
            return ec.generate_private_key(ec.SECP256R1())
