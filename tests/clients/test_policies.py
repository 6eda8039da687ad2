"""Policies of users: inline ones, and managed ones of the account and of AWS."""

import json

from case import ClientCase
from people import Account, allow, policy
from refusals import (
    ANY_DENIAL,
    INVALID_ARN,
    Refusal,
    already_exists,
    bad_characters,
    denied,
    invalid,
    like,
    malformed_policy,
    no_such_entity,
    not_attachable,
    not_attached,
    null,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
CHANGE_PASSWORD = "arn:aws:iam::aws:policy/IAMUserChangePassword"
READ = policy(allow("iam:GetUser", "iam:List*"))
ATTACHED = Refusal(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
MEMBERS = {
    "PolicyName",
    "PolicyId",
    "Arn",
    "Path",
    "DefaultVersionId",
    "AttachmentCount",
    "PermissionsBoundaryUsageCount",
    "IsAttachable",
    "CreateDate",
    "UpdateDate",
}


class InlinePolicies(ClientCase):
    def test_a_policy_is_put_shown_replaced_and_taken_by_the_cli(self):
        cli, named = self.admin.cli, ["--user-name", "alice"]
        alice = self.account.user("alice")
        self.refused(ANY_DENIAL, alice.iam.list_users)
        file = self.server.data_dir / "read.json"
        file.write_text(json.dumps(READ, indent=2))
        inline = [*named, "--policy-name", "read"]
        self.silent(cli, "iam", "put-user-policy", *inline, "--policy-document", f"file://{file}")
        alice.iam.list_users()
        self.assertEqual(cli("iam", "list-user-policies", *named), {"PolicyNames": ["read"]})
        expected = {"UserName": "alice", "PolicyName": "read", "PolicyDocument": READ}
        self.assertEqual(cli("iam", "get-user-policy", *inline), expected)
        self.silent(cli, "iam", "delete-user-policy", *inline)
        self.refused(ANY_DENIAL, alice.iam.list_users)

    def test_a_document_comes_back_as_it_was_put(self):
        self.account.user("bob", key=False)
        condition = {"StringLike": {"aws:UserAgent": ['100%25+é <&> "x" \\ ]]>*', "${*}", "a+b c%2Fd"]}}
        document = policy(
            allow("iam:GetUser", resource=["arn:aws:iam::*:user/${aws:username}", "*"], condition=condition)
        )
        about = {"UserName": "bob", "PolicyName": "odd+=,.@_-name"}
        self.admin.iam.put_user_policy(PolicyDocument=json.dumps(document, ensure_ascii=False, indent=3), **about)
        self.assertEqual(self.admin.iam.get_user_policy(**about)["PolicyDocument"], document)

    def test_a_policy_that_is_not_there_is_named(self):
        self.account.user("carol", key=False)
        refusal = no_such_entity("The user policy with name p cannot be found.")
        for call in (self.admin.iam.get_user_policy, self.admin.iam.delete_user_policy):
            self.refused(refusal, call, UserName="carol", PolicyName="p")

    def test_a_document_that_is_none_is_refused(self):
        self.account.user("dave", key=False)
        put, about = self.admin.careless.put_user_policy, {"UserName": "dave", "PolicyName": "p"}
        self.refused(malformed_policy("This policy contains invalid Json"), put, PolicyDocument="not JSON", **about)
        for document in (
            "{}",
            "[]",
            '{"Version":"2012-10-17"}',
            '{"Version":"2020-01-01","Statement":[]}',
            json.dumps(policy({"Effect": "Allow", "Action": "*"})),
            json.dumps(policy({"Effect": "Maybe", "Action": "*", "Resource": "*"})),
            json.dumps(policy({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})),
        ):
            with self.subTest(document):
                self.refused(malformed_policy(), put, PolicyDocument=document, **about)
        self.refused(
            bad_characters("policyName"), put, UserName="dave", PolicyName="two words", PolicyDocument=json.dumps(READ)
        )
        self.refused(null("policyName"), put, UserName="dave", PolicyDocument=json.dumps(READ))
        self.assertEqual(self.admin.iam.list_user_policies(UserName="dave")["PolicyNames"], [])

    def test_nobody_gives_rights_to_themselves(self):
        erin = self.account.user("erin", allow("iam:Get*", "iam:List*"))
        document = json.dumps(policy(allow("*")))
        put = {"UserName": "erin", "PolicyName": "mine", "PolicyDocument": document}
        self.refused(denied(erin, "iam:PutUserPolicy", erin.arn), erin.iam.put_user_policy, **put)
        attach = {"UserName": "erin", "PolicyArn": ADMINISTRATOR}
        self.refused(denied(erin, "iam:AttachUserPolicy", erin.arn), erin.iam.attach_user_policy, **attach)
        self.refused(
            denied(erin, "iam:DeleteUserPolicy", erin.arn),
            erin.iam.delete_user_policy,
            UserName="erin",
            PolicyName="permissions",
        )


class ManagedPolicies(ClientCase):
    def made(self, name, document=READ, **parameters):
        made = self.admin.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document), **parameters)
        return made["Policy"]["Arn"]

    def names(self, **parameters):
        return [policy["PolicyName"] for policy in self.admin.iam.list_policies(**parameters)["Policies"]]

    def test_a_policy_lives_from_creation_to_deletion_by_the_cli(self):
        cli = self.admin.cli
        alice = self.account.user("alice")
        named = ["--policy-name", "Readers", "--path", "/team/", "--description", "May read <&> list"]
        made = cli("iam", "create-policy", *named, "--policy-document", json.dumps(READ))["Policy"]
        arn = self.account.arn("policy/team/Readers")
        self.assertEqual(made["Arn"], arn)
        self.assertRegex(made["PolicyId"], r"^ANPA[A-Z0-9]{17}$")
        self.is_now(made["CreateDate"])
        self.assertEqual((made["DefaultVersionId"], made["AttachmentCount"], made["IsAttachable"]), ("v1", 0, True))
        about = ["--policy-arn", arn]
        got = cli("iam", "get-policy", *about)["Policy"]
        self.assertEqual(got.pop("Description"), "May read <&> list")
        self.assertEqual(got.pop("Tags", []), [])
        made.pop("Description", None)
        self.assertEqual(got, made)
        version = cli("iam", "get-policy-version", *about, "--version-id", "v1")["PolicyVersion"]
        (listed,) = cli("iam", "list-policy-versions", *about)["Versions"]
        self.assertEqual(listed, {name: version[name] for name in ("VersionId", "IsDefaultVersion", "CreateDate")})
        self.assertEqual((version["VersionId"], version["IsDefaultVersion"], version["Document"]), ("v1", True, READ))
        user = ["--user-name", "alice"]
        self.silent(cli, "iam", "attach-user-policy", *user, *about)
        alice.iam.list_users()
        attached = {"AttachedPolicies": [{"PolicyName": "Readers", "PolicyArn": arn}]}
        self.assertEqual(cli("iam", "list-attached-user-policies", *user), attached)
        entities = cli("iam", "list-entities-for-policy", *about)
        self.assertEqual(entities["PolicyUsers"], [{"UserName": "alice", "UserId": alice.id}])
        self.assertEqual((entities["PolicyGroups"], entities["PolicyRoles"]), ([], []))
        [listed] = cli("iam", "list-policies", "--scope", "Local", "--only-attached", "--path-prefix", "/team/")[
            "Policies"
        ]
        self.assertEqual((listed["Arn"], listed["AttachmentCount"]), (arn, 1))
        self.cli_refused(ATTACHED, "DeletePolicy", cli, "iam", "delete-policy", *about)
        self.silent(cli, "iam", "detach-user-policy", *user, *about)
        self.refused(ANY_DENIAL, alice.iam.list_users)
        self.silent(cli, "iam", "delete-policy", *about)
        self.cli_refused(not_attached(arn), "GetPolicy", cli, "iam", "get-policy", *about)

    def test_a_policy_has_exactly_the_members_of_aws(self):
        made = self.admin.iam.create_policy(PolicyName="members", PolicyDocument=json.dumps(READ))["Policy"]
        self.assertEqual(set(made), MEMBERS)
        self.assertEqual(set(self.admin.iam.get_policy(PolicyArn=made["Arn"])["Policy"]), MEMBERS | {"Tags"})
        [listed] = [
            one for one in self.admin.iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"] == "members"
        ]
        self.assertEqual(set(listed), MEMBERS)

    def test_a_name_is_unique_whatever_the_path_and_the_case(self):
        self.made("Once")
        for name, path in (("Once", "/"), ("ONCE", "/"), ("Once", "/other/")):
            refusal = already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
            create = {"PolicyName": name, "Path": path, "PolicyDocument": json.dumps(READ)}
            self.refused(refusal, self.admin.iam.create_policy, **create)

    def test_a_policy_that_is_attached_to_a_user_or_a_group_is_not_deleted(self):
        arn, iam = self.made("held"), self.admin.iam
        bob = self.account.user("bob", key=False)
        group = iam.create_group(GroupName="holders")["Group"]
        iam.attach_group_policy(GroupName="holders", PolicyArn=arn)
        iam.attach_user_policy(UserName="bob", PolicyArn=arn)
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 2)
        entities = iam.list_entities_for_policy(PolicyArn=arn)
        self.assertEqual(entities["PolicyUsers"], [{"UserName": "bob", "UserId": bob.id}])
        self.assertEqual(entities["PolicyGroups"], [{"GroupName": "holders", "GroupId": group["GroupId"]}])
        only = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Group")
        self.assertEqual((only["PolicyUsers"], len(only["PolicyGroups"])), ([], 1))
        self.refused(ATTACHED, iam.delete_policy, PolicyArn=arn)
        iam.detach_user_policy(UserName="bob", PolicyArn=arn)
        self.refused(ATTACHED, iam.delete_policy, PolicyArn=arn)
        iam.detach_group_policy(GroupName="holders", PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
        self.refused(not_attached(arn), iam.delete_policy, PolicyArn=arn)

    def test_policies_of_aws_are_there_and_cannot_be_deleted(self):
        iam = self.admin.iam
        for arn in (ADMINISTRATOR, CHANGE_PASSWORD):
            got = iam.get_policy(PolicyArn=arn)["Policy"]
            self.assertEqual((got["Arn"], got["PolicyName"], got["Path"]), (arn, arn.split("/")[-1], "/"))
            version = iam.get_policy_version(PolicyArn=arn, VersionId=got["DefaultVersionId"])["PolicyVersion"]
            self.assertEqual(version["Document"]["Version"], "2012-10-17")
            with self.assertRaises(iam.exceptions.ClientError):
                iam.delete_policy(PolicyArn=arn)
            iam.get_policy(PolicyArn=arn)
        own = self.made("own-of-account")
        self.assertIn(ADMINISTRATOR, [one["Arn"] for one in iam.list_policies(Scope="AWS")["Policies"]])
        self.assertNotIn("own-of-account", self.names(Scope="AWS"))
        self.assertNotIn("AdministratorAccess", self.names(Scope="Local"))
        everything = [one["Arn"] for one in iam.list_policies()["Policies"]]
        self.assertTrue({own, ADMINISTRATOR, CHANGE_PASSWORD} <= set(everything))
        self.assertIn("AdministratorAccess", self.names(OnlyAttached=True))
        self.assertNotIn("own-of-account", self.names(OnlyAttached=True))

    def test_what_is_not_there_is_named(self):
        iam = self.admin.iam
        self.account.user("carol", key=False)
        unknown = self.account.arn("policy/unknown")
        self.refused(not_attachable(unknown), iam.attach_user_policy, UserName="carol", PolicyArn=unknown)
        self.refused(not_attached(ADMINISTRATOR), iam.detach_user_policy, UserName="carol", PolicyArn=ADMINISTRATOR)
        self.refused(not_attached(unknown), iam.get_policy, PolicyArn=unknown)
        self.refused(not_attached(unknown), iam.delete_policy, PolicyArn=unknown)
        self.refused(not_attachable(unknown), iam.list_entities_for_policy, PolicyArn=unknown)
        no_version = no_such_entity(f"Policy {unknown} version v1 does not exist or is not attachable.")
        self.refused(no_version, iam.get_policy_version, PolicyArn=unknown, VersionId="v1")
        self.refused(no_such_entity(f"Policy {unknown} was not found."), iam.list_policy_versions, PolicyArn=unknown)
        arn = self.made("one-version")
        no_version = no_such_entity(f"Policy {arn} version v9 does not exist or is not attachable.")
        self.refused(no_version, iam.get_policy_version, PolicyArn=arn, VersionId="v9")

    def test_a_policy_of_another_account_is_nowhere(self):
        other = Account(self.server, "other-corp")
        document = json.dumps(READ)
        theirs = other.admin.iam.create_policy(PolicyName="theirs", PolicyDocument=document)["Policy"]["Arn"]
        self.account.user("dave", key=False)
        self.refused(not_attachable(theirs), self.admin.iam.attach_user_policy, UserName="dave", PolicyArn=theirs)
        self.refused(not_attached(theirs), self.admin.iam.get_policy, PolicyArn=theirs)
        self.refused(not_attached(theirs), self.admin.iam.delete_policy, PolicyArn=theirs)
        self.made("theirs")

    def test_attaching_twice_is_attaching_once(self):
        self.account.user("erin", key=False)
        for _ in range(2):
            self.admin.iam.attach_user_policy(UserName="erin", PolicyArn=CHANGE_PASSWORD)
        attached = self.admin.iam.list_attached_user_policies(UserName="erin")["AttachedPolicies"]
        self.assertEqual(attached, [{"PolicyName": "IAMUserChangePassword", "PolicyArn": CHANGE_PASSWORD}])

    def test_a_user_may_have_ten_managed_policies(self):
        self.account.user("frank", key=False)
        for number in range(10):
            self.admin.iam.attach_user_policy(UserName="frank", PolicyArn=self.made(f"ten-{number}"))
        refusal = Refusal(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10")
        self.refused(refusal, self.admin.iam.attach_user_policy, UserName="frank", PolicyArn=ADMINISTRATOR)
        pages = self.admin.iam.get_paginator("list_attached_user_policies")
        found = pages.paginate(UserName="frank", PaginationConfig={"PageSize": 4})
        self.assertEqual([len(page["AttachedPolicies"]) for page in found], [4, 4, 2])

    def test_arns_versions_and_documents_that_the_clients_let_through_are_judged_by_the_server(self):
        careless = self.admin.careless
        self.account.user("grace", key=False)
        self.refused(INVALID_ARN, careless.attach_user_policy, UserName="grace", PolicyArn="this-is-no-arn-of-a-policy")
        pattern = ("versionId", r"satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")
        self.refused(invalid(pattern), careless.get_policy_version, PolicyArn=ADMINISTRATOR, VersionId="newest")
        create = {"PolicyName": "judged"}
        self.refused(malformed_policy(), careless.create_policy, **create, PolicyDocument="{}")
        self.refused(null("policyDocument"), careless.create_policy, **create)
        self.refused(null("policyName"), careless.create_policy, PolicyDocument=json.dumps(READ))
        bad = Refusal(400, "ValidationError", like(r".*scope.*"))
        self.refused(bad, careless.list_policies, Scope="Mine")
        self.assertNotIn("judged", self.names(Scope="Local"))

    def test_what_is_not_done_with_policies_is_refused_by_name(self):
        tags = [{"Key": "Team", "Value": "Ops"}]
        refusal = Refusal(400, "ValidationError", like(r".*[Tt]ags.*"))
        self.refused(
            refusal, self.admin.iam.create_policy, PolicyName="tagged", PolicyDocument=json.dumps(READ), Tags=tags
        )
        self.assertNotIn("tagged", self.names(Scope="Local"))

    def test_who_may_do_nothing_may_not_touch_policies(self):
        heidi = self.account.user("heidi")
        arn = self.made("closed")
        create = {"PolicyName": "mine", "PolicyDocument": json.dumps(policy(allow("*")))}
        self.refused(
            denied(heidi, "iam:CreatePolicy", self.account.arn("policy/mine")), heidi.iam.create_policy, **create
        )
        for call in (heidi.iam.get_policy, heidi.iam.delete_policy, heidi.iam.list_entities_for_policy):
            self.refused(ANY_DENIAL, call, PolicyArn=arn)
        self.refused(ANY_DENIAL, heidi.iam.get_policy_version, PolicyArn=arn, VersionId="v1")
        self.refused(ANY_DENIAL, heidi.iam.list_policies)
        self.assertNotIn("mine", self.names(Scope="Local"))
