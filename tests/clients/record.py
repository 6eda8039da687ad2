"""What the run's search for secrets looks for, and looks through: `tests/leaks/search.py` says how it is laid out. Written
where TEST_RECORDS names a folder, as `tests/run` does; without it nothing is kept."""

import json
import os
import re
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qsl, unquote

sys.path.insert(0, str(Path(__file__).parents[1] / "leaks"))
from dump import dump

FOLDER = os.environ.get("TEST_RECORDS")
# What a server is told to log where it is recorded.
LEVELS = {"MSC_LOG": "debug,my_security_credentials=trace"} if FOLDER else {}
COOKIES = {
    "msc-session": "session cookie",
    "msc-visit": "visit cookie",
    "msc-remembered-user": "remembered-user cookie",
}
PASSWORDS = {"password", "oldpassword", "newpassword", "old_password", "new_password", "confirm_password"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
KEY = re.compile(r"<SecretAccessKey>([^<]+)<")
# In the answers of commands, as JSON and as text.
SHOWN = re.compile(r'^\s*"?(Password|SecretAccessKey)"?:?\s+"?([^\s"]+)"?,?$', re.MULTILINE)
KINDS = {"Password": "password", "SecretAccessKey": "secret access key"}

# The test that runs; between tests, the last one.
test = "before the first test"
_lock = threading.Lock()
_known = set()


def _append(name, data):
    path = Path(FOLDER) / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
        file.write(data)


def keep(place, *contents):
    """Records of a place: `logs`, `urls`, `errors`, `sqlite`."""
    if FOLDER:
        head = b"\n\x1e\x1erecord " + test.encode() + b"\x1f"
        records = [head + (content.encode() if isinstance(content, str) else content) for content in contents]
        with _lock:
            _append(f"{place}/{os.getpid()}", b"".join(records))


def secret(kind, text):
    if FOLDER and text:
        with _lock:
            if (kind, text) not in _known:
                _known.add((kind, text))
                line = json.dumps({"kind": kind, "test": test, "text": text}) + "\n"
                _append(f"{os.getpid()}.secrets", line.encode())


def request(url, body):
    """What was asked, and the secrets that it carried."""
    keep("urls", url)
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    pairs = text.items() if isinstance(text, dict) else parse_qsl(text or "", keep_blank_values=True)
    for name, value in pairs:
        if name.lower() in PASSWORDS:
            secret("password", value)
        elif name == "csrf":
            secret("form token", value)


def answer(status, location, cookies, text):
    """What was answered: where it leads, its cookies, tokens and keys, and all of it where it is an error."""
    if location:
        keep("urls", location)
    for cookie in cookies:
        name, value = cookie.split(";")[0].split("=", 1)
        if kind := COOKIES.get(name.removeprefix("__Host-")):
            secret(kind, unquote(value))
    for token in TOKEN.findall(text):
        secret("form token", token)
    for key in KEY.findall(text):
        secret("secret access key", key)
    if status >= 400:
        keep("errors", text)


def command(arguments, said, complained):
    """A program's run: its answer shows each secret once, which is no leak; its other output is a log."""
    for name, value in zip(arguments, arguments[1:]):
        if name.startswith("--") and name[2:].replace("-", "_") in PASSWORDS:
            secret("password", value)
    for label, value in SHOWN.findall(said):
        secret(KINDS[label], value)
    keep("logs", complained)


def data_folder(folder, log):
    """What a server that has ended leaves: its log, its root secret, its database."""
    if not FOLDER:
        return
    if log.exists():
        keep("logs", *log.read_bytes().splitlines())
    if (root := folder / "root-secret").exists():
        secret("root secret", root.read_text().strip())
    if (database := folder / "my-security-credentials.db").exists():
        keep("sqlite", b"".join(dump(database)))
        # The file as it is, too: what was deleted may still stand in it.
        keep("sqlite", *(file.read_bytes() for file in folder.glob("*.db*")))


def clients():
    """What boto3 sends and gets."""
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def recorded(session, prepared):
        request(prepared.url, prepared.body)
        answered = send(session, prepared)
        answer(answered.status_code, answered.headers.get("Location"), [], answered.content.decode())
        return answered

    if FOLDER:
        URLLib3Session.send = recorded
