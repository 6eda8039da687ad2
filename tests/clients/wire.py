"""Requests as they go over the wire, signed by botocore and then spoiled: what no client sends by itself."""

import http.client
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import record

FORM = "application/x-www-form-urlencoded; charset=utf-8"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def root(self):
        return ElementTree.fromstring(self.text)

    @property
    def name(self):
        """The name of the outermost element, without its namespace."""
        return self.root.tag.split("}")[-1]

    @property
    def namespace(self):
        return self.root.tag.split("}")[0].lstrip("{")

    def find(self, name):
        """The text of the first element of this name, wherever it stands."""
        return next((element.text or "" for element in self.root.iter() if element.tag.split("}")[-1] == name), None)


def body(action, service="iam", **parameters):
    return urlencode({"Action": action, "Version": VERSIONS[service], **parameters})


class Wire:
    def __init__(self, server, key):
        self.server, self.key = server, key

    def signed(self, text, service="iam", region="us-east-1", method="POST", target="/", **headers):
        """The headers of a right request."""
        given = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        request = AWSRequest(method, self.server.url + target, headers=given, data=text)
        SigV4Auth(Credentials(self.key.id, self.key.secret), service, region).add_auth(request)
        return dict(request.headers.items())

    def send(self, text, headers, method="POST", target="/"):
        with closing(http.client.HTTPConnection(self.server.authority, timeout=30)) as connection:
            record.request(target, text)
            connection.request(method, target, text.encode() if isinstance(text, str) else text, headers)
            answer = connection.getresponse()
            said = answer.read().decode()
            record.answer(answer.status, answer.headers.get("Location"), answer.headers.get_all("Set-Cookie", []), said)
            return Answer(answer.status, answer.headers, said)

    def call(self, text, **how):
        """Signed as it is."""
        method, target = how.get("method", "POST"), how.get("target", "/")
        return self.send(text, self.signed(text, **how), method, target)
