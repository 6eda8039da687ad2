#!/usr/bin/env python3
"""Looks for every secret of a test run in everything that the run's servers said and kept.

    search.py FOLDER PART...        after the parts have run with TEST_RECORDS=FOLDER/PART

The harness of each part writes what it sees into its folder, and `tests/run` starts this when the parts are through:

    FOLDER/PART/*.secrets           a JSON object a line: {"kind": ..., "test": ..., "text": ...}
    FOLDER/PART/PLACE/*             records, each after a line feed, MARK, the name of its test and SEPARATOR
    FOLDER/PART/failures            what could not be recorded; there must be none

A secret is looked for as it is and in every WRITING. Anything found, too few secrets of a kind, and too few records of a
place are failures: nobody passes because nothing was looked at. No secret is ever printed; a place of a record is told
by the test and by the words before the secret, in which other secrets are masked.

Another kind of place (or of secret) is one line in PLACES (or KINDS) and one `keep` (or `secret`) in the harness.

How: of every writing the 8-byte windows at its first 8, 4, 2 or 1 offsets are put into a table, and of a file every 8th,
4th, 2nd or each window is looked up in it, whichever the length of the writing allows; both by built-in loops.
"""

import argparse
import base64
import html
import json
import re
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MARK = b"\x1e\x1erecord "
SEPARATOR = b"\x1f"
RECORD = re.compile(re.escape(b"\n" + MARK) + rb"([^\x1f]*)\x1f")
WINDOW = 8
# What is shorter is part of anything: a password of seven characters opens no account whose policy is the default one.
SHORTEST = 8
# So many bytes before a secret are told.
BEFORE = 80
# Of each kind, at least so many different ones that are long enough: about a half of what was there when it was written.
# A part that is not named in a row need not have any: so `chosen-long`, which may be a single test.
KINDS = {
    "password": {"rust": 50, "clients": 24, "browser": 4, "long": 2},
    "first-sign-in password": {"rust": 2, "browser": 1},
    "secret access key": {"rust": 140, "clients": 60, "long": 2},
    "session cookie": {"rust": 190, "clients": 19, "browser": 45},
    "session key": {"rust": 190, "browser": 45},
    "visit cookie": {"rust": 170, "clients": 26, "browser": 40},
    "remembered-user cookie": {"rust": 100, "browser": 35},
    "form token": {"rust": 440, "clients": 34, "browser": 140},
    "root secret": {"rust": 10, "clients": 9, "browser": 3},
    "pepper": {"rust": 2},
}
# Of each place, at least so many records. A record is a line of a log, a URL, an error, a file of audit records,
# a scrape of the figures, a dump or a file of a database.
PLACES = {
    "logs": {"rust": 50_000, "clients": 5_000, "browser": 1_600, "long": 100},
    "urls": {"rust": 3_000, "clients": 1_100, "browser": 900},
    "errors": {"rust": 2_000, "clients": 600, "browser": 16},
    "audit": {"rust": 12},
    "metrics": {"rust": 5},
    "sqlite": {"rust": 240, "clients": 38, "browser": 9, "long": 2},
    "postgres": {"rust": 88, "long": 2},
}
# Random bytes, written in hex or base64 where they are shown: the bytes themselves are looked for too.
MADE_OF_BYTES = {"session key", "session cookie", "visit cookie", "remembered-user cookie", "form token", "root secret", "pepper"}


# Typed as passwords, and no secrets: to be refused is all that they are for.
NAMES = {
    ("password", "example-corp"): "the account's alias, which the default policy refuses as a password, stands wherever the account does",
    ("password", "123456789012"): "the account's ID, likewise",
    ("password", "12345678"): "any row of digits may hold it",
    **{
        ("password", text): "is typed into every field there is, to see what becomes of it"
        for text in (
            '"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>", "</title><svg onload=alert(1)>", "{{7*7}}${7*7}<%= 7*7 %>",
            "'; DROP TABLE users; --", "\\'; SELECT pg_sleep(10); --", "' OR '1'='1", "$(id)`id`|id", "&lt;&amp;&#0;&#x41;",
            "a\r\nSet-Cookie: x=1", "a\nX-Injected: 1", "%0d%0aX-Injected: 1", "%2e%2e%2f",
        )
    },
}

# Places of tests that put a secret there on purpose, by place and the end of the test's name.
ON_PURPOSE = {
    ("urls", "::no_get_changes_anything"): "asks for every page with right passwords in the address, to see that nothing is changed",
}


@dataclass(frozen=True)
class Allowed:
    """A secret of this kind, or a piece of it, as it is, in this place, right behind these bytes; and why that is no leak."""

    kind: str
    place: str
    behind: bytes
    why: str


ALLOWED = [
    Allowed(
        "form token",
        "errors",
        b'<input type="hidden" name="csrf" value="',
        "a form that is shown again with its errors, and the sign-out form in the frame of a page, hold their own token",
    ),
]


