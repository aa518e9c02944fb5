"""Where the gateway meets sockets: a request of starlette becomes an `Asked`, an `Answer` becomes bytes on the wire.

One thread does everything, in the order in which it comes: the node is a pure reactor and its file has one writer. The
page of the visual client is served beside the questions. It must not decide anything.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from refimpl.data.limits import TRANSACTION_DEPLOY_BYTES
from refimpl.data.refusal import Refused
from refimpl.service.gateway import Gateway, stream_of
from refimpl.service.node import Kept, Working
from refimpl.service.requests import Answer, Asked
from refimpl.shell.faults import Fault
from refimpl.shell.files import reason

__all__ = ["application", "serve"]

PAGE: Final = Path(__file__).parent / "page"
_KINDS: Final = {".html": "text/html; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
                 ".css": "text/css; charset=utf-8"}  # fmt: skip
_GUARDS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}  # fmt: skip
"""The page loads nothing but what this service gives, stands in no frame, and nothing is kept by anybody between."""
_BACKLOG: Final = 128
_QUIET_SECONDS: Final = 15
"""After so long without a block a stream says that it is there."""


class _Desk:
    """The gateway at work in an event loop: timers of the node, and who waits for the next block."""

    def __init__(self, gateway: Gateway, node: Kept | Working) -> None:
        self.gateway = gateway
        self.node = node
        self.news = asyncio.Condition()
        self.tasks: set[asyncio.Task[None]] = set()
        self.alarms: dict[str, asyncio.TimerHandle] = {}
        self.closing = False

    def open(self) -> None:
        """Begin to carry out what the node asks for."""
        if isinstance(self.node, Working):
            self.node.alarm = self._alarm
            self.node.told = lambda height: self._wake()
            self.node.begin()

    def _alarm(self, name: str, at: int) -> None:
        node = self.node
        assert isinstance(node, Working), "only a node at work has timers"
        if name in self.alarms:
            self.alarms[name].cancel()  # the same name replaces
        away = max(0.0, at - time.time())
        self.alarms[name] = asyncio.get_running_loop().call_later(away, lambda: node.fire(name, int(time.time())))

    def _wake(self) -> None:
        task = asyncio.ensure_future(self._tell())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def stop(self) -> None:
        """End the streams, so that the server can end."""
        self.closing = True
        await self._tell()

    async def stream(self, answer: Answer) -> AsyncIterator[bytes]:
        """The blocks from a height on, for as long as somebody listens who may."""
        assert answer.follow is not None, "only an answer that goes on is streamed"
        reached = answer.follow
        yield b": blocks\n\n"
        while not self.closing and _holds(answer):
            for height, event in stream_of(self.node.chain, reached):
                yield event
                reached = height + 1
            if not await self._news_within(_QUIET_SECONDS, reached):
                yield b": still here\n\n"

    async def _news_within(self, seconds: float, height: int) -> bool:
        """Whether a block of this height came, or the end, before so many seconds had passed."""
        try:
            async with asyncio.timeout(seconds), self.news:
                await self.news.wait_for(lambda: self.closing or self.node.chain.height >= height)
        except TimeoutError:
            return False
        return True


def _holds(answer: Answer) -> bool:
    try:
        answer.still()
    except Refused:
        return False
    return True


async def _read(request: Request) -> bytes:
    """The body, up to one byte over what is allowed: more is refused by the gateway without being kept."""
    body = bytearray()
    async for part in request.stream():
        body += part[: TRANSACTION_DEPLOY_BYTES + 1 - len(body)]
    return bytes(body)


def application(gateway: Gateway, node: Kept | Working) -> Starlette:
    """The service as an ASGI application."""
    desk = _Desk(gateway, node)
    files = {found.name: found for found in PAGE.iterdir() if found.suffix in _KINDS}

    async def ask(request: Request) -> Response:
        try:
            body = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        path = request.scope.get("raw_path", request.url.path.encode()).partition(b"?")[0].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = gateway.answer(Asked(request.method, path, query, headers, body), int(time.time()))
        return _response(answer)

    def _response(answer: Answer) -> Response:
        headers = {**_GUARDS, **answer.headers}
        if answer.follow is not None:
            return StreamingResponse(desk.stream(answer), answer.status, headers, answer.kind)
        return Response(answer.body, answer.status, {**headers, "Content-Type": answer.kind})

    async def page(request: Request) -> Response:
        found = files.get(request.path_params.get("name") or "index.html")
        if found is None:
            return await ask(request)
        return Response(found.read_bytes(), headers={**_GUARDS, "Content-Type": _KINDS[found.suffix]})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.open()
        yield
        node.close()

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
    made = Starlette(lifespan=lifespan, routes=[
        Route("/v1/{rest:path}", ask, methods=methods),
        Route("/", page, methods=["GET"]), Route("/{name}", page, methods=["GET"]),
        Route("/{rest:path}", ask, methods=methods),
    ])  # fmt: skip
    made.state.desk = desk
    return made


class _Server(uvicorn.Server):
    """Ends its streams when it is told to end, and says when it listens."""

    def __init__(self, made: Starlette, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self.made = made
        self.listening = listening

    async def startup(self, sockets: object = None) -> None:
        """As uvicorn does; then says so."""
        await super().startup(sockets)  # type: ignore[arg-type]  # handed on as it came
        if self.started:
            self.listening()

    async def shutdown(self, sockets: object = None) -> None:
        """As uvicorn does, after the streams have ended."""
        await self.made.state.desk.stop()
        await super().shutdown(sockets)  # type: ignore[arg-type]  # handed on as it came


def serve(gateway: Gateway, node: Kept | Working, host: str, port: int, listening: Callable[[int], None]) -> None:
    """Answer until somebody interrupts; `listening` is told the port once there is one. `Fault` `address.unusable`."""
    made = application(gateway, node)
    config = uvicorn.Config(made, log_level="critical", access_log=False, server_header=False, date_header=False,
                            lifespan="on", timeout_graceful_shutdown=5)  # fmt: skip
    bound = _bound(host, port)
    try:
        _Server(made, config, lambda: listening(bound.getsockname()[1])).run(sockets=[bound])
    except KeyboardInterrupt:
        pass  # the way in which a service ends
    finally:
        bound.close()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise Fault("address.unusable", address=f"{host}:{port}", reason=reason(error)) from None
    return bound
