#!/usr/bin/env python3
"""That the search finds what it is there for: each kind of secret in each writing in each place. The writings are made
here by other means than the search's own, where there are any; some are written out by hand."""

import base64
import binascii
import html
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from urllib.parse import quote, quote_plus, urlencode

sys.path.insert(0, str(Path(__file__).parent))
import search

# All that a writing can change, in one password.
AWKWARD = 'Zürich & "7" <é> it\'s/100%+~\\🔑'
BARE = bytes(range(0x40, 0x60))
MASK = bytes(range(0x91, 0xB1))
TOKEN = base64.urlsafe_b64encode(MASK + bytes(a ^ b for a, b in zip(MASK, BARE))).decode().rstrip("=")
SECRETS = {
    "password": AWKWARD,
    "first-sign-in password": "TbSfd-goTnVbV4gTvMjW5Ywq",
    "secret access key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "session cookie": "uZ8+q/1bKX0mJ4vT2nYc7RwE5sLhA9gFd3PiOoGkMxWjNtBrQyHfUzVl6SaCeDp=",
    "session key": "p0Qm3XvT8nYc7RwE5sLhA9gFd3PiOoGkMxWjNtBrQyH",
    "visit cookie": "a1-Qm3XvT8nYc7_RwE5sLhA9gFd3PiOoGkMxWjNtBrQ",
    "remembered-user cookie": "q9w8e7r6t5y4u3i2o1p0AaSsDdFfGgHhJjKkLlZzXxCc",
    "form token": TOKEN,
    "root secret": "5b0f6c1d92e7384ab1c04d7e6f9a2358c7d10b94e25f83a6d9b7402c1e685fa3",
    "pepper": "c1d92e7384ab1c04d7e6f9a2358c7d10b94e25f83a6d9b7402c1e685fa35b0f6",
}


def written(text):
    """By the name of the search's, each a list of how other programs write it."""
    raw = text.encode()
    # A basic credential, and a body that somebody logs whole.
    longer = [b"u:" + raw, b"abc" + raw + b"d", b"x" + raw]
    return {
        "raw": [raw],
        "base64": [base64.b64encode(raw), *(base64.b64encode(one) for one in longer)],
        "base64url": [base64.urlsafe_b64encode(raw), *(base64.urlsafe_b64encode(one) for one in longer)],
        "hex": [binascii.hexlify(raw), binascii.hexlify(raw).upper()],
        "URL-encoded": [
            quote(text, safe="").encode(),
            quote(text).encode(),
            quote_plus(text).encode(),
            urlencode({"field": text}).encode(),
            b"".join(b"%%%02x" % byte if not chr(byte).isalnum() or byte > 127 else bytes([byte]) for byte in raw),
        ],
        "JSON-escaped": [
            json.dumps({"field": text}).encode(),
            json.dumps({"field": text}, ensure_ascii=False).encode(),
            json.dumps(json.dumps({"field": text}, ensure_ascii=False), ensure_ascii=False).encode(),
        ],
        "HTML-escaped": [
            html.escape(text).encode(),
            text.translate({ord(c): f"&#{ord(c)};" for c in "&<>\"'"}).encode(),
            text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&apos;").encode(),
        ],
    }