@dataclass(frozen=True)
class Secret:
    kind: str
    text: str
    test: str


@dataclass(frozen=True)
class Found:
    secret: Secret
    writing: str
    place: str
    file: str
    test: str
    words: str

    def __str__(self):
        return (
            f"a {self.secret.kind} ({self.writing}) in {self.place}, file {self.file}, of {self.test}; "
            f"the secret is first of {self.secret.test}; behind {self.words!r}"
        )


# --- writings -----------------------------------------------------------------------------------------------------------


def in_base64(data):
    """As base64 of it, and as what stands in the base64 of something longer, wherever it begins there."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + data)
        inner = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield "base64", inner
        yield "base64url", inner.translate(bytes.maketrans(b"+/", b"-_"))


def of_bytes(data):
    yield "raw", data
    yield "hex", data.hex().encode()
    yield "hex", data.hex().upper().encode()
    yield from in_base64(data)


def percent(text):
    """By the rules of URLs, of forms and of JavaScript, and with nothing but letters and digits as it is."""
    plain = "".join(c if c.isascii() and c.isalnum() else quote(c, safe="").replace(c, f"%{ord(c):02X}") if c.isascii()
                    else quote(c) for c in text)
    for written in (quote(text, safe=""), quote(text, safe="/"), quote(text, safe="!'()*"), quote(text, safe="*").replace("~", "%7E"),
                    quote(text, safe="!$&'()*+,;=:@/"), plain):
        for spaces in (written, written.replace("%20", "+")):
            yield spaces
            yield re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), spaces)


def in_html(text):
    yield html.escape(text, quote=False)
    yield html.escape(text)
    for quotes in (("&#34;", "&#39;"), ("&quot;", "&#39;"), ("&quot;", "&apos;"), ("&#x22;", "&#x27;")):
        yield html.escape(text, quote=False).replace('"', quotes[0]).replace("'", quotes[1])
    yield re.sub("[&<>\"']", lambda found: f"&#{ord(found[0])};", text)


def in_json(text):
    for once in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once, ensure_ascii=False)[1:-1]


def of_text(text):
    yield from of_bytes(text.encode())
    for writing, writer in (("URL-encoded", percent), ("HTML-escaped", in_html), ("JSON-escaped", in_json)):
        for written in writer(text):
            yield writing, written.encode()


def bytes_within(text):
    """What the text is a writing of, if it is one."""
    if re.fullmatch("(?:[0-9a-fA-F]{2}){16,}", text):
        return bytes.fromhex(text)
    if re.fullmatch("[A-Za-z0-9+/_-]{22,}=*", text):
        letters = text.rstrip("=").replace("-", "+").replace("_", "/")
        if len(letters) % 4 != 1:
            return base64.b64decode(letters + "=" * (-len(letters) % 4))
    return None


def writings(secret):
    """Every (name, bytes) that the secret can stand as."""
    for text in {secret.text, unicodedata.normalize("NFC", secret.text)}:
        yield from of_text(text)
    if secret.kind in MADE_OF_BYTES and (data := bytes_within(secret.text)):
        yield from ((f"its bytes, {name}", written) for name, written in of_bytes(data))
    if secret.kind == "form token" and data and len(data) == 64:
        # The mask, and the token under it: what is worth having is the token.
        bare = bytes(a ^ b for a, b in zip(data[:32], data[32:]))
        yield from ((f"unmasked, {name}", written) for name, written in of_bytes(bare))


# --- the search ---------------------------------------------------------------------------------------------------------


class Needles:
    """Byte strings of at least WINDOW bytes, of which any number are looked for at once."""

    def __init__(self, needles):
        self.needles = list(needles)
        tables = {step: defaultdict(list) for step in (8, 4, 2, 1)}
        for number, needle in enumerate(self.needles):
            step = next(step for step in tables if len(needle) >= WINDOW + step - 1)
            for offset in range(step):
                window = int.from_bytes(needle[offset : offset + WINDOW], sys.byteorder)
                tables[step][window].append((number, offset))
        # By where in a window's width a look begins: which tables are asked there.
        self.tables = []
        for begin in range(WINDOW):
            asked = {}
            for step, table in tables.items():
                if begin % step == 0:
                    for window, entries in table.items():
                        asked.setdefault(window, []).extend(entries)
            self.tables.append((frozenset(asked), asked))

    def hits(self, data):
        """Every (place, number of the needle)."""
        found = set()
        for begin, (windows, table) in enumerate(self.tables):
            if not windows or len(data) < begin + WINDOW:
                continue
            view = memoryview(data)[begin : begin + (len(data) - begin) // WINDOW * WINDOW].cast("Q")
            present = windows.intersection(view)
            if not present:
                continue
            for index in [index for index, window in enumerate(view) if window in present]:
                for number, offset in table[view[index]]:
                    at = begin + index * WINDOW - offset
                    needle = self.needles[number]
                    if at >= 0 and data[at : at + len(needle)] == needle:
                        found.add((at, number))
        return sorted(found)


class Search:
    def __init__(self, secrets):
        self.meant = {}
        for secret in secrets:
            if is_searchable(secret):
                for writing, written in writings(secret):
                    if len(written) >= WINDOW:
                        self.meant.setdefault(written, (secret, writing))
        self.needles = Needles(self.meant)

    def file(self, path):
        """What stands in a file of records that is not allowed there."""
        data, place = path.read_bytes(), path.parent.name
        hits = [(at, self.needles.needles[number]) for at, number in self.needles.hits(data)]
        for index, (at, written) in enumerate(hits):
            secret, writing = self.meant[written]
            if not is_allowed(secret, written, place, data[max(0, at - BEFORE) : at]):
                begins = data.rfind(b"\n" + MARK, 0, at)
                header = RECORD.match(data, begins) if begins >= 0 else None
                test = header[1].decode(errors="replace") if header else "no test"
                words = masked(data, max(header.end() if header else 0, at - BEFORE), at, hits[max(0, index - BEFORE) : index])
                yield Found(secret, writing, place, path.name, test, words)


def is_searchable(secret):
    return len(secret.text) >= SHORTEST and (secret.kind, secret.text) not in NAMES


def is_allowed(secret, written, place, before):
    return any(
        (secret.kind, place) == (allowed.kind, allowed.place)
        and before.endswith(allowed.behind)
        and written in secret.text.encode()
        for allowed in ALLOWED
    )


def masked(data, begin, end, hits):
    """These bytes, without what was found in them."""
    text = bytearray(data[begin:end])
    for first, written in hits:
        for at in range(max(first, begin), min(first + len(written), end)):
            text[at - begin] = ord("*")
    return text.decode(errors="replace")


# --- what was recorded --------------------------------------------------------------------------------------------------


def secrets_of(folder):
    seen = {}
    for file in sorted(folder.glob("*.secrets")):
        # A password may hold what Python takes for the end of a line.
        for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
            given = json.loads(line)
            seen.setdefault((given["kind"], given["text"]), Secret(given["kind"], given["text"], given["test"]))
    return list(seen.values())


def records_in(files):
    return sum(len(RECORD.findall(file.read_bytes())) for file in files)


def too_little(part, kinds, places):
    """What is missing in a part, of the secrets and records that were counted."""
    for name, least, counted in (("kind of secret", KINDS, kinds), ("place", PLACES, places)):
        for one in sorted(counted.keys() - least.keys()):
            yield f"{part}: the {name} {one!r} has no least number: give it one in tests/leaks/search.py"
        for one, wanted in least.items():
            if counted.get(one, 0) < wanted.get(part, 0):
                yield f"{part}: {counted.get(one, 0)} of {name} {one!r} were recorded, at least {wanted[part]} are wanted"


def main(folder, parts, say=print):
    began = time.monotonic()
    secrets, files, complaints = {}, [], []
    for part in parts:
        own = secrets_of(folder / part)
        searched = [secret for secret in own if is_searchable(secret)]
        short = Counter(secret.kind for secret in own if len(secret.text) < SHORTEST)
        kinds = Counter(secret.kind for secret in searched)
        by_place = {place: sorted(place.iterdir()) for place in sorted((folder / part).glob("*/"))}
        places = {place.name: records_in(found) for place, found in by_place.items()}
        say(f"{part}: " + ", ".join(f"{count} x {name}" for name, count in (kinds | places).items()))
        if short:
            say(f"{part}: too short to be looked for: " + ", ".join(f"{count} x {kind}" for kind, count in short.items()))
        complaints += too_little(part, kinds, places)
        failures = folder / part / "failures"
        if failures.exists():
            complaints += [f"{part}: {line}" for line in failures.read_text().splitlines()]
        secrets |= {(secret.kind, secret.text): secret for secret in searched}
        files += [(part, file) for found in by_place.values() for file in found]
    search = Search(secrets.values())
    found = Counter()
    for part, file in files:
        for one in search.file(file):
            if any(one.place == place and one.test.endswith(test) for place, test in ON_PURPOSE):
                continue
            found[(part, one.secret.kind, one.writing, one.place, one.test)] += 1
            if found[(part, one.secret.kind, one.writing, one.place, one.test)] == 1:
                complaints.append(f"{part}: {one}")
    size = sum(file.stat().st_size for _, file in files)
    say(
        f"{len(secrets)} secrets in {len(search.needles.needles)} writings were looked for in {len(files)} files of "
        f"{size / 1e6:.1f} MB, in {time.monotonic() - began:.1f} s: {sum(found.values())} were found"
    )
    for complaint in complaints[:100]:
        say(f"LEAK CHECK: {complaint}")
    if len(complaints) > 100:
        say(f"LEAK CHECK: and {len(complaints) - 100} more")
    return 1 if complaints else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Looks for the secrets of a test run in all that it left")
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="+")
    options = parser.parse_args()
    sys.exit(main(options.folder, options.parts))
