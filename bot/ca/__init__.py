"""Certificates and revocation lists of the issuing CA (RFC 5280). It never knows where keys are."""
