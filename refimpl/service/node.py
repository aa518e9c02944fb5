"""The node behind the service: a ledger's file, opened to be read, or opened by its one writer and ordered alone.

A lone validator (engine `solo`) can put what is handed in into blocks by itself; a ledger that several order is shown
as it stands in the file. It must not know a socket or a clock: the second comes in, and timers are asked for by
`alarm`. Source: spec/network.md, NET-010 to NET-016.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import KeyPair, Verifier
from refimpl.data.block import Genesis
from refimpl.data.ids import MemberId, Seconds, Suite
from refimpl.data.refusal import Refused
from refimpl.data.state_map import StateMap
from refimpl.node.archive import Archive
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Decision, Effect, Machine, Persist, Ring
from refimpl.shell.faults import Fault
from refimpl.store.sqlite import SqliteStore, open_existing, open_to_read

__all__ = ["Kept", "LiveChain", "Working", "must_be_intl", "must_order_alone", "open_kept",
           "open_working"]  # fmt: skip


class LiveChain(Archive):
    """An archive that grows: its end is that of the ledger, and states once made again are kept."""

    def __init__(self, disk: Mapping[str, bytes], ledger: Callable[[], Ledger]) -> None:
        """`ledger` gives the ledger whose keys and values `disk` holds, as it is now."""
        super().__init__(disk)
        self._ledger = ledger

    @property
    def height(self) -> int:
        """See `Chain`."""
        return self._ledger().tip.height

    def state(self, height: int) -> StateMap:
        """See `Chain`."""
        if height == self.height:
            self._states.setdefault(height, self._ledger().state)
        return self._ledger().state if height == self.height else super().state(height)


class Kept:
    """A ledger that is shown and not changed. Implements `refimpl.service.gateway.Node`."""

    writable = False

    def __init__(self, disk: Mapping[str, bytes], verify: Verifier) -> None:
        """`store.corrupt` if the keys do not fit together."""
        self.ledger = Ledger.load(disk, verify)
        self.chain = LiveChain(disk, lambda: self.ledger)

    def submit(self, data: bytes, now: int) -> None:
        """Never asked for: the gateway refuses before."""
        raise AssertionError("a ledger that is only shown takes nothing")

    def close(self) -> None:
        """Nothing is held."""


class Working:
    """A lone validator's node at work. Implements `refimpl.service.gateway.Node`."""

    writable = True

    def __init__(self, store: SqliteStore, member: MemberId, key: KeyPair, verify: Verifier, now: int) -> None:
        """Takes the store over, of a ledger that `must_order_alone` lets pass; `store.corrupt`."""
        self.store = store
        self.disk = dict(store.items())
        self.machine = Machine(Archive(self.disk).genesis, find_engine("solo"), member, key, verify)
        self.alarm: Callable[[str, int], None] = lambda name, at: None
        """Asked for a call of `fire` with this name at this second."""
        self.told: Callable[[int], None] = lambda height: None
        """Called with each height that is decided."""
        self.opening = self.machine.recover(self.disk, Seconds(now))

    @property
    def ledger(self) -> Ledger:
        """See `Node`."""
        return self.machine.ledger

    @cached_property
    def chain(self) -> LiveChain:
        """See `Node`."""
        return LiveChain(self.disk, lambda: self.machine.ledger)

    def begin(self) -> None:
        """Carry out what coming back asked for, once `alarm` and `told` are set."""
        self._carry_out(self.opening)

    def submit(self, data: bytes, now: int) -> None:
        """See `Node`."""
        self._drive(lambda: self.machine.submit(data, Seconds(self._not_before(now))))

    def fire(self, name: str, now: int) -> None:
        """A timer rang."""
        self._drive(lambda: self.machine.fire(name, Seconds(self._not_before(now))))

    def close(self) -> None:
        """Fold everything into the one file."""
        self.store.close()

    def _not_before(self, now: int) -> int:
        """The clock of this node never stands before the last block, whatever the machine's clock was set to."""
        return max(now, int(self.ledger.tip.time))

    def _drive(self, work: Callable[[], list[Effect]]) -> None:
        """Carry out what the machine asks for; also what it had decided before it refused to go on."""
        try:
            effects = work()
        except Refused:
            self._carry_out(self.machine.effects)
            raise
        self._carry_out(effects)

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Persist):
                self.store.apply(effect.writes, sync=True)
                self._mirror(effect)
            elif isinstance(effect, Ring):
                self.alarm(effect.name, effect.at)
            elif isinstance(effect, Decision):
                self.told(effect.height)

    def _mirror(self, effect: Persist) -> None:
        for key, value in effect.writes:
            if value is None:
                self.disk.pop(key, None)
            else:
                self.disk[key] = value


def must_be_intl(genesis: Genesis) -> None:
    """Return if its members can sign requests, certificates bearing Ed25519 keys; else `Fault` `serve.suite`."""
    if genesis.suite is not Suite.INTL:
        raise Fault("serve.suite", suite=genesis.suite.value)


def must_order_alone(chain: Archive, member: MemberId, key: KeyPair) -> None:
    """Return if this member, with this key, can put transactions into blocks by itself; else `Fault`
    `serve.not_alone`, `serve.other_key`."""
    engine, members = chain.genesis.engine, chain.members(chain.height + 1)
    validators = [one.member for one in members.validators()]
    if engine != "solo" or validators != [member]:
        raise Fault("serve.not_alone", member=member, engine=engine, validators=", ".join(validators))
    found = members.get(member)
    if found is None or found.public != key.public:
        raise Fault("serve.other_key", member=member)


def _read(path: Path) -> dict[str, bytes]:
    store = open_to_read(path)
    try:
        return dict(store.items())
    finally:
        store.close()


def open_kept(path: Path, verify: Verifier) -> Kept:
    """The ledger in a file, to be shown; `store.*`, `serve.suite`."""
    disk = _read(path)
    must_be_intl(Archive(disk).genesis)
    return Kept(disk, verify)


def open_working(path: Path, member: MemberId, key: KeyPair, verify: Verifier, now: int) -> Working:
    """The node whose ledger is in a file, its one writer; `store.*`, `serve.*`. What is refused was not touched."""
    chain = Archive(_read(path))
    must_be_intl(chain.genesis)
    must_order_alone(chain, member, key)
    store = open_existing(path)
    try:
        return Working(store, member, key, verify, now)
    except Refused:
        store.close()
        raise
