"""The door: a node as a process or a socket, in any language. The only part of the kit that meets an operating system.

Why one place: here are the clock that guards against hanging, the memory guard, the bytes that are no frame, and what a
process says on its way out. Behind it a node is a function from requests to replies. Every frame is checked both ways,
and what breaks the protocol is told with its line, its place and its clause. It must not judge an answer, nor know what
an operation is for. Source: spec/node-protocol.md, parts 1, 2 and 5.
"""

import json
import os
import selectors
import shlex
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from attrs import define, field, frozen

from conformance import shapes
from conformance.sentences import Sentence, Text, say
from conformance.standard import limit, schema_digest

__all__ = ["Breach", "Connected", "Door", "Guards", "Hello", "Process", "Reply", "Stopped", "Unstarted", "open_door"]

PROTOCOL: Final = 1
ON_INPUT: Final = frozenset({"deliver", "submit", "query", "recover", "vector"})
"""Operations whose input may not stop a node (NOD-020)."""
LINE_BYTES: Final = limit("protocol", "line_bytes")
KEPT_STDERR: Final = 65_536
SHOWN: Final = 400
"""Characters of a line that a message quotes."""
SLICE: Final = 0.25
"""Seconds between two looks at memory and life while a node is silent."""
LOOKS: Final = 256
"""Requests between two looks at memory while it answers."""

_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_quoted = json.encoder.encode_basestring


@frozen
class Guards:
    """How long and how much (NOD-052). `patient` waits for ever, for a debugger."""

    hello_seconds: float = float(limit("protocol", "hello_seconds"))
    answer_seconds: float = float(limit("protocol", "answer_seconds"))
    memory_bytes: int = limit("protocol", "memory_bytes")
    patient: bool = False


class Unstarted(Exception):
    """There is no such node; `args[0]` says why."""


class Breach(Exception):
    """The node broke the protocol: which clause, on which line, where in it, what was expected and found."""

    def __init__(self, clause: str, line: str, at: str, expected: Text, found: Text, request: str = "") -> None:
        super().__init__(f"{clause} {at or '/'}: expected {expected}, found {found}")
        self.clause, self.line, self.at = clause, shown(line), at
        self.expected, self.found, self.request = expected, found, shown(request)

    def __reduce__(self) -> tuple[Any, ...]:
        return Breach, (self.clause, self.line, self.at, self.expected, self.found, self.request)


class Stopped(Exception):
    """The node stopped answering: `why` is `died`, `hang`, `memory` or `internal`; with the request and its last words.

    `on_input` tells whether an input did it, which no input may (NOD-020)."""

    def __init__(self, why: str, op: str, request: str, words: str, detail: Text = "") -> None:
        super().__init__(f"{why} on {op}: {detail}")
        self.why, self.op, self.request, self.words, self.detail = why, op, shown(request), words, detail
        self.on_input = op in ON_INPUT

    def __reduce__(self) -> tuple[Any, ...]:
        return Stopped, (self.why, self.op, self.request, self.words, self.detail)


class Reply(NamedTuple):
    """An answer: `kind` is `ok`, `refused` or `err`."""

    kind: str
    value: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The code of a refusal or an err; empty if it is ok."""
        return "" if self.kind == "ok" else str(self.value["code"])

    @property
    def told(self) -> Sentence:
        """Its kind and code, as a failure tells them."""
        return say("ok") if self.kind == "ok" else say(self.kind, code=self.code)


@frozen
class Hello:
    """What the node says it has."""

    name: str
    version: str
    ops: tuple[str, ...]
    profiles: tuple[str, ...]
    suites: tuple[str, ...]
    packs: tuple[str, ...]
    claims: tuple[str, ...]
    window: int
    language: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Hello":
        """From `ok` of `hello`."""
        names = {name: tuple(told[name]) for name in ("ops", "profiles", "suites", "packs", "claims")}
        return cls(told["name"], told["version"], window=told.get("window", 1), language=told.get("language", ""),
                   **names)  # fmt: skip


def shown(text: str) -> str:
    """A line as a message quotes it."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}.. ({len(text)} characters)"


# --- links ---


class Link(Protocol):
    """Bytes to a node and back."""

    def send(self, data: bytes, deadline: float | None) -> None:
        """Write all of it, reading meanwhile; raises `TimeoutError`, `MemoryError` or `EOFError`."""
        ...

    def line(self, deadline: float | None) -> bytes:
        """The next line without its LF; raises `TimeoutError`, `MemoryError`, `EOFError`, `OverflowError`."""
        ...

    def words(self) -> str:
        """The last lines on standard error."""
        ...

    def close(self) -> int | None:
        """End it; the status if it was a process that ended by itself."""
        ...


