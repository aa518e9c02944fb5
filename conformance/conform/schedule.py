"""Schedules: what was asked of one instance and what a correct node answers, as a vector of kind `schedule`.

Why not the frames as they were: names of timers, keys of a disk, the order of effects and explanations are each node's
own. Kept is what the text decides: whether a request is carried out or refused and with which code, what is decided,
and what questions are answered. A timer is named by when it rings, a disk by what had happened to it.

It must not judge: it plays, and says what came. Source: conformance/vectors/README.md.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, evolve, field, frozen

from conformance.door import Door, Reply
from conformance.plan import PlanError
from conformance.sentences import say

__all__ = ["ASKED", "DISKS", "KIND", "Finding", "Schedule", "finding", "shown"]

Data = dict[str, Any]
KIND: Final = "schedule"
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "init": ("config",), "start": ("now",), "deliver": ("bytes", "from", "now"), "submit": ("now", "tx"),
    "fire": ("now",), "query": ("args", "path"), "crash": (), "recover": ("config", "disk", "now"),
}  # fmt: skip
"""Operation -> the members of its request that a step keeps."""
ANSWERED: Final = ("tip", "block", "receipt", "state", "members")
"""Questions whose answers the text decides to the byte."""
DISKS: Final = ("all", "synced")
"""What a disk holds at recovery: every write, or those up to the last that was synced."""


@define
class _Disk:
    """What one instance wrote."""

    whole: dict[str, str] = field(factory=dict)
    synced: dict[str, str] = field(factory=dict)

    def write(self, effect: Mapping[str, Any]) -> None:
        """One `persist`."""
        for one in effect["writes"]:
            self.whole.pop(one["key"], None)
            if "value" in one:
                self.whole[one["key"]] = one["value"]
        if effect["sync"]:
            self.synced = dict(self.whole)

    def holds(self, listed: Iterable[Mapping[str, str]]) -> str:
        """Which of `DISKS` these entries are; empty if neither."""
        found = {one["key"]: one["value"] for one in listed}
        return next((name for name, disk in (("all", self.whole), ("synced", self.synced)) if disk == found), "")

    def entries(self, name: str) -> list[Data]:
        """One of `DISKS`, as a request carries it."""
        disk = self.whole if name == "all" else self.synced
        return [{"key": key, "value": disk[key]} for key in sorted(disk)]


def told(op: str, path: str, kind: str, value: Mapping[str, Any]) -> Data:
    """What is kept of a reply."""
    if kind != "ok":
        return {kind: value["code"]}
    if op == "query":
        answer = dict(value["value"]) if path in ANSWERED else {}
        answer.pop("cert", None)  # which votes are shown is the node's own
        return {"ok": answer}
    kept: Data = {"tx_id": value["tx_id"]} if "tx_id" in value else {}
    decided = [{"block": one["block"], "height": one["height"]} for one in value.get("effects", ())
               if one["effect"] == "decide"]  # fmt: skip
    return {"ok": kept | ({"decide": decided} if decided else {})}


@define
class _Player:
    """One instance that is asked step by step."""

    door: Door
    timers: dict[str, int] = field(factory=dict)
    disk: _Disk = field(factory=_Disk)

    def play(self, request: Mapping[str, Any]) -> Data:
        """What is kept of the reply to a step."""
        op, fields = request["op"], {name: value for name, value in request.items() if name != "op"}
        if op == "fire":
            due = [name for name, at in self.timers.items() if at <= request["now"]]
            if not due:
                return {"err": "no_timer"}
            fields["timer"] = min(due, key=self.timers.__getitem__)  # of equals, the one that was set first
            del self.timers[fields["timer"]]
        if op == "recover":
            fields["disk"] = self.disk.entries(request["disk"])
        if op in ("crash", "recover"):
            self.timers.clear()
        [reply] = self.door.ask_many([(op, fields | {"node": "a"})])
        self.heed(reply)
        return told(op, request.get("path", ""), reply.kind, reply.value)

    def heed(self, reply: Reply) -> None:
        """Keep what effects set and write."""
        for effect in reply.value.get("effects", ()) if reply.kind == "ok" else ():
            match effect["effect"]:
                case "set_timer":
                    self.timers.pop(effect["timer"], None)
                    self.timers[effect["timer"]] = effect["at"]
                case "cancel":
                    self.timers.pop(effect["timer"], None)
                case "persist":
                    self.disk.write(effect)


@frozen
class Schedule:
    """Requests to one instance, each with what a correct node answers: the input of a vector."""

    profile: str
    suite: str
    steps: tuple[tuple[Data, Data], ...]
    """(request, what is kept of the reply)."""

    def to_data(self) -> Data:
        """As the input of a vector."""
        steps = [{"reply": reply, "request": request} for request, reply in self.steps]
        return {"profile": self.profile, "steps": steps, "suite": self.suite}

    @classmethod
    def from_data(cls, value: Any) -> "Schedule":
        """Raises `PlanError` `plan.malformed` with the place and what was expected there."""
        if not isinstance(value, dict) or set(value) != {"profile", "steps", "suite"}:
            raise PlanError("plan.malformed", "", say("plan.schedule"), shown(value))
        for name in ("profile", "suite"):
            if not isinstance(value[name], str):
                raise PlanError("plan.malformed", f"/{name}", say("shape.a-text"), shown(value[name]))
        if not isinstance(value["steps"], list) or not value["steps"]:
            raise PlanError("plan.malformed", "/steps", say("plan.steps"), shown(value["steps"]))
        for number, step in enumerate(value["steps"]):
            _must_be_step(step, f"/steps/{number}")
        steps = tuple((step["request"], step["reply"]) for step in value["steps"])
        return cls(value["profile"], value["suite"], steps)

    def differs(self, door: Door) -> tuple[int, Data] | None:
        """The first step that is answered in another way, and how; None if a node answers all of them so."""
        door.reset()
        player = _Player(door)
        for number, (request, expected) in enumerate(self.steps):
            found = player.play(request)
            if found != expected:
                return number, found
        return None


def _must_be_step(step: Any, at: str) -> None:
    if not isinstance(step, dict) or set(step) != {"reply", "request"}:
        raise PlanError("plan.malformed", at, say("plan.step"), shown(step))
    request, reply = step["request"], step["reply"]
    if not isinstance(request, dict) or not isinstance(request.get("op"), str) or request["op"] not in ASKED:
        expected = say("shape.one-of", names=", ".join(ASKED))
        raise PlanError("plan.malformed", f"{at}/request/op", expected, shown(request))
    wanted = {"op", *ASKED[request["op"]]}
    if set(request) != wanted:
        raise PlanError("plan.malformed", f"{at}/request", ", ".join(sorted(wanted)), ", ".join(sorted(request)))
    if not isinstance(request.get("disk", "all"), str) or request.get("disk", "all") not in DISKS:
        expected = say("shape.one-of", names=", ".join(DISKS))
        raise PlanError("plan.malformed", f"{at}/request/disk", expected, shown(request["disk"]))
    if not isinstance(reply, dict) or len(reply) != 1 or not set(reply) <= {"ok", "refused", "err"}:
        raise PlanError("plan.malformed", f"{at}/reply", say("plan.reply"), shown(reply))


def shown(value: Any) -> str:
    """A value as an error shows it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)[:80]


