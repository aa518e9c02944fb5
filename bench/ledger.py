"""The whole ledger in memory: a block of transactions taken in, proposed, judged, executed and committed."""

from collections.abc import Callable, Sequence
from functools import cache

from attrs import frozen

from bench.alliance import CITY, Alliance, Signed, fresh_copy, full_ledger, ideal, signatures_of, working_block
from bench.measure import Contender, Contest, Count, Method, Unequal
from refimpl.crypto.recipes import Suite, Verifier, verifier
from refimpl.data.ids import Digest, PublicKey, Seconds
from refimpl.data.transaction import Transaction
from refimpl.node.ledger import Ledger, Result
from refimpl.node.notary import Remembering
from refimpl.node.verify import verify_ledger

BOUND = "one Ed25519 verification for each signature of the block, on one core, and nothing else"


@frozen
class Work:
    """A ledger, a block of transactions for it, and their signatures."""

    ledger: Ledger
    transactions: Sequence[Transaction]
    data: Sequence[bytes]
    signatures: Sequence[Signed]

    @classmethod
    def of(cls, alliance: Alliance, transactions: Sequence[Transaction], keys: int) -> "Work":
        """These transactions on the alliance's ledger, filled up to `keys` entries."""
        full_ledger(alliance, keys)
        data = [one.to_bytes() for one in transactions]
        return cls(alliance.ledger, transactions, data, signatures_of(transactions, alliance.clients))


@cache
def day(method: Method) -> Work:
    """What an alliance does all day, 500 transactions."""
    alliance = Alliance.founded()
    return Work.of(alliance, working_block(alliance, method.size(500, 20)), method.size(100_000, 500))


@cache
def steps(method: Method) -> Work:
    """Steps of contracts that run already: one signer, about 1.4 writes of state (the design asks three)."""
    alliance, few, many = Alliance.founded(), method.size(80, 4), method.size(420, 10)
    waiting = alliance.run(alliance.visits(few + many, 0))
    held = alliance.run(alliance.requests(waiting[:few], 0))
    work = [*alliance.approvals(held), *alliance.discharges(waiting[few:], few)]
    return Work.of(alliance, work, method.size(100_000, 500))


def run(work: Work, verify: Verifier) -> Result:
    """All that a proposer does with a block; reading bytes, as every node must, also where it wrote them itself."""
    ledger = fresh_copy(work.ledger, verify)
    for data in work.data:
        ledger.admit(ledger.check(data))
    now = Seconds(ledger.tip.time + 1)
    block = ledger.prepare(CITY[0], now).to_bytes()
    opinion = ledger.process(block, now)
    if opinion.refused is not None or not opinion.timely:
        raise Unequal(f"the ledger refused its own block: {opinion.refused}")
    result = ledger.finalize(block)
    ledger.commit(result, None)
    return result


def bare(signatures: Sequence[Signed]) -> Callable[[], None]:
    """Verify these, and nothing else."""
    verify = verifier(Suite.INTL)

    def verify_all() -> None:
        for public, message, signature in signatures:
            verify(public, message, signature)

    return verify_all


def end_to_end(work: Work, gate: float | None, note: str) -> Contest:
    """A block from bytes to commit, with Ed25519 and with ideal signatures, against verification alone."""
    count, verify = len(work.data), verifier(Suite.INTL)
    known = ideal(work.signatures)
    writes = run(work, known).outcome.writes

    def prove() -> None:
        counting = Remembering(verify)
        result = run(work, counting)
        if counting.checked != len(set(work.signatures)):
            raise Unequal(f"{counting.checked} verifications of {len(work.signatures)} signatures")
        if result.outcome.state.root != run(work, known).outcome.state.root:
            raise Unequal("the state depends on how signatures are verified")
        if sum(b'"applied"' in receipt for receipt in result.outcome.receipts) != count:
            raise Unequal("a transaction was refused")

    return Contest(
        "transactions",
        (
            Contender("ledger, Ed25519", lambda: run(work, Remembering(verify)), count),
            Contender("Ed25519 verify bound", bare(work.signatures), count),
            Contender("ledger, ideal signatures", lambda: run(work, known), count),
        ),
        BOUND, prove, gate=gate, note=note,
        counts={
            "transactions": count, "keys": len(work.ledger.state),
            "signatures_a_transaction": len(work.signatures) / count, "writes_a_transaction": len(writes) / count,
            "bytes_a_transaction": round(sum(map(len, work.data)) / count),
        },
    )  # fmt: skip


def stepping(method: Method) -> Contest:
    """The gate: one signer, about 1.4 writes of state (the design asks three)."""
    return end_to_end(
        steps(method), 0.60,
        "discharges and approvals; all of check, prepare, process, finalize and commit, each transaction decoded anew. "
        "Beside verification about a third of the time is the definitional interpreter, which compiled contracts will "
        "replace; the rest is reading, judging and hashing",
    )  # fmt: skip


def working(method: Method) -> Contest:
    """The day's mix, for which there is no gate."""
    return end_to_end(
        day(method), None,
        "of ten transactions three open a visit (two signers, six writes), three discharge, two offer a slot (eight "
        "writes), one requests and one approves a referral (at most 40 each)",
    )  # fmt: skip


def judging(method: Method) -> Count:
    """Verifications of each signature over check, process and finalize, without any memory of them."""
    work, calls = steps(method), [0]
    known = ideal(work.signatures)

    def counting(public: PublicKey, message: Digest, signature: bytes) -> None:
        calls[0] += 1
        known(public, message, signature)

    run(work, counting)
    per = calls[0] / len(work.signatures)
    note = "once when a transaction is taken in and once with its block; a `Remembering` verifier makes it one"
    return Count("calls of the verifier a signature", {"calls": per}, {"calls": 2.0}, note)


def verification(method: Method) -> Contest:
    """A whole ledger verified from its genesis by somebody who ran none of it."""
    alliance = Alliance.founded()
    blocks, size = method.size(10, 2), method.size(50, 4)
    listed: list[Transaction] = []
    for number in range(blocks):
        made = alliance.visits(size, number * size)
        alliance.run(made)
        listed += made
    signatures = signatures_of(listed, alliance.clients)

    def verified() -> None:
        fresh_copy(alliance.ledger, alliance.ledger.verify)
        report = verify_ledger(alliance.disk)
        if report.finding is not None or report.height != blocks + 1:
            raise Unequal(f"the ledger does not verify: {report.finding}")

    return Contest(
        "blocks",
        (
            Contender("verify_ledger", verified, blocks),
            Contender("Ed25519 verify bound", bare(signatures), blocks),
        ),
        "one Ed25519 verification for each signature in the ledger", verified,
        note="visits opened, two signers each; engine `solo`, so no certificates; executed again in full",
        counts={"blocks": blocks, "transactions_a_block": size, "signatures": len(signatures)},
    )  # fmt: skip


ITEMS = {
    "ledger.steps": stepping,
    "ledger.day": working,
    "ledger.verifications": judging,
    "ledger.verify": verification,
}
