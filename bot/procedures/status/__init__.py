"""Which certificates hold, where relying parties look: CRL and OCSP."""
