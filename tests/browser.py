"""A headless Chromium, asked over its debugging pipe; no library and no server is needed."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)

_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    # nor is anything fetched by the browser itself
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-quic",
)


class BrowserError(Exception):
    """Chromium, or JavaScript in it, refused what it was asked."""


class Page:
    """One tab; `events` are all that Chromium has told about it so far."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._rest = b""
        self._last = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol and give its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self.events.append(dict(answer))

    def open(
        self, path: Path, *, width: int = 1400, height: int = 900, dark: bool = False
    ) -> float:
        """Open a file and wait until its scripts say they are ready; gives seconds."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        start = time.perf_counter()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while self.run("document.documentElement?.dataset.ready") != "true":
            if time.perf_counter() - start > 60:
                raise BrowserError(f"{path}: not ready after a minute: {self.list_errors()}")
            time.sleep(0.02)
        return time.perf_counter() - start

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def press(self, key: str, *, text: str = "") -> None:
        """Press and release a key, such as Tab, Enter or ArrowRight."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowRight": 39, "ArrowDown": 40}
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code.get(key, 0)}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **event)

    def list_errors(self) -> list[str]:
        """Exceptions and error messages of the page so far."""
        return [
            json.dumps(event["params"])
            for event in self.events
            if event.get("method") == "Runtime.exceptionThrown"
            or (
                event.get("method") == "Runtime.consoleAPICalled"
                and event["params"]["type"] in ("error", "warning", "assert")
            )
            or (
                event.get("method") == "Log.entryAdded"
                and event["params"]["entry"]["level"] in ("error", "warning")
            )
        ]

    def list_requests(self) -> list[str]:
        """Every address that was asked for so far, but what is in the page itself."""
        sent = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        addresses = [str(event["params"]["request"]["url"]) for event in sent]
        return [one for one in addresses if not one.startswith(("data:", "blob:", "about:"))]

    def _read(self) -> Mapping[str, Any] | Any:
        while b"\0" not in self._rest:
            piece = os.read(self._answers, 1 << 16)
            if not piece:
                raise BrowserError("Chromium has gone")
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def open_browser() -> Iterator[Page]:
    """Start Chromium with one empty tab, and end it with the block."""
    assert CHROMIUM, "there is no chromium"
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Chromium reads commands from its file 3 and writes answers to its file 4
    far = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 100) for one in (theirs_in, theirs_out)]

    def connect() -> None:
        os.dup2(far[0], 3)
        os.dup2(far[1], 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *_OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            preexec_fn=connect,  # noqa: PLW1509 - no other thread is running
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for one in (theirs_in, theirs_out, *far):
            os.close(one)
        try:
            yield Page(ours_out, ours_in)
        finally:
            process.terminate()
            process.wait()
            os.close(ours_out)
            os.close(ours_in)
