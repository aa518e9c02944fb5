"""A record is opened by its readers only, checked against the chain first, and forgotten for good."""

import hashlib
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.records import (
    IndexEntry,
    SealingSecrets,
    commitment,
    index_digest,
    open_record,
    record_id,
    seal_record,
    share_key,
    wrap_for,
)
from refimpl.application.vault import MemoryVault, read_record
from refimpl.crypto.sealing import ReaderKey
from refimpl.data.ids import member_id
from refimpl.data.refusal import Refused

COUNTY, CITY, NOSY = (member_id(name) for name in ("county2", "city3", "nosy"))
OWN = {who: ReaderKey(hashlib.sha256(who.encode()).digest()) for who in (COUNTY, CITY, NOSY)}
RECORD = record_id("v-1/report-1")
SECRETS = SealingSecrets(bytes(range(32)), bytes(range(12)), bytes(range(100, 132)))
CONTENT = b'[{"resourceType": "DiagnosticReport", "note": "anterior infarction"}]'
SEED = hashlib.sha256(b"seed").digest()

SEALED, KEY, COMMITTED = seal_record(RECORD, COUNTY, CONTENT, SECRETS)
HELD = wrap_for(KEY, RECORD, COUNTY, OWN[COUNTY].public, SEED)


def refused(code, call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    assert caught.value.code == code
    return caught.value


@pytest.fixture
def vault():
    vault = MemoryVault()
    vault.put(SEALED, HELD)
    return vault


@pytest.mark.clause("APP-001")
def test_a_commitment_is_the_tagged_digest_of_salt_and_bytes():
    assert commitment(SECRETS.salt, CONTENT) == hashlib.sha256(b"yilian/record/v1\0" + SECRETS.salt + CONTENT).digest()
    assert commitment(SECRETS.salt, CONTENT) == COMMITTED
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        commitment(SECRETS.salt[1:], CONTENT)


@pytest.mark.clause("APP-002")
def test_a_sealed_record_is_the_standards_cipher_over_salt_and_bytes():
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    bound = b'{"custodian":"county2","record":"v-1/report-1"}'
    assert AESGCM(SECRETS.data_key).decrypt(SECRETS.nonce, SEALED.body, bound) == SECRETS.salt + CONTENT


@pytest.mark.clause("APP-003")
def test_a_wrapped_key_opens_with_the_librarys_hpke():
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import x25519

    secret = hashlib.sha256(b"city").digest()
    theirs = x25519.X25519PrivateKey.from_private_bytes(secret)
    held = wrap_for(KEY, RECORD, CITY, theirs.public_key().public_bytes_raw(), SEED)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    info = b'{"reader":"city3","record":"v-1/report-1"}'
    assert suite.decrypt(held.wrapped, theirs, info=info) == SECRETS.data_key


@pytest.mark.clause("APP-003")
def test_a_reader_key_of_small_order_gets_no_record():
    refused("member.weak_key", wrap_for, KEY, RECORD, CITY, bytes(32), SEED)


@pytest.mark.clause("APP-004")
def test_the_custodian_and_whoever_it_shares_with_read_the_same_bytes():
    shared = share_key(HELD, OWN[COUNTY], CITY, OWN[CITY].public, SEED)
    assert open_record(SEALED, HELD, OWN[COUNTY], COMMITTED) == CONTENT
    assert open_record(SEALED, shared, OWN[CITY], COMMITTED) == CONTENT


def flipped(data, bit):
    return bytes(byte ^ (1 << bit % 8) if n == bit // 8 else byte for n, byte in enumerate(data))


@pytest.mark.clause("APP-004")
@given(st.data())
def test_one_altered_bit_anywhere_refuses_the_record(data):
    sealed, held, committed = SEALED, HELD, COMMITTED
    part = data.draw(st.sampled_from(["nonce", "body", "wrapped", "committed"]))
    victim = {"nonce": SEALED.nonce, "body": SEALED.body, "wrapped": HELD.wrapped, "committed": COMMITTED}[part]
    spoiled = flipped(victim, data.draw(st.integers(0, 8 * len(victim) - 1)))
    if part in {"nonce", "body"}:
        sealed = attrs.evolve(SEALED, **{part: spoiled})
    elif part == "wrapped":
        held = attrs.evolve(HELD, wrapped=spoiled)
    else:
        committed = spoiled
    assert refused("access.broken_record", open_record, sealed, held, OWN[COUNTY], committed).values == {
        "record": RECORD
    }


@pytest.mark.clause("APP-004")
@pytest.mark.parametrize(
    ("sealed", "held", "own"),
    [
        (SEALED, HELD, OWN[NOSY]),
        (SEALED, attrs.evolve(HELD, reader=NOSY), OWN[COUNTY]),
        (SEALED, attrs.evolve(HELD, record=record_id("v-1/report-2")), OWN[COUNTY]),
        (attrs.evolve(SEALED, record=record_id("v-1/report-2")), HELD, OWN[COUNTY]),
        (attrs.evolve(SEALED, custodian=CITY), HELD, OWN[COUNTY]),
        (attrs.evolve(SEALED, body=b""), HELD, OWN[COUNTY]),
        (SEALED, attrs.evolve(HELD, wrapped=b""), OWN[COUNTY]),
    ],
)
def test_a_key_or_record_under_another_name_is_refused(sealed, held, own):
    refused("access.broken_record", open_record, sealed, held, own, COMMITTED)


@pytest.mark.clause("APP-004")
def test_a_custodian_who_seals_other_bytes_is_found_out_by_the_chain():
    forged, key, _ = seal_record(RECORD, COUNTY, CONTENT.replace(b"anterior", b"inferior"), SECRETS)
    held = wrap_for(key, RECORD, CITY, OWN[CITY].public, SEED)
    refused("access.broken_record", open_record, forged, held, OWN[CITY], COMMITTED)


def test_a_vault_serves_only_readers_who_were_granted_a_key(vault):
    assert read_record(vault, RECORD, COUNTY, OWN[COUNTY], COMMITTED) == CONTENT
    assert refused("vault.no_key", read_record, vault, RECORD, CITY, OWN[CITY], COMMITTED).values["reader"] == CITY
    vault.grant(share_key(HELD, OWN[COUNTY], CITY, OWN[CITY].public, SEED))
    assert read_record(vault, RECORD, CITY, OWN[CITY], COMMITTED) == CONTENT
    vault.withdraw(RECORD, CITY)
    vault.withdraw(RECORD, CITY)
    refused("vault.no_key", read_record, vault, RECORD, CITY, OWN[CITY], COMMITTED)


def test_an_unknown_record_is_refused_everywhere(vault):
    other = record_id("v-1/none")
    for call in (vault.sealed, vault.erase):
        refused("vault.unknown", call, other)
    refused("vault.unknown", vault.key, other, COUNTY)
    refused("vault.unknown", vault.withdraw, other, COUNTY)
    refused("vault.unknown", vault.grant, attrs.evolve(HELD, record=other))


@pytest.mark.clause("APP-005")
def test_an_erased_record_is_gone_for_everybody_and_its_name_with_it(vault):
    vault.erase(RECORD)
    vault.erase(RECORD)
    refused("vault.erased", read_record, vault, RECORD, COUNTY, OWN[COUNTY], COMMITTED)
    refused("vault.erased", vault.grant, HELD)
    refused("vault.erased", vault.withdraw, RECORD, COUNTY)
    refused("vault.exists", vault.put, SEALED, HELD)


@pytest.mark.clause("APP-005", "APP-001")
def test_after_erasure_no_surviving_bytes_verify_a_guess(vault):
    """What survives is the commitment on the chain and the vault's own bytes; even the true content does not fit it."""
    before = pickle.dumps(vault)
    assert SEALED.body in before and HELD.wrapped in before
    vault.erase(RECORD)
    survives = pickle.dumps(vault)
    for secret in (SECRETS.data_key, SECRETS.salt, SEALED.nonce, SEALED.body, HELD.wrapped, CONTENT):
        assert secret not in survives
    unsalted = [b"", bytes(32), RECORD.encode(), COMMITTED]
    assert all(hashlib.sha256(b"yilian/record/v1\0" + salt + CONTENT).digest() != COMMITTED for salt in unsalted)


def test_a_name_in_use_is_not_given_to_another_record(vault):
    refused("vault.exists", vault.put, SEALED, HELD)
    assert read_record(vault, RECORD, COUNTY, OWN[COUNTY], COMMITTED) == CONTENT


def test_no_secret_shows_when_printed(vault):
    printed = repr((SECRETS, SEALED, HELD, KEY, vault, OWN[COUNTY]))
    for secret in (SECRETS.data_key, SECRETS.salt, CONTENT, SEALED.body):
        assert repr(secret)[2:-1] not in printed
        assert secret.hex() not in printed


@pytest.mark.clause("APP-006")
def test_the_evidence_of_a_referral_is_the_digest_of_its_index_in_order():
    first = IndexEntry(RECORD, "DiagnosticReport", COUNTY, COMMITTED)
    second = attrs.evolve(first, record=record_id("v-1/report-2"))
    row = b'{"commitment":"%s","custodian":"county2","kind":"DiagnosticReport","record":"v-1/report-1"}'
    expected = hashlib.sha256(b"yilian/record-index/v1\0[" + row % COMMITTED.hex().encode() + b"]").digest()
    assert index_digest([first]) == expected
    assert index_digest([first, second]) != index_digest([second, first])


@pytest.mark.parametrize("name", ["", "Upper", "a b", "x" * 129, 7, None])
def test_a_record_name_from_outside_is_checked(name):
    refused("wire.bad_field", record_id, name)
