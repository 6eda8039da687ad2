"""A browser without a screen: cookies, forms with their tokens, no redirect that the test does not follow itself."""

import http.client
import re
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlencode

import record

TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
HOME = "/console"
STEP = "/signin/step/change-password"


@dataclass(frozen=True)
class Page:
    status: int
    location: str
    text: str


class Browser:
    def __init__(self, server):
        self.authority = server.authority
        self.cookies = {}
        self.token = ""

    def get(self, path):
        return self._send("GET", path)

    def post(self, path, **fields):
        """Submits the form that was seen last."""
        body = urlencode({"csrf": self.token, **fields})
        return self._send("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def sign_in(self, account, user_name, password):
        """Where it leads: the path of the next page, or nothing."""
        path = f"/signin/{account}"
        self.get(path)
        return self.post(path, user_name=user_name, password=password).location

    def is_signed_in(self):
        return self.get(HOME).status == 200

    def _send(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with closing(http.client.HTTPConnection(self.authority)) as connection:
            record.request(path, body)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        cookies = answer.headers.get_all("Set-Cookie", [])
        record.answer(answer.status, answer.headers.get("Location"), cookies, text)
        for cookie in cookies:
            name, value = cookie.split(";")[0].split("=", 1)
            if value and "Max-Age=0" not in cookie:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if token := TOKEN.search(text):
            self.token = token[1]
        return Page(answer.status, answer.headers.get("Location", ""), text)
