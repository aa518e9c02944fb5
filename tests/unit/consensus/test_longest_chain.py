"""The longest chain rule by rule: one member, driven by hand, whose slots, branches and depth are watched."""

import pytest
from attrs import evolve
from msgspec.structs import replace

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.authority import PROMISE, READERS, Authority
from refimpl.consensus.delegated import Delegated
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import BLOCK, SLOT, Block, block_of
from refimpl.consensus.stake import Stake
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import seal_fields
from refimpl.network.messages import Message, Sync
from tests.unit.consensus.hand import FOUR, NAMES, Hand, refused

ROOT = Digest(b"")
LONG, DEPTH = PROMISE.timeout[0], PROMISE.finality["k"]


class Free(Authority):
    """The family alone: every slot is anybody's, and two blocks are enough."""

    promise = evolve(PROMISE, finality={"kind": "depth", "k": 2})

    def turn(self, electorate, slot):
        return None

    def depth(self, memory):
        return 2

    def pause(self, electorate):
        return 0


class Member(Hand):
    """A member; number 3 unless said. Blocks are given by maker, slot and parent."""

    def __init__(self, engine=Free, me=3, **more):
        super().__init__(engine, me, **more)

    def block(self, payload, slot, parent=None, sender=1, height=None):
        height = 1 if parent is None else parent.height + 1 if height is None else height
        above = ROOT if parent is None else self.engine.seal(parent)
        return self.sign(BLOCK, Block(name_of(payload), payload, above), sender, slot, height)

    def receive(self, message):
        return self.feed(api.Receive(message))

    def reach(self, slot):
        """Let slots pass."""
        while self.memory.round < slot:
            self.expire(SLOT, self.memory.round)
        return self

    def grow(self, *slots, parent=None, sender=1, tag=b"p"):
        """A branch with a block of each of these slots; its blocks."""
        made = []
        for slot in slots:
            parent = self.reach(slot).block(tag + b"%d" % slot, slot, parent, sender)
            made.append(parent)
            self.receive(parent)
        return made

    def best(self):
        return self.engine.heaviest(self.memory)

    def seals(self, *blocks):
        return [self.engine.seal(block) for block in blocks]


