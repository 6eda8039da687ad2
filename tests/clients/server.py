"""The program as an operator runs it: a process of its own, on a free port, with an empty data folder. Accounts and the
first keys are made on its command line. Ended by its process id, whatever happens to the tests."""

import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

OPENED = re.compile(r"open (http://\S+)/console")
PATIENCE = 60
DAY = 24 * 60 * 60 * 1_000_000


def binary():
    """The program under test; `tests/run` names it."""
    path = os.environ.get("CONSOLE_BINARY")
    if not path:
        raise SystemExit("CONSOLE_BINARY is not set: it is the path of the built program")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"CONSOLE_BINARY: {path} is not there or cannot be run: run `cargo build` first")
    return str(Path(path).resolve())


def environment():
    """Settings of whoever runs the tests do not reach the program. All tests share one address, which has a limit."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MSC_")}
    return inherited | {"MSC_ADDRESS_LIMIT": "off"}


class Server:
    """Not started yet: accounts that are made before the start keep it from making one of its own."""

    def __init__(self):
        self.data_dir = Path(tempfile.mkdtemp(prefix="clients-test-"))
        self.log = self.data_dir / "server.log"
        self.process = None
        self.url = None

    def command(self, *arguments, input=""):
        """A command of the operator, and its answer."""
        everything = [binary(), "--data-dir", str(self.data_dir), "--output", "json", *arguments]
        done = subprocess.run(everything, env=environment(), input=input, text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def start(self):
        arguments = [binary(), "--data-dir", str(self.data_dir), "--listen", "127.0.0.1:0"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                arguments, env=environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._wait(lambda: OPENED.search(self.log.read_text()))
        self.url = OPENED.search(self.log.read_text())[1]
        self._wait(self._is_ready)
        return self

    def _is_ready(self):
        try:
            with closing(http.client.HTTPConnection(self.authority)) as connection:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
        except OSError:
            return False

    def _wait(self, is_so):
        end = time.monotonic() + PATIENCE
        while not is_so():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.log.read_text()}")
            if time.monotonic() > end:
                raise AssertionError(f"the server did not start in time: {self.log.read_text()}")
            time.sleep(0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    @property
    def authority(self):
        return self.url.removeprefix("http://")

    def age_password(self, user_id, days):
        """As if the password had been set so many days ago."""
        with closing(sqlite3.connect(self.data_dir / "my-security-credentials.db", timeout=10)) as database, database:
            aged = database.execute(
                "UPDATE login_profiles SET changed_at = changed_at - ? WHERE user_id = ?", (days * DAY, user_id)
            )
            assert aged.rowcount == 1, "there is no such password"
