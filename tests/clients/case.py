"""A test case with a server of its own, and what tests of clients assert."""

import unittest
from datetime import datetime, timedelta, timezone

from botocore.exceptions import ClientError

import record
from clients import REFUSED
from people import Account
from server import Server

OLD = "Quiet!Harbour72x"
NEW = "Lively+Orchard83y"
OTHER = "Sturdy=Meadow94z"
PASSWORDS = {OLD, NEW, OTHER}


class ClientCase(unittest.TestCase):
    """One server, one account and its administrator for all tests of a class."""

    longMessage = True
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        record.test = cls.__qualname__
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.account = Account(cls.server, "example-corp")
        cls.admin = cls.account.admin
        cls.server.start()

    def run(self, result=None):
        record.test = self.id()
        return super().run(result)

    @classmethod
    def tearDownClass(cls):
        record.test = cls.__qualname__
        secrets = [secret.encode() for secret in cls.account.secrets | PASSWORDS]
        for file in (cls.server.log, *cls.server.data_dir.glob("*.db*")):
            text = file.read_bytes()
            assert not any(secret in text for secret in secrets), (
                f"a password or a secret access key stands in {file.name}"
            )
        log = cls.server.log.read_text()
        assert "panicked" not in log, log

    def refused(self, refusal, call, **parameters):
        """A call of boto3 that the service refuses, exactly so."""
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        answer = raised.exception.response
        error, about = answer["Error"], answer["ResponseMetadata"]
        said = (about["HTTPStatusCode"], error["Code"], error["Message"])
        self.assertEqual(said[:2], tuple(refusal[:2]), error["Message"])
        self.assertTrue(refusal.says(error["Message"]), f"{error['Message']!r} is not {refusal.message!r}")
        self.assertEqual(error["Type"], "Sender")
        self.assertEqual(about["HTTPHeaders"]["x-amzn-requestid"], about["RequestId"])
        return said

    def cli_refused(self, refusal, operation, cli, *arguments):
        """The same of the CLI: it ends with its own code, says nothing on the standard output, and the reason on the
        other one."""
        ended = cli.run(*arguments)
        self.assertEqual((ended.code, ended.out), (REFUSED, ""), ended.err)
        before = f"An error occurred ({refusal.code}) when calling the {operation} operation: "
        said = ended.err.strip()
        self.assertTrue(said.startswith(before), said)
        self.assertTrue(refusal.says(said.removeprefix(before)), f"{said!r} is not {refusal.message!r}")

    def silent(self, cli, *arguments):
        """A command that does something and has nothing to say."""
        self.assertIsNone(cli(*arguments))

    def is_now(self, moment):
        """A moment of this test; the CLI shows it in UTC, boto3 in the zone of the machine."""
        if isinstance(moment, str):
            self.assertRegex(moment, r"(Z|\+00:00)$")
            moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        age = datetime.now(timezone.utc) - moment
        self.assertTrue(timedelta(seconds=-2) < age < timedelta(minutes=2), f"{moment} is {age} ago")