# --- out of what was recorded ---


@define
class _Recorded:
    """The frames of one instance, as steps."""

    steps: list[tuple[Data, Data]] = field(factory=list)
    places: list[int] = field(factory=list)
    """Of each step, the number of its frame in the run."""
    disk: _Disk = field(factory=_Disk)
    is_portable: bool = True
    """False once it came back with a disk that is not its own, or only a part of it."""

    def add(self, place: int, request: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """One exchange."""
        kind = next(name for name in ("ok", "refused", "err") if name in reply)
        step = {"op": request["op"], **{name: request[name] for name in ASKED[request["op"]] if name in request}}
        if request["op"] == "recover":
            step["disk"] = self.disk.holds(request["disk"])
            self.is_portable = self.is_portable and step["disk"] in DISKS
        for effect in reply[kind].get("effects", ()) if kind == "ok" else ():
            if effect["effect"] == "persist":
                self.disk.write(effect)
        if self.is_portable:
            self.steps.append((step, told(request["op"], request.get("path", ""), kind, reply[kind])))
            self.places.append(place)


def recorded(lines: Iterable[Sequence[str]]) -> list[_Recorded]:
    """The instances of a run, in the order of their first frames. Raises `PlanError` for what is no frame."""
    found: dict[str, _Recorded] = {}
    for place, pair in enumerate(lines):
        try:
            request, reply = (json.loads(line) for line in pair)
            if request["op"] in ASKED and "node" in request:
                found.setdefault(request["node"], _Recorded()).add(place, request, reply)
        except (ValueError, TypeError, KeyError, StopIteration):
            raise PlanError("plan.malformed", f"/lines/{place}", say("plan.frame"), shown(pair)) from None
    return list(found.values())


@frozen
class Finding:
    """Where a correct node answers in another way than was recorded: a schedule with the right replies up to there, and
    the last reply as it was."""

    right: Schedule
    wrong: Data

    @property
    def twin(self) -> Schedule:
        """The same requests with the reply that was recorded."""
        *before, (request, _) = self.right.steps
        return evolve(self.right, steps=(*before, (request, self.wrong)))


def finding(lines: Iterable[Sequence[str]], profile: str, suite: str, correct: Door) -> Finding | None:
    """The earliest such place of a recorded run; None where a correct node answers all that is compared alike."""
    earliest: tuple[int, Finding] | None = None
    for one in recorded(lines):
        whole = Schedule(profile, suite, tuple(one.steps))
        differs = whole.differs(correct) if one.steps else None
        if differs is None:
            continue
        number, reply = differs
        if earliest is None or one.places[number] < earliest[0]:
            request, wrong = one.steps[number]
            right = evolve(whole, steps=(*one.steps[:number], (request, reply)))
            earliest = one.places[number], Finding(right, wrong)
    return None if earliest is None else earliest[1]
