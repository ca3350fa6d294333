"""TensorBoard on the loopback interface, for tests."""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

_MOST_SECS = 120  # of waiting; a machine may be busy
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Server:
    """One that runs."""

    def __init__(self, url):
        self.url = url

    def get(self, path, **query):
        """What the HTTP API answers, JSON parsed."""
        return json.loads(self.text(path, **query))

    def text(self, path, **query):
        where = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        with _OPEN(where, timeout=60) as answer:
            return answer.read().decode()

    def wait_for(self, ask, wanted):
        """The answer of ask(), once wanted(answer) is true; the last one when time is over."""
        end = time.monotonic() + _MOST_SECS
        while True:
            answer = ask()
            if wanted(answer) or time.monotonic() > end:
                return answer
            time.sleep(0.2)


@contextlib.contextmanager
def tensorboard(logdir, log_file, *options):
    """Starts TensorBoard on a free port and stops it."""
    command = [
        *(sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)),
        *("--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"),
        # All points: by default it shows 1000 scalars and 500 histograms of a series, 10 texts.
        *("--samples_per_plugin", "scalars=1000000,histograms=10000,text=1000", *options),
    ]
    with (
        open(log_file, "w") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as program,
    ):
        try:
            yield Server(_address(log_file, program))
        finally:
            program.terminate()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()


def _address(log_file, program):
    end = time.monotonic() + _MOST_SECS
    while time.monotonic() < end and program.poll() is None:
        found = re.search(r"at (http://127\.0\.0\.1:\d+/)", _read(log_file))
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"TensorBoard did not start: {_read(log_file)}")


def _read(path):
    with open(path) as file:
        return file.read()
