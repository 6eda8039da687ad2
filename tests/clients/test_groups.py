"""User groups and their policies, by the API."""

import json

from case import NEW, OLD, ClientCase
from people import allow, deny, guide, policy
from refusals import (
    ANY_DENIAL,
    Refusal,
    already_exists,
    bad_characters,
    delete_conflict,
    denied,
    denied_by,
    malformed_policy,
    no_such_entity,
    no_such_group,
    no_such_user,
    not_attachable,
    not_attached,
    null,
    too_long,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
CHANGE = "iam:ChangePassword"


class Groups(ClientCase):
    def group(self, name, *members, **parameters):
        self.admin.iam.create_group(GroupName=name, **parameters)
        for member in members:
            self.admin.iam.add_user_to_group(GroupName=name, UserName=member.name)

    def groups_of(self, name):
        return [group["GroupName"] for group in self.admin.iam.list_groups_for_user(UserName=name)["Groups"]]

    def test_a_group_lives_from_creation_to_deletion_by_the_cli(self):
        cli, named = self.admin.cli, ["--group-name", "Everybody"]
        made = cli("iam", "create-group", *named, "--path", "/teams/")["Group"]
        self.assertRegex(made["GroupId"], r"^AGPA[A-Z0-9]{17}$")
        self.is_now(made["CreateDate"])
        expected = {
            "Path": "/teams/",
            "GroupName": "Everybody",
            "GroupId": made["GroupId"],
            "Arn": self.account.arn("group/teams/Everybody"),
            "CreateDate": made["CreateDate"],
        }
        self.assertEqual(made, expected)
        self.account.user("alice", key=False)
        member = [*named, "--user-name", "alice"]
        self.silent(cli, "iam", "add-user-to-group", *member)
        got = cli("iam", "get-group", *named)
        self.assertEqual((got["Group"], [user["UserName"] for user in got["Users"]]), (made, ["alice"]))
        self.assertEqual(cli("iam", "list-groups-for-user", "--user-name", "alice"), {"Groups": [made]})
        self.assertEqual(cli("iam", "list-groups", "--path-prefix", "/teams/"), {"Groups": [made]})
        refusal = delete_conflict("remove users from group")
        self.cli_refused(refusal, "DeleteGroup", cli, "iam", "delete-group", *named)
        self.silent(cli, "iam", "remove-user-from-group", *member)
        self.silent(cli, "iam", "update-group", *named, "--new-group-name", "all", "--new-path", "/")
        self.silent(cli, "iam", "delete-group", "--group-name", "all")
        self.cli_refused(no_such_group("all"), "GetGroup", cli, "iam", "get-group", "--group-name", "all")

    def test_policies_of_a_group_are_put_shown_and_taken_by_the_cli(self):
        self.group("policed")
        cli, named = self.admin.cli, ["--group-name", "policed"]
        document = policy(allow("iam:GetUser", condition={"StringLike": {"aws:UserAgent": '100%25+é <&> "x"*'}}))
        inline = [*named, "--policy-name", "inline-1"]
        self.silent(cli, "iam", "put-group-policy", *inline, "--policy-document", json.dumps(document))
        self.assertEqual(cli("iam", "list-group-policies", *named), {"PolicyNames": ["inline-1"]})
        expected = {"GroupName": "policed", "PolicyName": "inline-1", "PolicyDocument": document}
        self.assertEqual(cli("iam", "get-group-policy", *inline), expected)
        managed = [*named, "--policy-arn", ADMINISTRATOR]
        self.silent(cli, "iam", "attach-group-policy", *managed)
        attached = {"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}
        self.assertEqual(cli("iam", "list-attached-group-policies", *named), {"AttachedPolicies": [attached]})
        self.silent(cli, "iam", "detach-group-policy", *managed)
        self.silent(cli, "iam", "delete-group-policy", *inline)
        self.assertEqual(cli("iam", "list-group-policies", *named), {"PolicyNames": []})
        self.silent(cli, "iam", "delete-group", *named)

    def test_the_guides_way_to_let_selected_users_change_their_passwords(self):
        document = json.dumps(guide("allow-selected-users-to-change-password")).replace("account-id", self.account.id)
        iam = self.admin.iam
        made = iam.create_policy(PolicyName="selected-users", PolicyDocument=document)["Policy"]["Arn"]
        ways = {
            "by-inline": (
                lambda: iam.put_group_policy(GroupName="by-inline", PolicyName="change", PolicyDocument=document),
                lambda: iam.delete_group_policy(GroupName="by-inline", PolicyName="change"),
            ),
            "by-managed": (
                lambda: iam.attach_group_policy(GroupName="by-managed", PolicyArn=made),
                lambda: iam.detach_group_policy(GroupName="by-managed", PolicyArn=made),
            ),
        }
        for name, (grant, take) in ways.items():
            with self.subTest(name):
                bob = self.account.user(f"bob-{name}", password=OLD)
                change = {"OldPassword": OLD, "NewPassword": NEW}
                self.group(name, bob)
                self.refused(denied(bob, CHANGE, bob.arn), bob.iam.change_password, **change)
                grant()
                bob.iam.change_password(**change)
                back = {"OldPassword": NEW, "NewPassword": OLD}
                take()
                self.refused(denied(bob, CHANGE, bob.arn), bob.iam.change_password, **back)
                grant()
                iam.remove_user_from_group(GroupName=name, UserName=bob.name)
                self.refused(denied(bob, CHANGE, bob.arn), bob.iam.change_password, **back)
                iam.add_user_to_group(GroupName=name, UserName=bob.name)
                bob.iam.change_password(**back)

    def test_a_deny_in_a_group_beats_what_the_user_may(self):
        carol = self.account.user("carol", allow("iam:*"))
        self.group("denied", carol)
        document = json.dumps(policy(deny("iam:ListUsers")))
        self.admin.iam.put_group_policy(GroupName="denied", PolicyName="no", PolicyDocument=document)
        self.refused(denied_by(carol, "iam:ListUsers", self.account.arn("user/")), carol.iam.list_users)
        arn = self.admin.iam.create_policy(PolicyName="deny-list", PolicyDocument=document)["Policy"]["Arn"]
        self.admin.iam.delete_group_policy(GroupName="denied", PolicyName="no")
        carol.iam.list_users()
        self.admin.iam.attach_group_policy(GroupName="denied", PolicyArn=arn)
        self.refused(denied_by(carol, "iam:ListUsers", self.account.arn("user/"), arn), carol.iam.list_users)

    def test_names_are_unique_ignoring_case(self):
        self.group("Unique")
        self.group("other")
        for name in ("Unique", "UNIQUE"):
            refusal = already_exists(f"Group with name {name} already exists.")
            self.refused(refusal, self.admin.iam.create_group, GroupName=name)
            self.refused(refusal, self.admin.iam.update_group, GroupName="other", NewGroupName=name)
        self.assertEqual(self.admin.iam.get_group(GroupName="unique")["Group"]["GroupName"], "Unique")

    def test_a_rename_keeps_members_and_policies(self):
        dave = self.account.user("dave")
        self.group("before", dave)
        document = json.dumps(policy(allow("iam:ListGroups")))
        self.admin.iam.put_group_policy(GroupName="before", PolicyName="p", PolicyDocument=document)
        made = self.admin.iam.get_group(GroupName="before")["Group"]
        self.admin.iam.update_group(GroupName="before", NewGroupName="after", NewPath="/x/")
        self.assertIn("after", [group["GroupName"] for group in dave.iam.list_groups()["Groups"]])
        got = self.admin.iam.get_group(GroupName="after")["Group"]
        self.assertEqual((got["GroupId"], got["Arn"]), (made["GroupId"], self.account.arn("group/x/after")))
        self.refused(no_such_group("before"), self.admin.iam.get_group, GroupName="before")

    def test_a_group_with_a_policy_is_not_deleted(self):
        iam = self.admin.iam
        document = json.dumps(policy(allow("iam:GetUser")))
        self.group("full")
        iam.put_group_policy(GroupName="full", PolicyName="p", PolicyDocument=document)
        self.refused(delete_conflict("delete policies"), iam.delete_group, GroupName="full")
        iam.delete_group_policy(GroupName="full", PolicyName="p")
        iam.attach_group_policy(GroupName="full", PolicyArn=ADMINISTRATOR)
        self.refused(delete_conflict("detach all policies"), iam.delete_group, GroupName="full")
        iam.detach_group_policy(GroupName="full", PolicyArn=ADMINISTRATOR)
        iam.delete_group(GroupName="full")

    def test_who_is_a_member_already_may_be_added_and_who_is_none_may_be_removed(self):
        self.account.user("erin", key=False)
        self.group("idempotent")
        about = {"GroupName": "idempotent", "UserName": "erin"}
        for _ in range(2):
            self.admin.iam.add_user_to_group(**about)
        self.assertEqual(self.groups_of("erin"), ["idempotent"])
        for _ in range(2):
            self.admin.iam.remove_user_from_group(**about)
        self.assertEqual(self.groups_of("erin"), [])

    def test_what_is_not_there_is_named(self):
        iam = self.admin.iam
        self.group("there")
        self.account.user("frank", key=False)
        document = json.dumps(policy(allow("iam:GetUser")))
        about = {"PolicyName": "p"}
        for call, parameters in [
            (iam.get_group, {}),
            (iam.update_group, {"NewPath": "/x/"}),
            (iam.delete_group, {}),
            (iam.add_user_to_group, {"UserName": "frank"}),
            (iam.remove_user_from_group, {"UserName": "frank"}),
            (iam.put_group_policy, {**about, "PolicyDocument": document}),
            (iam.get_group_policy, about),
            (iam.delete_group_policy, about),
            (iam.list_group_policies, {}),
            (iam.list_attached_group_policies, {}),
            (iam.attach_group_policy, {"PolicyArn": ADMINISTRATOR}),
            (iam.detach_group_policy, {"PolicyArn": ADMINISTRATOR}),
        ]:
            with self.subTest(call.__name__):
                self.refused(no_such_group("nowhere"), call, GroupName="nowhere", **parameters)
        for call in (iam.add_user_to_group, iam.remove_user_from_group):
            self.refused(no_such_user("nobody"), call, GroupName="there", UserName="nobody")
        policy_refusal = no_such_entity("The group policy with name p cannot be found.")
        self.refused(policy_refusal, iam.get_group_policy, GroupName="there", **about)
        self.refused(policy_refusal, iam.delete_group_policy, GroupName="there", **about)
        unknown = self.account.arn("policy/unknown")
        self.refused(not_attachable(unknown), iam.attach_group_policy, GroupName="there", PolicyArn=unknown)
        self.refused(not_attached(ADMINISTRATOR), iam.detach_group_policy, GroupName="there", PolicyArn=ADMINISTRATOR)

    def test_lists_come_in_pages(self):
        iam = self.admin.iam
        grace = self.account.user("grace", key=False)
        names = [f"page-{number}" for number in range(5)]
        for name in names:
            self.group(name, grace, Path="/pages/")
        for number in range(3):
            iam.put_group_policy(
                GroupName="page-0", PolicyName=f"p{number}", PolicyDocument=json.dumps(policy(allow("iam:GetUser")))
            )
            iam.add_user_to_group(GroupName="page-0", UserName=self.account.user(f"member-{number}", key=False).name)

        def pages(operation, wanted, **parameters):
            found = iam.get_paginator(operation).paginate(**parameters, PaginationConfig={"PageSize": 2})
            return [item for page in found for item in page[wanted]]

        self.assertEqual([group["GroupName"] for group in pages("list_groups", "Groups", PathPrefix="/pages/")], names)
        self.assertEqual(
            [group["GroupName"] for group in pages("list_groups_for_user", "Groups", UserName="grace")], names
        )
        self.assertEqual(pages("list_group_policies", "PolicyNames", GroupName="page-0"), ["p0", "p1", "p2"])
        members = [user["UserName"] for user in pages("get_group", "Users", GroupName="page-0")]
        # Each once; AWS promises no order of members.
        self.assertEqual(sorted(members), ["grace", "member-0", "member-1", "member-2"])

    def test_a_user_may_be_in_ten_groups(self):
        self.account.user("heidi", key=False)
        for number in range(10):
            self.group(f"ten-{number}")
            self.admin.iam.add_user_to_group(GroupName=f"ten-{number}", UserName="heidi")
        self.group("eleventh")
        refusal = Refusal(409, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
        self.refused(refusal, self.admin.iam.add_user_to_group, GroupName="eleventh", UserName="heidi")

    def test_names_and_documents_that_the_clients_let_through_are_judged_by_the_server(self):
        careless = self.admin.careless
        self.refused(null("groupName"), careless.create_group)
        self.refused(too_long("groupName", 128), careless.create_group, GroupName="g" * 129)
        self.refused(bad_characters("groupName"), careless.create_group, GroupName="two words")
        self.refused(bad_characters("newGroupName"), careless.update_group, GroupName="x", NewGroupName="two words")
        self.group("documents")
        put = {"GroupName": "documents", "PolicyName": "p"}
        self.refused(malformed_policy(), careless.put_group_policy, **put, PolicyDocument='{"Version":"2012-10-17"')
        self.refused(malformed_policy(), careless.put_group_policy, **put, PolicyDocument='{"Version":"2012-10-17"}')
        self.refused(null("policyDocument"), careless.put_group_policy, **put)
        self.assertEqual(self.admin.iam.list_group_policies(GroupName="documents")["PolicyNames"], [])

    def test_who_may_do_nothing_may_not_touch_groups(self):
        ivan = self.account.user("ivan")
        self.group("closed")
        arn = self.account.arn("group/closed")
        about = {"GroupName": "closed"}
        self.refused(denied(ivan, "iam:GetGroup", arn), ivan.iam.get_group, **about)
        self.refused(denied(ivan, "iam:DeleteGroup", arn), ivan.iam.delete_group, **about)
        self.refused(denied(ivan, "iam:AddUserToGroup", arn), ivan.iam.add_user_to_group, UserName="ivan", **about)
        self.refused(
            denied(ivan, "iam:AttachGroupPolicy", arn), ivan.iam.attach_group_policy, PolicyArn=ADMINISTRATOR, **about
        )
        self.refused(
            denied(ivan, "iam:CreateGroup", self.account.arn("group/mine")), ivan.iam.create_group, GroupName="mine"
        )
        self.refused(ANY_DENIAL, ivan.iam.list_groups)
        self.refused(denied(ivan, "iam:ListGroupsForUser", ivan.arn), ivan.iam.list_groups_for_user, UserName="ivan")
        self.assertEqual(self.groups_of("ivan"), [])
