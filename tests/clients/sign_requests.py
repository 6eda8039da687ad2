"""Signs random requests with botocore's SigV4Auth and prints them as JSON, one a line; nothing is sent.

    sign_requests.py SEED TIME COUNT

TIME is the moment around which they are signed, as 20260228T235500Z. The same arguments give the same lines.

Each line has the request as it would be on the wire, its secret, and the same request with one byte changed ("changed",
with "part": where). That the change matters is botocore's word, not the reader's: its canonical request of both is given.
Bytes are in base64.
"""

import base64
import copy
import datetime
import hashlib
import json
import random
import string
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode_sequence

SEGMENTS = ["", ".", "..", "a", "b", "...", ".a", "%2F", "%2f", "%2E%2E", "+", "~", "a%20b", "a+b", "*", "$", "@:", ";p=1", "=", "&",
            "'()", "!,", "%E1%88%B4", "%C3%A9", "\u1234", "\u00e9", "\U0001f511", "-_.~", "users", "|", "^`", "{}", "%"]
NAMES = ["", "a", "A", "b", "a-b", "a.b", "Param", "Param-3", "%E1%88%B4", "~", "+", "a+b", "a%20b", "a%2Fb", "_", "0", "[1]", "%", "Action"]
VALUES = ["", "a", "b", "=", "==", "a=b", "+", "%2B", "%20", "~", "%7E", "/", "?", "%2F", "%E2%98%83", "*", "'", "1", "10", "9", "ListUsers"]
# Space and tab are the only white space that HTTP lets into a header's value.
WORDS = ["a", "b", "\"q", "q\"", "x=1", ",", ";", "\u00e9", "\u1234\u00df", "\U0001f511", "  ", " ", "\t", " \t ", "value"]
HEADERS = ["Accept", "X-Amz-Target", "x-amz-meta-one", "My-Own", "my-own-2", "Content-Language", "X_Under", "x-forwarded-proto", "Range",
           "X-Amz", "ZZ", "A", "x-amzn"]
UNSIGNED = [("User-Agent", "aws-cli/2 md/x"), ("Connection", "keep-alive"), ("X-Amzn-Trace-Id", "Root=1-2-3"), ("Expect", "100-continue")]
METHODS = ["POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PURGE"]
REGIONS = ["us-east-1", "us-east-2", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-4", "aws-global", "local", "x-1"]
HOSTS = ["iam.amazonaws.com", "localhost:8080", "127.0.0.1", "[::1]:8443", "console.example.org", "sts.eu-central-1.amazonaws.com:443"]


def query(rng):
    pairs = [(rng.choice(NAMES), rng.choice(VALUES)) for _ in range(rng.choice([0, 0, 1, 2, 3, 5, 8]))]
    if rng.random() < 0.3:
        return percent_encode_sequence([(name + rng.choice([" ", "\u2603", "&", ""]), value) for name, value in pairs])
    return "&".join(rng.choice([f"{name}={value}", f"{name}={value}", name]) for name, value in pairs)


def body(rng):
    kind = rng.random()
    if kind < 0.3:
        return b""
    if kind < 0.7:
        return percent_encode_sequence([("Action", "ChangePassword"), ("OldPassword", random_text(rng)), ("Version", "2010-05-08")]).encode()
    return rng.randbytes(rng.choice([1, 2, 55, 56, 63, 64, 65, 300, 2000]))


def random_text(rng):
    return "".join(rng.choice(string.printable[:95] + "\u00e9\u2603") for _ in range(rng.randrange(1, 40)))


def request(rng):
    made = AWSRequest(method=rng.choice(METHODS), data=body(rng))
    path = "/" + "/".join(rng.choice(SEGMENTS) for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 8])))
    made.wire = {"path": path, "query": query(rng)}
    made.headers["Host"] = rng.choice(HOSTS)
    if rng.random() < 0.7:
        made.headers["Content-Type"] = rng.choice(["application/x-www-form-urlencoded; charset=utf-8", "text/plain;  a=b"])
    if rng.random() < 0.3:
        made.headers["Content-Length"] = str(len(made.data))
    for name in rng.sample(HEADERS, rng.randrange(0, 5)):
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            made.headers[rng.choice([name, name, name.upper()])] = "".join(rng.choice(WORDS) for _ in range(rng.randrange(0, 6)))
    if rng.random() < 0.2:
        made.headers["X-Amz-Content-SHA256"] = hashlib.sha256(made.data).hexdigest()
    if rng.random() < 0.3:
        made.headers["Date"] = "replaced by the signer"
    set_url(made)
    return made


