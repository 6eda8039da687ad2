"""`aws sts get-caller-identity`: who a key belongs to."""

from case import ClientCase
from people import deny

REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "mx-central-1")


class CallerIdentity(ClientCase):
    def identity(self, person):
        return {"UserId": person.id, "Account": self.account.id, "Arn": person.arn}

    def test_the_cli_shows_user_account_and_arn(self):
        self.assertEqual(self.admin.cli("sts", "get-caller-identity"), self.identity(self.admin))

    def test_it_needs_no_permission_and_nothing_denies_it(self):
        alice = self.account.user("alice", Path="/division/")
        bob = self.account.user("bob", deny("*"))
        for person in (alice, bob):
            answer = person.sts.get_caller_identity()
            answer.pop("ResponseMetadata")
            self.assertEqual(answer, self.identity(person))

    def test_a_key_is_good_in_every_region(self):
        for region in REGIONS:
            with self.subTest(region):
                self.assertEqual(self.admin.client("sts", region=region).get_caller_identity()["Arn"], self.admin.arn)
                self.assertEqual(self.admin.client("iam", region=region).get_user()["User"]["Arn"], self.admin.arn)
