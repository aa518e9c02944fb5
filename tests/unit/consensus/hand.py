"""One member of an engine driven by hand, with everybody's pen at hand: the application answers yes at once."""

import pytest

from conformance.adapters.line_ledger import name_of
from conformance.adapters.reference import Book, IdealNotary
from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.data.ids import Height, MemberId, Round
from refimpl.data.refusal import Refused
from refimpl.network.messages import Message, Proposal, Vote

NAMES = tuple(MemberId(f"n{i:02d}") for i in range(4))
FOUR = Validators.of(dict.fromkeys(NAMES, 1))
A, B = b"payload a", b"payload b"


class Hand:
    """One member under test; `feed` gives it an input and keeps what it answers."""

    def __init__(self, engine, me=3, height=1, validators=FOUR):
        self.book = Book()
        self.names = validators.members
        self.engine = engine(self.names[me], IdealNotary(self.names[me], self.book))
        self.memory = self.engine.start()
        self.effects = []
        self.feed(api.Begin(Height(height), validators))

    def feed(self, event):
        self.memory, effects = self.engine.step(self.memory, event)
        return self.settle(effects)

    def settle(self, effects):
        """Answer what is asked, until nothing more is."""
        self.effects = list(effects)
        for effect in self.effects:
            if isinstance(effect, api.AskVerdict):
                self.memory, more = self.engine.step(self.memory, api.Verdict(effect.height, effect.value, True, True))
                self.effects += more
        return self

    def sign(self, kind, body, sender, round_=0, height=1):
        return self.book.enter(Message(kind, Height(height), Round(round_), self.names[sender], body))

    def hear(self, kind, body, *senders, round_=0, height=1):
        """The same statement from each of these."""
        heard = []
        for sender in senders:
            heard += self.feed(api.Receive(self.sign(kind, body, sender, round_, height))).effects
        self.effects = heard
        return self

    def vote(self, kind, payload, *senders, round_=0, height=1):
        value = None if payload is None else name_of(payload)
        return self.hear(kind, Vote(value), *senders, round_=round_, height=height)

    def proposal(self, kind, payload, sender=0, round_=0, valid_round=-1, height=1):
        return self.hear(kind, Proposal(name_of(payload), payload, valid_round), sender, round_=round_, height=height)

    def expire(self, phase, round_=0, height=1):
        return self.feed(api.Expire(api.Timer(phase, Height(height), Round(round_))))

    def said(self, kind):
        return [one.message for one in self.effects if isinstance(one, api.Send) and one.message.kind == kind]

    def the(self, kind):
        """The one statement of this kind."""
        (message,) = self.said(kind)
        return message

    def made(self, effect):
        return [one for one in self.effects if isinstance(one, effect)]


def refused(member, event):
    """The code with which an input is refused; nothing has changed."""
    before = member.memory
    with pytest.raises(Refused) as caught:
        member.engine.step(member.memory, event)
    assert member.memory == before
    return caught.value.code
