"""Planted bugs of Tendermint: one wrong rule each.

The methods overridden are the rules of the paper, one small method each in `refimpl.consensus.tendermint`. Ids are kept
for ever; letters say where the mistake is best known from (P: PBFT, T: Tendermint, D: ledger arithmetic).
"""

from collections.abc import Sequence

from conformance.zoo import mutant
from refimpl.consensus.heights import Log
from refimpl.consensus.interface import Begin, Effect, Forward, Record, Send, Step, Supply
from refimpl.consensus.tendermint import Tendermint
from refimpl.consensus.tendermint_memory import Memory, vote_in
from refimpl.data.ids import Digest, Round
from refimpl.network.messages import Message


@mutant("P01", of="tendermint", breaks=("INV-S1", "INV-S6"), tier="easy", empty_breaks=("INV-S6", "INV-S7.2"),
        witness={"faulty": [0], "atoms": [{"k": "support", "r": 0, "src": 0, "to": [3], "value": "v1"}]})  # fmt: skip
class QuorumOf2f(Tendermint):
    """2f matching votes are enough, not 2f + 1 (classical)."""

    def quorum(self, memory: Memory, weight: int) -> bool:
        total = memory.validators.total
        return weight >= 2 * ((total - 1) // 3)


@mutant("P02", of="tendermint", breaks=("INV-S1", "INV-S6"), tier="easy", empty_breaks=("INV-S6",),
        witness={"faulty": [0], "atoms": [
    {"k": "byz", "r": 0, "ph": "propose", "src": 0, "dst": 1, "act": {"value": "v2"}},
    {"k": "support", "r": 0, "src": 0, "to": [2], "value": "v2"}]})  # fmt: skip
class CommitOnFewVotes(Tendermint):
    """Decides on f + 1 precommits (classical)."""

    def decides(self, memory: Memory, weight: int) -> bool:
        return memory.validators.has_correct(weight)


@mutant("P03", of="tendermint", breaks=("INV-S1", "INV-S6", "INV-V1.deadlock", "INV-V1.livelock"), tier="easy",
        witness={"faulty": [3], "delta": 6, "atoms": [
    {"k": "crash", "node": 2, "r": 0, "ph": "precommit", "when": "after-send", "disk": "synced", "back": None},
    {"k": "support", "r": 0, "src": 3, "to": [2], "value": "v0"}]})  # fmt: skip
class DuplicatesCount(Tendermint):
    """Votes are kept as a list, and the duplicates of one voter count (classical)."""

    def hear(self, log: Log, message: Message) -> Log:
        return (*log, message)


@mutant("T01", of="tendermint", breaks=("INV-S1", "INV-S7.2"), tier="easy",
        witness={"faulty": [0], "atoms": [
    {"k": "late", "r": 0, "ph": "precommit", "src": 0, "dst": 2},
    {"k": "twin", "r": 0, "src": 0, "to": [1]},
    {"k": "twin", "r": 1, "src": 0, "to": [2]}]})  # fmt: skip
class LockIgnored(Tendermint):
    """A prevote ignores the locked value (classical)."""

    def accepts_new(self, memory: Memory, value: Digest) -> bool:
        return True


@mutant("T02", of="tendermint", breaks=("INV-S7.1", "INV-S1"), tier="medium",
        witness={"heights": 2, "atoms": [
    {"k": "crash", "node": 1, "r": 0, "ph": "precommit", "when": "after-send", "disk": "lost-tail",
     "back": {"h": 1, "r": 1}}]})  # fmt: skip
class Amnesia(Tendermint):
    """What was recorded before a crash does not bind after it (horcrux#308)."""

    def recover(self, state: Memory, begin: Begin, records: Sequence[Message]) -> Step:
        return super().recover(state, begin, ())


@mutant("T03", of="tendermint", breaks=("INV-S1", "INV-S7.2"), tier="hard", witness={"faulty": [0], "atoms": [
    {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 2},
    {"k": "late", "r": 0, "ph": "prevote", "src": 0, "dst": 1},
    {"k": "late", "r": 1, "ph": "precommit", "src": 1, "dst": 2},
    {"k": "support", "r": 1, "src": 0, "to": [1, 2], "value": "v1"}]})  # fmt: skip
class StaleProofUnlocks(Tendermint):
    """A proof of lock older than the lock unlocks it: line 29 without its first half (arXiv 1807.04938)."""

    def accepts_proven(self, memory: Memory, value: Digest, valid_round: int) -> bool:
        return True


@mutant("T05", of="tendermint", breaks=("INV-V1.livelock", "INV-V1.deadlock"), tier="medium",
        witness={"faulty": [2], "delta": 2, "atoms": [
    {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "prevote", "src": 2, "dst": 0},
    {"k": "late", "r": 1, "ph": "prevote", "src": 1, "dst": 0},
    {"k": "late", "r": 1, "ph": "prevote", "src": 3, "dst": 0},
    {"k": "late", "r": 1, "ph": "prevote", "src": 0, "dst": 1},
    {"k": "late", "r": 1, "ph": "prevote", "src": 3, "dst": 1},
    {"k": "byz", "r": 1, "ph": "prevote", "src": 2, "dst": 1, "act": {"value": "v1"}}]})  # fmt: skip
class NeverUnlocks(Tendermint):
    """A newer proof of lock does not unlock (IBFT: Saltini, arXiv 1901.07160)."""

    def accepts_proven(self, memory: Memory, value: Digest, valid_round: int) -> bool:
        return memory.locked_round == -1 or memory.locked_value == value


@mutant("T06", of="tendermint", breaks=("INV-V1.livelock", "INV-V1.deadlock"), tier="easy",
        witness={"faulty": [1], "delta": 2, "heights": 2, "after": {"1": "silent"}, "atoms": [
    {"k": "late", "r": 0, "ph": "precommit", "src": 0, "dst": 3},
    {"k": "late", "r": 0, "ph": "precommit", "src": 1, "dst": 3},
    {"k": "shift", "r": 0, "src": 1, "to": [2], "from": {"h": 1, "r": 0}}]})  # fmt: skip
class NoReproposal(Tendermint):
    """A proposer does not propose its valid value again (Malachite's run "hiddenLock")."""

    def choice(self, memory: Memory) -> Digest | None:
        return None


@mutant("T07", of="tendermint", breaks=("INV-S1", "INV-S6"), tier="hard", witness={"faulty": [2], "atoms": [
    {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 3},
    {"k": "late", "r": 1, "ph": "propose", "src": 1, "dst": 0},
    {"k": "byz", "r": 0, "ph": "prevote", "src": 2, "dst": 1, "act": "omit"},
    {"k": "byz", "r": 0, "ph": "precommit", "src": 2, "dst": 0, "act": "omit"},
    {"k": "byz", "r": 0, "ph": "precommit", "src": 2, "dst": 3, "act": "omit"},
    {"k": "byz", "r": 1, "ph": "prevote", "src": 2, "dst": 0, "act": {"value": "v1"}},
    {"k": "byz", "r": 1, "ph": "prevote", "src": 2, "dst": 3, "act": {"value": "v1"}},
    {"k": "byz", "r": 2, "ph": "propose", "src": 2, "dst": 1, "act": {"value": "v0", "vr": -1}},
    {"k": "byz", "r": 2, "ph": "prevote", "src": 2, "dst": 0, "act": {"value": "nil"}},
    {"k": "byz", "r": 2, "ph": "prevote", "src": 2, "dst": 3, "act": {"value": "nil"}},
    {"k": "byz", "r": 2, "ph": "precommit", "src": 2, "dst": 0, "act": {"value": "nil"}},
    {"k": "byz", "r": 2, "ph": "precommit", "src": 2, "dst": 3, "act": {"value": "nil"}},
    {"k": "support", "r": 3, "src": 2, "to": [0], "value": "v1", "vr": 1}]})  # fmt: skip
class PrecommitsAcrossRounds(Tendermint):
    """Precommits of different rounds are counted together (classical)."""

    def precommits_that_decide(self, memory: Memory, round_: Round) -> Log:
        return tuple(vote for log in memory.rounds.values() for vote in log.precommits)


@mutant("T10", of="tendermint", breaks=("INV-V1.livelock", "INV-V3"), tier="easy",
        witness={"delta": 6, "atoms": []})  # fmt: skip
class TimeoutsDoNotGrow(Tendermint):
    """Time-outs stay as long as in round 0 (line 23)."""

    def timeout(self, round_: Round) -> int:
        return self.promise.timeout[0]


@mutant("T12", of="tendermint", breaks=("INV-S7.3",), tier="medium", witness={"faulty": [3], "atoms": [
    {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 1},
    {"k": "inject", "r": 0, "ph": "propose", "src": 3, "dst": 1, "value": "v3"}]})  # fmt: skip
class AnybodyProposes(Tendermint):
    """The sender of a proposal is not held against proposer(h, r) (classical)."""

    def may_propose(self, memory: Memory, message: Message) -> bool:
        return True


@mutant("T13", of="tendermint", breaks=("INV-V1.deadlock", "INV-V1.livelock", "INV-V4"), tier="easy",
        witness={"faulty": [0], "atoms": [
    {"k": "byz", "r": 0, "ph": "propose", "src": 0, "dst": 3, "act": "omit"}]})  # fmt: skip
class NothingPassedOn(Tendermint):
    """Only own messages are sent, received ones never passed on (gossip assumption of arXiv 1807.04938)."""

    def forward(self, effect: Forward | Supply) -> tuple[Effect, ...]:
        return ()


@mutant("T14", of="tendermint", breaks=("INV-S7.1", "INV-S7.4"), tier="easy", empty_breaks=("INV-S7.4",),
        witness={"heights": 2, "atoms": [
    {"k": "crash", "node": 0, "r": 0, "ph": "precommit", "when": "after-persist",
     "back": {"h": 1, "r": 1}}]})  # fmt: skip
class SpeaksBeforeRecording(Tendermint):
    """A vote leaves before the record that forbids its contradiction is synced (tendermint#247, #10108)."""

    def speak(self, message: Message) -> tuple[Effect, ...]:
        return Send(message), Record(message)


@mutant("D12", of="tendermint", breaks=("INV-S6", "INV-S1"), tier="easy", witness={"n": 6, "atoms": []})
class QuorumAtTwoThirds(Tendermint):
    """A quorum is two thirds, not more than two thirds: seen at n = 3 and n = 6 only (classical)."""

    def quorum(self, memory: Memory, weight: int) -> bool:
        return 3 * weight >= 2 * memory.validators.total


@mutant("P14", of="tendermint", breaks=("INV-S1", "INV-S6", "INV-S7.2"), tier="easy",
        witness={"faulty": [1], "delta": 6, "atoms": []})  # fmt: skip
class NilIsAValue(Tendermint):
    """Nil is a value in band: a nil vote counts for whatever value stands where it would (own finding)."""

    def weight_for(self, memory: Memory, log: Log, value: Digest | None) -> int:
        return memory.validators.weigh([vote.sender for vote in log if vote_in(vote) in (value, None)])


@mutant("T09", of="tendermint", breaks=("INV-V1.livelock", "INV-V1.deadlock", "INV-V3"), tier="hard",
        witness={"faulty": [1], "gst": 1500, "after": {"1": "silent"}, "atoms": [
    {"k": "cut", "r": 0, "to_r": 99, "side": [3]},
    *({"k": "support", "r": r, "src": 1, "to": [0, 2], "value": "nil"} for r in range(36))]})  # fmt: skip
class NoRoundSkipped(Tendermint):
    """f + 1 members in a higher round draw nobody there (line 55)."""

    def skips(self, memory: Memory, weight: int) -> bool:
        return False


@mutant("T21", of="tendermint", breaks=("INV-S1", "INV-S7.2"), tier="medium", witness={"faulty": [1], "atoms": [
    {"k": "late", "r": 0, "ph": "precommit", "src": 3, "dst": 0},
    {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 1},
    {"k": "inject", "r": 0, "ph": "precommit", "src": 1, "dst": 2, "value": "nil"},
    {"k": "late", "r": 0, "ph": "precommit", "src": 3, "dst": 2},
    {"k": "support", "r": 1, "src": 1, "to": [0, 2], "value": "v1", "vr": 0}]})  # fmt: skip
class ProofNotShown(Tendermint):
    """A proposal of an earlier round is taken for proven though nobody prevoted it: a round change without a prepared
    certificate (first draft of EIP-650; QBFT, arXiv 2002.03613)."""

    def has_polka(self, memory: Memory, round_: Round, value: Digest | None) -> bool:
        return round_ < memory.round or super().has_polka(memory, round_, value)
