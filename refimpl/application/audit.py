"""The commission's audit: supervise every transaction of its area, prove what the chain says and does not say, and sign
a report of it.

A claim is proved from a header and its certificate alone: that a transaction or a receipt stands in a block, that the
state holds a value under a key, or that it holds none. Whoever has the members in force checks it without the ledger
and without trust in whoever made it. Verification raises; it never answers with a boolean.

It must not know how the order came about, nor what a record says. Source: spec/application.md, APP-021 to APP-023.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from attrs import frozen

from refimpl.application.view import Chain, View, happenings
from refimpl.crypto.recipes import BadSignature, KeyPair, Verifier, digest, sign
from refimpl.data import merkle, shape
from refimpl.data.block import Header
from refimpl.data.certificate import Certificate, Decision, verify_certificate
from refimpl.data.encoding import Value, decode, decode_known, encode
from refimpl.data.ids import Digest, Height, MemberId, Name, digest_of_hex, member_id, signature_of_hex
from refimpl.data.limits import BLOCK_BYTES, PROOF_HASHES
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import MapProof, verify_absence, verify_presence

__all__ = ["Claim", "Report", "Supervised", "as_data", "prove_receipt", "prove_state", "prove_transaction", "report",
           "stands_in", "supervise", "verify_claim", "verify_report"]  # fmt: skip

_REPORT_TAG: Final = "yilian/audit-report/v1"
_REPORT_BYTES: Final = 1 << 26


@frozen
class Supervised:
    """One transaction, or one act of time, that touches a commission's area."""

    height: int
    at: int
    tx: str | None
    kind: str
    """Kind of the event."""
    contract: str
    """The contract of the instance; empty for an event of none: an entry of the index, a change of the members."""
    instance: int | None
    parties: tuple[str, ...]
    signers: tuple[str, ...]
    code: str | None
    body: Mapping[str, Any]


def supervise(chain: Chain, region: str) -> Iterator[Supervised]:
    """Every event with a party or a signer of this region or of one below it, in order (APP-021)."""
    view = View(chain.state(chain.height))
    within: dict[str, bool] = {}
    for one in happenings(chain):
        event, parties = one.event, tuple(one.event.get("parties", ()))
        concerned = (*parties, *one.signers)
        for name in concerned:
            if name not in within:
                within[name] = stands_in(view, name, region)
        if any(within[name] for name in concerned):
            body = event["body"] if parties else {name: event[name] for name in sorted(event) if name != "kind"}
            yield Supervised(
                one.height, int(event.get("at", one.time)), one.tx, event["kind"], event.get("contract", ""),
                event.get("instance"), parties, one.signers, one.code, body,
            )  # fmt: skip


def stands_in(view: View, party: str, region: str) -> bool:
    """Whether a party stands in a region, by itself or through the hospital where it works."""
    home = view.attribute(party, "region")
    if home is None:
        hospital = view.attribute(party, "hospital")
        home = view.attribute(hospital, "region") if isinstance(hospital, str) else None
    return isinstance(home, str) and view.is_within(home, region)


def as_data(one: Supervised) -> dict[str, Any]:
    """One event as plain data."""
    return {"at": one.at, "body": dict(one.body), "code": one.code, "contract": one.contract, "height": one.height,
            "instance": one.instance, "kind": one.kind, "parties": list(one.parties), "signers": list(one.signers),
            "tx": one.tx}  # fmt: skip