@pytest.mark.clause("CON-120", "CON-020")
def test_a_block_is_named_by_all_that_it_says():
    member = Member()
    block = member.block(b"a", 0)
    assert member.engine.seal(block) == seal_fields("authority", {
        "from": "n01", "height": 1, "parent": "", "slot": 0, "value": name_of(b"a").hex()})  # fmt: skip
    others = (member.block(b"b", 0), member.block(b"a", 1), member.block(b"a", 0, sender=2))
    assert len(set(member.seals(block, *others))) == 4
    false = member.sign(BLOCK, Block(name_of(b"x"), b"y", ROOT), 1)
    assert refused(member, api.Receive(false)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-121")
def test_slots_follow_the_clock_and_a_block_of_the_next_one_waits():
    member = Member()
    assert [one.ticks for one in member.made(api.SetTimer)] == [LONG]
    early = member.block(b"a", 1)
    assert member.receive(early).made(api.AskVerdict) == []
    assert [one.made_at for one in member.expire(SLOT).made(api.AskVerdict)] == [LONG]
    assert refused(member, api.Receive(member.block(b"b", 3))) is Code.NET_TOO_FAR_AHEAD
    step = member.engine.recover(member.engine.start(), api.Begin(Height(1), FOUR, 5 * LONG + 1), ())
    assert step.state.round == 5
    assert [one.ticks for one in step.effects if isinstance(one, api.SetTimer)] == [LONG - 1]


@pytest.mark.clause("CON-121")
def test_what_waited_for_its_slot_is_refused_then_as_it_would_have_been_on_arrival():
    member = Member()
    (first,) = member.grow(0)
    late = member.reach(1).block(b"late", 2, first)
    wrong = member.block(b"wrong", 2, late)
    member.receive(wrong).receive(late).reach(2)
    assert member.seals(late) == [member.best()]


@pytest.mark.clause("CON-122")
def test_a_member_makes_one_block_a_slot_on_the_best_branch():
    member = Member(me=3)
    assert member.made(api.AskPayload) == [api.AskPayload(Height(1), Round(0))]
    member.feed(api.Offer(Height(1), Round(0), b"mine", name_of(b"mine")))
    assert block_of(member.the(BLOCK)) == Block(name_of(b"mine"), b"mine", ROOT)
    assert member.feed(api.Offer(Height(1), Round(0), b"more", name_of(b"more"))).said(BLOCK) == []
    (ask,) = member.expire(SLOT).made(api.AskPayload)
    assert ask == api.AskPayload(Height(2), Round(1), (b"mine",))
    assert member.feed(api.Offer(Height(2), Round(0), b"old", name_of(b"old"))).said(BLOCK) == []


@pytest.mark.clause("CON-122")
def test_who_wants_nothing_makes_nothing():
    member = Member()
    member.grow(0, 1, 2)
    assert member.memory.decided == member.memory.wanted == 1
    assert member.expire(SLOT, 2).made(api.AskPayload) == []
    member.feed(api.Begin(Height(2), FOUR))
    assert len(member.expire(SLOT, 3).made(api.AskPayload)) == 1


@pytest.mark.clause("CON-123")
def test_a_block_is_of_a_later_slot_than_its_parent():
    member = Member()
    (first,) = member.grow(1)
    for slot in (0, 1):
        assert refused(member, api.Receive(member.block(b"b", slot, first))) is Code.CONSENSUS_WRONG_SLOT


@pytest.mark.clause("CON-123")
def test_a_block_whose_parent_is_missing_waits_and_asks_once():
    member = Member()
    first = member.block(b"a", 0)
    second, third = member.block(b"b", 1, first), member.block(b"c", 1, first)
    member.reach(1)
    assert [type(one.message.body) for one in member.receive(second).made(api.Send)] == [Sync]
    assert member.receive(third).made(api.Send) == []
    assert member.receive(first).best() == min(member.seals(second, third))


@pytest.mark.clause("CON-125")
def test_a_block_that_is_not_acceptable_carries_nothing():
    member = Member()
    bad = member.reach(1).block(b"bad", 0)
    member.memory, _ = member.engine.step(member.memory, api.Receive(bad))
    seal = member.engine.seal(bad)
    member.memory, _ = member.engine.step(member.memory, api.Verdict(Height(1), seal, False, True))
    assert member.receive(member.block(b"on it", 1, bad)).best() == ROOT
    assert member.receive(bad).effects == []


@pytest.mark.clause("CON-125", "CON-126")
def test_the_heavier_branch_wins_and_of_equal_ones_the_earlier_then_the_lesser_seal():
    member = Member()
    (first,) = member.grow(1)
    early = member.receive(member.block(b"early", 0)).best()
    assert early != member.engine.seal(first)
    twins = [member.block(b"x", 2, first, sender) for sender in (1, 2)]
    member.reach(2).receive(twins[0]).receive(twins[1])
    assert member.best() == min(member.seals(*twins))


@pytest.mark.clause("CON-127")
def test_what_lies_deep_enough_is_decided_in_order_and_never_taken_back():
    member = Member()
    blocks = member.grow(0, 1)
    assert member.made(api.Decide) == []
    third = member.reach(2).block(b"p2", 2, blocks[-1])
    (decided,) = member.receive(third).made(api.Decide)
    assert (decided.height, decided.round, decided.payload, decided.proof) == (1, 0, b"p0", blocks[0])
    rival = member.reach(9).block(b"rival", 0, sender=2)
    for slot in range(1, 9):
        member.receive(rival)
        rival = member.block(b"r%d" % slot, slot, rival, 2)
    assert member.best() == member.engine.seal(third)
    assert member.made(api.Decide) == []


@pytest.mark.clause("CON-128", "CON-028")
def test_a_block_is_recorded_before_it_is_decided_and_found_again_afterwards():
    member = Member()
    blocks = member.grow(0, 1, 2)
    kinds = [type(one) for one in member.effects if isinstance(one, api.Record | api.Decide)]
    assert kinds == [api.Record, api.Decide]
    (decided,) = member.made(api.Decide)
    begin = api.Begin(Height(2), FOUR, 3 * LONG, decided.value)
    step = member.engine.recover(member.engine.start(), begin, [blocks[0]])
    assert (step.state.tree.tip, step.state.decided) == (member.engine.seal(blocks[0]), 1)
    stray = member.block(b"stray", 0, sender=2)
    again = member.engine.recover(member.engine.start(), begin, [stray, blocks[0]])
    assert again.state.past == (blocks[0],)


@pytest.mark.clause("CON-129", "CON-007")
def test_who_asks_is_given_the_blocks_from_there_on_decided_or_not():
    member = Member()
    blocks = member.grow(0, 1, 2, 3)
    asked = member.feed(api.Receive(member.sign("sync", Sync(), 1, 3, height=2)))
    given = [one.message for one in asked.made(api.Forward) if one.to == (NAMES[1],)]
    assert given == blocks[1:]


@pytest.mark.clause("CON-129", "CON-008")
def test_who_comes_back_asks_and_only_listens_until_the_slot_after_the_next():
    member = Member()
    mine = member.feed(api.Offer(Height(1), Round(0), b"mine", name_of(b"mine"))).the(BLOCK)
    member.memory, effects = member.engine.recover(
        member.engine.start(), api.Begin(Height(1), FOUR, 4 * LONG, ROOT), [mine]
    )
    member.settle(effects)
    assert [one.message.kind for one in member.made(api.Send)] == [BLOCK, "sync"]
    assert (member.memory.minted, member.made(api.AskPayload)) == (0, [])
    chain = [mine]
    for slot in (1, 2, 3, 4):
        chain.append(member.block(b"p%d" % slot, slot, chain[-1]))
        assert member.receive(chain[-1]).made(api.Decide) == []
    assert member.expire(SLOT, 4).made(api.AskPayload) == []
    back = member.expire(SLOT, 5)
    assert [one.height for one in back.made(api.Decide)] == [1, 2, 3]


@pytest.mark.clause("CON-124")
def test_turns_are_judged_by_those_in_force_where_all_branches_agree():
    member = Member(engine=Authority)
    engine, memory = member.engine, member.memory
    others = Validators.of({**FOUR.weights, MemberId("n04"): 1})
    deep = evolve(memory, tree=replace(memory.tree, height=Height(20)), wanted=Height(21), validators=others,
                  electorates={Height(h): FOUR if h < 20 else others for h in range(12, 22)})  # fmt: skip
    assert engine.electorate(deep, 20 + DEPTH - 1) is FOUR
    assert engine.electorate(deep, 20 + DEPTH) is others
    assert engine.electorate(deep, 21 + DEPTH + 1) is None
    waits = member.block(b"far", 0, member.block(b"x", 0, height=30), height=31, sender=0)
    assert member.receive(waits).memory.orphans == (waits,)


@pytest.mark.clause("CON-140", "CON-141")
def test_sealers_take_turns_and_a_round_of_them_is_the_least_depth():
    member = Member(engine=Authority)
    assert [member.engine.turn(FOUR, slot) for slot in (0, 3, 4)] == [NAMES[0], NAMES[3], NAMES[0]]
    assert refused(member, api.Receive(member.block(b"a", 0, sender=1))) is Code.CONSENSUS_WRONG_PROPOSER
    assert member.engine.depth(member.memory) == DEPTH
    twelve = Validators.of({MemberId(f"n{i:02d}"): 1 for i in range(12)})
    assert Authority(NAMES[0], None).depth(evolve(member.memory, validators=twelve)) == 12


@pytest.mark.clause("CON-142")
def test_a_sealer_pauses_until_most_others_have_sealed():
    member = Member(engine=Authority, me=3)
    first = member.block(b"a", 0, sender=0)
    second = member.block(b"b", 1, first, sender=1)
    again = member.block(b"c", 4, second, sender=0)
    member.receive(first).reach(4).receive(second)
    assert refused(member, api.Receive(again)) is Code.CONSENSUS_WRONG_PROPOSER
    third = member.block(b"d", 3, second, sender=2)
    assert refused(member, api.Receive(third)) is Code.CONSENSUS_WRONG_PROPOSER
    third = member.block(b"d", 2, second, sender=2)
    fourth = member.block(b"e", 4, third, sender=0)
    assert member.receive(third).receive(fourth).best() == member.engine.seal(fourth)
    alone = Member(engine=Authority, me=3)
    mine = alone.reach(3).feed(api.Offer(Height(1), Round(3), b"m", name_of(b"m"))).the(BLOCK)
    assert alone.reach(7).made(api.AskPayload) == []
    alone.receive(alone.block(b"x", 4, mine, 0)).receive(alone.block(b"y", 5, alone.block(b"x", 4, mine, 0), 1))
    assert len(alone.reach(11).made(api.AskPayload)) == 1


@pytest.mark.clause("CON-160", "CON-161")
def test_a_slot_draws_each_member_as_often_as_its_stake():
    engine = Stake(NAMES[0], None)
    weighed = Validators.of(dict(zip(NAMES, (1, 2, 3, 4), strict=True)))
    counts = [[engine.turn(weighed, slot) for slot in range(4000)].count(name) for name in NAMES]
    assert sum(counts) == 4000
    assert all(abs(count - 400 * stake) < 100 for stake, count in enumerate(counts, 1)), counts
    assert engine.turn(Validators.of({NAMES[2]: 5}), 17) == NAMES[2]


@pytest.mark.clause("CON-165", "CON-166")
def test_the_five_with_the_most_stake_take_each_round_in_an_order_of_its_own():
    engine = Delegated(NAMES[0], None)
    seven = [MemberId(f"n{i:02d}") for i in range(7)]
    weighed = Validators.of(dict(zip(seven, (1, 2, 2, 2, 9, 9, 1), strict=True)))
    assert set(engine.delegates(weighed)) == set(seven[1:6])
    rounds = [tuple(engine.turn(weighed, 5 * number + place) for place in range(5)) for number in range(40)]
    assert all(sorted(one) == seven[1:6] for one in rounds)
    assert len(set(rounds)) > 20
    assert engine.delegates(FOUR) == NAMES


@pytest.mark.clause("CON-120")
def test_nothing_is_done_for_what_is_no_block_or_known():
    member = Member()
    block = member.block(b"a", 0)
    member.receive(block)
    assert member.receive(block).effects == []
    assert member.feed(api.Worked(Digest(b""), None)).effects == []
    with pytest.raises(Refused):
        READERS[BLOCK]({"parent": "", "payload": "", "value": ""})


def test_one_member_cannot_fill_the_tree_with_blocks_of_one_slot():
    member = Member()
    for number in range(70):
        member.receive(member.block(b"v%d" % number, 0))
    assert len(member.memory.tree.blocks) == 64
    assert isinstance(member.engine.where(member.memory), str)
    assert isinstance(member.engine.supply(Height(1), Round(0), name_of(b"a"), b"a", ()), Message)
