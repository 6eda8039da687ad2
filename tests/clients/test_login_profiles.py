"""Login profiles: the password that an administrator gives and takes."""

from browser import STEP, Browser
from case import NEW, OLD, OTHER, ClientCase
from people import allow
from refusals import ANY_DENIAL, already_exists, breaks_policy, no_login_profile, null, too_long


class LoginProfiles(ClientCase):
    def profile(self, name):
        return self.admin.iam.get_login_profile(UserName=name)["LoginProfile"]

    def test_a_password_is_given_shown_changed_and_taken_by_the_cli(self):
        cli = self.admin.cli
        alice = self.account.user("alice")
        named = ["--user-name", "alice"]
        made = cli("iam", "create-login-profile", *named, "--password", OLD, "--password-reset-required")[
            "LoginProfile"
        ]
        self.is_now(made["CreateDate"])
        self.assertEqual(made, {"UserName": "alice", "CreateDate": made["CreateDate"], "PasswordResetRequired": True})
        self.assertEqual(cli("iam", "get-login-profile", *named), {"LoginProfile": made})
        self.assertEqual(Browser(self.server).sign_in(self.account.alias, "alice", OLD), STEP)
        self.silent(cli, "iam", "update-login-profile", *named, "--password", NEW, "--no-password-reset-required")
        self.assertFalse(self.profile("alice")["PasswordResetRequired"])
        self.assertTrue(alice.opens_console(NEW))
        self.silent(cli, "iam", "delete-login-profile", *named)
        self.assertFalse(alice.opens_console(NEW))
        self.cli_refused(no_login_profile("alice"), "GetLoginProfile", cli, "iam", "get-login-profile", *named)

    def test_a_password_stays_unless_it_is_said_to_be_temporary(self):
        bob = self.account.user("bob", password=OLD)
        self.assertFalse(self.profile("bob")["PasswordResetRequired"])
        self.assertTrue(bob.opens_console())

    def test_there_is_one_password_a_user(self):
        self.account.user("carol", password=OLD, key=False)
        refusal = already_exists("Login Profile for user carol already exists.")
        self.refused(refusal, self.admin.iam.create_login_profile, UserName="carol", Password=NEW)

    def test_calls_about_a_user_without_a_password_say_so(self):
        self.account.user("dave", key=False)
        iam = self.admin.iam
        self.refused(no_login_profile("dave"), iam.get_login_profile, UserName="dave")
        self.refused(no_login_profile("dave"), iam.update_login_profile, UserName="dave", Password=NEW)
        self.refused(no_login_profile("dave"), iam.delete_login_profile, UserName="dave")

    def test_a_password_that_breaks_the_policy_is_not_given(self):
        self.account.user("erin", key=False)
        iam = self.admin.iam
        self.refused(breaks_policy("8 characters"), iam.create_login_profile, UserName="erin", Password="short")
        self.refused(no_login_profile("erin"), iam.get_login_profile, UserName="erin")
        iam.create_login_profile(UserName="erin", Password=OLD)
        self.refused(breaks_policy("8 characters"), iam.update_login_profile, UserName="erin", Password="short")

    def test_a_new_password_ends_the_sessions_of_its_owner(self):
        frank = self.account.user("frank", password=OLD)
        session = frank.signed_in()
        self.admin.iam.update_login_profile(UserName="frank", Password=NEW)
        self.assertFalse(session.is_signed_in())
        self.assertFalse(frank.opens_console(OLD))
        self.assertTrue(frank.opens_console(NEW))

    def test_what_an_update_leaves_out_stays_as_it_is(self):
        grace = self.account.user("grace", password=OLD)
        self.admin.iam.update_login_profile(UserName="grace", PasswordResetRequired=True)
        self.assertTrue(self.profile("grace")["PasswordResetRequired"])
        self.assertEqual(
            Browser(self.server).sign_in(self.account.alias, "grace", OLD), STEP, "the password is the same"
        )
        self.admin.iam.update_login_profile(UserName="grace", Password=NEW)
        self.assertTrue(self.profile("grace")["PasswordResetRequired"])
        self.admin.iam.update_login_profile(UserName="grace", PasswordResetRequired=False)
        self.assertTrue(grace.opens_console(NEW))

    def test_a_demand_to_change_the_password_ends_the_sessions_of_its_owner(self):
        heidi = self.account.user("heidi", password=OLD)
        session = heidi.signed_in()
        self.admin.iam.update_login_profile(UserName="heidi", PasswordResetRequired=True)
        self.assertFalse(session.is_signed_in())

    def test_a_password_that_is_taken_leaves_the_keys(self):
        ivan = self.account.user("ivan", password=OLD)
        session = ivan.signed_in()
        self.admin.iam.delete_login_profile(UserName="ivan")
        self.assertFalse(session.is_signed_in())
        self.assertEqual(ivan.sts.get_caller_identity()["Arn"], ivan.arn)

    def test_passwords_of_a_deleted_profile_are_remembered(self):
        judy = self.account.user("judy", allow("iam:ChangePassword"), password=OLD)
        self.admin.iam.update_account_password_policy(PasswordReusePrevention=3)
        self.addCleanup(self.admin.iam.delete_account_password_policy)
        self.admin.iam.delete_login_profile(UserName="judy")
        self.admin.iam.create_login_profile(UserName="judy", Password=NEW)
        self.refused(breaks_policy("last 3"), judy.iam.change_password, OldPassword=NEW, NewPassword=OLD)

    def test_without_a_name_the_profile_is_the_callers_own(self):
        own = "arn:aws:iam::*:user/${aws:username}"
        ken = self.account.user(
            "ken", allow("iam:GetLoginProfile", "iam:DeleteLoginProfile", resource=own), password=OLD
        )
        self.assertEqual(ken.iam.get_login_profile()["LoginProfile"]["UserName"], "ken")
        self.refused(ANY_DENIAL, ken.iam.get_login_profile, UserName="admin")
        ken.iam.delete_login_profile()
        self.assertFalse(ken.opens_console())

    def test_a_caller_without_the_permission_changes_no_password(self):
        leo = self.account.user("leo", allow("iam:ChangePassword"), password=OLD)
        mia = self.account.user("mia", password=OLD)
        self.refused(ANY_DENIAL, leo.iam.update_login_profile, UserName="mia", Password=NEW)
        self.refused(ANY_DENIAL, leo.iam.delete_login_profile, UserName="mia")
        self.refused(ANY_DENIAL, leo.iam.update_login_profile, UserName="leo", Password=OTHER)
        self.assertTrue(mia.opens_console() and leo.opens_console())

    def test_parameters_that_the_clients_let_through_are_judged_by_the_server(self):
        self.account.user("nina", key=False)
        careless = self.admin.careless
        self.refused(null("userName"), careless.update_login_profile, Password=NEW)
        self.refused(null("password"), careless.create_login_profile, UserName="nina")
        self.refused(
            too_long("password", 128), careless.create_login_profile, UserName="nina", Password="aB3-" * 32 + "x"
        )
        self.refused(no_login_profile("nina"), careless.get_login_profile, UserName="nina")
