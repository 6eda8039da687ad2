"""Users, by the API."""

from case import OLD, ClientCase
from people import allow
from refusals import (
    ANY_DENIAL,
    Refusal,
    already_exists,
    at_most,
    bad_characters,
    delete_conflict,
    denied,
    like,
    no_such_user,
    null,
    too_long,
)

BAD_PATH = Refusal(
    400,
    "ValidationError",
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters "
    "and/or / characters.",
)


class Users(ClientCase):
    def names(self, **parameters):
        return [user["UserName"] for user in self.admin.iam.list_users(**parameters)["Users"]]

    def test_a_user_lives_from_creation_to_deletion_by_the_cli(self):
        cli = self.admin.cli
        tags = ["--tags", "Key=Team,Value=Ops / Dev", "Key=Empty,Value="]
        made = cli("iam", "create-user", "--user-name", "Cleo", "--path", "/division/", *tags)["User"]
        self.assertRegex(made["UserId"], r"^AIDA[A-Z0-9]{17}$")
        self.is_now(made["CreateDate"])
        expected = {
            "Path": "/division/",
            "UserName": "Cleo",
            "UserId": made["UserId"],
            "Arn": self.account.arn("user/division/Cleo"),
            "CreateDate": made["CreateDate"],
            "Tags": [{"Key": "Team", "Value": "Ops / Dev"}, {"Key": "Empty", "Value": ""}],
        }
        self.assertEqual(made, expected)
        got = cli("iam", "get-user", "--user-name", "cleo")["User"]
        self.assertEqual(got["UserName"], "Cleo", "found in any case, shown as it was written")
        self.assertCountEqual(got.pop("Tags"), made.pop("Tags"))
        self.assertEqual(got, made)
        self.assertEqual(
            cli("iam", "list-users", "--path-prefix", "/division/")["Users"], [made], "a list holds no tags"
        )
        self.silent(cli, "iam", "update-user", "--user-name", "Cleo", "--new-user-name", "Clio", "--new-path", "/")
        got = cli("iam", "get-user", "--user-name", "Clio")["User"]
        self.assertEqual((got["UserId"], got["Arn"]), (made["UserId"], self.account.arn("user/Clio")))
        self.cli_refused(no_such_user("Cleo"), "GetUser", cli, "iam", "get-user", "--user-name", "Cleo")
        self.silent(cli, "iam", "delete-user", "--user-name", "Clio")
        self.cli_refused(no_such_user("Clio"), "DeleteUser", cli, "iam", "delete-user", "--user-name", "Clio")

    def test_a_user_without_path_and_tags_has_exactly_the_members_of_aws(self):
        made = self.admin.iam.create_user(UserName="a+=,.@_-z")["User"]
        self.is_now(made["CreateDate"])
        self.assertEqual(set(made), {"Path", "UserName", "UserId", "Arn", "CreateDate"})
        self.assertEqual((made["Path"], made["Arn"]), ("/", self.account.arn("user/a+=,.@_-z")))
        self.assertEqual(self.admin.iam.get_user(UserName="a+=,.@_-z")["User"], made)

    def test_without_a_name_get_user_answers_with_the_caller(self):
        dora = self.account.user(
            "dora", allow("iam:GetUser", resource="arn:aws:iam::*:user/${aws:username}"), password=OLD
        )
        self.assertEqual(dora.iam.get_user()["User"]["Arn"], dora.arn)
        self.assertNotIn("PasswordLastUsed", dora.iam.get_user()["User"], "never")
        dora.signed_in()
        self.is_now(dora.iam.get_user()["User"]["PasswordLastUsed"])
        self.refused(denied(dora, "iam:GetUser", self.admin.arn), dora.iam.get_user, UserName="admin")
        # Whether there is such a user is not told to whoever may not ask.
        self.refused(denied(dora, "iam:GetUser", self.account.arn("user/nobody")), dora.iam.get_user, UserName="nobody")

    def test_names_are_unique_ignoring_case(self):
        self.account.user("Emil", key=False)
        for name in ("Emil", "EMIL"):
            refusal = already_exists(f"User with name {name} already exists.")
            self.refused(refusal, self.admin.iam.create_user, UserName=name)
        self.cli_refused(
            already_exists("User with name Emil already exists."),
            "CreateUser",
            self.admin.cli,
            "iam",
            "create-user",
            "--user-name",
            "Emil",
        )

    def test_a_user_may_be_renamed_to_another_case_but_not_to_another_users_name(self):
        felix = self.account.user("felix", allow("iam:GetUser"), password=OLD)
        self.account.user("fiona", key=False)
        update = self.admin.iam.update_user
        self.refused(
            already_exists("User with name Fiona already exists."), update, UserName="felix", NewUserName="Fiona"
        )
        update(UserName="felix", NewUserName="FELIX")
        self.assertEqual(felix.iam.get_user()["User"]["UserName"], "FELIX")

    def test_a_rename_keeps_keys_permissions_and_password(self):
        gina = self.account.user("gina", allow("iam:GetUser"), password=OLD, Path="/old/")
        self.admin.iam.update_user(UserName="gina", NewUserName="gisela", NewPath="/new/")
        gina.name = "gisela"
        self.assertTrue(gina.opens_console())
        self.assertEqual(gina.sts.get_caller_identity()["Arn"], self.account.arn("user/new/gisela"))
        self.assertEqual(gina.iam.get_user()["User"]["UserId"], gina.id)
        self.assertEqual(self.admin.iam.list_user_policies(UserName="gisela")["PolicyNames"], ["permissions"])
        [key] = self.admin.iam.list_access_keys(UserName="gisela")["AccessKeyMetadata"]
        self.assertEqual((key["UserName"], key["AccessKeyId"]), ("gisela", gina.key.id))
        self.admin.iam.update_user(UserName="gisela", NewPath="/")
        self.assertEqual(gina.iam.get_user()["User"]["Arn"], self.account.arn("user/gisela"))

    def test_a_rename_needs_the_permission_on_both_names(self):
        may = allow("iam:UpdateUser", resource=self.account.arn("user/here/*"))
        hugo = self.account.user("hugo", may)
        self.account.user("mover", key=False, Path="/here/")
        target = self.account.arn("user/there/mover")
        self.refused(denied(hugo, "iam:UpdateUser", target), hugo.iam.update_user, UserName="mover", NewPath="/there/")
        hugo.iam.update_user(UserName="mover", NewUserName="moved")
        self.assertIn("moved", self.names(PathPrefix="/here/"))

    def test_a_user_who_is_made_again_is_another_one(self):
        first = self.account.user("ines")
        self.admin.iam.delete_access_key(UserName="ines", AccessKeyId=first.key.id)
        self.admin.iam.delete_user(UserName="ines")
        self.assertNotEqual(self.account.user("ines", key=False).id, first.id)

    def test_a_list_comes_in_pages_that_put_together_are_the_list(self):
        made = [f"page-{number}" for number in range(5)]
        for name in made:
            self.account.user(name, key=False, Path="/pages/")
        pages = list(
            self.admin.iam.get_paginator("list_users").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 2})
        )
        self.assertEqual([len(page["Users"]) for page in pages], [2, 2, 1])
        self.assertEqual([page["IsTruncated"] for page in pages], [True, True, False])
        self.assertNotIn("Marker", pages[-1])
        self.assertEqual([user["UserName"] for page in pages for user in page["Users"]], made)
        cli, listing = self.admin.cli, ["iam", "list-users", "--path-prefix", "/pages/"]
        self.assertEqual(len(cli(*listing, "--page-size", "2")["Users"]), 5)
        first = cli(*listing, "--max-items", "3")
        rest = cli(*listing, "--starting-token", first["NextToken"])
        self.assertEqual([user["UserName"] for answer in (first, rest) for user in answer["Users"]], made)

    def test_what_is_deleted_between_two_pages_hides_nothing(self):
        for name in ("gone-1", "gone-2", "gone-3", "gone-4"):
            self.account.user(name, key=False, Path="/gone/")
        first = self.admin.iam.list_users(PathPrefix="/gone/", MaxItems=2)
        self.admin.iam.delete_user(UserName="gone-2")
        rest = self.names(PathPrefix="/gone/", Marker=first["Marker"])
        self.assertEqual(rest, ["gone-3", "gone-4"])

    def test_a_path_prefix_need_not_end_with_a_slash(self):
        self.account.user("prefixed", key=False, Path="/departments/sales/")
        self.assertEqual(self.names(PathPrefix="/departments/sa"), ["prefixed"])
        self.assertEqual(self.names(PathPrefix="/departments/x"), [])
        self.assertIn("admin", self.names())

    def test_parameters_of_a_list_have_bounds(self):
        listing = self.admin.careless.list_users
        self.refused(at_most("maxItems", 1000), listing, MaxItems=1001)
        self.refused(Refusal(400, "ValidationError", like(r".*maxItems.*")), listing, MaxItems=0)
        self.refused(Refusal(400, "ValidationError", like(r".+")), listing, Marker="no-marker-of-this-server")
        self.refused(Refusal(400, "ValidationError", like(r".*pathPrefix.*")), listing, PathPrefix="no-slash")

    def test_a_user_is_deleted_only_when_nothing_hangs_on_it(self):
        iam = self.admin.iam
        jane = self.account.user("jane", allow("iam:GetUser"), password=OLD)
        iam.attach_user_policy(UserName="jane", PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword")
        iam.create_group(GroupName="janes")
        iam.add_user_to_group(GroupName="janes", UserName="jane")
        obstacles = [
            ("delete login profile", lambda: iam.delete_login_profile(UserName="jane")),
            ("delete access keys", lambda: iam.delete_access_key(UserName="jane", AccessKeyId=jane.key.id)),
            ("delete policies", lambda: iam.delete_user_policy(UserName="jane", PolicyName="permissions")),
            (
                "detach all policies",
                lambda: iam.detach_user_policy(
                    UserName="jane", PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword"
                ),
            ),
            ("remove from all groups", lambda: iam.remove_user_from_group(GroupName="janes", UserName="jane")),
        ]
        # Which obstacle is named first is not known of AWS; each is named when it is the only one left.
        texts = {delete_conflict(text).message: remove for text, remove in obstacles}
        one_of = Refusal(409, "DeleteConflict", like("|".join(texts).replace(".", r"\.")))
        for _ in obstacles:
            *_, message = self.refused(one_of, iam.delete_user, UserName="jane")
            texts.pop(message)()
        self.assertEqual(texts, {}, "each obstacle was named while it stood")
        iam.delete_user(UserName="jane")
        self.refused(no_such_user("jane"), iam.get_user, UserName="jane")

    def test_the_cli_shows_the_conflict(self):
        self.account.user("kurt", key=False, password=OLD)
        refusal = delete_conflict("delete login profile")
        self.cli_refused(refusal, "DeleteUser", self.admin.cli, "iam", "delete-user", "--user-name", "kurt")

    def test_names_and_paths_that_the_clients_let_through_are_judged_by_the_server(self):
        careless = self.admin.careless
        self.refused(null("userName"), careless.create_user)
        self.refused(null("userName"), careless.update_user, NewUserName="x")
        self.refused(null("userName"), careless.delete_user)
        self.refused(too_long("userName", 64), careless.create_user, UserName="x" * 65)
        self.refused(too_long("userName", 128), careless.get_user, UserName="x" * 129)
        self.refused(too_long("newUserName", 64), careless.update_user, UserName="admin", NewUserName="x" * 65)
        self.refused(no_such_user("x" * 128), careless.get_user, UserName="x" * 128)
        for name in ("two words", "ümlaut", "semi;colon", "a/b", "a\x07b"):
            self.refused(bad_characters("userName"), careless.create_user, UserName=name)
        self.refused(bad_characters("newUserName"), careless.update_user, UserName="admin", NewUserName="two words")
        for path in ("no-slashes", "/open", "open/", "/space here/"):
            self.refused(BAD_PATH, careless.create_user, UserName="pathless", Path=path)
        self.refused(Refusal(400, "ValidationError", like(r".+")), careless.create_user, UserName="", Path="/")
        self.refused(no_such_user("pathless"), careless.get_user, UserName="pathless")
        self.account.user("y" * 64, key=False)

    def test_a_permissions_boundary_is_refused_by_name_and_not_passed_over(self):
        boundary = "arn:aws:iam::aws:policy/AdministratorAccess"
        refusal = Refusal(400, "ValidationError", like(r".*[Pp]ermissionsBoundary.*"))
        self.refused(refusal, self.admin.iam.create_user, UserName="bounded", PermissionsBoundary=boundary)
        self.refused(no_such_user("bounded"), self.admin.iam.get_user, UserName="bounded")

    def test_every_call_about_an_unknown_user_says_so(self):
        iam = self.admin.iam
        document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
        arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        for call, parameters in [
            (iam.get_user, {}),
            (iam.update_user, {"NewPath": "/x/"}),
            (iam.delete_user, {}),
            (iam.create_login_profile, {"Password": OLD}),
            (iam.get_login_profile, {}),
            (iam.update_login_profile, {}),
            (iam.delete_login_profile, {}),
            (iam.create_access_key, {}),
            (iam.list_access_keys, {}),
            (iam.put_user_policy, {"PolicyName": "p", "PolicyDocument": document}),
            (iam.get_user_policy, {"PolicyName": "p"}),
            (iam.list_user_policies, {}),
            (iam.delete_user_policy, {"PolicyName": "p"}),
            (iam.attach_user_policy, {"PolicyArn": arn}),
            (iam.detach_user_policy, {"PolicyArn": arn}),
            (iam.list_attached_user_policies, {}),
            (iam.tag_user, {"Tags": [{"Key": "a", "Value": "b"}]}),
            (iam.untag_user, {"TagKeys": ["a"]}),
            (iam.list_user_tags, {}),
            (iam.list_groups_for_user, {}),
        ]:
            with self.subTest(call.__name__):
                self.refused(no_such_user("nobody"), call, UserName="nobody", **parameters)

    def test_who_may_do_nothing_may_not_touch_users(self):
        lena = self.account.user("lena", Path="/people/")
        create = {"UserName": "made", "Path": "/people/"}
        self.refused(
            denied(lena, "iam:CreateUser", self.account.arn("user/people/made")), lena.iam.create_user, **create
        )
        self.refused(denied(lena, "iam:ListUsers", self.account.arn("user/")), lena.iam.list_users)
        self.refused(denied(lena, "iam:DeleteUser", lena.arn), lena.iam.delete_user, UserName="lena")
        self.refused(ANY_DENIAL, lena.iam.update_user, UserName="lena", NewUserName="admin2")
        self.refused(no_such_user("made"), self.admin.iam.get_user, UserName="made")


class TwoAccounts(ClientCase):
    """What stands in another account is as if it were nowhere."""

    def test_a_name_leads_nowhere_but_into_the_callers_account(self):
        other = type(self.account)(self.server, "other-corp")
        theirs = other.user("theirs", password=OLD)
        self.refused(no_such_user("theirs"), self.admin.iam.get_user, UserName="theirs")
        self.refused(no_such_user("theirs"), self.admin.iam.delete_login_profile, UserName="theirs")
        self.assertNotIn("theirs", [user["UserName"] for user in self.admin.iam.list_users()["Users"]])
        self.account.user("theirs", key=False)
        self.assertEqual(theirs.sts.get_caller_identity()["Account"], other.id)
        known = [other.admin.key.id, theirs.key.id]
        for key in known:
            refusal = Refusal(404, "NoSuchEntity", like(rf"The Access Key with id {key} cannot be found\.?"))
            self.refused(refusal, self.admin.iam.delete_access_key, UserName="theirs", AccessKeyId=key)
        self.assertTrue(theirs.opens_console())
