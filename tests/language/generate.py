"""Small well-typed programs, directories and inputs, drawn from a generator of random numbers.

A program is a schema, one to three contracts that call each other downwards, a contract for audits and a policy. It is
written as text and goes through the checker, so what is drawn is what a writer could have written. Directories keep the
schema mostly: an attribute may be missing or of another type, because a ledger's directory may be.
"""

from random import Random

from attrs import define, field, frozen

from contracts_dsl import ir
from contracts_dsl.check import check
from contracts_dsl.diagnostics import render
from contracts_dsl.typesystem import Type, parse_type

START = 1_000_000_000
HOUR = 3_600
PURPOSES = ("u0", "u1", "u2")
MEMBERS = ("m0", "m1", "m2")
PARTY_TYPES = ("P0", "P1", "P2")
PEOPLE = tuple(f"n{kind}{number}" for kind in range(3) for number in range(2))
PLACES = ("land", "town", "hill")
PLAIN_TYPES = ("int 0..9", "int 5..50", "bool", "money", "time", "code", "E", "R", "{E}", "{purpose}", *PARTY_TYPES)


def as_type(text: str) -> Type:
    """The type of a declaration."""
    optional, plain = text.endswith("?"), text.rstrip("?")
    named = {"E": "enum E", "R": "entity R", "{E}": "set E", "{purpose}": "set purpose"}
    named |= {name: f"party {name}" for name in PARTY_TYPES}
    found = Type("contract", plain) if plain.startswith("K") else parse_type(named.get(plain, plain))
    return found.absent_allowed if optional else found


@frozen
class Path:
    """A path that may be used where `needs` are known to be there."""

    text: str
    type: Type
    needs: tuple[str, ...] = ()


@define
class Shape:
    """What other modules need to know of a contract."""

    name: str
    fields: dict[str, Type] = field(factory=dict)
    initial: set[str] = field(factory=set)
    fixed: set[str] = field(factory=set)
    states: tuple[str, ...] = ()
    makers: set[str] = field(factory=set)
    """Contracts for which it has the start `make`."""
    calls: dict[str, str] = field(factory=dict)
    """Contract for which it has the clause `ping`, to the type of its parameter."""