class Searching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.said = []

    def tell(self, kind, text, part="rust"):
        (self.folder / part).mkdir(exist_ok=True)
        with open(self.folder / part / "1.secrets", "a") as file:
            print(json.dumps({"kind": kind, "test": "the test that knows it", "text": text}), file=file)

    def keep(self, place, *contents, part="rust", test="the test that kept it"):
        path = self.folder / part / place / "1"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as file:
            for content in contents:
                file.write(b"\n" + search.MARK + test.encode() + search.SEPARATOR + content)

    def outcome(self, kinds=None, places=None, parts=("rust",)):
        """What the search says and ends with, where this is the least that there has to be."""
        self.said.clear()
        with mock.patch.object(search, "KINDS", kinds or dict.fromkeys(search.KINDS, {})):
            with mock.patch.object(search, "PLACES", places or dict.fromkeys(search.PLACES, {})):
                return search.main(self.folder, parts, say=self.said.append)

    def found(self):
        """Every (kind, place, test) that was found, and that no secret was printed."""
        self.outcome()
        text = "\n".join(self.said)
        for secret in SECRETS.values():
            self.assertNotIn(secret, text)
        return text

    def test_each_kind_is_found_in_each_writing_in_each_place(self):
        for kind, text in SECRETS.items():
            self.tell(kind, text)
        wanted = []
        for place in search.PLACES:
            for kind, text in SECRETS.items():
                for name, forms in written(text).items():
                    for number, form in enumerate(forms):
                        # At every offset, so that no look is lucky.
                        for shift in range(8):
                            test = f"{place}, {kind}, {name} {number}, {shift}"
                            self.keep(place, b"." * shift + b"before " + form + b" after", test=test)
                            wanted.append((place, test))
        secrets = search.secrets_of(self.folder / "rust")
        looking = search.Search(secrets)
        found = {(place.name, one.test) for place in (self.folder / "rust").glob("*/") for one in looking.file(place / "1")}
        self.assertGreater(len(wanted), 7 * 10 * 18 * 8 - 1)
        self.assertEqual(set(wanted) - found, set())

    def test_the_bytes_of_what_is_made_of_bytes_are_found_too_and_the_token_under_its_mask(self):
        for kind in sorted(search.MADE_OF_BYTES):
            with self.subTest(kind):
                self.tell(kind, SECRETS[kind])
                data = search.bytes_within(SECRETS[kind])
                self.keep("logs", data, data.hex().encode(), base64.b64encode(b"12" + data), test=f"bytes of {kind}")
                self.assertIn(f"of bytes of {kind};", self.found())
        self.keep("errors", BARE.hex().encode(), test="bare")
        self.assertRegex(self.found(), r"form token \(unmasked, hex\) in errors, .* of bare;")

    def test_a_leak_is_told_by_kind_writing_place_and_tests_without_any_secret(self):
        for kind in ("password", "secret access key"):
            self.tell(kind, SECRETS[kind])
        both = f"first {SECRETS['secret access key']} then {AWKWARD} end".encode()
        self.keep("logs", b"harmless", both)
        text = self.found()
        self.assertRegex(text, r"rust: a password \(raw\) in logs, file 1, of the test that kept it; the secret is first of the test that knows it")
        self.assertIn("behind 'first " + "*" * 40 + " then '", text)
        self.assertEqual(self.outcome(), 1)

    def test_where_nothing_stands_nothing_is_found(self):
        for kind, text in SECRETS.items():
            self.tell(kind, text)
        for place in search.PLACES:
            self.keep(place, b"harmless " * 1000, AWKWARD[:-1].encode(), TOKEN[:20].encode())
        self.assertEqual(self.outcome(), 0, self.said)

    def test_a_secret_of_one_part_is_found_in_another(self):
        self.tell("password", AWKWARD, part="clients")
        self.tell("password", "harmless-in-here", part="rust")
        self.keep("logs", AWKWARD.encode(), part="rust")
        for parts in (("rust", "clients"), ("clients", "rust")):
            self.assertEqual(self.outcome(parts=parts), 1)
        self.assertEqual(self.outcome(parts=("rust",)), 0)

    def test_short_secrets_down_to_eight_bytes_are_found_and_shorter_ones_are_counted(self):
        for length in range(8, 24):
            self.tell("password", "!q7Zk2#pX9wLm4&vT8sRy6c"[:length] + "")
        self.tell("password", "abc")
        for length in range(8, 24):
            for shift in range(8):
                self.keep("logs", b"-" * shift + "!q7Zk2#pX9wLm4&vT8sRy6c"[:length].encode() + b"\xff", test=f"{length} {shift}")
        looking = search.Search(search.secrets_of(self.folder / "rust"))
        found = {(len(one.secret.text), one.test) for one in looking.file(self.folder / "rust" / "logs" / "1")}
        self.assertEqual({(n, f"{n} {shift}") for n in range(8, 24) for shift in range(8)} - found, set())
        self.assertIn("rust: too short to be looked for: 1 x password", self.found())

    def test_a_form_token_may_stand_in_its_own_field_of_an_error_page_and_nowhere_else(self):
        self.tell("form token", TOKEN)
        self.tell("password", AWKWARD)
        own = search.ALLOWED[0].behind
        self.keep("errors", own + TOKEN.encode() + b'">')
        self.assertEqual(self.outcome(), 0, self.said)
        for place, content in (
            ("errors", b'<a href="/?csrf=' + TOKEN.encode()),
            ("errors", own + base64.b64encode(TOKEN.encode())),
            ("errors", own + AWKWARD.encode()),
            ("logs", own + TOKEN.encode()),
            ("urls", b"/signin?csrf=" + TOKEN.encode()),
            ("sqlite", TOKEN.encode()),
        ):
            with self.subTest(place=place, content=content):
                self.keep(place, content)
                self.assertEqual(self.outcome(), 1)
                (self.folder / "rust" / place / "1").write_bytes(b"")

    def test_names_that_are_typed_as_passwords_are_no_secrets_but_what_holds_them_is(self):
        self.tell("password", "example-corp")
        self.keep("urls", b"/signin/example-corp")
        self.assertEqual(self.outcome(), 0, self.said)
        self.tell("password", "example-corp-7X")
        self.keep("urls", b"/signin/example-corp-7X")
        self.assertEqual(self.outcome(), 1)

    def test_a_secret_that_holds_what_python_takes_for_the_end_of_a_line_is_read_whole(self):
        folder = self.folder / "rust"
        folder.mkdir()
        text = "Quiet\u2028Harbour\u0085Light"
        (folder / "1.secrets").write_text(json.dumps({"kind": "password", "test": "t", "text": text}, ensure_ascii=False) + "\n", encoding="utf-8")
        self.assertEqual([secret.text for secret in search.secrets_of(folder)], [text])

    def test_what_is_there_on_purpose_is_passed_over_in_that_place_of_that_test_alone(self):
        text = SECRETS["password"]
        self.tell("password", text)
        self.keep("urls", text.encode(), test="attacks::sqlite::no_get_changes_anything")
        self.assertEqual(self.outcome(), 0)
        self.keep("logs", text.encode(), test="attacks::sqlite::no_get_changes_anything")
        self.assertEqual(self.outcome(), 1)
        self.keep("urls", text.encode(), test="attacks::sqlite::another")
        self.assertEqual(self.outcome(), 1)

    def test_too_little_is_a_failure(self):
        self.tell("password", AWKWARD)
        self.tell("password", AWKWARD)
        self.keep("logs", b"one", b"two")
        enough = {"password": {"rust": 1}}, {"logs": {"rust": 2}}
        self.assertEqual(self.outcome(*enough), 0, self.said)
        self.assertEqual(self.outcome({"password": {"rust": 2}}, enough[1]), 1, "twice the same is one")
        self.assertEqual(self.outcome(enough[0], {"logs": {"rust": 3}}), 1)
        self.assertEqual(self.outcome({**enough[0], "pepper": {"rust": 1}}, enough[1]), 1)
        self.assertEqual(self.outcome(enough[0], {**enough[1], "urls": {"rust": 1}}), 1)
        self.assertEqual(self.outcome(*enough, parts=("rust", "browser")), 0, self.said)
        self.assertEqual(self.outcome({"password": {"browser": 1}}, enough[1], parts=("rust", "browser")), 1)

    def test_short_secrets_and_names_do_not_count(self):
        self.tell("password", "abc")
        self.tell("password", "example-corp")
        self.assertEqual(self.outcome({"password": {"rust": 1}}), 1)

    def test_a_kind_and_a_place_without_a_least_number_are_failures(self):
        self.tell("password", AWKWARD)
        self.keep("logs", b"harmless")
        self.assertEqual(self.outcome(), 0, self.said)
        self.tell("a new kind", "something long enough")
        self.assertEqual(self.outcome(), 1)
        self.assertEqual(self.outcome(kinds={"password": {}, "a new kind": {}}), 0, self.said)
        self.keep("a new place", b"harmless")
        self.assertEqual(self.outcome(kinds={"password": {}, "a new kind": {}}), 1)

    def test_what_could_not_be_recorded_is_a_failure(self):
        self.tell("password", AWKWARD)
        (self.folder / "rust" / "failures").write_text("a test: a database could not be dumped\n")
        self.assertEqual(self.outcome(), 1)

    def test_every_part_has_to_give_something_of_every_place_that_it_has(self):
        for part in ("rust", "clients", "browser"):
            for place in ("logs", "urls", "errors", "sqlite"):
                self.assertGreater(search.PLACES[place].get(part, 0), 0, f"{part} {place}")
            for kind in ("password", "session cookie", "visit cookie", "form token", "root secret"):
                self.assertGreater(search.KINDS[kind].get(part, 0), 0, f"{part} {kind}")
        for place in ("postgres", "audit", "metrics"):
            self.assertGreater(search.PLACES[place]["rust"], 0, place)


if __name__ == "__main__":
    unittest.main()
