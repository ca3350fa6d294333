"""Chromium without a screen, driven over a pipe by its DevTools protocol; for tests.

Source: https://chromedevtools.github.io/devtools-protocol/; --remote-debugging-pipe: messages are
JSON, each ended by a NUL, to descriptor 3 and from descriptor 4 of the browser.
"""

import base64
import contextlib
import fcntl
import io
import json
import os
import select
import shutil
import subprocess
import time

import numpy as np

_MOST_SECS = 120  # of waiting; a machine may be busy
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)


def find_chromium():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class BrowserError(Exception):
    """A command was refused."""


class Page:
    """One page.

    Attributes:
      requests: The URLs it has asked for.
    """

    def __init__(self, browser, session):
        self._browser, self._session = browser, session
        self.requests = browser.requests

    def call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def evaluate(self, expression):
        """The value of a JavaScript expression, a promise's awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, path):
        """Saves what is seen as PNG; returns uint8 [height, width, 3]."""
        from PIL import Image

        end = time.monotonic() + _MOST_SECS
        while True:
            try:
                answer = self.call("Page.captureScreenshot", format="png")
                break
            except BrowserError:  # while the page is changing to the process of its URL
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        png = base64.b64decode(answer["data"])
        path.write_bytes(png)
        with Image.open(io.BytesIO(png)) as image:
            return np.asarray(image.convert("RGB"))

    def wait_until_drawn(self, path, drawn):
        """Takes screenshots until drawn(pixels) and nothing moves; returns the last one."""
        end = time.monotonic() + _MOST_SECS
        before = None
        while True:
            pixels = self.screenshot(path)
            still = before is not None and np.array_equal(pixels, before)
            if (still and drawn(pixels)) or time.monotonic() > end:
                return pixels
            before = pixels
            time.sleep(1)


class Browser:
    """A browser that runs."""

    def __init__(self, to_browser, from_browser):
        self._to, self._from = to_browser, from_browser
        self._bytes, self._number = b"", 0
        self.requests = []

    def open(self, url, width=1400, height=1000):
        """Opens a URL; once, for a page behind another one is not drawn."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.call("Network.enable")
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        page.call("Page.navigate", url=url)
        return page

    def call(self, method, session=None, **parameters):
        """Sends a command and returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(answer["error"]["message"])
                return answer["result"]
            assert answer.get("method") != "Inspector.targetCrashed", "the page has crashed"
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])

    def _receive(self):
        while b"\0" not in self._bytes:
            ready, _, _ = select.select([self._from], [], [], _MOST_SECS)
            assert ready, "the browser does not answer"
            more = os.read(self._from, 1 << 20)
            assert more, "the browser has ended"
            self._bytes += more
        text, self._bytes = self._bytes.split(b"\0", 1)
        return json.loads(text)


@contextlib.contextmanager
def chromium(folder):
    """Starts a browser whose profile and log are in `folder`, and stops it."""
    path = find_chromium()
    assert path is not None
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    # Out of the way of 3 and 4.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (in_read, out_write)]

    def as_three_and_four():
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    command = [path, *_OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"]
    with (
        open(folder / "chromium.log", "w") as log,
        subprocess.Popen(
            [*command, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(3, 4),
            preexec_fn=as_three_and_four,
        ) as program,
    ):
        for end in (in_read, out_write, *ends):
            os.close(end)
        try:
            yield Browser(in_write, out_read)
        finally:
            os.close(in_write)
            program.terminate()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
            os.close(out_read)
