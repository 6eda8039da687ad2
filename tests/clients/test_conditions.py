"""Conditions of policies, as a request of a client meets them."""

from case import ClientCase
from people import allow, deny
from refusals import denied, denied_by


class Conditions(ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice = cls.account.user("alice")

    def test_an_allow_holds_where_its_condition_does(self):
        for condition, holds in [
            ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
            ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "127.0.0.1"]}}, True),
            ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
            ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
            ({"Bool": {"aws:SecureTransport": "true"}}, False),
            ({"Bool": {"aws:SecureTransport": "false"}}, True),
            ({"StringLike": {"aws:UserAgent": "Boto3/*"}}, True),
            ({"StringLike": {"aws:UserAgent": "aws-cli/*"}}, False),
            ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
            ({"DateGreaterThan": {"aws:CurrentTime": "2120-01-01T00:00:00Z"}}, False),
            ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
            ({"NumericGreaterThan": {"aws:EpochTime": "1500000000"}}, True),
            # A long-term key says nothing about MFA: the key is absent, and not false.
            ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, True),
            ({"Null": {"aws:MultiFactorAuthPresent": "false"}}, False),
            ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
            ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
            ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
            ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
            ({"Null": {"aws:MultiFactorAuthAge": "true"}}, True),
            ({"StringEquals": {"aws:username": "alice"}}, True),
            ({"StringEquals": {"aws:username": "Alice"}}, False),
            ({"StringEquals": {"aws:userid": self.alice.id}}, True),
            ({"ArnEquals": {"aws:PrincipalArn": self.alice.arn}}, True),
            ({"StringEquals": {"aws:PrincipalAccount": self.account.id, "aws:PrincipalType": "User"}}, True),
            ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}}, False),
        ]:
            with self.subTest(condition):
                self.account.permit("alice", allow("iam:GetUser", condition=condition))
                if holds:
                    self.alice.iam.get_user()
                else:
                    self.refused(denied(self.alice, "iam:GetUser", self.alice.arn), self.alice.iam.get_user)

    def test_a_deny_holds_where_its_condition_does(self):
        for condition, holds in [
            ({"Bool": {"aws:SecureTransport": "false"}}, True),
            ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
            ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
            ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
            ({"StringNotLike": {"aws:UserAgent": "aws-cli/*"}}, True),
        ]:
            with self.subTest(condition):
                self.account.permit("alice", allow("iam:*"), deny("iam:GetUser", condition=condition))
                if holds:
                    self.refused(denied_by(self.alice, "iam:GetUser", self.alice.arn), self.alice.iam.get_user)
                else:
                    self.alice.iam.get_user()

    def test_a_policy_may_ask_for_the_cli(self):
        self.account.permit("alice", allow("iam:GetUser", condition={"StringLike": {"aws:UserAgent": "aws-cli/*"}}))
        self.assertEqual(self.alice.cli("iam", "get-user")["User"]["Arn"], self.alice.arn)
        self.refused(denied(self.alice, "iam:GetUser", self.alice.arn), self.alice.iam.get_user)

    def test_a_policy_may_name_the_policies_that_may_be_attached(self):
        change, all_of_it = (
            f"arn:aws:iam::aws:policy/{name}" for name in ("IAMUserChangePassword", "AdministratorAccess")
        )
        attach = {"UserName": "alice", "PolicyArn": all_of_it}
        only = {"ArnEquals": {"iam:PolicyARN": change}}
        self.account.permit("alice", allow("iam:AttachUserPolicy", "iam:DetachUserPolicy", condition=only))
        self.refused(
            denied(self.alice, "iam:AttachUserPolicy", self.alice.arn), self.alice.iam.attach_user_policy, **attach
        )
        for call in (self.alice.iam.attach_user_policy, self.alice.iam.detach_user_policy):
            call(UserName="alice", PolicyArn=change)
        never = deny("iam:AttachUserPolicy", condition={"ArnEquals": {"iam:PolicyARN": all_of_it}})
        self.account.permit("alice", allow("iam:*"), never)
        self.refused(
            denied_by(self.alice, "iam:AttachUserPolicy", self.alice.arn), self.alice.iam.attach_user_policy, **attach
        )

    def test_a_forwarded_address_is_not_believed(self):
        self.account.permit("alice", allow("iam:GetUser", condition={"IpAddress": {"aws:SourceIp": "192.0.2.7"}}))
        client = self.alice.client("iam")

        def forward(request, **_):
            request.headers["X-Forwarded-For"] = "192.0.2.7"

        client.meta.events.register("before-send.iam.GetUser", forward)
        self.refused(denied(self.alice, "iam:GetUser", self.alice.arn), client.get_user)
