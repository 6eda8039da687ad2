"""What the clients make of several calls: waiters, boto3's resources, and the summary of an account."""

from case import OLD, ClientCase
from clients import NOT_SENT, REFUSED, SESSION, Cli
from people import allow
from refusals import ANY_DENIAL


class Clients(ClientCase):
    def test_the_summary_of_an_account_counts_what_is_there(self):
        before = self.admin.iam.get_account_summary()["SummaryMap"]
        self.account.user("alice", key=False)
        after = self.admin.cli("iam", "get-account-summary")["SummaryMap"]
        self.assertEqual(after["Users"], before["Users"] + 1)
        self.assertEqual((after["AccessKeysPerUserQuota"], after["GroupsPerUserQuota"]), (2, 10))
        self.assertTrue(all(isinstance(number, int) for number in after.values()))
        self.refused(ANY_DENIAL, self.account.user("bob").iam.get_account_summary)

    def test_what_the_cli_finds_wrong_by_itself_it_does_not_send(self):
        ended = self.admin.cli.run("iam", "change-password", "--old-password", OLD)
        self.assertEqual((ended.code, ended.out), (NOT_SENT, ""))
        self.assertIn("--new-password", ended.err)
        ended = self.admin.cli.run("iam", "update-account-password-policy", "--minimum-password-length", "5")
        self.assertEqual((ended.code, ended.out), (REFUSED, ""))
        self.assertIn("Parameter validation failed", ended.err)
        ended = Cli(self.server.url, self.admin.key, region=None).run("iam", "get-user")
        self.assertEqual((ended.code, ended.out), (REFUSED, ""))
        self.assertIn("You must specify a region", ended.err)

    def test_a_waiter_waits_for_no_user_that_is_there(self):
        self.account.user("carol", key=False)
        once = {"Delay": 1, "MaxAttempts": 1}
        self.admin.iam.get_waiter("user_exists").wait(UserName="carol", WaiterConfig=once)
        arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        self.admin.iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig=once)
        self.assertIsNone(self.admin.cli("iam", "wait", "user-exists", "--user-name", "carol"))

    def test_the_resources_of_boto3_work_on_users_keys_groups_and_passwords(self):
        key = self.admin.key
        iam = SESSION.resource(
            "iam",
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
        )
        self.assertEqual(iam.CurrentUser().arn, self.admin.arn)
        user = iam.create_user(UserName="dave")
        user.create_login_profile(Password=OLD)
        pair = user.create_access_key_pair()
        self.account.secrets.add(pair.secret)
        self.assertEqual([(one.id, one.status) for one in user.access_keys.all()], [(pair.id, "Active")])
        group = iam.create_group(GroupName="daves")
        user.add_group(GroupName="daves")
        self.assertEqual([member.name for member in group.users.all()], ["dave"])
        policy = iam.Policy("arn:aws:iam::aws:policy/IAMUserChangePassword")
        group.attach_policy(PolicyArn=policy.arn)
        self.assertEqual([one.name for one in policy.attached_groups.all()], ["daves"])
        rules = iam.create_account_password_policy(MinimumPasswordLength=9)
        self.assertEqual(iam.AccountPasswordPolicy().minimum_password_length, 9)
        rules.delete()
        group.detach_policy(PolicyArn=policy.arn)
        user.remove_group(GroupName="daves")
        group.delete()
        pair.delete()
        user.LoginProfile().delete()
        user.delete()
        self.assertNotIn("dave", [one.name for one in iam.users.all()])

    def test_one_client_may_make_many_calls_over_one_connection(self):
        erin = self.account.user("erin", allow("iam:GetUser"))
        for _ in range(50):
            self.assertEqual(erin.iam.get_user()["User"]["UserId"], erin.id)
