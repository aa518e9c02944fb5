"""What a plan says about one message: its fate on a link, and what liars do instead.

Why: the world asks this for every message it carries, so the atoms are put into tables once and a message that no atom
names costs two look-ups. Precedence where atoms meet: content from the most specific (`byz` over `support` over
`twin`), then omission, then the longest delay, then copies.

It must not know any engine, nor the queue.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, NamedTuple

from conformance.contract import Contract
from conformance.history import Said
from conformance.plan import (
    Atom,
    Byz,
    Crash,
    Cut,
    Drop,
    Dup,
    Flood,
    Fork,
    Inject,
    Late,
    Plan,
    Shift,
    Skew,
    Support,
    Swap,
    Twin,
)

Place = tuple[int, int, str, int, int]
"""(height, round, phase, source, destination)."""


class Fate(NamedTuple):
    """What happens to one message on one link."""

    dropped: bool = False
    late: bool = False
    swapped: int = 0
    copies: int = 0


class Speech(NamedTuple):
    """A message that a liar sends of its own making."""

    atom: str
    """The kind of atom that has it sent."""
    dst: int
    said: Said
    """What it is to say; its value is a plan's."""
    act: Mapping[str, Any]
    """`vr` and `on`, where the plan names them."""
    posing: int | None = None
    """In whose name it goes, if not in its signer's."""


