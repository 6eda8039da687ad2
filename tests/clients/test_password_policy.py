"""The account's password policy, by the API."""

from case import OLD, ClientCase
from people import guide
from refusals import ANY_DENIAL, at_least, at_most, invalid, no_such_entity

DEFAULTS = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "ExpirePasswords": False,
}


class PasswordPolicy(ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.account.user("keeper", document=guide("full-access-password-policy"))
        cls.none = no_such_entity(f"The Password Policy with domain name {cls.account.id} cannot be found.")

    def tearDown(self):
        self.keeper.iam.update_account_password_policy()
        self.keeper.iam.delete_account_password_policy()

    def policy(self):
        return self.keeper.iam.get_account_password_policy()["PasswordPolicy"]

    def test_the_policy_of_the_guide_lets_its_user_set_read_and_delete_it_with_the_cli(self):
        cli = self.keeper.cli
        self.cli_refused(self.none, "GetAccountPasswordPolicy", cli, "iam", "get-account-password-policy")
        kinds = [
            "--require-symbols",
            "--require-numbers",
            "--require-uppercase-characters",
            "--no-require-lowercase-characters",
        ]
        rules = ["--minimum-password-length", "12", "--max-password-age", "90", "--password-reuse-prevention", "5"]
        others = ["--allow-users-to-change-password", "--hard-expiry"]
        self.silent(cli, "iam", "update-account-password-policy", *kinds, *rules, *others)
        expected = DEFAULTS | {
            "MinimumPasswordLength": 12,
            "RequireSymbols": True,
            "RequireNumbers": True,
            "RequireUppercaseCharacters": True,
            "AllowUsersToChangePassword": True,
            "ExpirePasswords": True,
            "MaxPasswordAge": 90,
            "PasswordReusePrevention": 5,
            "HardExpiry": True,
        }
        self.assertEqual(cli("iam", "get-account-password-policy"), {"PasswordPolicy": expected})
        self.silent(cli, "iam", "delete-account-password-policy")
        self.refused(self.none, self.policy)

    def test_who_may_not_read_it_is_refused(self):
        stranger = self.account.user("stranger")
        for call in ("get", "update", "delete"):
            self.refused(ANY_DENIAL, getattr(stranger.iam, f"{call}_account_password_policy"))
        self.refused(self.none, self.policy)

    def test_an_update_without_parameters_sets_the_defaults_and_no_more(self):
        self.keeper.iam.update_account_password_policy()
        self.assertEqual(self.policy(), DEFAULTS)

    def test_an_update_replaces_the_whole_policy(self):
        self.keeper.iam.update_account_password_policy(MinimumPasswordLength=20, MaxPasswordAge=90, RequireSymbols=True)
        self.keeper.iam.update_account_password_policy(PasswordReusePrevention=24)
        self.assertEqual(self.policy(), DEFAULTS | {"PasswordReusePrevention": 24})

    def test_an_age_makes_passwords_expire(self):
        self.keeper.iam.update_account_password_policy(MaxPasswordAge=1)
        got = self.policy()
        self.assertEqual((got["ExpirePasswords"], got["MaxPasswordAge"]), (True, 1))
        self.assertFalse(got.get("HardExpiry", False))

    def test_the_bounds_themselves_are_taken(self):
        for bounds in ((6, 1, 1), (128, 1095, 24)):
            length, age, reuse = bounds
            self.keeper.iam.update_account_password_policy(
                MinimumPasswordLength=length, MaxPasswordAge=age, PasswordReusePrevention=reuse
            )
            got = self.policy()
            self.assertEqual(
                (got["MinimumPasswordLength"], got["MaxPasswordAge"], got["PasswordReusePrevention"]), bounds
            )

    def test_a_value_out_of_bounds_is_refused_and_changes_nothing(self):
        update = self.keeper.careless.update_account_password_policy
        self.refused(at_most("minimumPasswordLength", 128), update, MinimumPasswordLength=129)
        self.refused(at_most("maxPasswordAge", 1095), update, MaxPasswordAge=1096)
        self.refused(at_most("passwordReusePrevention", 24), update, PasswordReusePrevention=25)
        self.refused(at_least("minimumPasswordLength", 6), update, MinimumPasswordLength=5)
        self.refused(at_least("maxPasswordAge", 1), update, MaxPasswordAge=0)
        self.refused(at_least("passwordReusePrevention", 1), update, PasswordReusePrevention=0)
        self.refused(self.none, self.policy)

    def test_several_bad_values_are_named_in_one_answer(self):
        less = "have value less than or equal to"
        refusal = invalid(
            ("minimumPasswordLength", f"{less} 128"),
            ("passwordReusePrevention", f"{less} 24"),
            ("maxPasswordAge", f"{less} 1095"),
        )
        update = self.keeper.iam.update_account_password_policy
        self.refused(refusal, update, MinimumPasswordLength=129, MaxPasswordAge=1096, PasswordReusePrevention=25)
        arguments = [
            "--minimum-password-length",
            "129",
            "--max-password-age",
            "1096",
            "--password-reuse-prevention",
            "25",
        ]
        operation = "UpdateAccountPasswordPolicy"
        self.cli_refused(refusal, operation, self.keeper.cli, "iam", "update-account-password-policy", *arguments)

    def test_there_is_nothing_to_delete_where_there_is_none(self):
        refusal = no_such_entity("The account policy with name PasswordPolicy cannot be found.")
        self.refused(refusal, self.keeper.iam.delete_account_password_policy)

    def test_an_administrator_is_bound_to_it_too(self):
        self.keeper.iam.update_account_password_policy(MinimumPasswordLength=30)
        person = self.account.user("bound")
        with self.assertRaises(self.admin.iam.exceptions.PasswordPolicyViolationException):
            self.admin.iam.create_login_profile(UserName=person.name, Password=OLD)