class _Stream:
    """What a process and a socket share: one selector, buffers, and the looks at a silent node."""

    def __init__(self, reading: int, writing: int, watching: int | None, guards: Guards) -> None:
        self.reading, self.writing, self.watching = reading, writing, watching
        self.guards = guards
        self.lines: deque[bytes] = deque()
        self.rest: list[bytes] = []
        self.rest_bytes = 0
        self.ended = False
        self.said = bytearray()
        self.selector = selectors.DefaultSelector()
        for descriptor in (reading, writing, watching):
            if descriptor is not None:
                os.set_blocking(descriptor, False)
        self.selector.register(reading, selectors.EVENT_READ)
        if watching is not None:
            self.selector.register(watching, selectors.EVENT_READ)

    def memory(self) -> int:
        """Bytes resident; 0 where nobody can tell."""
        return 0

    def look(self) -> None:
        """Raise `MemoryError` if the node holds more than it may."""
        held = self.memory()
        if held > self.guards.memory_bytes:
            raise MemoryError(say("stopped.resident", held=held, allowed=self.guards.memory_bytes))

    def send(self, data: bytes, deadline: float | None) -> None:
        """See `Link`."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.writing, view) :]
            except BlockingIOError:
                self.wait(deadline, writing=True)
            except OSError:
                raise EOFError from None

    def line(self, deadline: float | None) -> bytes:
        """See `Link`."""
        while not self.lines:
            if self.ended:
                raise EOFError
            self.wait(deadline, writing=False)
        return self.lines.popleft()

    def wait(self, deadline: float | None, *, writing: bool) -> None:
        """Until something can be read (or written), or a slice of time has passed without."""
        if writing and self.writing != self.reading:
            self.selector.register(self.writing, selectors.EVENT_WRITE)
        elif writing:
            self.selector.modify(self.writing, selectors.EVENT_READ | selectors.EVENT_WRITE)
        try:
            ready = self.selector.select(SLICE)
        finally:
            if writing and self.writing != self.reading:
                self.selector.unregister(self.writing)
            elif writing:
                self.selector.modify(self.reading, selectors.EVENT_READ)
        for key, events in ready:
            if events & selectors.EVENT_READ:
                self.take(key.fd)
        if not ready:
            self.look()
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError

    def take(self, descriptor: int) -> None:
        """Read what is there."""
        try:
            data = os.read(descriptor, 1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if descriptor == self.watching:
            self.said += data
            del self.said[:-KEPT_STDERR]
            if not data:
                self.selector.unregister(descriptor)
                self.watching = None
        elif data:
            self.split(data)
        else:
            self.ended = True

    def split(self, data: bytes) -> None:
        """Whole lines go to `lines`, what is left waits."""
        *whole, rest = data.split(b"\n")
        for line in whole:
            self.lines.append(b"".join((*self.rest, line)))
            self.rest.clear()
            self.rest_bytes = 0
        if rest:
            self.rest.append(rest)
            self.rest_bytes += len(rest)
        if self.rest_bytes > LINE_BYTES or len(self.lines) > 2 * limit("protocol", "window"):
            raise OverflowError

    def words(self) -> str:
        """See `Link`."""
        for _ in range(8):
            if self.watching is None or not self.selector.select(0.05):
                break
            with suppress(OverflowError):
                for key, _events in self.selector.select(0):
                    self.take(key.fd)
            if self.ended:
                break
        return self.said.decode("utf-8", "replace")


class Process(_Stream):
    """A node that the kit starts: standard input and output are the frames, standard error is kept."""

    def __init__(self, command: Sequence[str], guards: Guards, environment: Mapping[str, str] | None = None) -> None:
        """Raises `Unstarted`."""
        try:
            self.child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                start_new_session=True, env=None if environment is None else dict(environment),
            )  # fmt: skip
        except OSError as error:
            raise Unstarted(f"{shlex.join(command)}: {error.strerror}") from None
        assert self.child.stdin is not None, "piped"
        assert self.child.stdout is not None, "piped"
        assert self.child.stderr is not None, "piped"
        super().__init__(self.child.stdout.fileno(), self.child.stdin.fileno(), self.child.stderr.fileno(), guards)

    def memory(self) -> int:
        """Of the process and its children, where `/proc` tells."""
        return sum(_resident(number) for number in _family(self.child.pid))

    def close(self) -> int | None:
        """See `Link`: wait two seconds, then end the whole session of the child."""
        assert self.child.stdin
        with suppress(OSError):
            self.child.stdin.close()
        status: int | None
        try:
            status = self.child.wait(2)
        except subprocess.TimeoutExpired:
            status = None
        with suppress(OSError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.selector.close()
        for stream in (self.child.stdout, self.child.stderr):
            if stream is not None:
                stream.close()
        return status


class Connected(_Stream):
    """A node that listens at `unix:PATH` or `tcp:HOST:PORT` (NOD-008)."""

    def __init__(self, address: str, guards: Guards) -> None:
        """Raises `Unstarted`."""
        kind, _, place = address.partition(":")
        host, _, port = place.rpartition(":")
        try:
            if kind == "unix":
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(place)
            elif kind == "tcp" and host and port.isdecimal():
                self.socket = socket.create_connection((host, int(port)), guards.hello_seconds)
            else:
                raise Unstarted(say("unstarted.address", address=address))
        except OSError as error:
            raise Unstarted(f"{address}: {error.strerror or error}") from None
        super().__init__(self.socket.fileno(), self.socket.fileno(), None, guards)

    def close(self) -> int | None:
        """See `Link`."""
        self.selector.close()
        self.socket.close()
        return None


def _family(pid: int) -> Iterable[int]:
    """A process and its children, as far as the system tells."""
    yield pid
    with suppress(OSError, ValueError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _family(int(child))


def _resident(pid: int) -> int:
    """Resident bytes of a process; 0 where `/proc` does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