class Fates:
    """The tables of one plan."""

    def __init__(self, plan: Plan, contract: Contract) -> None:
        self.contract = contract
        self.n = plan.n
        self.links: dict[Place, list[Atom]] = {}
        self.acts: dict[Place, Any] = {}
        self.touched: set[tuple[int, int, str, int]] = set()
        self.cuts: list[Cut] = []
        self.skews: list[Skew] = []
        self.crashes: dict[int, list[Crash]] = {}
        self.twins: dict[int, list[Twin | Shift]] = {}
        self.forks: list[Fork] = []
        self.floods: dict[tuple[int, int], list[Flood]] = {}
        self.supports: dict[tuple[int, int], list[Support]] = {}
        self.supported: set[tuple[int, int, int, int]] = set()
        self.injections: dict[tuple[int, int], list[Inject]] = {}
        self.backs: dict[tuple[int, int], list[Crash]] = {}
        self.counts: dict[str, int] = {}
        for atom in plan.atoms:
            self.enter(atom)
        self.acts = {place: act for place, act in self.acts.items() if place[3] in plan.faulty}

    def enter(self, atom: Atom) -> None:
        """Put one atom into its table."""
        match atom:
            case Byz():
                self.acts[atom.h, atom.r, atom.ph, atom.src, atom.dst] = atom.act
            case Inject():
                place = (atom.h, atom.r) if atom.at is None else (atom.at["h"], atom.at["r"])
                self.injections.setdefault(place, []).append(atom)
            case Late() | Swap() | Dup() | Drop():
                self.links.setdefault((atom.h, atom.r, atom.ph, atom.src, atom.dst), []).append(atom)
                self.touched.add((atom.h, atom.r, atom.ph, atom.src))
            case Cut():
                self.cuts.append(atom)
            case Skew():
                self.skews.append(atom)
            case Crash():
                self.crashes.setdefault(atom.node, []).append(atom)
            case Twin() | Shift():
                self.twins.setdefault(atom.src, []).append(atom)
            case Fork():
                self.forks.append(atom)
            case Flood():
                self.floods.setdefault((atom.h, atom.r), []).append(atom)
            case Support():
                self.supports.setdefault((atom.h, atom.r), []).append(atom)
                self.supported.update((atom.h, atom.r, atom.src, dst) for dst in atom.to)

    def count(self, kind: str) -> None:
        """An atom of this kind took effect."""
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def is_usual(self, said: Said) -> bool:
        """Whether no atom touches this message of an honest node on any link."""
        if self.cuts:
            return False
        return not self.touched or (said.height, said.round, said.kind, said.signer) not in self.touched

    def fate(self, said: Said, dst: int, *, by_twin: bool = False) -> Fate | None:
        """The fate of an honest message; None for the usual one tick. A twin stands on the side of whom it serves."""
        atoms = self.links.get((said.height, said.round, said.kind, said.signer, dst))
        late = bool(self.cuts) and not by_twin and self.is_cut(said, dst)
        if atoms is None and not late:
            return None
        dropped, swapped, copies = False, 0, 0
        for atom in atoms or ():
            self.count(atom.k)
            match atom:
                case Drop():
                    dropped = True
                case Late():
                    late = True
                case Swap():
                    swapped = 2
                case Dup():
                    copies += atom.n
        return Fate(dropped, late, swapped, copies)

    def is_cut(self, said: Said, dst: int) -> bool:
        """Whether a partition separates signer and destination now."""
        for cut in self.cuts:
            inside = cut.h == said.height and cut.r <= said.round <= cut.to_r
            if inside and (said.signer in cut.side) != (dst in cut.side):
                self.count("cut")
                return True
        return False

    def act(self, said: Said, dst: int) -> Any:
        """What the faulty signer does to its message on this link, or None."""
        act = self.acts.get((said.height, said.round, said.kind, said.signer, dst))
        if act is not None:
            self.count("byz")
        return act

    def is_silenced(self, said: Said, dst: int, *, by_twin: bool) -> bool:
        """Whether this instance of a faulty node does not speak to `dst` here: a macro or the other instance does."""
        place = (said.height, said.round, said.kind, said.signer, dst)
        served = self.serves_twin(said.signer, dst, said.height, said.round)
        if served != by_twin and not (by_twin and self.wakes_for(said.signer, dst)):
            return True
        spoken_for = (said.height, said.round, said.signer, dst) in self.supported
        return place not in self.acts and spoken_for and said.kind in self.contract.phases

    def serves_twin(self, src: int, dst: int, height: int, round_: int) -> bool:
        """Whether the twin of `src`, not `src` itself, speaks to `dst` at this place."""
        twins = self.twins.get(src, [])
        served = any(dst in atom.to and (atom.h, atom.r) <= (height, round_) for atom in twins)
        if served:
            self.count(twins[0].k)
        return served

    def wakes_for(self, src: int, dst: int) -> bool:
        """Whether a twin from an earlier place speaks to `dst`, of whatever place its words are."""
        return any(isinstance(atom, Shift) and dst in atom.to for atom in self.twins.get(src, ()))

    def hears_twin(self, src: int, signer: int, said: Said) -> bool:
        """Whether the twin of `src` hears this message: everything before it is born, then only whom it serves; one
        that is restored from an earlier place hears nothing in between."""
        twins, place = self.twins[src], (said.height, said.round)
        if place < min(self.origin(atom) for atom in twins):
            return True
        awake = any((atom.h, atom.r) <= place for atom in twins) or all(isinstance(atom, Twin) for atom in twins)
        return awake and any(signer in atom.to for atom in twins)

    def origin(self, atom: Twin | Shift) -> tuple[int, int]:
        """Up to where a twin is its honest copy."""
        return (atom.from_["h"], atom.from_["r"]) if isinstance(atom, Shift) else (atom.h, atom.r)

    def sleeps(self, src: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The places between which the twin of `src` does nothing, if it is one from an earlier place."""
        shifts = [atom for atom in self.twins.get(src, ()) if isinstance(atom, Shift)]
        if not shifts:
            return None
        return min(self.origin(atom) for atom in shifts), min((atom.h, atom.r) for atom in shifts)

    def speeches(self, height: int, round_: int) -> Iterable[Speech]:
        """What macros and injections send when this place is reached."""
        for atom in self.supports.get((height, round_), ()):
            turn = self.contract.proposer(height, round_, self.n) in (atom.src, None)
            kinds = self.contract.phases if turn else self.contract.phases[1:]
            for dst, kind in product(atom.to, kinds):
                if (height, round_, kind, atom.src, dst) not in self.acts:
                    said = Said(kind, height, round_, atom.src, atom.value)
                    yield Speech(atom.k, dst, said, {"vr": atom.vr, "on": atom.on})
        for inject in self.injections.get((height, round_), ()):
            said = Said(inject.ph, inject.h, inject.r, inject.src, inject.value)
            yield Speech(inject.k, inject.dst, said, {"vr": inject.vr, "on": inject.on}, inject.posing)
        for flood in self.floods.get((height, round_), ()):
            for dst, i in product((node for node in range(self.n) if node != flood.src), range(1, flood.n + 1)):
                said = Said(flood.ph, height, round_, flood.src, f"v{flood.src}.{i}")
                yield Speech(flood.k, dst, said, {})

    # --- crashes ---

    def crash_of(self, node: int) -> Crash | None:
        """The next crash of this node that has not happened."""
        waiting = self.crashes.get(node)
        return waiting[0] if waiting else None

    def is_moment(self, atom: Crash, said: Said) -> bool:
        """Whether speaking this is the moment at which the node dies."""
        return (said.height, said.round, said.kind) == (atom.h, atom.r, atom.ph)

    def spend(self, atom: Crash) -> None:
        """This crash has happened; its return is still to come."""
        self.crashes[atom.node].remove(atom)
        self.count("crash")
        if atom.back is not None:
            self.backs.setdefault((atom.back["h"], atom.back["r"]), []).append(atom)

    def returns(self, height: int, round_: int) -> list[Crash]:
        """The crashes whose nodes come back at or before this place."""
        due = [place for place in self.backs if place <= (height, round_)]
        return [atom for place in sorted(due) for atom in self.backs.pop(place)]
