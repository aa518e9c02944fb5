"""The Plan: one adversary written down as data, in logical coordinates.

Why: a fault that is found must be replayed bit for bit, shrunk to a few sentences, published as a vector and played
against a node in any language. So a run is a function of its plan, a plan is a set of atoms, and an atom names the
message it touches by (height, round, phase, source, destination), never by a count of events: deleting one atom never
moves another. The empty plan is the happy path.

It must not know any engine, nor how an atom is carried out (`conformance.adversary.fate`). Source: INV-PLAN in
spec/network.md, part 3.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any, ClassVar, Self

from attrs import asdict, evolve, field, fields, frozen

from conformance.plan_shapes import OPTIONAL, RULES, RULES_OF, SCHEMA, TOP
from conformance.sentences import Sentence, Text, say


class PlanError(Exception):
    """A plan that cannot be used. `at` is a JSON pointer into it; `values` fill the sentence of `code`."""

    def __init__(self, code: str, at: str, expected: Text, found: object) -> None:
        shown: Text = found if isinstance(found, Sentence) else str(found)[:80]
        super().__init__(f"{code} at {at or '/'}: expected {expected}, found {shown}")
        self.code, self.at, self.expected, self.found = code, at, expected, shown
        self.values: Mapping[str, Text] = {"expected": expected, "found": shown}


# --- Atoms. Each class is one kind; `rank` orders kinds from mild to wild. ---


@frozen(kw_only=True)
class Atom:
    """One fault. `h` is a height, `r` a round, `ph` a phase, `src` and `dst` nodes."""

    k: ClassVar[str]
    rank: ClassVar[int]

    def to_data(self) -> dict[str, Any]:
        """The atom as JSON data, defaults left out."""
        data: dict[str, Any] = {"k": self.k}
        for name, value in asdict(self, recurse=False).items():
            if (name == "h" and value == 1) or (name in OPTIONAL and value is None):
                continue
            data[name.rstrip("_")] = list(value) if isinstance(value, tuple) else value
        return data

    @property
    def size(self) -> int:
        """How much it counts: a macro cannot hide its size."""
        return 1

    @property
    def nodes(self) -> tuple[int, ...]:
        """The nodes it names."""
        return tuple(
            node
            for name in ("src", "dst", "node", "to", "side", "posing")
            if (value := getattr(self, name, None)) is not None
            for node in (value if isinstance(value, tuple) else (value,))
        )

    @property
    def liars(self) -> tuple[int, ...]:
        """The nodes that must be faulty for this atom to be in the model."""
        return ()

    @property
    def latest_round(self) -> int:
        """The highest round it names."""
        return max(getattr(self, "r", 0), getattr(self, "to_r", 0))

    def weaker(self) -> tuple["Atom", ...]:
        """The same atom with less fault in it, mildest last."""
        return ()


@frozen(kw_only=True)
class Link(Atom):
    """An atom that touches one message on one link."""

    h: int = 1
    r: int
    ph: str
    src: int
    dst: int


@frozen(kw_only=True)
class Late(Link):
    """Not before GST."""

    k = "late"
    rank = 0


@frozen(kw_only=True)
class Swap(Link):
    """After the next message of the same link."""

    k = "swap"
    rank = 1


@frozen(kw_only=True)
class Dup(Link):
    """`n` further copies."""

    k = "dup"
    rank = 2
    n: int = 1


@frozen(kw_only=True)
class Drop(Link):
    """Never, if links are lossy or source or destination is faulty."""

    k = "drop"
    rank = 3

    def weaker(self) -> tuple[Atom, ...]:
        return (Late(h=self.h, r=self.r, ph=self.ph, src=self.src, dst=self.dst),)


@frozen(kw_only=True)
class Cut(Atom):
    """Everything between `side` and the rest is late while its sender is in rounds r..to_r of height h."""

    k = "cut"
    rank = 4
    h: int = 1
    r: int
    to_r: int
    side: tuple[int, ...]

    @property
    def size(self) -> int:
        return max(1, len(self.side))

    def weaker(self) -> tuple[Atom, ...]:
        fewer = tuple(evolve(self, side=without(self.side, node)) for node in self.side if len(self.side) > 1)
        shorter = (evolve(self, to_r=self.to_r - 1),) if self.to_r > self.r else ()
        return (*shorter, *fewer)


@frozen(kw_only=True)
class Skew(Atom):
    """The clock of `node` is off by `d` ticks."""

    k = "skew"
    rank = 5
    node: int
    d: int


@frozen(kw_only=True)
class Crash(Atom):
    """`node` loses its memory as it speaks in this phase, and is back when `back` is reached, or at GST."""

    k = "crash"
    rank = 6
    node: int
    h: int = 1
    r: int
    ph: str
    when: str = "after-send"
    disk: str = "synced"
    back: Mapping[str, int] | None = None

    def to_data(self) -> dict[str, Any]:
        return {**super().to_data(), "back": None if self.back is None else dict(self.back)}


@frozen(kw_only=True)
class Byz(Link):
    """The message of the faulty `src` on this link is replaced as `act` says."""

    k = "byz"
    act: Any = "omit"

    @property
    def rank(self) -> int:  # type: ignore[override]  # the rank depends on the act
        if isinstance(self.act, str):
            return 7 if self.act == "omit" else 12
        if "value" in self.act:
            return 9 if len(self.act) > 1 else 8
        return {"payload": 9, "round": 10, "stale": 11}[next(iter(self.act))]

    @property
    def liars(self) -> tuple[int, ...]:
        return (self.src,)

    def weaker(self) -> tuple[Atom, ...]:
        late = Late(h=self.h, r=self.r, ph=self.ph, src=self.src, dst=self.dst)
        return (late,) if self.act == "omit" else (evolve(self, act="omit"), late)


@frozen(kw_only=True)
class Inject(Link):
    """The faulty `src` sends a message of kind `ph` that its honest copy would not send now.

    It leaves when its height and round are reached, or `at`; it may claim to come from another member, `posing`, whose
    signature it does not carry.
    """

    k = "inject"
    rank = 13
    value: str
    vr: int | None = None
    on: str | None = None
    at: Mapping[str, int] | None = None
    posing: int | None = None

    @property
    def liars(self) -> tuple[int, ...]:
        return (self.src,)

    def weaker(self) -> tuple[Atom, ...]:
        given = [name for name in OPTIONAL if getattr(self, name) is not None]
        plainer = tuple(evolve(self, **{name: None}) for name in given)  # type: ignore[arg-type]  # optional members
        act: dict[str, Any] = {"value": self.value}
        own = (Byz(h=self.h, r=self.r, ph=self.ph, src=self.src, dst=self.dst, act=act),)
        return (*plainer, *own)


@frozen(kw_only=True)
class Macro(Atom):
    """An atom towards several nodes, which counts once for each."""

    h: int = 1
    r: int
    src: int
    to: tuple[int, ...]

    @property
    def size(self) -> int:
        return max(1, len(self.to))

    @property
    def liars(self) -> tuple[int, ...]:
        return (self.src,)

    def weaker(self) -> tuple[Atom, ...]:
        return tuple(evolve(self, to=without(self.to, node)) for node in self.to if len(self.to) > 1)


@frozen(kw_only=True)
class Support(Macro):
    """`src` proposes (if it is its turn) `value` and votes for it, in every phase, towards `to`."""

    k = "support"
    rank = 14
    value: str
    vr: int | None = None
    on: str | None = None

    def single(self, phases: Iterable[str]) -> tuple[Atom, ...]:
        """For a macro towards one node: each of its statements alone."""
        act: dict[str, Any] = {"value": self.value}
        alone = (Byz(h=self.h, r=self.r, ph=phase, src=self.src, dst=self.to[0], act=act) for phase in phases)
        return tuple(alone) if len(self.to) == 1 else ()


@frozen(kw_only=True)
class Twin(Macro):
    """From here on a second honest instance with the identity of `src` serves `to`."""

    k = "twin"
    rank = 15


@frozen(kw_only=True)
class Fork(Macro):
    """A second honest instance of `src` hears nothing from here on and keeps what it makes to itself, until round
    `to_r`, when `to` are given all of it: a private chain. Those of liars that branch off together hear each other."""

    k = "fork"
    rank = 18
    to_r: int

    def weaker(self) -> tuple[Atom, ...]:
        shorter = (evolve(self, to_r=self.to_r - 1),) if self.to_r > self.r else ()
        return (*shorter, *super().weaker())


@frozen(kw_only=True)
class Shift(Macro):
    """A second honest instance with the identity of `src`, as it stood at `from_`, wakes here and serves `to`."""

    k = "shift"
    rank = 16
    from_: Mapping[str, int]

    def weaker(self) -> tuple[Atom, ...]:
        return (*super().weaker(), Twin(h=self.h, r=self.r, src=self.src, to=self.to))


@frozen(kw_only=True)
class Flood(Atom):
    """The faulty `src` sends everybody `n` different messages of kind `ph`."""

    k = "flood"
    rank = 17
    h: int = 1
    r: int
    ph: str
    src: int
    n: int

    @property
    def liars(self) -> tuple[int, ...]:
        return (self.src,)

    def weaker(self) -> tuple[Atom, ...]:
        return (evolve(self, n=self.n // 2),) if self.n > 1 else ()


KINDS: Mapping[str, type[Atom]] = {
    kind.k: kind for kind in (Late, Swap, Dup, Drop, Cut, Skew, Crash, Byz, Inject, Support, Twin, Shift, Flood, Fork)
}


def without(nodes: tuple[int, ...], node: int) -> tuple[int, ...]:
    """`nodes` less one."""
    return tuple(other for other in nodes if other != node)


def canonical(data: object) -> str:
    """JSON text with sorted keys and no blanks."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _canonical_atoms(atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    """Atoms are a set: sorted by their bytes, each once."""
    return tuple(atom for _, atom in sorted({canonical(atom.to_data()): atom for atom in atoms}.items()))


# --- The plan ---


@frozen(kw_only=True)
class Change:
    """Who is in force from some height on: handed in once height `h` - 1 is decided. The first, with `h` 0, are the
    founders."""

    h: int
    weights: tuple[int, ...]
    """Of each node; 0 for one that is no member."""
    keys: tuple[int, ...] = ()
    """How often the key of each node was changed by then; never, if empty."""

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        keys = {"keys": list(self.keys)} if self.keys else {}
        return {"h": self.h, **keys, "weights": list(self.weights)}


@frozen(kw_only=True)
class Plan:
    """One run's adversary. Members with their default are left out of its JSON."""

    engine: str
    n: int = 4
    weights: tuple[int, ...] = ()
    faulty: tuple[int, ...] = ()
    tier: str = "in-model"
    links: str = "p2p"
    delta: int = 1
    gst: int = 60
    after: Mapping[int, str] = field(factory=dict)
    """What a faulty node is from GST on: `silent` or `byzantine`; honest if not named."""
    heights: int = 1
    load: int = 1
    """Transactions handed to every node for each height."""
    lottery: tuple[tuple[int, ...], ...] = ()
    """Where work decides: slot -> the nodes that win it, each as often as it may do the first difficulty's work; slots
    after the last are nobody's. Empty: node i mod n wins slot i, whatever the difficulty."""
    changes: tuple[Change, ...] = ()
    """Where members come and go: the founders, then who is in force after each change."""
    atoms: tuple[Atom, ...] = field(default=(), converter=_canonical_atoms)

    def to_data(self) -> dict[str, Any]:
        """The plan as JSON data, defaults left out."""
        data: dict[str, Any] = {"plan": SCHEMA, "engine": self.engine, "n": self.n}
        defaults = {item.name: item.default for item in fields(Plan)}
        for name in ("weights", "faulty", "tier", "links", "delta", "gst", "heights", "load"):
            value = getattr(self, name)
            if value != defaults[name]:
                data[name] = list(value) if isinstance(value, tuple) else value
        if self.lottery:
            data["lottery"] = [list(winners) for winners in self.lottery]
        if self.changes:
            data["changes"] = [change.to_data() for change in self.changes]
        if self.after:
            data["after"] = {str(node): mood for node, mood in sorted(self.after.items())}
        data["atoms"] = [atom.to_data() for atom in self.atoms]
        return data

    def encode(self) -> bytes:
        """Canonical bytes: sorted keys, no blanks, one line."""
        return (canonical(self.to_data()) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The plan in these bytes.

        Raises `PlanError`: `plan.not_json`, `plan.malformed` (shape), `plan.out_of_model` (a lie of an honest node).
        """
        try:
            value = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates)
        except (ValueError, RecursionError) as error:
            raise PlanError("plan.not_json", "", say("shape.one-json"), str(error)) from None
        return cls.from_data(value)

    @classmethod
    def from_data(cls, value: object) -> Self:
        """The plan in decoded JSON; raises as `decode` does."""
        plan = cls(**_read_plan(value))
        _check_model(plan)
        return plan

    @property
    def size(self) -> int:
        """The number of atoms, macros counted once for each node they reach."""
        return sum(atom.size for atom in self.atoms)

    @property
    def correct(self) -> tuple[int, ...]:
        """The nodes that are not faulty."""
        return tuple(node for node in range(self.n) if node not in self.faulty)

    @property
    def order(self) -> tuple[Any, ...]:
        """Smaller plans have smaller orders; every step of the shrinker goes down."""
        ranks = [atom.rank for atom in self.atoms]
        moods = sum({"silent": 1, "byzantine": 2}.get(mood, 0) for mood in self.after.values())
        places = sum(getattr(atom, "h", 0) + getattr(atom, "r", 0) for atom in self.atoms)
        return (
            self.size, len(self.changes), len(self.faulty), max(ranks, default=-1), sum(ranks), self.n, self.heights,
            max((atom.latest_round for atom in self.atoms), default=0), places, moods, self.gst, self.load,
            len(self.lottery), sum(map(len, self.lottery)), self.encode(),
        )  # fmt: skip


def file_name(plan: Plan, invariant: str) -> PurePath:
    """Where a failing plan is kept: engine, invariant and a digest of the plan."""
    return PurePath(f"{plan.engine}-{invariant}-{sha256(plan.encode()).hexdigest()[:8]}.json")


# --- Reading ---


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused if it names a member twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member occurs twice")
    return found


def _read_atom(data: Any, at: str, n: int) -> Atom:
    if not isinstance(data, dict) or data.get("k") not in KINDS:
        raise PlanError("plan.malformed", f"{at}/k", say("shape.one-of", names=", ".join(KINDS)), data)
    kind = KINDS[data["k"]]
    known = {item.name.rstrip("_"): item for item in fields(kind)}
    for name in data:
        if name != "k" and name not in known:
            expected = say("plan.member-of", kind=kind.k, names=", ".join(known))
            raise PlanError("plan.malformed", f"{at}/{name}", expected, name)
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in data:
            if item.default.__class__.__name__ == "_Nothing":
                raise PlanError("plan.malformed", f"{at}/{name}", RULES[name][1], say("nothing"))
            continue
        check, wanted = RULES_OF.get((kind.k, name), RULES[name])
        if not check(data[name]):
            raise PlanError("plan.malformed", f"{at}/{name}", wanted, data[name])
        values[item.name] = tuple(data[name]) if isinstance(data[name], list) else data[name]
    atom = kind(**values)
    for node in atom.nodes:
        if not 0 <= node < n:
            raise PlanError("plan.malformed", at, say("plan.nodes-in", last=n - 1), node)
    return atom


def _read_plan(value: object) -> dict[str, Any]:
    """The members of a plan, checked; raises `PlanError`."""
    if not isinstance(value, dict):
        raise PlanError("plan.malformed", "", say("shape.an-object"), type(value).__name__)
    for name in ("plan", "engine"):
        if name not in value:
            raise PlanError("plan.malformed", f"/{name}", TOP[name][1], say("nothing"))
    for name, found in value.items():
        if name not in TOP:
            raise PlanError("plan.malformed", f"/{name}", say("plan.member", names=", ".join(TOP)), name)
        check, expected = TOP[name]
        if not check(found):
            raise PlanError("plan.malformed", f"/{name}", expected, found)
    n = value.get("n", 4)
    members = {name: tuple(v) if isinstance(v, list) else v for name, v in value.items() if name != "plan"}
    members["lottery"] = tuple(tuple(winners) for winners in value.get("lottery", ()))
    members["changes"] = tuple(
        Change(h=one["h"], weights=tuple(one["weights"]), keys=tuple(one.get("keys", ())))
        for one in value.get("changes", ())
    )
    members["atoms"] = tuple(_read_atom(data, f"/atoms/{i}", n) for i, data in enumerate(value.get("atoms", [])))
    try:
        members["after"] = {int(node): mood for node, mood in value.get("after", {}).items()}
    except ValueError:
        raise PlanError("plan.malformed", "/after", "{node: silent|byzantine}", value["after"]) from None
    return members


def _check_model(plan: Plan) -> None:
    """Raise `PlanError` unless members fit together and only liars lie; how many may lie, an engine's contract says."""
    weights = plan.weights or (1,) * plan.n
    if len(weights) != plan.n:
        raise PlanError("plan.malformed", "/weights", say("plan.weights-of", count=plan.n), len(weights))
    for node in (*plan.faulty, *plan.after):
        if not 0 <= node < plan.n:
            raise PlanError("plan.malformed", "/faulty", say("plan.nodes-in", last=plan.n - 1), node)
    for i, change in enumerate(plan.changes):
        if len(change.weights) != plan.n or len(change.keys) not in (0, plan.n) or not any(change.weights):
            expected = say("plan.weights-some", count=plan.n)
            raise PlanError("plan.malformed", f"/changes/{i}", expected, change.to_data())
    for slot, winners in enumerate(plan.lottery):
        if any(node >= plan.n for node in winners):
            expected = say("plan.nodes-in", last=plan.n - 1)
            raise PlanError("plan.malformed", f"/lottery/{slot}", expected, list(winners))
    if tuple(sorted(set(plan.faulty))) != plan.faulty:
        raise PlanError("plan.malformed", "/faulty", say("plan.ordered"), list(plan.faulty))
    for i, atom in enumerate(plan.atoms):
        for node in atom.liars:
            if node not in plan.faulty:
                expected = say("plan.faulty", node=node)
                raise PlanError("plan.out_of_model", f"/atoms/{i}", expected, list(plan.faulty))
        if isinstance(atom, Drop) and plan.links != "lossy" and not {atom.src, atom.dst} & set(plan.faulty):
            raise PlanError("plan.out_of_model", f"/atoms/{i}", say("plan.lossy"), atom.to_data())
