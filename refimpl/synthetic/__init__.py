"""Seeded synthetic data of a Chinese medical alliance: institutions, patients, referrals, consents, drugs, claims.

For trials, lessons and load, where real data must not be used. Everything is drawn from a seed and from tables of this
package; the same seed gives the same bytes on every machine. Nobody in it exists, and no identity number is made. The
core must not import it; it knows the FHIR that the core reads, and no ledger.
"""