def set_url(made):
    made.url = "http://signed.invalid" + made.wire["path"] + ("?" + made.wire["query"] if made.wire["query"] else "")


def with_byte_changed(rng, text, plain, forbidden):
    """One byte that is ASCII, so that what is left is text, for another one."""
    places = [place for place, character in enumerate(text) if character.isascii()]
    if not places:
        return text
    place = rng.choice(places)
    others = [other for other in plain if other not in forbidden and other != text[place]]
    return text[:place] + rng.choice(others) + text[place + 1:]


def changed(rng, original):
    part = rng.choice(["method", "path", "query", "header name", "header value", "body"])
    made = AWSRequest(method=original.method, data=original.data)
    made.wire = copy.copy(original.wire)
    headers = list(original.headers.items())
    visible = string.digits + string.ascii_letters + string.punctuation
    if part == "method":
        made.method = with_byte_changed(rng, made.method, string.ascii_uppercase, "")
    elif part in ("path", "query"):
        # A '?' or '#' would make it another part; a URL that does not begin with a slash is none.
        first, rest = (made.wire["path"][:1], made.wire["path"][1:]) if part == "path" else ("", made.wire["query"])
        made.wire[part] = first + with_byte_changed(rng, rest, visible, "?#")
    elif part == "body" and made.data:
        place = rng.randrange(len(made.data))
        made.data = made.data[:place] + bytes([made.data[place] ^ rng.randrange(1, 256)]) + made.data[place + 1:]
    elif part.startswith("header"):
        signed = [place for place, (name, _) in enumerate(headers) if name.lower() not in botocore.auth.SIGNED_HEADERS_BLACKLIST]
        place = rng.choice(signed)
        name, value = headers[place]
        if part == "header name":
            headers[place] = (with_byte_changed(rng, name, string.ascii_letters + string.digits + "-_", ""), value)
        else:
            headers[place] = (name, with_byte_changed(rng, value, visible + " ", ""))
    for name, value in headers:
        made.headers[name] = value
    set_url(made)
    return part, made


def encoded(data):
    return base64.b64encode(data).decode()


def on_the_wire(made, authorization, unsigned):
    headers = [*made.headers.items(), ("Authorization", authorization), *unsigned]
    return {
        "method": made.method,
        **made.wire,
        "headers": [[name, encoded(value.encode())] for name, value in headers],
        "body": encoded(made.data),
    }


def line(rng, around):
    credentials = Credentials(
        "AKIA" + "".join(rng.choices(string.ascii_uppercase + "234567", k=16)),
        "".join(rng.choices(string.ascii_letters + string.digits + "+/", k=rng.choice([40, 40, 40, 20, 60, 61, 80]))),
    )
    signer = botocore.auth.SigV4Auth(credentials, rng.choice(["iam", "sts"]), rng.choice(REGIONS))
    signed_at = around + datetime.timedelta(seconds=rng.randint(-900, 900))
    botocore.auth.get_current_datetime = lambda: signed_at
    made = request(rng)
    signer.add_auth(made)
    authorization = made.headers["Authorization"]
    del made.headers["Authorization"]
    canonical = signer.canonical_request(made)
    while True:
        part, other = changed(rng, made)
        other_canonical = signer.canonical_request(other)
        if other_canonical != canonical:
            break
    unsigned = rng.sample(UNSIGNED, rng.randrange(0, 3))
    return {
        "access_key_id": credentials.access_key,
        "secret_access_key": credentials.secret_key,
        "request": on_the_wire(made, authorization, unsigned),
        "canonical": encoded(canonical.encode()),
        "part": part,
        "changed": on_the_wire(other, authorization, unsigned),
        "changed_canonical": encoded(other_canonical.encode()),
    }


def main():
    seed, around, count = int(sys.argv[1]), datetime.datetime.strptime(sys.argv[2], "%Y%m%dT%H%M%SZ"), int(sys.argv[3])
    rng = random.Random(seed)
    for _ in range(count):
        print(json.dumps(line(rng, around)))


main()
