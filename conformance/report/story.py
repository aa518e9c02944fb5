"""A plan as sentences, and a run as a table that shows who heard what: the counterexample a person reads.

Everything is generated from atoms and from the history; there is no free text. It must not run anything.
"""

from collections.abc import Iterable

from conformance.history import Delivery, History, Violation
from conformance.plan import Atom, Byz, Crash, Cut, Plan, Skew, Twin
from conformance.report.words import WORDS, Language, word


def sentences(plan: Plan, language: Language) -> list[str]:
    """One sentence an atom in the order of the run, then one for each liar that falls silent and for slow links."""
    ordered = sorted(plan.atoms, key=lambda atom: (getattr(atom, "h", 0), getattr(atom, "r", 0), atom.k))
    told = [sentence(atom, language) for atom in ordered]
    if plan.lottery:
        told.append(word("lottery", language, slots=" ".join(winners(won) for won in plan.lottery)))
    told += [word("silent", language, node=node) for node, mood in sorted(plan.after.items()) if mood == "silent"]
    if plan.delta > 1:
        told.append(word("slow", language, delta=plan.delta))
    return told or [word("nobody", language)]


def winners(won: Iterable[int]) -> str:
    """The nodes that win a slot, as often as they do; a dash for nobody."""
    return "+".join(str(node) for node in won) or "-"


def sentence(atom: Atom, language: Language) -> str:
    """What one atom does."""
    names = ("src", "dst", "n", "to_r", "node", "d", "value", "when", "disk")
    values: dict[str, object] = {name: getattr(atom, name) for name in names if hasattr(atom, name)}
    values["where"] = word("where", language, h=getattr(atom, "h", 1), r=getattr(atom, "r", 0))
    if hasattr(atom, "ph"):
        values["ph"] = kind_of(atom.ph, language)
    values["to"] = listed(getattr(atom, "to", ()))
    key = atom.k
    match atom:
        case Cut():
            values["side"] = listed(atom.side)
        case Crash():
            back = atom.back
            values["back"] = word("back.gst", language) if back is None else word("back.place", language, **back)
        case Byz():
            key = f"byz.{act_name(atom)}"
            act = atom.act if isinstance(atom.act, dict) else {}
            values["value"] = act.get("value", "")
            values["other"] = atom.r + act.get("round", 0)
        case Skew() | Twin():
            pass
    return word(key, language, **values)


def kind_of(phase: str, language: Language) -> str:
    """The name of a kind of message; an engine from elsewhere may have kinds of its own."""
    return word(phase, language) if phase in WORDS else phase


def act_name(atom: Byz) -> str:
    """The kind of lie."""
    if isinstance(atom.act, str):
        return "omit" if atom.act == "omit" else "corrupt"
    return next(name for name in ("value", "round", "stale") if name in atom.act)


def listed(nodes: Iterable[int]) -> str:
    """Nodes as `1, 2`."""
    return ", ".join(str(node) for node in nodes)


class Values:
    """Short names for values: v<i> by its author where the happy path made it, else a, b, c."""

    def __init__(self, history: History) -> None:
        self.names: dict[str, str] = {"nil": "nil", "": "-"}
        for decision in history.decisions:
            self.name(decision.block.digest)

    def name(self, value: str) -> str:
        """The short name of a value; the same value has the same name throughout a report."""
        if value not in self.names:
            self.names[value] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(len(self.names) - 2) % 26]
        return self.names[value]


def table(history: History, language: Language) -> list[str]:
    """For each (height, round) and correct node: the proposal, the votes it heard by value, and what became final."""
    names = Values(history)
    phases = history.contract.phases
    places = sorted({(d.height, d.round) for d in history.deliveries if d.kind in phases})
    rows: list[str] = []
    for height, round_ in places:
        heard = [d for d in history.deliveries if (d.height, d.round) == (height, round_)]
        rows.append(word("round", language, h=height, r=round_))
        for node in history.plan.correct:
            cells = [cell(history, heard, node, phase, names) for phase in phases]
            final = [names.name(d.block.digest) for d in history.decisions if (d.node, d.round) == (node, round_)
                     and (d.height == height or history.contract.rounds == "run")]  # fmt: skip
            end = f"  {word('final', language)} {final[-1]}" if final else ""
            labelled = "  ".join(f"{kind_of(ph, language)} {text}" for ph, text in zip(phases, cells, strict=True))
            rows.append(f"  {word('node', language, i=node)}  {labelled}{end}")
    if rows and history.plan.faulty:
        rows.append(word("star", language))
    return rows


def cell(history: History, heard: list[Delivery], node: int, phase: str, names: Values) -> str:
    """`A: 0* 1 2  nil: 3`: who said what, as this node heard it."""
    said: dict[str, list[str]] = {}
    own = [(s.node, s.value) for s in history.statements if s.kind == phase and s.node == node
           and heard and (s.height, s.round) == (heard[0].height, heard[0].round)]  # fmt: skip
    for signer, value in [*own, *((d.src, d.value) for d in heard if d.dst == node and d.kind == phase)]:
        mark = f"{signer}*" if signer in history.plan.faulty else str(signer)
        voters = said.setdefault(names.name(value), [])
        if mark not in voters:
            voters.append(mark)
    return " ".join(f"{value}: {' '.join(sorted(voters))}" for value, voters in sorted(said.items())) or "-"


def report(
    plan: Plan, history: History, violations: tuple[Violation, ...], language: Language, replay: str, before: str = ""
) -> list[str]:
    """A failure as a person reads it: the law, expected and actual, the plan, the table, and how to replay it."""
    rows = []
    for violation in violations:
        liars = f"{word('liar', language)}: {listed(plan.faulty) or '-'}"
        rows.append(f"{violation.clause}  {plan.engine}  n={plan.n}  {liars}")
        rows.append(f"  {word('expected', language)}  {violation.expected}")
        rows.append(f"  {word('actual', language)}  {violation.actual}")
    rows.append(f"  {word('plan', language)}  {before}".rstrip())
    rows += [f"    {number}. {text}" for number, text in enumerate(sentences(plan, language), 1)]
    rows += [f"  {row}" for row in table(history, language)]
    rows.append(f"  {word('replay', language)}  {replay}")
    return rows


def mermaid(history: History) -> str:
    """The run as a sequence diagram in Mermaid's text form; a crossed arrow is a message no honest copy would send."""
    names = Values(history)
    lines = ["sequenceDiagram"]
    lines += [f"  participant N{node}" for node in range(history.plan.n)]
    lines += [f"  Note over N{node}: liar" for node in history.plan.faulty]
    events = sorted(
        [(d.tick, 0, d) for d in history.deliveries if d.kind in history.contract.phases]
        + [(d.tick, 1, d) for d in history.decisions],
        key=lambda event: event[:2],
    )  # fmt: skip
    for _, _, event in events:
        if isinstance(event, Delivery):
            arrow = "-x" if event.forged else "->>"
            text = f"{event.kind} {names.name(event.value)}, h{event.height} r{event.round}"
            lines.append(f"  N{event.src}{arrow}N{event.dst}: {text}")
        else:
            lines.append(f"  Note over N{event.node}: final {names.name(event.block.digest)} at {event.height}")
    return "\n".join(lines) + "\n"
