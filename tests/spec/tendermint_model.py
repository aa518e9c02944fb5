"""`spec/model/tendermint.qnt` once more, in Python, fast enough to visit every state.

Rule by rule the same machine: tests compare it with Quint by traces and with TLC by the number of states. It knows
nothing of the engine; `tendermint_engine` ties the two.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.spec.explore import holds

NIL, NONE = "nil", ""
PROPOSE, PREVOTE, PRECOMMIT, DECIDED = "propose", "prevote", "precommit", "decided"


class Local(NamedTuple):
    """What one correct member has come to."""

    round: int = -1
    step: str = PROPOSE
    locked: str = NIL
    locked_round: int = -1
    valid: str = NIL
    valid_round: int = -1
    decision: str = NIL


Votes = tuple[tuple[str, ...], ...]
"""Round, then correct member: the value voted for, `NIL`, or `NONE` before it votes."""


class State(NamedTuple):
    """Everything that was said by correct members, and what they make of it."""

    local: tuple[Local, ...]
    proposals: tuple[frozenset[tuple[str, int]], ...]
    """Round -> the (value, valid round) shown in it."""
    prevotes: Votes
    precommits: Votes


class Did(NamedTuple):
    """One step: who did what, with which round, value and valid round."""

    act: str
    p: int
    r: int
    v: str = NONE
    vr: int = -1


def put(row: tuple, at: int, value: object) -> tuple:
    """The row with one place changed."""
    return (*row[:at], value, *row[at + 1 :])


def say(votes: Votes, r: int, p: int, value: str) -> Votes:
    """The votes with one more."""
    return put(votes, r, put(votes[r], p, value))


class Tendermint:
    """The model for some numbers of correct and lying members and of rounds.

    The liars are the last in order; `first` proposes in round 0, the last of all unless told otherwise.
    """

    def __init__(self, correct: int = 3, faulty: int = 1, max_round: int = 1, first: int | None = None) -> None:
        self.correct, self.faulty, self.values, self.max_round = range(correct), faulty, ("A", "B"), max_round
        self.n = correct + faulty
        self.first = self.n - 1 if first is None else first
        self.f = (self.n - 1) // 3
        self.quorum = 2 * self.f + 1

    def proposer(self, r: int) -> int:
        """Whose turn it is (CON-010); a liar's where it is not below the number of correct members."""
        return (r + self.first) % self.n

    def count(self, votes: Votes, r: int, v: str) -> int:
        """The weight for a value: every liar counts."""
        return votes[r].count(v) + self.faulty

    def count_any(self, votes: Votes, r: int) -> int:
        """The weight for anything: every liar counts."""
        return len(self.correct) - votes[r].count(NONE) + self.faulty

    def spoke(self, state: State, r: int) -> int:
        """How many correct members have said anything in a round."""
        turn = self.proposer(r)
        voted = zip(state.prevotes[r], state.precommits[r], strict=True)
        return sum(
            bool(one or two or (p == turn and state.proposals[r])) for p, (one, two) in enumerate(voted)
        )  # fmt: skip

    def initial(self) -> State:
        """Nobody has begun; a lying proposer may have shown anything."""
        rounds = range(self.max_round + 1)
        lies = [frozenset((v, vr) for v in self.values for vr in range(-1, r)) for r in rounds]
        shown = tuple(lies[r] if self.proposer(r) not in self.correct else frozenset() for r in rounds)
        none = ((NONE,) * len(self.correct),) * len(rounds)
        return State((Local(),) * len(self.correct), shown, none, none)

    def successors(self, state: State) -> Iterator[tuple[Did, State]]:
        """Every step of every correct member."""
        for p in self.correct:
            yield from self.steps_of(state, p)

    def steps_of(self, state: State, p: int) -> Iterator[tuple[Did, State]]:
        """Every step of one correct member."""
        local = state.local[p]
        if local.round == -1:
            yield from self.enter(state, p, 0, "begin")
        elif local.step != DECIDED:
            if local.step == PROPOSE:
                yield from self.answers(state, p, local)
            else:
                yield from self.polkas(state, p, local)
            yield from self.moves(state, p, local)
            yield from self.decisions(state, p, local)

    def enter(self, state: State, p: int, r: int, act: str) -> Iterator[tuple[Did, State]]:
        """Lines 11 to 21."""
        if r > self.max_round:
            return
        old = state.local[p]
        local = put(state.local, p, Local(r, PROPOSE, *old[2:]))
        if self.proposer(r) != p:
            yield Did(act, p, r), State(local, *state[1:])
            return
        again = old.valid_round >= 0
        for shown in [(old.valid, old.valid_round)] if again else [(v, -1) for v in self.values]:
            yield Did(act, p, r, *shown), State(local, put(state.proposals, r, frozenset([shown])), *state[2:])

    def prevote(self, state: State, p: int, value: str) -> State:
        """The state after a prevote."""
        old = state.local[p]
        local = Local(old.round, PREVOTE, *old[2:])
        return State(
            put(state.local, p, local), state.proposals, say(state.prevotes, old.round, p, value), state.precommits
        )  # fmt: skip

    def answers(self, state: State, p: int, local: Local) -> Iterator[tuple[Did, State]]:
        """Lines 22 to 33 and 57."""
        r = local.round
        for v, vr in sorted(state.proposals[r]):
            if vr == -1 or (vr < r and self.count(state.prevotes, vr, v) >= self.quorum):
                free = local.locked_round <= vr or local.locked == v
                yield Did("onProposal", p, r, v, vr), self.prevote(state, p, v if free else NIL)
        yield Did("onTimeoutPropose", p, r, NIL), self.prevote(state, p, NIL)

    def polkas(self, state: State, p: int, local: Local) -> Iterator[tuple[Did, State]]:
        """Lines 34 to 46 and 61."""
        r = local.round
        for v, vr in sorted(state.proposals[r]):
            if local.valid_round < r and self.count(state.prevotes, r, v) >= self.quorum:
                if local.step == PREVOTE:
                    after = Local(r, PRECOMMIT, v, r, v, r)
                    said = say(state.precommits, r, p, v)
                else:
                    after, said = Local(r, PRECOMMIT, local.locked, local.locked_round, v, r), state.precommits
                yield Did("onPolka", p, r, v, vr), State(put(state.local, p, after), *state[1:3], said)
        if local.step == PREVOTE and self.count_any(state.prevotes, r) >= self.quorum:
            after = Local(r, PRECOMMIT, *local[2:])
            said = say(state.precommits, r, p, NIL)
            yield Did("onPrevotes", p, r, NIL), State(put(state.local, p, after), *state[1:3], said)

    def moves(self, state: State, p: int, local: Local) -> Iterator[tuple[Did, State]]:
        """Lines 47, 55 and 65."""
        if self.count_any(state.precommits, local.round) >= self.quorum:
            yield from self.enter(state, p, local.round + 1, "onPrecommits")
        for r in range(local.round + 1, self.max_round + 1):
            if self.spoke(state, r) + self.faulty >= self.f + 1:
                yield from self.enter(state, p, r, "skipTo")

    def decisions(self, state: State, p: int, local: Local) -> Iterator[tuple[Did, State]]:
        """Line 49."""
        for r in range(self.max_round + 1):
            for v in sorted({v for v, _ in state.proposals[r]}):
                if self.count(state.precommits, r, v) >= self.quorum:
                    after = Local(local.round, DECIDED, *local[2:6], v)
                    yield Did("decide", p, r, v), State(put(state.local, p, after), *state[1:])

    # --- what must hold ---

    def check_agreement(self, state: State) -> None:
        """Raise `Broken` unless all that is decided is the same (INV-S1)."""
        holds((("agreement", len({one.decision for one in state.local} - {NIL}) <= 1),))

    def check(self, state: State) -> None:
        """Raise `Broken` unless agreement and the clauses of the proof of it hold."""
        self.check_agreement(state)
        rounds, quorum = range(self.max_round + 1), self.quorum
        polka = {(r, v) for r in rounds for v in self.values if self.count(state.prevotes, r, v) >= quorum}
        decided = {one.decision for one in state.local} - {NIL}
        committed = {v for v in decided if any(self.count(state.precommits, r, v) >= quorum for r in rounds)}
        holds((("decided_committed", decided == committed),))
        dead = {(r, v) for r in rounds for v in self.values if self.is_dead(state, r, v)}
        for p in self.correct:
            self.check_member(state, p, polka, dead)
        holds(
            ("later_polka", v1 == v2 or (r1, v1) in dead)
            for r2, v2 in polka for r1 in range(r2) for v1 in self.values
        )  # fmt: skip

    def is_dead(self, state: State, r: int, v: str) -> bool:
        """No quorum can precommit this any more: too many correct members are past the round without having done so."""
        able = sum(not (state.local[p].round > r and state.precommits[r][p] != v) for p in self.correct)
        return able + self.faulty < self.quorum

    def check_member(self, state: State, p: int, polka: set[tuple[int, str]], dead: set[tuple[int, str]]) -> None:
        """The clauses of the proof that speak of one member."""
        mine = [(r, row[p]) for r, row in enumerate(state.precommits) if row[p] in self.values]
        local = state.local[p]
        later = [
            (at, value) for at, value in mine for r, row in enumerate(state.prevotes)
            if r > at and row[p] in self.values and row[p] != value
        ]  # fmt: skip
        holds((
            ("precommit_polka", all(one in polka for one in mine)),
            ("lock_is_last_precommit", (local.locked_round, local.locked) == (max(mine) if mine else (-1, NIL))),
            ("lock_respected", all(one in dead for one in later)),
        ))  # fmt: skip

    def is_symmetric(self, state: State) -> bool:
        """Whether exchanging A and B changes nothing: such a state stands alone, all others are one of two."""
        if any(one.locked != NIL or one.valid != NIL or one.decision != NIL for one in state.local):
            return False
        if any(v not in (NIL, NONE) for votes in state[2:] for row in votes for v in row):
            return False
        swap = dict(zip(self.values, reversed(self.values), strict=True))
        return all(frozenset((swap[v], vr) for v, vr in shown) == shown for shown in state.proposals)