# --- the conversation ---

Request = tuple[str, Mapping[str, Any]]
"""Operation and fields."""


@define
class Door:
    """One conversation. Requests are numbered, replies checked, and all of it kept since the last `reset`."""

    link: Any
    guards: Guards = field(factory=Guards)
    sent: int = 0
    messages: int = 0
    """Frames both ways, over all conversations of this door."""
    record: list[tuple[str, str]] = field(factory=list)
    """(request, reply) lines since the last `reset`."""

    def hello(self) -> Hello:
        """Raises `Unstarted` if the node and this kit have no protocol in common."""
        offer = {"kit": "yilian", "protocol": [PROTOCOL], "schema": schema_digest()}
        [reply] = self.ask_many([("hello", offer)], self.guards.hello_seconds)
        if reply.kind != "ok":
            raise Unstarted(f"hello: {reply.code} {reply.value.get('text', '')}")
        return Hello.of(reply.value)

    def ask(self, op: str, **fields: Any) -> Reply:
        """One request. `from_` stands for `from`."""
        if "from_" in fields:
            fields["from"] = fields.pop("from_")
        [reply] = self.ask_many([(op, fields)])
        return reply

    def ask_as(self, op: str, shape: str) -> Reply:
        """An operation without fields that this kit does not have, whose reply is checked as that of `shape`."""
        [reply] = self.ask_many([(op, {})], shape=shape)
        return reply

    def ask_many(self, requests: Sequence[Request], seconds: float = 0, shape: str = "") -> list[Reply]:
        """Several requests at once, each to another instance or to none, and their replies in order (NOD-007).

        Raises `Breach` and `Stopped`."""
        written = [self.line_of(op, fields) for op, fields in requests]
        wait = seconds or self.guards.answer_seconds
        deadline = None if self.guards.patient else time.monotonic() + wait
        replies = []
        done = 0
        try:
            self.link.send("".join(written).encode(), deadline)
            for number, (op, fields) in enumerate(requests):
                line = self.link.line(deadline)
                identifier = self.sent - len(requests) + number + 1
                reply = self.reply(shape or op, identifier, line, written[number])
                if op == "query" and reply.kind == "ok":
                    self.check_answer(fields["path"], reply)
                replies.append(reply)
                done += 1
            if self.messages % LOOKS < len(requests):
                self.link.look()
        except (TimeoutError, EOFError, MemoryError) as end:
            raise self.stopped(end, requests[done][0] if done < len(requests) else requests[-1][0],
                               written[min(done, len(requests) - 1)], wait) from None  # fmt: skip
        except OverflowError:
            expected = say("reply.one-line", bytes=LINE_BYTES)
            raise Breach("NOD-001", "", "", expected, say("more"), written[done]) from None
        return replies

    def line_of(self, op: str, fields: Mapping[str, Any]) -> str:
        """The canonical line of the next request."""
        self.sent += 1
        frame = {"id": self.sent, "op": op, **fields}
        parts = []
        for name in sorted(frame):
            value = frame[name]
            parts.append(f'"{name}":{value if type(value) is int else _quoted(value)}'
                         if type(value) in (int, str) else f'"{name}":{_write(value)}')  # fmt: skip
        return "{" + ",".join(parts) + "}\n"

    def reply(self, op: str, identifier: int, line: bytes, request: str) -> Reply:
        """The reply in a line; raises `Breach` (NOD-001 to NOD-009) and `Stopped` for `internal`."""
        self.messages += 2
        try:
            text = line.decode()
            value = _read(text)
        except _NotStrict as error:
            raise Breach("NOD-003", line.decode("utf-8", "replace"), "", error.expected, error.found, request) from None
        except (ValueError, RecursionError):
            line_shown = line.decode("utf-8", "replace")
            expected = say("shape.one-json")
            raise Breach("NOD-001", line_shown, "", expected, shown(line_shown[:80]), request) from None
        if type(value) is not dict or value.get("id") != identifier:
            named = type(value) is dict and "id" in value
            absent = say("reply.no-id" if type(value) is dict else "reply.no-object")
            raise Breach("NOD-002", text, "/id", str(identifier), str(value["id"]) if named else absent, request)
        try:
            shapes.check(f"reply.{op}")(value)
            if op in _FREE or b"\\u" in line or not line.isascii():
                shapes.strict(value)
        except shapes.Misfit as misfit:
            raise _breach(misfit, text, request) from None
        self.record.append((request, text))
        kind = "ok" if "ok" in value else "refused" if "refused" in value else "err"
        if kind == "err" and value["err"]["code"] == "internal":
            raise Stopped("internal", op, request, self.link.words(), str(value["err"].get("text", "")))
        return Reply(kind, value[kind])

    def check_answer(self, path: str, reply: Reply) -> None:
        """Raise `Breach` where the value in the last reply is not what the path of its query has (NOD-040 to NOD-047);
        other paths have none."""
        try:
            answer = shapes.check(f"answer.{path}")
        except KeyError:
            return
        request, text = self.record[-1]
        try:
            answer(reply.value["value"])
        except shapes.Misfit as misfit:
            raise _breach(misfit.below("value").below("ok"), text, request) from None

    def stopped(self, end: BaseException, op: str, request: str, wait: float) -> Stopped:
        """Why there is no answer."""
        if isinstance(end, MemoryError):
            return Stopped("memory", op, request, self.link.words(), end.args[0] if end.args else "")
        if isinstance(end, TimeoutError):
            return Stopped("hang", op, request, self.link.words(), say("stopped.no-answer", seconds=f"{wait:g}"))
        words, status = self.link.words(), self.link.close()
        return Stopped("died", op, request, words, "" if status is None else say("stopped.status", status=status))

    def reset(self) -> None:
        """Drop all instances; raises `Breach` if the node does not (NOD-022)."""
        self.record.clear()
        reply = self.ask("reset")
        if reply.kind != "ok":
            raise Breach("NOD-022", str(reply), "", say("ok"), reply.told)
        self.record.clear()

    def bye(self) -> int | None:
        """End the conversation; the status of the process, None if it had to be killed or is none of ours."""
        try:
            self.ask("bye")
        finally:
            status: int | None = self.link.close()
        return status

    def close(self) -> None:
        """End it without a word."""
        self.link.close()


