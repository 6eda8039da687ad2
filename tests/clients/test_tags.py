"""Tags of users, and the policies that ask for them."""

from case import ClientCase
from people import allow, deny
from refusals import Refusal, denied, denied_by, invalid, like, no_such_user, null, too_long

DUPLICATE = Refusal(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
KEY_PATTERN = r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def equals(key, value):
    return {"StringEquals": {key: value}}


class Tags(ClientCase):
    def tags_of(self, name):
        return {tag["Key"]: tag["Value"] for tag in self.admin.iam.list_user_tags(UserName=name)["Tags"]}

    def test_tags_are_put_listed_and_taken_by_the_cli(self):
        self.account.user("alice", key=False)
        cli, named = self.admin.cli, ["--user-name", "alice"]
        self.silent(
            cli, "iam", "tag-user", *named, "--tags", "Key=Team,Value=Ops", "Key=Empty,Value=", "Key=Straße,Value=Ö 1"
        )
        expected = {"Team": "Ops", "Empty": "", "Straße": "Ö 1"}
        listed = cli("iam", "list-user-tags", *named)["Tags"]
        self.assertEqual({tag["Key"]: tag["Value"] for tag in listed}, expected)
        self.silent(cli, "iam", "untag-user", *named, "--tag-keys", "Team", "Straße", "Unknown")
        self.assertEqual(self.tags_of("alice"), {"Empty": ""})

    def test_a_tag_that_is_there_is_replaced_whatever_the_case_of_its_key(self):
        self.account.user("bob", key=False, Tags=tags(Team="one", Other="x"))
        self.admin.iam.tag_user(UserName="bob", Tags=tags(team="two"))
        found = self.tags_of("bob")
        self.assertEqual(sorted(found.values()), ["two", "x"])
        self.admin.iam.untag_user(UserName="bob", TagKeys=["TEAM"])
        self.assertEqual(self.tags_of("bob"), {"Other": "x"})

    def test_a_key_may_stand_once_in_a_request(self):
        self.account.user("carol", key=False)
        for pairs in (tags(Team="a", team="b"), tags(Team="a") * 2):
            self.refused(DUPLICATE, self.admin.iam.tag_user, UserName="carol", Tags=pairs)
            self.refused(DUPLICATE, self.admin.iam.create_user, UserName="not-made", Tags=pairs)
        self.assertEqual(self.tags_of("carol"), {})
        self.refused(no_such_user("not-made"), self.admin.iam.get_user, UserName="not-made")
        arguments = ["--user-name", "carol", "--tags", "Key=Team,Value=a", "Key=TEAM,Value=b"]
        self.cli_refused(DUPLICATE, "TagUser", self.admin.cli, "iam", "tag-user", *arguments)

    def test_keys_values_and_numbers_of_tags_have_bounds(self):
        self.account.user("dave", key=False)
        careless = self.admin.careless
        for refusal, pairs in [
            (too_long("tags.1.member.key", 128), tags(**{"k" * 129: "v"})),
            (too_long("tags.1.member.value", 256), tags(k="v" * 257)),
            (invalid(("tags.1.member.key", KEY_PATTERN)), [{"Key": "semi;colon", "Value": "v"}]),
            (too_long("tags", 50), tags(**{f"key-{number}": "" for number in range(51)})),
            (Refusal(400, "ValidationError", like(r".*aws:.*")), [{"Key": "aws:mine", "Value": "v"}]),
            (null("tags"), None),
        ]:
            with self.subTest(refusal.message):
                given = {} if pairs is None else {"Tags": pairs}
                self.refused(refusal, careless.tag_user, UserName="dave", **given)
        self.admin.iam.tag_user(UserName="dave", Tags=tags(**{f"key-{number}": "" for number in range(50)}))
        self.refused(
            Refusal(409, "LimitExceeded", like(r".+")), careless.tag_user, UserName="dave", Tags=tags(one_more="")
        )
        self.assertEqual(len(self.tags_of("dave")), 50)
        pages = self.admin.iam.get_paginator("list_user_tags").paginate(
            UserName="dave", PaginationConfig={"PageSize": 20}
        )
        self.assertEqual([len(page["Tags"]) for page in pages], [20, 20, 10])

    def test_a_user_is_made_with_tags_only_by_whoever_may_tag(self):
        erin = self.account.user("erin", allow("iam:CreateUser"))
        made = self.account.arn("user/made")
        self.refused(denied(erin, "iam:TagUser", made), erin.iam.create_user, UserName="made", Tags=tags(Team="Ops"))
        self.refused(no_such_user("made"), self.admin.iam.get_user, UserName="made")
        erin.iam.create_user(UserName="made-plain")
        self.account.permit("erin", allow("iam:CreateUser", "iam:TagUser"))
        erin.iam.create_user(UserName="made", Tags=tags(Team="Ops"))
        self.assertEqual(self.tags_of("made"), {"Team": "Ops"})

    def test_a_policy_may_demand_a_tag_of_the_request(self):
        only_ops = equals("aws:RequestTag/Team", "Ops")
        frank = self.account.user("frank", allow("iam:CreateUser", "iam:TagUser", condition=only_ops))
        self.refused(denied(frank, "iam:CreateUser", self.account.arn("user/f1")), frank.iam.create_user, UserName="f1")
        self.refused(
            denied(frank, "iam:CreateUser", self.account.arn("user/f1")),
            frank.iam.create_user,
            UserName="f1",
            Tags=tags(Team="Dev"),
        )
        frank.iam.create_user(UserName="f1", Tags=tags(Team="Ops"))
        frank.iam.tag_user(UserName="f1", Tags=tags(team="Ops", More="x"))
        self.refused(
            denied(frank, "iam:TagUser", self.account.arn("user/f1")),
            frank.iam.tag_user,
            UserName="f1",
            Tags=tags(More="x"),
        )

    def test_a_policy_may_limit_the_keys_of_tags(self):
        known = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}
        grace = self.account.user("grace", allow("iam:TagUser", "iam:UntagUser", condition=known))
        target = self.account.user("tagged", key=False)
        grace.iam.tag_user(UserName="tagged", Tags=tags(Team="Ops", Cost="7"))
        self.refused(
            denied(grace, "iam:TagUser", target.arn),
            grace.iam.tag_user,
            UserName="tagged",
            Tags=tags(Team="Ops", Role="x"),
        )
        grace.iam.untag_user(UserName="tagged", TagKeys=["Cost"])
        self.refused(
            denied(grace, "iam:UntagUser", target.arn), grace.iam.untag_user, UserName="tagged", TagKeys=["Role"]
        )
        self.assertEqual(self.tags_of("tagged"), {"Team": "Ops"})

    def test_a_policy_may_ask_for_a_tag_of_the_user_that_is_acted_on(self):
        self.account.user("in-ops", key=False, Tags=tags(Team="Ops"))
        in_dev = self.account.user("in-dev", key=False, Tags=tags(Team="Dev"))
        for number, key in enumerate(("aws:ResourceTag/Team", "iam:ResourceTag/Team", "iam:ResourceTag/team")):
            with self.subTest(key):
                heidi = self.account.user(f"heidi-{number}", allow("iam:GetUser", condition=equals(key, "Ops")))
                heidi.iam.get_user(UserName="in-ops")
                self.refused(denied(heidi, "iam:GetUser", in_dev.arn), heidi.iam.get_user, UserName="in-dev")
                self.refused(denied(heidi, "iam:GetUser", heidi.arn), heidi.iam.get_user)

    def test_a_policy_may_deny_by_a_tag_of_the_user_that_is_acted_on(self):
        ivan = self.account.user(
            "ivan", allow("iam:*"), deny("iam:DeleteUser", condition=equals("aws:ResourceTag/Keep", "yes"))
        )
        kept = self.account.user("kept", key=False, Tags=tags(Keep="yes"))
        self.refused(denied_by(ivan, "iam:DeleteUser", kept.arn), ivan.iam.delete_user, UserName="kept")
        self.admin.iam.untag_user(UserName="kept", TagKeys=["Keep"])
        ivan.iam.delete_user(UserName="kept")

    def test_a_policy_may_compare_the_tags_of_the_caller_and_of_the_user_that_is_acted_on(self):
        same_team = equals("aws:ResourceTag/Team", "${aws:PrincipalTag/Team}")
        judy = self.account.user("judy", allow("iam:GetUser", condition=same_team), Tags=tags(Team="Dev"))
        self.account.user("colleague", key=False, Tags=tags(Team="Dev"))
        stranger = self.account.user("stranger", key=False, Tags=tags(Team="Sales"))
        judy.iam.get_user(UserName="colleague")
        self.refused(denied(judy, "iam:GetUser", stranger.arn), judy.iam.get_user, UserName="stranger")
        self.admin.iam.tag_user(UserName="judy", Tags=tags(Team="Sales"))
        judy.iam.get_user(UserName="stranger")

    def test_a_policy_may_ask_for_a_tag_of_the_caller(self):
        may = allow("iam:ListUsers", condition=equals("aws:PrincipalTag/Role", "auditor"))
        ken = self.account.user("ken", may)
        self.refused(denied(ken, "iam:ListUsers", self.account.arn("user/")), ken.iam.list_users)
        self.admin.iam.tag_user(UserName="ken", Tags=tags(Role="auditor"))
        ken.iam.list_users()
