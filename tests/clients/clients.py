"""The clients, unmodified: the AWS CLI as a program, boto3 as a library. They know where the server is, a Region and a
key, and nothing of whoever runs the tests."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

REGION = "us-east-1"
# What the CLI's version 1 ends with when the service refuses; version 2 ends with 254.
REFUSED = 255
# What it ends with when it finds the mistake itself.
NOT_SENT = 2


def clean_environment():
    """No key, no file, no instance and no proxy but those that a test gives."""
    foreign = ("AWS_", "BOTO", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)}
    nowhere = os.path.join(tempfile.gettempdir(), "there-is-no-such-folder")
    return kept | {
        "HOME": nowhere,
        "AWS_CONFIG_FILE": os.path.join(nowhere, "config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.path.join(nowhere, "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


ENVIRONMENT = clean_environment()
for name in [name for name in os.environ if name not in ENVIRONMENT]:
    del os.environ[name]
os.environ.update({name: value for name, value in ENVIRONMENT.items() if name.startswith("AWS_")})

# boto3 reads the environment when it is imported.
import boto3
from botocore.config import Config

import record

record.clients()
SESSION = boto3.session.Session()


@dataclass(frozen=True)
class Key:
    """An access key."""

    id: str
    secret: str

    @classmethod
    def of(cls, answer):
        """From the answer to CreateAccessKey, by the API or on the command line."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"])


def client(service, url, key, region=REGION, **config):
    """A client of boto3 for `iam` or `sts`; `config` is for what boto3 would not send by itself."""
    return SESSION.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key and key.id,
        aws_secret_access_key=key and key.secret,
        config=Config(**config),
    )


def clock(**ahead):
    """boto3's clock, as wrong as this: `minutes=-16`, `seconds=1`."""
    return mock.patch("botocore.auth.get_current_datetime", lambda: datetime.now(timezone.utc) + timedelta(**ahead))


@dataclass(frozen=True)
class Ended:
    """How a run of the CLI ended."""

    code: int
    out: str
    err: str


class Cli:
    """The program `aws` beside the Python that runs the tests."""

    PROGRAM = str(Path(sys.executable).parent / "aws")

    def __init__(self, url, key, region=REGION):
        self.url = url
        own = {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
        self.environment = ENVIRONMENT | own | ({"AWS_DEFAULT_REGION": region} if region else {})

    def run(self, *arguments):
        everything = [self.PROGRAM, "--endpoint-url", self.url, "--output", "json", *arguments]
        done = subprocess.run(
            everything, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        record.command(arguments, done.stdout, "")
        record.keep("errors", done.stderr)
        return Ended(done.returncode, done.stdout, done.stderr)

    def __call__(self, *arguments):
        """What it prints, read as JSON; None for nothing."""
        ended = self.run(*arguments)
        if ended.code != 0:
            raise AssertionError(f"aws {' '.join(arguments)} ended with {ended.code}: {ended.err}")
        return json.loads(ended.out) if ended.out else None
