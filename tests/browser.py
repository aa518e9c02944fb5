"""Headless Chromium, driven over its own pipe: for tests of the visual client that look at what a person sees.

No driver is installed for it: the DevTools protocol is JSON over two pipes. Waiting is done by the page itself, which
answers when a condition holds.
"""

import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage")  # fmt: skip
PATIENCE = 20_000
"""Milliseconds until a condition that does not come true is an error."""


class Browser:
    """One page of one browser."""

    def __init__(self, profile: Path, language: str = "zh-CN", width: int = 1200, height: int = 900) -> None:
        assert CHROMIUM is not None
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()

        def wired() -> None:
            first, second = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(first, 3)
            os.dup2(second, 4)

        command = [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--lang={language}",
                   f"--accept-lang={language}", f"--window-size={width},{height}", "about:blank"]  # fmt: skip
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(
            command, close_fds=False, preexec_fn=wired, start_new_session=True, **quiet,
            env={**os.environ, "LANGUAGE": language},
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self.read, self.number, self.session = b"", 0, None
        self.said: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setLocaleOverride", locale=language.replace("-", "_"))
        agent = self.call("Browser.getVersion")["userAgent"]
        self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the protocol."""
        self.number += 1
        asked: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None and not method.startswith(("Target.", "Browser.")):
            asked["sessionId"] = self.session
        os.write(self.out, json.dumps(asked).encode() + b"\0")
        while True:
            while b"\0" not in self.read:
                more = os.read(self.into, 1 << 16)
                assert more, "the browser has gone"
                self.read += more
            told, _, self.read = self.read.partition(b"\0")
            answer = json.loads(told)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        """Errors of the page, so that a test can see that there were none."""
        if event.get("method") == "Runtime.exceptionThrown":
            self.said.append(json.dumps(event["params"]["exceptionDetails"])[:500])
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.said.append(event["params"]["entry"]["text"])

    def open(self, address: str) -> None:
        """Go to a page."""
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Return when the condition holds in the page; else an error that shows what stands there."""
        came = self.run(f"""new Promise((done) => {{ const start = Date.now(); const look = () => {{
            if ({condition}) done(true); else if (Date.now() - start > {PATIENCE}) done(false);
            else setTimeout(look, 20); }}; look(); }})""")
        assert came, (condition, self.run("document.body.innerText"), self.said)

    def choose(self, selector: str, *files: Path) -> None:
        """Put files into an input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(one) for one in files])

    def click(self, selector: str) -> None:
        """Click the first element."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector: str, value: object) -> None:
        """Write into an input."""
        self.run(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(str(value))}")

    @property
    def text(self) -> str:
        """What stands on the page."""
        return str(self.run("document.body.innerText"))

    def close(self) -> None:
        """End it, and every process it began."""
        with suppress(AssertionError, OSError):
            self.call("Browser.close")
        os.close(self.out)
        os.close(self.into)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