@frozen
class Claim:
    """Something that a block's header and certificate prove.

    `transaction` and `receipt`: `data` is a leaf of the tree whose root the header has. `present` and `absent`: the
    state that the header names holds `data` under `key`, or nothing.
    """

    form: Literal["transaction", "receipt", "present", "absent"]
    header: Header
    certificate: Certificate | None
    """None where the engine makes none; the verifier decides whether that is enough."""
    data: bytes
    key: bytes
    index: int
    size: int
    path: tuple[Digest, ...]
    way: MapProof | None

    def to_value(self) -> dict[str, Any]:
        """The canonical value (APP-022)."""
        return {
            "certificate": None if self.certificate is None else decode_known(self.certificate.to_bytes()),
            "data": self.data.hex(), "form": self.form, "header": self.header.to_value(), "index": self.index,
            "key": self.key.hex(), "path": [one.hex() for one in self.path], "size": self.size,
            "way": None if self.way is None else self.way.to_value(),
        }  # fmt: skip

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Claim":
        """The claim that `value` writes, or `wire.*`."""
        names = ("certificate", "data", "form", "header", "index", "key", "path", "size", "way")
        fields = shape.record(value, at, names)
        proof = fields["certificate"]
        path = shape.items(fields["path"], f"{at}/path", PROOF_HASHES)
        form: Any = shape.one_of(fields["form"], f"{at}/form", ("transaction", "receipt", "present", "absent"))
        return cls(
            form, Header.from_value(fields["header"], f"{at}/header"),
            None if proof is None else Certificate.from_bytes(encode(proof)),
            shape.bytes_of_hex(fields["data"], f"{at}/data", most=BLOCK_BYTES),
            shape.bytes_of_hex(fields["key"], f"{at}/key"),
            shape.integer(fields["index"], f"{at}/index"), shape.integer(fields["size"], f"{at}/size"),
            tuple(digest_of_hex(one, f"{at}/path/{number}") for number, one in enumerate(path)),
            None if fields["way"] is None else MapProof.from_value(fields["way"], f"{at}/way"),
        )  # fmt: skip


def prove_transaction(chain: Chain, height: int, index: int) -> Claim:
    """That a transaction stands in a block; `query.not_found`."""
    leaves = tuple(tx.to_bytes() for tx in chain.transactions(_within(chain, height)))
    return _listed(chain, "transaction", height, leaves, index)


def prove_receipt(chain: Chain, height: int, index: int) -> Claim:
    """What became of it, which the header of the next block says; `query.not_found` while there is none."""
    leaves = chain.receipts(_within(chain, height))
    _within(chain, height + 1)
    return _listed(chain, "receipt", height + 1, leaves, index)


def prove_state(chain: Chain, height: int, key: bytes) -> Claim:
    """What the state after a block holds under a key, or that it holds nothing; `query.not_found` while there is no
    next block, whose header names that state."""
    state = chain.state(_within(chain, height))
    _within(chain, height + 1)
    found = state.get(key)
    return Claim(
        "absent" if found is None else "present", chain.header(height + 1), chain.certificate(height + 1),
        found or b"", key, 0, 0, (), state.prove(key),
    )  # fmt: skip


def _within(chain: Chain, height: int) -> int:
    if not 1 <= height <= chain.height:
        raise Refused(Code.QUERY_NOT_FOUND, what=f"block {height}")
    return height


def _listed(
    chain: Chain, form: Literal["transaction", "receipt"], height: int, leaves: tuple[bytes, ...], index: int
) -> Claim:
    if not 0 <= index < len(leaves):
        raise Refused(Code.QUERY_NOT_FOUND, what=f"{form} {index}")
    path = merkle.Tree(leaves).inclusion(index)
    header, certificate = chain.header(height), chain.certificate(height)
    return Claim(form, header, certificate, leaves[index], b"", index, len(leaves), path, None)


