"""`yilian serve` as a person starts it, with the papers of a rehearsal: for tests that need the socket."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from refimpl.crypto.recipes import key_for_tests
from refimpl.data.ids import ChannelId, Suite
from refimpl.service.requests import Asked, signed_headers
from tests.conftest import call


def hear_interrupts() -> None:
    """In a child, before it begins. A job in the background of a shell is born with Ctrl-C ignored, and so are its
    children: a test that interrupts one would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Serving:
    """The service of the rehearsal's validator on a free port; ended as a person ends it."""

    def __init__(self, folder: Path, language: str = "en") -> None:
        self.papers = folder / "rehearsal"
        assert call("rehearse", self.papers).exit_code == 0
        self.language = language
        self.asked = 0
        self.status: int | None = None
        self.last = ""

    def __enter__(self) -> "Serving":
        papers = self.papers
        command = [sys.executable, "-m", "refimpl", "--lang", self.language, "serve", papers / "ledger.sqlite",
                   "--authority", papers / "authority.der", "--key", papers / "city3.key", "--as", "city3",
                   "--port", "0"]  # fmt: skip
        words = [str(one) for one in command]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts)
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline()
        found = re.search(r"http://\S+?/", self.first)
        assert found, self.first + self.process.stderr.read()
        self.url = found[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            _, self.last = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        self.status = self.process.returncode

    def headers(self, member: str, asked: Asked) -> dict[str, str]:
        """What makes a request this member's."""
        self.asked += 1
        certificate = (self.papers / f"{member}.der").read_bytes()
        key = key_for_tests(Suite.INTL, member)
        channel = ChannelId("river-city")
        return signed_headers(asked, channel, key, certificate, f"{self.asked:032x}", int(time.time()))

    def signer(self, member: str) -> "Signer":
        """As httpx and schemathesis take it."""
        return Signer(self, member)


class Signer(httpx.Auth):
    """Signs each request just before it is sent."""

    requires_request_body = True

    def __init__(self, serving: Serving, member: str) -> None:
        self.serving = serving
        self.member = member

    def auth_flow(self, request: httpx.Request):
        """See `httpx.Auth`."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        asked = Asked(request.method, path, query, {}, request.content)
        request.headers.update(self.serving.headers(self.member, asked))
        yield request