@define
class Maker:
    """Draws one program."""

    random: Random
    attributes: dict[str, dict[str, Type]] = field(factory=dict)
    shapes: dict[str, Shape] = field(factory=dict)

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def pick(self, options):
        return self.random.choice(sorted(options) if isinstance(options, set) else options)

    def text(self) -> str:
        """The whole program."""
        count = self.random.randint(1, 3)
        modules = [self.schema()]
        modules += [Contract(self, f"K{at}", tuple(f"K{up}" for up in range(at + 1, count))).text()
                    for at in range(count)]  # fmt: skip
        self.shapes["Audit"] = Shape("Audit")
        modules.append(AUDIT)
        modules.append(self.policy(self.pick([f"K{at}" for at in range(count)])))
        return "\n".join(modules)

    def schema(self) -> str:
        """Party types with attributes, an enum, a tree."""
        self.attributes["R"] = {"lvl": as_type("E")}
        lines = ["schema Words version 1;", f"enum E = {', '.join(MEMBERS)};", f"purpose = {', '.join(PURPOSES)};",
                 "entity R in R { lvl: E; }"]  # fmt: skip
        for name in PARTY_TYPES:
            drawn = [self.plain() for _ in range(self.random.randint(1, 4))]
            self.attributes[name] = {f"{name.lower()}_{at}": as_type(one) for at, one in enumerate(drawn)}
            body = " ".join(f"{name.lower()}_{at}: {one};" for at, one in enumerate(drawn))
            lines.append(f"party {name} {{ {body} }}")
        return "\n".join(lines)

    def plain(self) -> str:
        """A type that needs no contract, optional now and then."""
        return self.pick(PLAIN_TYPES) + ("?" if self.chance(0.2) else "")

    # ---- expressions

    def expand(self, roots: list[Path]) -> list[Path]:
        """The roots and what one or two steps from them lead to."""
        found = list(roots)
        for _ in range(2):
            found += [step for one in found for step in self.steps(one)]
        return list(dict.fromkeys(found))

    def steps(self, at: Path) -> list[Path]:
        needs = (*at.needs, at.text) if at.type.optional else at.needs
        if at.type.kind in ("party", "entity"):
            parts = self.attributes.get(at.type.name, {})
        elif at.type.kind == "contract" and at.type.name in self.shapes:
            shape = self.shapes[at.type.name]
            parts = {**shape.fields, "state": Type("state", shape.name)}
        else:
            return []
        return [Path(f"{at.text}.{name}", kind, needs) for name, kind in parts.items()]

    def condition(self, paths: list[Path], depth: int, some: bool = True) -> str:
        """A condition over these paths."""
        kind = self.random.random()
        if depth and kind < 0.3:
            sign = self.pick(["and", "or"])
            parts = [self.condition(paths, depth - 1, some) for _ in range(self.random.randint(2, 3))]
            return "(" + f" {sign} ".join(parts) + ")"
        if depth and kind < 0.4:
            return f"not ({self.condition(paths, depth - 1, some)})"
        if some and self.shapes and kind < 0.5 and (found := self.some(paths)):
            return found
        return self.atom(paths)

    def atom(self, paths: list[Path]) -> str:
        """A comparison, membership, signature, presence or truth value."""
        for _ in range(8):
            one = self.pick(paths)
            needs = [f"has {need}" for need in one.needs]
            if one.type.optional:
                if self.chance(0.5):
                    return self.guarded(needs, f"has {one.text}")
                needs.append(f"has {one.text}")
            text = self.about(one, paths)
            if text:
                return self.guarded(needs, text)
        return "now == now"

    @staticmethod
    def guarded(needs: list[str], text: str) -> str:
        return "(" + " and ".join([*dict.fromkeys(needs), text]) + ")"

    def about(self, one: Path, paths: list[Path]) -> str | None:
        """A condition on a path that is there."""
        kind = one.type.kind
        others = [p for p in paths if p.type.kind == kind and not p.needs and p.text != one.text]
        same = [p for p in others if not p.type.optional and p.type.name == one.type.name]
        if kind == "bool":
            return one.text
        if kind in ("int", "money", "time"):
            sign = self.pick(["<", "<=", ">", ">=", "==", "!="])
            return f"{self.number(one)} {sign} {self.number(self.pick(same)) if same else self.literal(one.type)}"
        if kind == "party" and self.chance(0.3):
            return f"{one.text} signed"
        if kind in ("enum", "purpose") and self.chance(0.4):
            sets = [p for p in paths if p.type == Type("set", one.type.name or "purpose") and not p.needs]
            right = self.pick(sets).text if sets else self.literal(Type("set", one.type.name or "purpose"))
            return f"{one.text} in {right}"
        if kind == "entity" and same:
            return f"{one.text} in {self.pick(same).text}"
        sign = self.pick(["==", "!="])
        matching = [p for p in others if p.type.name == one.type.name]
        if matching and self.chance(0.6):
            return f"{one.text} {sign} {self.pick(matching).text}"
        if kind in ("enum", "purpose", "state", "set"):
            return f"{one.text} {sign} {self.literal(one.type)}"
        return None

    def number(self, one: Path) -> str:
        """A linear expression on a number."""
        if self.chance(0.5):
            return one.text
        if one.type.kind == "time":
            return f"{one.text} {self.pick('+-')} {self.random.randint(0, 40)} hours"
        if one.type.kind == "money":
            return self.pick([f"{self.random.randint(0, 120)}.5% * {one.text}".replace(".5%", "%"),
                              f"{one.text} + 3 yuan", f"2 * {one.text} - 1.50 yuan"])  # fmt: skip
        return self.pick([f"{self.random.randint(0, 4)} * {one.text}", f"{one.text} + 2", f"{one.text} - 3"])

    def literal(self, kind: Type) -> str:
        match kind.kind:
            case "int":
                return str(self.random.randint(max(0, kind.low), kind.high))
            case "money":
                return f"{self.random.randint(0, 90)} yuan"
            case "time":
                return f"now + {self.random.randint(0, 90)} hours"
            case "bool":
                return self.pick(["true", "false"])
            case "enum":
                return self.pick(MEMBERS)
            case "purpose":
                return self.pick(PURPOSES)
            case "state":
                return self.pick(self.shapes[kind.name].states)
        words = PURPOSES if kind.name == "purpose" else MEMBERS
        return "{" + ", ".join(self.random.sample(words, self.random.randint(1, 3))) + "}"

    def some(self, paths: list[Path]) -> str | None:
        """A search in an index that fits one of the paths."""
        options = [
            (shape.name, name, one.text) for shape in self.shapes.values() for name in sorted(shape.fixed)
            for one in paths
            if not one.needs and not one.type.optional
            and (kind := shape.fields[name]).kind == one.type.kind and kind.name == one.type.name
        ]  # fmt: skip
        if not options:
            return None
        contract, name, text = self.pick(options)
        bound = f"z{self.random.randint(0, 99)}"
        inside = [*paths, *self.expand([Path(bound, Type("contract", contract))])]
        rest = "".join(f" and {self.condition(inside, 1, False)}" for _ in range(self.random.randint(0, 2)))
        return f"some {bound}: {contract} ({bound}.{name} == {text}{rest})"

    # ---- the policy

    def policy(self, of: str) -> str:
        lines = [f"policy Access for {of} version 1;", "fields g0 = f0, f1;", "fields g1 = f2;"]
        forbids: dict[str, list[str]] = {}
        for at in range(self.random.randint(2, 7)):
            reader = self.pick(["P0", *PARTY_TYPES])
            permit = at == 0 or self.chance(0.6)
            groups = self.pick(["g0", "g1", "g0, g1"])
            named = ", ".join(self.random.sample(PURPOSES, self.random.randint(1, 2)))
            purposes = f" for {named}" if self.chance(0.5) else ""
            kinds = {"reader": Type("party", reader), "record": Type("contract", of), "now": Type("time"),
                     "purpose": Type("purpose")}  # fmt: skip
            roots = [Path(name, kind) for name, kind in kinds.items()]
            when = f" when {self.condition(self.expand(roots), 2)}" if self.chance(0.8) else ""
            tail = ""
            if permit and reader == "P0" and self.chance(0.5):
                beaten = forbids.get(reader, [])
                tail = f" overrides {', '.join(beaten)}" if beaten else ""
                tail += " then { create Audit.open(who = reader); }"
            elif not permit:
                forbids.setdefault(reader, []).append(f"rule{at}")
            lines.append(f"{'permit' if permit else 'forbid'} rule{at}: {reader} reads {groups}{purposes}{when}{tail};")
        return "\n".join(lines)