def verify_claim(claim: Claim, members: Membership, commits: tuple[Name, Name], verify: Verifier) -> None:
    """Return if the claim follows from a certificate of these members, else raise (APP-022).

    `commits` are the profile and the kind of vote that decides in this channel. `consensus.missing_certificate`, what
    `verify_certificate` raises, `block.wrong_membership`, and `wire.bad_proof` for what the header does not prove.
    """
    header = claim.header
    if header.membership != members.digest:
        raise Refused(Code.BLOCK_WRONG_MEMBERSHIP, "/header/membership", expected=members.digest.hex(),
                      got=header.membership.hex())  # fmt: skip
    if claim.certificate is None:
        raise Refused(Code.CONSENSUS_MISSING_CERTIFICATE, "/certificate", engine=commits[0])
    decision = Decision(header.channel, header.suite, Height(header.height), header.id, *commits)
    verify_certificate(claim.certificate, decision, members, verify)
    if claim.form in ("present", "absent"):
        if claim.way is None:
            raise Refused(Code.WIRE_BAD_PROOF, "/way", expected="a way through the state", got="none")
        if claim.form == "present":
            verify_presence(header.state_root, claim.key, claim.data, claim.way)
        else:
            verify_absence(header.state_root, claim.key, claim.way)
        return
    root = header.transactions_root if claim.form == "transaction" else header.receipts_root
    merkle.verify_inclusion(root, claim.size, claim.index, claim.data, claim.path)


@frozen
class Report:
    """A commission's report: what it saw, over which blocks, signed."""

    auditor: MemberId
    body: bytes
    """Canonical bytes of `{auditor, channel, claims, findings, from, head, to}`."""
    signature: bytes

    def to_bytes(self) -> bytes:
        """The canonical bytes of the whole (APP-023)."""
        return encode({"body": decode_known(self.body), "signature": self.signature.hex()})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Report":
        """The report in `data`, or `wire.*`."""
        fields = shape.record(decode(data, _REPORT_BYTES), "", ("body", "signature"))
        names = ("auditor", "channel", "claims", "findings", "from", "head", "to")
        body = shape.record(fields["body"], "/body", names)
        auditor = member_id(body["auditor"], "/body/auditor")
        return cls(auditor, encode(fields["body"]), signature_of_hex(fields["signature"], "/signature"))


def report(chain: Chain, region: str, auditor: MemberId, key: KeyPair, claims: tuple[Claim, ...] = ()) -> Report:
    """Everything of the area from the first block to the last, with the claims that prove it, signed (APP-023).

    `member.not_authorized` for a key that is not the auditor's in this channel.
    """
    member = chain.members(chain.height + 1).get(auditor)
    if member is None or member.public != key.public:
        raise Refused(Code.MEMBER_NOT_AUTHORIZED, member=auditor)
    findings: list[Value] = [as_data(one) for one in supervise(chain, region)]
    head = chain.header(chain.height).id.hex() if chain.height else chain.genesis.id.hex()
    listed: list[Value] = [claim.to_value() for claim in claims]
    body = encode({"auditor": auditor, "channel": chain.genesis.channel, "claims": listed, "findings": findings,
                   "from": 1, "head": head, "to": chain.height})  # fmt: skip
    return Report(auditor, body, sign(key, digest(_REPORT_TAG, body)))


def verify_report(
    found: Report, members: Callable[[int], Membership], commits: tuple[Name, Name], verify: Verifier
) -> Mapping[str, Any]:
    """The body of a report whose signature is its auditor's and whose claims all hold, else raise (APP-023).

    `members` tells who is in force at a height; the auditor is looked for where the report ends. `tx.unknown_signer`,
    `tx.bad_signature`, and what `verify_claim` raises.
    """
    body: Any = decode_known(found.body)
    member = members(shape.integer(body["to"], "/body/to") + 1).get(found.auditor)
    if member is None:
        raise Refused(Code.TX_UNKNOWN_SIGNER, "/body/auditor", signer=found.auditor)
    try:
        verify(member.public, digest(_REPORT_TAG, found.body), found.signature)
    except BadSignature:
        raise Refused(Code.TX_BAD_SIGNATURE, "/signature", signer=found.auditor) from None
    for number, value in enumerate(shape.items(body["claims"], "/body/claims", _REPORT_BYTES)):
        claim = Claim.from_value(value, f"/body/claims/{number}")
        verify_claim(claim, members(claim.header.height), commits, verify)
    return {str(name): value for name, value in body.items()}
