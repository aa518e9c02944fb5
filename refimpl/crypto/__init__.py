"""Cryptography of the ledger: digests, signatures, sealed records. It knows no member, no transaction and no block."""