_FREE: Final = frozenset({"query", "vector"})
"""Replies that carry values which no shape of the reply bounds."""


def _breach(misfit: shapes.Misfit, text: str, request: str) -> Breach:
    found = misfit.found if isinstance(misfit.found, Sentence) else shown(str(misfit.found))
    return Breach(misfit.clause or "NOD-009", text, misfit.at, misfit.expected, found, request)


class _NotStrict(ValueError):
    """JSON beyond the profile: what was expected and found."""

    def __init__(self, expected: Text, found: str) -> None:
        super().__init__(expected)
        self.expected, self.found = expected, found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NotStrict(say("shape.key-once"), next(name for name in names if names.count(name) > 1))
    return made


def _no_float(text: str) -> Any:
    raise _NotStrict(say("shape.an-integer"), text)


_read = json.JSONDecoder(object_pairs_hook=_once, parse_float=_no_float, parse_constant=_no_float).decode


def open_door(
    command: str = "", address: str = "", guards: Guards | None = None, environment: Mapping[str, str] | None = None
) -> Door:
    """A door to the node that `command` starts, or that listens at `address`; raises `Unstarted`."""
    guards = guards or Guards()
    if address:
        return Door(Connected(address, guards), guards)
    words = shlex.split(command)
    if not words:
        raise Unstarted(say("unstarted.no-command"))
    return Door(Process(words, guards, environment), guards)