AUDIT = """contract Audit version 1;
party who: P0;
start { Access may open becomes open; }
state open { who must explain(why: hash) within 24 hours becomes done else violation unexplained becomes done; }
state done;
"""


@define
class Contract:
    """Draws one contract; `callers` are those above it."""

    maker: Maker
    name: str
    callers: tuple[str, ...]
    shape: Shape = field(init=False)
    parties: dict[str, str] = field(factory=dict)
    data: dict[str, str] = field(factory=dict)
    guarded: dict[str, str] = field(factory=dict)
    """Party to its `where`."""
    key: list[str] = field(factory=list)
    settable: set[str] = field(factory=set)
    signed: list[str] = field(factory=list)
    """Parties who have signed whenever an instance exists."""
    count: int = 0

    def __attrs_post_init__(self):
        self.shape = Shape(self.name)

    def text(self) -> str:
        maker, low = self.maker, self.name.lower()
        for at in range(maker.random.randint(1, 3)):
            self.parties[f"{low}_q{at}"] = maker.pick(PARTY_TYPES) + ("?" if at and maker.chance(0.25) else "")
        for at in range(maker.random.randint(2, 6)):
            self.data[f"{low}_d{at}"] = maker.plain()
        for below in [name for name in maker.shapes if maker.chance(0.8)]:
            self.data[f"{low}_{below.lower()}"] = below + ("?" if maker.chance(0.2) else "")
        self.shape.fields = {name: as_type(kind) for name, kind in {**self.parties, **self.data}.items()}
        self.settable = {name for name in self.shape.fields if maker.chance(0.5)} - {f"{low}_q0"}
        self.shape.fixed = {
            name for name, kind in self.shape.fields.items() if name not in self.settable and kind.kind != "set"
        }  # fmt: skip
        keys = [name for name in sorted(self.shape.fixed) if not self.shape.fields[name].optional]
        self.key = maker.random.sample(keys, min(len(keys), 2)) if maker.chance(0.3) else []
        self.shape.states = tuple(f"{low}_s{at}" for at in range(maker.random.randint(2, 4)))
        for name in self.parties:
            if maker.chance(0.25):
                self.guarded[name] = maker.condition(self.paths(), 1)
        lines = [f"contract {self.name} version 1;"]
        lines += [f"party {name}: {kind}" + (f" where {self.guarded[name]};" if name in self.guarded else ";")
                  for name, kind in self.parties.items()]  # fmt: skip
        lines += [self.datum(name, kind) for name, kind in self.data.items()]
        lines += [f"key {', '.join(self.key)};"] if self.key else []
        lines.append(self.starts())
        maker.shapes[self.name] = Shape(
            self.name, self.shape.fields, self.shape.initial, self.shape.fixed, self.shape.states
        )  # fmt: skip
        lines += [self.state(at) for at in range(len(self.shape.states))]
        self.maker.shapes[self.name] = self.shape
        return "\n".join(lines)

    def datum(self, name: str, kind: str) -> str:
        plain = as_type(kind)
        if plain.kind in ("int", "bool", "money", "enum") and not plain.optional and self.maker.chance(0.3):
            self.shape.initial.add(name)
            return f"data {name}: {kind} = {self.maker.literal(plain)};"
        return f"data {name}: {kind};"

    def paths(self, parameters: dict[str, Type] | None = None) -> list[Path]:
        roots = [Path(name, kind) for name, kind in {**self.shape.fields, **(parameters or {})}.items()]
        return self.maker.expand([*roots, Path("now", Type("time"))])

    def starts(self) -> str:
        maker, clauses = self.maker, []
        count = maker.random.randint(1, 2)
        for at in range(count):
            clauses.append(self.acting("begin" if maker.chance(0.7) else f"begin{at}", self.shape.states[0]))
        for caller in self.callers:
            if maker.chance(0.6):
                self.shape.makers.add(caller)
                clauses.append(f"{caller} may make becomes {self.shape.states[0]};")
        self.signed = [] if self.shape.makers else [f"{self.name.lower()}_q0"]
        return f"start {{ {' '.join(clauses)} }}"

    def acting(self, action: str, target: str) -> str:
        """`actors may action(..) when .. then .. becomes target;`"""
        actors, head = self.head(action)
        return f"{actors} may {head} becomes {target};"

    def head(self, action: str, limit: str = "") -> tuple[str, str]:
        maker = self.maker
        actors = [f"{self.name.lower()}_q0"] if action.startswith("begin") or maker.chance(0.5) else []
        others = [name for name in self.parties if name not in actors]
        if others and (not actors or maker.chance(0.3)):
            actors.append(maker.pick(others))
        parameters, shown = {}, ""
        if maker.chance(0.4):
            self.count += 1
            start = f"{self.name.lower()}_p{self.count}"
            drawn = {f"{start}_{at}": maker.plain() for at in range(maker.random.randint(1, 2))}
            parameters = {name: as_type(kind) for name, kind in drawn.items()}
            shown = "(" + ", ".join(f"{name}: {kind}" for name, kind in drawn.items()) + ")"
        when = f" when {maker.condition(self.paths(parameters), 1)}" if maker.chance(0.5) else ""
        effects = self.effects(parameters, actors)
        return " and ".join(actors), f"{action}{shown}{limit}{when}{effects}"

    def effects(self, parameters: dict[str, Type], payers: list[str]) -> str:
        maker, lines = self.maker, []
        paths = [one for one in self.paths(parameters) if not one.needs]
        for name in sorted(self.settable):
            if maker.chance(0.35):
                lines.append(f"set {name} = {self.value(self.shape.fields[name], paths)};")
        if maker.chance(0.3):
            lines.append(self.pay(paths, payers))
        for below, shape in maker.shapes.items():
            if self.name in shape.makers and maker.chance(0.3):
                args = [(name, self.value(kind, paths)) for name, kind in shape.fields.items()
                        if name not in shape.initial and (not kind.optional or maker.chance(0.3))]  # fmt: skip
                lines.append(f"create {below}.make({', '.join(f'{name} = {value}' for name, value in args)});")
            reference = f"{self.name.lower()}_{below.lower()}"
            if self.name in shape.calls and not self.data.get(reference, "?").endswith("?") and maker.chance(0.4):
                lines.append(f"{reference}.ping(x = {self.value(as_type(shape.calls[self.name]), paths)});")
        lines = [line for line in lines if "None" not in line]
        return f" then {{ {' '.join(lines)} }}" if lines else ""

    def value(self, kind: Type, paths: list[Path]) -> str | None:
        maker = self.maker
        fitting = [one for one in paths if one.type.kind == kind.kind and one.type.name == kind.name
                   and (kind.optional or not one.type.optional)]  # fmt: skip
        if fitting and maker.chance(0.8):
            one = maker.pick(fitting)
            return maker.number(one) if kind.kind in ("int", "money", "time") and not one.type.optional else one.text
        return maker.literal(kind) if kind.kind in ("int", "money", "bool", "time", "enum", "set") else None

    def pay(self, paths: list[Path], payers: list[str]) -> str:
        maker = self.maker
        mine = [name for name in payers if not self.parties[name].endswith("?")] or self.signed
        payees = [name for name, kind in self.parties.items() if not kind.endswith("?")]
        if not mine:
            return "None"
        share = f"{maker.random.randint(0, 100)}% to {maker.pick(payees)}, " if maker.chance(0.5) else ""
        return f"pay {self.value(Type('money'), paths)} from {maker.pick(mine)}: {share}rest to {maker.pick(payees)};"

    def state(self, at: int) -> str:
        """A state; from each, some act leads to the next, and time leads only onwards."""
        maker, states = self.maker, self.shape.states
        if at == len(states) - 1:
            return f"state {states[at]};"
        clauses = [self.acting(f"go{maker.random.randint(0, 1)}", states[at + 1])]
        for _ in range(maker.random.randint(0, 4)):
            clauses.append(self.clause(at))
        for caller in self.callers:
            if maker.chance(0.5):
                kind = self.shape.calls.setdefault(caller, maker.pick(["int 0..9", "money", "bool", "E", "P0"]))
                when = f" when {maker.condition(self.paths({'x': as_type(kind)}), 1)}" if maker.chance(0.3) else ""
                clauses.append(f"{caller} may ping(x: {kind}){when};")
        return f"state {states[at]} {{\n  " + "\n  ".join(clauses) + "\n}"

    def clause(self, at: int) -> str:
        maker, states = self.maker, self.shape.states
        onwards = maker.pick(states[at + 1:])
        times = [name for name, kind in self.data.items() if kind.startswith("time")]
        until = f"until {maker.pick(times)}" if times and maker.chance(0.4) else ""
        kind = maker.random.random()
        if kind < 0.25:
            return f"wait {until or f'{maker.random.randint(1, 90)} hours'} becomes {onwards};"
        if kind < 0.6:
            self.count += 1
            limit = until or f"within {maker.random.randint(1, 60)} hours"
            actors, head = self.head(f"do{maker.random.randint(0, 2)}", f" {limit}")
            becomes = f" becomes {maker.pick(states)}" if maker.chance(0.5) else ""
            then = f" becomes {onwards}" if maker.chance(0.6) else ""
            return f"{actors} must {head}{becomes} else violation v{self.count}{then};"
        actors, head = self.head(f"do{maker.random.randint(0, 2)}")
        becomes = f" becomes {maker.pick(states)}" if maker.chance(0.6) else ""
        return f"{actors} may {head}{becomes};"


def modules(random: Random) -> tuple[ir.Module, ...]:
    """The modules of a drawn program; texts that break a static rule are drawn again."""
    for _ in range(30):
        checked = check([("drawn.yl", Maker(random).text().encode())])
        if not [one for one in checked.diagnostics if one.code.startswith("E")]:
            return checked.modules
    raise AssertionError("\n".join(render(one, "en") for one in checked.diagnostics))
