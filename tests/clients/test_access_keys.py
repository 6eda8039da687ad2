"""Access keys: what signs the requests of all other tests."""

from concurrent.futures import ThreadPoolExecutor

import record
from case import ClientCase
from clients import Cli, Key
from people import Account, Person, allow, guide
from refusals import (
    ANY_DENIAL,
    INVALID_TOKEN,
    WRONG_SIGNATURE,
    Refusal,
    invalid,
    limit,
    no_such_key,
    not_in_set,
    null,
    too_short,
)

UNKNOWN = "AKIAIOSFODNN7EXAMPLE"


class AccessKeys(ClientCase):
    """One signature makes one key, and two requests of one second have one signature: where a test makes two keys of a
    user, the second one is asked for in another Region."""

    def with_key(self, person, key):
        return Person(self.account, {"UserName": person.name, "Arn": person.arn, "UserId": person.id}, key)

    def keys(self, name):
        return self.admin.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]

    def elsewhere(self, region):
        return self.admin.client("iam", region)

    def test_a_secret_in_the_place_of_the_id_is_refused_and_stands_in_no_log(self):
        secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYxx"
        self.account.secrets.add(secret)
        record.secret("secret access key", secret)
        swapped = self.with_key(self.admin, Key(secret, UNKNOWN))
        self.refused(INVALID_TOKEN, swapped.iam.get_user)
        swapped = self.with_key(self.admin, Key(self.admin.key.secret, self.admin.key.id))
        with self.assertRaises(swapped.iam.exceptions.ClientError) as raised:
            swapped.iam.get_user()
        self.assertIn(raised.exception.response["Error"]["Code"], {"InvalidClientTokenId", "IncompleteSignature"})

    def test_a_key_lives_from_creation_to_deletion_by_the_cli(self):
        cli, named = self.admin.cli, ["--user-name", "alice"]
        alice = self.account.user("alice", key=False)
        made = cli("iam", "create-access-key", *named)["AccessKey"]
        self.account.secrets.add(made["SecretAccessKey"])
        self.is_now(made["CreateDate"])
        self.assertRegex(made["AccessKeyId"], r"^AKIA[A-Z2-7]{16}$")
        self.assertRegex(made["SecretAccessKey"], r"^[A-Za-z0-9+/]{40}$")
        self.assertEqual(set(made), {"UserName", "AccessKeyId", "Status", "SecretAccessKey", "CreateDate"})
        item = {
            "UserName": "alice",
            "AccessKeyId": made["AccessKeyId"],
            "Status": "Active",
            "CreateDate": made["CreateDate"],
        }
        self.assertEqual(cli("iam", "list-access-keys", *named), {"AccessKeyMetadata": [item]})
        used = self.with_key(alice, Key.of(made))
        self.assertEqual(used.cli("sts", "get-caller-identity")["Arn"], alice.arn)
        key = ["--access-key-id", made["AccessKeyId"]]
        last = cli("iam", "get-access-key-last-used", *key)
        self.assertEqual((last["UserName"], last["AccessKeyLastUsed"]["ServiceName"]), ("alice", "sts"))
        self.silent(cli, "iam", "update-access-key", *named, *key, "--status", "Inactive")
        self.cli_refused(INVALID_TOKEN, "GetCallerIdentity", used.cli, "sts", "get-caller-identity")
        self.silent(cli, "iam", "delete-access-key", *named, *key)
        self.assertEqual(cli("iam", "list-access-keys", *named), {"AccessKeyMetadata": []})

    def test_a_key_that_was_never_used_says_so_and_one_that_was_says_when_where_and_for_what(self):
        bob = self.account.user("bob")
        last = self.admin.iam.get_access_key_last_used(AccessKeyId=bob.key.id)
        self.assertEqual(last["UserName"], "bob")
        self.assertEqual(last["AccessKeyLastUsed"], {"ServiceName": "N/A", "Region": "N/A"})
        self.refused(ANY_DENIAL, bob.client("iam", region="eu-central-1").list_users)
        last = self.admin.iam.get_access_key_last_used(AccessKeyId=bob.key.id)["AccessKeyLastUsed"]
        self.is_now(last.pop("LastUsedDate"))
        self.assertEqual(last, {"ServiceName": "iam", "Region": "eu-central-1"})

    def test_a_request_whose_signature_is_wrong_is_no_use_of_the_key(self):
        carol = self.account.user("carol")
        forger = self.with_key(carol, Key(carol.key.id, "not" + carol.key.secret[3:]))
        self.refused(WRONG_SIGNATURE, forger.sts.get_caller_identity)
        self.refused(WRONG_SIGNATURE, forger.iam.get_user)
        self.cli_refused(WRONG_SIGNATURE, "GetCallerIdentity", forger.cli, "sts", "get-caller-identity")
        last = self.admin.iam.get_access_key_last_used(AccessKeyId=carol.key.id)["AccessKeyLastUsed"]
        self.assertNotIn("LastUsedDate", last)

    def test_a_key_that_is_not_known_opens_nothing(self):
        stranger = self.with_key(self.admin, Key(UNKNOWN, "x" * 40))
        self.refused(INVALID_TOKEN, stranger.sts.get_caller_identity)
        self.refused(INVALID_TOKEN, stranger.iam.get_user)

    def test_about_a_key_that_is_not_known_or_another_accounts_nothing_is_told(self):
        foreign = Account(self.server, "other-corp").admin.key.id
        for key_id in (UNKNOWN, foreign):
            self.refused(not_told(self.admin, key_id), self.admin.iam.get_access_key_last_used, AccessKeyId=key_id)

    def test_a_key_is_dead_at_the_very_next_request_after_it_was_made_inactive_or_deleted(self):
        dave = self.account.user("dave")
        iam, about = self.admin.iam, {"UserName": "dave", "AccessKeyId": dave.key.id}
        dave.sts.get_caller_identity()
        iam.update_access_key(Status="Inactive", **about)
        self.refused(INVALID_TOKEN, dave.sts.get_caller_identity)
        iam.update_access_key(Status="Active", **about)
        dave.sts.get_caller_identity()
        iam.delete_access_key(**about)
        self.refused(INVALID_TOKEN, dave.sts.get_caller_identity)
        self.refused(no_such_key(dave.key.id), iam.update_access_key, Status="Active", **about)
        self.refused(no_such_key(dave.key.id), iam.delete_access_key, **about)

    def test_a_user_may_have_two_keys_and_inactive_ones_count(self):
        erin = self.account.user("erin")
        iam = self.admin.iam
        iam.update_access_key(UserName="erin", AccessKeyId=erin.key.id, Status="Inactive")
        second = Key.of(self.elsewhere("eu-west-1").create_access_key(UserName="erin")["AccessKey"])
        refusal = limit("Cannot exceed quota for AccessKeysPerUser: 2")
        self.refused(refusal, self.elsewhere("eu-west-2").create_access_key, UserName="erin")
        cli = Cli(self.server.url, self.admin.key, "eu-west-3")
        self.cli_refused(refusal, "CreateAccessKey", cli, "iam", "create-access-key", "--user-name", "erin")
        statuses = {key["AccessKeyId"]: key["Status"] for key in self.keys("erin")}
        self.assertEqual(statuses, {erin.key.id: "Inactive", second.id: "Active"})
        pages = iam.get_paginator("list_access_keys").paginate(UserName="erin", PaginationConfig={"PageSize": 1})
        self.assertCountEqual([key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"]], statuses)

    def test_of_many_keys_that_are_asked_for_at_once_two_are_made(self):
        self.account.user("mona", key=False)
        clients = [self.elsewhere(f"eu-west-{number}") for number in range(1, 9)]

        def create(client):
            try:
                return client.create_access_key(UserName="mona")["AccessKey"]["AccessKeyId"]
            except client.exceptions.LimitExceededException:
                return None

        with ThreadPoolExecutor(len(clients)) as threads:
            made = [key_id for key_id in threads.map(create, clients) if key_id]
        self.assertEqual(len(made), 2)
        self.assertCountEqual([key["AccessKeyId"] for key in self.keys("mona")], made)

    def test_a_key_dies_with_its_user(self):
        nora = self.account.user("nora")
        nora.sts.get_caller_identity()
        self.server.command("user", "delete", "--account", "example-corp", "--user-name", "nora")
        self.refused(INVALID_TOKEN, nora.sts.get_caller_identity)

    def test_both_keys_of_a_user_act_as_the_user(self):
        frank = self.account.user("frank")
        made = self.elsewhere("eu-west-1").create_access_key(UserName="frank")["AccessKey"]
        second = self.with_key(frank, Key.of(made))
        for person in (frank, second):
            self.assertEqual(person.sts.get_caller_identity()["UserId"], frank.id)

    def test_a_key_may_be_made_on_the_command_line_of_the_server(self):
        lily = self.account.user("lily", key=False)
        made = self.server.command("user", "create-access-key", "--account", "example-corp", "--user-name", "lily")
        self.account.secrets.add(made["SecretAccessKey"])
        self.assertEqual(self.with_key(lily, Key.of(made)).sts.get_caller_identity()["Arn"], lily.arn)
        self.assertEqual([key["AccessKeyId"] for key in self.keys("lily")], [made["AccessKeyId"]])

    def test_users_rotate_their_own_keys_with_the_policy_of_the_guide(self):
        grace = self.account.user("grace", document=guide("my-sec-creds-self-manage-no-mfa"))
        new = self.with_key(grace, Key.of(grace.iam.create_access_key()["AccessKey"]))
        self.assertEqual(len(new.iam.list_access_keys()["AccessKeyMetadata"]), 2)
        new.iam.update_access_key(AccessKeyId=grace.key.id, Status="Inactive")
        self.refused(INVALID_TOKEN, grace.sts.get_caller_identity)
        new.iam.delete_access_key(AccessKeyId=grace.key.id)
        [left] = new.iam.list_access_keys(UserName="grace")["AccessKeyMetadata"]
        self.assertEqual(left["AccessKeyId"], new.key.id)
        self.refused(ANY_DENIAL, new.iam.create_access_key, UserName="admin")
        self.refused(ANY_DENIAL, new.iam.list_access_keys, UserName="admin")

    def test_a_key_of_another_user_is_not_found(self):
        heidi = self.account.user("heidi", allow("iam:*AccessKey*"))
        ivan = self.account.user("ivan")
        about = {"UserName": "heidi", "AccessKeyId": ivan.key.id}
        self.refused(no_such_key(ivan.key.id), self.admin.iam.update_access_key, Status="Inactive", **about)
        self.refused(no_such_key(ivan.key.id), self.admin.iam.delete_access_key, **about)
        self.refused(no_such_key(ivan.key.id), heidi.iam.delete_access_key, AccessKeyId=ivan.key.id)
        ivan.sts.get_caller_identity()
        refusal = no_such_key(UNKNOWN)
        arguments = ["--user-name", "heidi", "--access-key-id", UNKNOWN]
        self.cli_refused(refusal, "DeleteAccessKey", self.admin.cli, "iam", "delete-access-key", *arguments)

    def test_ids_and_statuses_that_the_clients_let_through_are_judged_by_the_server(self):
        judy = self.account.user("judy")
        update, about = self.admin.careless.update_access_key, {"UserName": "judy", "AccessKeyId": judy.key.id}
        pattern = ("accessKeyId", r"satisfy regular expression pattern: [\w]+")
        self.refused(invalid(pattern), update, UserName="judy", AccessKeyId="not-an-access-key-id", Status="Active")
        self.refused(too_short("accessKeyId", 16), update, UserName="judy", AccessKeyId="AKIA", Status="Active")
        self.refused(not_in_set("status"), update, Status="Paused", **about)
        self.refused(null("status"), update, **about)
        self.refused(null("accessKeyId"), update, UserName="judy", Status="Active")
        self.assertEqual([key["Status"] for key in self.keys("judy")], ["Active"])


def not_told(person, key_id):
    """AWS's words, recorded; they are not quite those of other denials."""
    message = (
        f"User: {person.arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {key_id}"
    )
    return Refusal(403, "AccessDenied", message)
