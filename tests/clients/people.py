"""Accounts and the IAM users in them, each with its key, its clients and its browser."""

import json
from functools import cached_property
from pathlib import Path

from browser import HOME, Browser
from clients import Cli, Key, client

DATA = Path(__file__).parent.parent / "data"


def statement(effect, *actions, resource="*", condition=None):
    said = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return said | ({"Condition": condition} if condition else {})


def allow(*actions, **more):
    return statement("Allow", *actions, **more)


def deny(*actions, **more):
    return statement("Deny", *actions, **more)


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def guide(name):
    """A policy document of the AWS guide, word for word."""
    return json.loads((DATA / f"{name}.json").read_text())


class Person:
    """An IAM user."""

    def __init__(self, account, user, key=None, password=None):
        self.account, self.key, self.password = account, key, password
        self.name, self.arn, self.id = user["UserName"], user["Arn"], user["UserId"]

    def client(self, service, region="us-east-1", **config):
        return client(service, self.account.server.url, self.key, region, **config)

    @cached_property
    def iam(self):
        return self.client("iam")

    @cached_property
    def sts(self):
        return self.client("sts")

    @cached_property
    def careless(self):
        """A client that checks nothing before it sends."""
        return self.client("iam", parameter_validation=False)

    @cached_property
    def cli(self):
        return Cli(self.account.server.url, self.key)

    def opens_console(self, password=None):
        """Whether the password leads to Console Home."""
        return Browser(self.account.server).sign_in(self.account.alias, self.name, password or self.password) == HOME

    def signed_in(self):
        browser = Browser(self.account.server)
        location = browser.sign_in(self.account.alias, self.name, self.password)
        assert location == HOME, f"{self.name} cannot sign in: {location}"
        return browser


class Account:
    def __init__(self, server, alias):
        self.server, self.alias = server, alias
        self.id = server.command("account", "create", "--alias", alias)["AccountId"]
        named = ["--account", alias, "--user-name", "admin"]
        made = server.command("user", "create", *named, "--administrator", "--generate-password", "--access-key")
        self.admin = Person(self, made, Key.of(made), made["Password"])
        self.secrets = {made["Password"], made["SecretAccessKey"]}

    def user(self, name, *statements, document=None, password=None, must_change=False, key=True, **parameters):
        """Made by the administrator, through the API."""
        iam = self.admin.iam
        user = iam.create_user(UserName=name, **parameters)["User"]
        if password:
            iam.create_login_profile(UserName=name, Password=password, PasswordResetRequired=must_change)
            self.secrets.add(password)
        if statements or document:
            self.permit(name, *statements, document=document)
        made = Key.of(iam.create_access_key(UserName=name)["AccessKey"]) if key else None
        if made:
            self.secrets.add(made.secret)
        return Person(self, user, made, password)

    def permit(self, name, *statements, document=None):
        """The user's only inline policy, from now on."""
        text = json.dumps(document or policy(*statements))
        self.admin.iam.put_user_policy(UserName=name, PolicyName="permissions", PolicyDocument=text)

    def arn(self, resource):
        return f"arn:aws:iam::{self.id}:{resource}"
