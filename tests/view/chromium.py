"""Headless Chromium, spoken to over a pipe: no package, no port."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    # WebGL2 on a machine without a GPU.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def chromium_path() -> str | None:
    """Where Chromium is, if it is installed."""
    asked = os.environ.get("INCARNATE_CHROMIUM")
    names = (asked,) if asked else ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Chromium:
    """One page of a headless Chromium."""

    def __init__(self, size: tuple[int, int] = (800, 600), more_flags: Sequence[str] = ()) -> None:
        path = chromium_path()
        assert path is not None, "ask chromium_path first"
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-")
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        script = f'exec 3<&{to_child} 4>&{from_child}; exec "$0" "$@"'
        flags = (
            *FLAGS,
            *more_flags,
            f"--window-size={size[0]},{size[1]}",
            f"--user-data-dir={self._profile.name}",
        )
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", script, path, *flags, "about:blank"],
            pass_fds=(to_child, from_child),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_child)
        os.close(from_child)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.console: list[str] = []
        """What the page wrote and what went wrong in it."""
        self.requests: list[str] = []
        """Addresses that the page and its workers asked for."""
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        # Workers wait until what they ask for is watched, too.
        self.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._write)
        os.close(self._read)
        self._process.kill()
        self._process.wait()
        time.sleep(0.2)
        shutil.rmtree(self._profile.name, ignore_errors=True)
        self._profile.cleanup()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and wait for its answer."""
        self._last += 1
        asked = self._last
        self._tell(method, parameters, self._session)
        while True:
            answer = self._receive()
            if answer.get("id") == asked:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._note(answer)

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.ask("Page.navigate", url=address)
        deadline = time.monotonic() + 60
        while self.run("document.readyState") != "complete":
            assert time.monotonic() < deadline, f"{address} does not load: {self.console}"
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are waited for."""
        result = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, f"{result['exceptionDetails']} {self.console}"
        return result["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """Save the page as it looks."""
        import base64

        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def _tell(self, method: str, parameters: dict[str, Any], session: str | None) -> None:
        message = {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._send(json.dumps(message).encode() + b"\0")

    def _send(self, content: bytes) -> None:
        while content:
            content = content[os.write(self._write, content) :]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, f"Chromium ended: {self.console}"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.consoleAPICalled":
            texts = [str(a.get("value", a.get("description"))) for a in parameters["args"]]
            self.console.append(" ".join(texts))
        elif event.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description", details["text"]))
        elif event.get("method") == "Log.entryAdded":
            self.console.append(parameters["entry"]["text"])
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif event.get("method") == "Target.attachedToTarget":
            for method in ("Network.enable", "Runtime.runIfWaitingForDebugger"):
                self._last += 1
                self._tell(method, {}, parameters["sessionId"])
