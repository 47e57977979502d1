"""Keys on a PKCS#11 device, used as `cryptography` keys."""
