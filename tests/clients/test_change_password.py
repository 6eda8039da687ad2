"""`aws iam change-password`, as the AWS guide has it: the owner of a password changes it with a key, without a page."""

import json
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from browser import HOME, STEP, Browser
from case import NEW, OLD, OTHER, ClientCase
from people import allow, deny, guide
from refusals import OLD_PASSWORD, breaks_policy, denied, denied_by, no_login_profile, null, too_long

OWN = "arn:aws:iam::*:user/${aws:username}"
MAY = allow("iam:ChangePassword", resource=OWN)
CHANGE = "iam:ChangePassword"


class ChangePassword(ClientCase):
    def password_policy(self, **rules):
        self.admin.iam.update_account_password_policy(**rules)
        self.addCleanup(self.admin.iam.delete_account_password_policy)

    def change(self, person, old, new):
        person.iam.change_password(OldPassword=old, NewPassword=new)

    def change_refused(self, refusal, person, old, new):
        self.refused(refusal, person.iam.change_password, OldPassword=old, NewPassword=new)

    def test_a_user_changes_the_password_with_the_cli_and_signs_in_with_the_new_one_only(self):
        alice = self.account.user("alice", document=guide("my-sec-creds-self-manage-password-only"), password=OLD)
        before = alice.signed_in()
        ended = alice.cli.run("iam", "change-password", "--old-password", OLD, "--new-password", NEW)
        self.assertEqual((ended.code, ended.out, ended.err), (0, "", ""))
        self.assertFalse(before.is_signed_in(), "a session that was opened with the old password is over")
        self.assertFalse(alice.opens_console(OLD))
        self.assertTrue(alice.opens_console(NEW))

    def test_the_owner_is_told_at_the_next_sign_in_and_then_no_more(self):
        bob = self.account.user("bob", MAY, password=OLD)
        self.change(bob, OLD, NEW)
        bob.password = NEW
        home = bob.signed_in().get(HOME).text
        self.assertIn("Your password was changed on ", home)
        self.assertIn("If this was not you, tell your administrator.", home)
        self.assertNotIn("Your password was changed on ", bob.signed_in().get(HOME).text)

    def test_the_passwords_may_come_from_a_file_instead_of_the_command_line(self):
        carol = self.account.user("carol", MAY, password=OLD)
        file = self.server.data_dir / "change-password.json"
        file.write_text(json.dumps({"OldPassword": OLD, "NewPassword": NEW}))
        self.silent(carol.cli, "iam", "change-password", "--cli-input-json", f"file://{file}")
        self.assertTrue(carol.opens_console(NEW))

    def test_a_wrong_old_password_is_refused_and_nothing_is_changed(self):
        dave = self.account.user("dave", MAY, password=OLD)
        session = dave.signed_in()
        self.change_refused(OLD_PASSWORD, dave, OTHER, NEW)
        arguments = ["iam", "change-password", "--old-password", OTHER, "--new-password", NEW]
        self.cli_refused(OLD_PASSWORD, "ChangePassword", dave.cli, *arguments)
        self.assertTrue(session.is_signed_in())
        self.assertTrue(dave.opens_console(OLD))
        self.assertFalse(dave.opens_console(NEW))

    def test_nothing_is_said_about_the_new_password_to_whoever_does_not_know_the_old_one(self):
        erin = self.account.user("erin", MAY, password=OLD)
        self.change_refused(OLD_PASSWORD, erin, OTHER, "short")

    def test_a_password_that_breaks_the_policy_is_refused_with_every_broken_rule(self):
        frank = self.account.user("frank", MAY, password=OLD)
        self.password_policy(
            MinimumPasswordLength=14,
            RequireSymbols=True,
            RequireNumbers=True,
            RequireUppercaseCharacters=True,
            RequireLowercaseCharacters=True,
        )
        self.change_refused(breaks_policy("14 characters", "uppercase", "number", "symbol"), frank, OLD, "abc")
        # A space and a dot are no symbols (AWS has a list of them), and an umlaut is no uppercase letter.
        self.change_refused(breaks_policy("uppercase", "symbol"), frank, OLD, "the ötter. 7 Änne")
        refusal = breaks_policy("number")
        arguments = ["iam", "change-password", "--old-password", OLD, "--new-password", "Lively+Orchard-y"]
        self.cli_refused(refusal, "ChangePassword", frank.cli, *arguments)
        *_, message = self.refused(refusal, frank.iam.change_password, OldPassword=OLD, NewPassword="Lively+Orchard-y")
        for rule in ("characters", "uppercase", "symbol", "current"):
            self.assertNotIn(rule, message, "a rule that is kept is not named")
        self.assertTrue(frank.opens_console(OLD))

    def test_without_a_policy_of_the_account_the_default_policy_holds(self):
        grace = self.account.user("grace", MAY, password=OLD)
        self.change_refused(breaks_policy("8 characters", "three of"), grace, OLD, "ab")
        self.change_refused(breaks_policy("three of"), grace, OLD, "lower case and 7 only")
        self.change(grace, OLD, "Three-of-four")

    def test_the_current_password_and_remembered_ones_are_refused(self):
        heidi = self.account.user("heidi", MAY, password=OLD)
        self.change_refused(breaks_policy("current"), heidi, OLD, OLD)
        self.password_policy(PasswordReusePrevention=2)
        self.change(heidi, OLD, NEW)
        self.change_refused(breaks_policy("last 2"), heidi, NEW, OLD)
        self.change_refused(breaks_policy(), heidi, NEW, NEW)
        self.change(heidi, NEW, OTHER)
        self.change(heidi, OTHER, OLD)
        self.assertTrue(heidi.opens_console(OLD))

    def test_an_expired_password_can_be_changed_with_a_key_though_the_console_wants_a_new_one_first(self):
        ivan = self.account.user("ivan", MAY, password=OLD)
        self.password_policy(MaxPasswordAge=90)
        self.server.age_password(ivan.id, 90)
        self.assertEqual(Browser(self.server).sign_in(self.account.alias, "ivan", OLD), STEP)
        self.change(ivan, OLD, NEW)
        self.assertTrue(ivan.opens_console(NEW), "the new period begins with the change")

    def test_a_password_that_expired_hard_can_be_changed_with_a_key_though_the_console_is_closed(self):
        judy = self.account.user("judy", MAY, password=OLD)
        self.password_policy(MaxPasswordAge=30, HardExpiry=True)
        self.server.age_password(judy.id, 400)
        self.assertFalse(judy.opens_console(OLD))
        self.assertEqual(judy.sts.get_caller_identity()["Arn"], judy.arn, "an expired password disables no key")
        self.change(judy, OLD, NEW)
        self.assertTrue(judy.opens_console(NEW))

    def test_without_a_permission_it_is_refused_and_the_refusal_names_the_action_and_the_resource(self):
        ken = self.account.user("ken", allow("iam:GetUser"), password=OLD)
        self.change_refused(denied(ken, CHANGE, ken.arn), ken, OLD, NEW)
        arguments = ["iam", "change-password", "--old-password", OLD, "--new-password", NEW]
        self.cli_refused(denied(ken, CHANGE, ken.arn), "ChangePassword", ken.cli, *arguments)
        self.assertTrue(ken.opens_console(OLD))

    def test_a_permission_on_somebody_elses_password_is_none(self):
        leo = self.account.user("leo", allow(CHANGE, resource=self.account.arn("user/alice")), password=OLD)
        self.change_refused(denied(leo, CHANGE, leo.arn), leo, OLD, NEW)

    def test_who_may_not_do_it_learns_nothing_about_the_old_password(self):
        mia = self.account.user("mia", password=OLD)
        self.change_refused(denied(mia, CHANGE, mia.arn), mia, OTHER, "short")

    def test_the_setting_of_the_account_allows_it_to_everybody_and_at_once(self):
        nina = self.account.user("nina", password=OLD)
        self.password_policy(AllowUsersToChangePassword=True)
        self.change(nina, OLD, NEW)
        self.assertIn("MinimumPasswordLength", nina.iam.get_account_password_policy()["PasswordPolicy"])
        self.refused(denied(nina, "iam:GetUser", nina.arn), nina.iam.get_user)
        self.admin.iam.update_account_password_policy(AllowUsersToChangePassword=False)
        self.change_refused(denied(nina, CHANGE, nina.arn), nina, NEW, OTHER)

    def test_an_explicit_deny_beats_the_permission_and_the_setting(self):
        olga = self.account.user("olga", MAY, deny(CHANGE), password=OLD)
        self.change_refused(denied_by(olga, CHANGE, olga.arn), olga, OLD, NEW)
        self.password_policy(AllowUsersToChangePassword=True)
        self.change_refused(denied_by(olga, CHANGE, olga.arn), olga, OLD, NEW)
        self.account.permit("olga", MAY)
        self.change(olga, OLD, NEW)

    def test_the_refusal_names_the_managed_policy_that_denies(self):
        paul = self.account.user("paul", MAY, password=OLD)
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny(CHANGE)]})
        arn = self.admin.iam.create_policy(PolicyName="no-change", PolicyDocument=document)["Policy"]["Arn"]
        self.admin.iam.attach_user_policy(UserName="paul", PolicyArn=arn)
        self.change_refused(denied_by(paul, CHANGE, paul.arn, arn), paul, OLD, NEW)
        self.admin.iam.detach_user_policy(UserName="paul", PolicyArn=arn)
        self.change(paul, OLD, NEW)

    def test_the_managed_policy_of_aws_allows_it(self):
        quinn = self.account.user("quinn", password=OLD)
        arn = "arn:aws:iam::aws:policy/IAMUserChangePassword"
        self.admin.iam.attach_user_policy(UserName="quinn", PolicyArn=arn)
        self.change(quinn, OLD, NEW)
        self.refused(denied(quinn, "iam:GetUser", quinn.arn), quinn.iam.get_user)

    def test_policies_that_demand_mfa_refuse_a_long_term_key(self):
        for document in ("my-sec-creds-self-manage", "my-sec-creds-self-manage-mfa-only"):
            with self.subTest(document):
                name = document.removeprefix("my-sec-creds-")
                rose = self.account.user(name, document=guide(document), password=OLD)
                self.change_refused(denied_by(rose, CHANGE, rose.arn), rose, OLD, NEW)
                self.assertEqual(rose.iam.get_user()["User"]["UserName"], name, "the policy leaves GetUser out")

    def test_the_policies_of_the_guide_that_demand_no_mfa_allow_it(self):
        for document in ("my-sec-creds-self-manage-no-mfa", "my-sec-creds-self-manage-pass-accesskeys-ssh"):
            with self.subTest(document):
                sam = self.account.user(document.removeprefix("my-sec-creds-"), document=guide(document), password=OLD)
                self.change(sam, OLD, NEW)

    def test_a_user_without_a_password_has_none_to_change(self):
        tom = self.account.user("tom", MAY)
        self.change_refused(no_login_profile("tom"), tom, OLD, NEW)

    def test_a_new_user_who_must_change_the_password_does_so_with_a_key(self):
        uma = self.account.user("uma", MAY, password=OLD, must_change=True)
        self.assertEqual(Browser(self.server).sign_in(self.account.alias, "uma", OLD), STEP)
        self.silent(uma.cli, "iam", "change-password", "--old-password", OLD, "--new-password", NEW)
        self.assertFalse(self.admin.iam.get_login_profile(UserName="uma")["LoginProfile"]["PasswordResetRequired"])
        self.assertTrue(uma.opens_console(NEW))

    def test_every_character_of_a_password_arrives_as_it_was_written(self):
        vera = self.account.user("vera", MAY, password=OLD)
        old = OLD
        for new in (" a+B%41&c=é;~* ", "Ünï-€-密碼-🔑-7", "tab\tand\nline-End-8", "A" + "b1-" * 42 + "c"):
            with self.subTest(new):
                self.change(vera, old, new)
                self.assertTrue(vera.opens_console(new))
                old = new

    def test_of_several_changes_at_once_with_the_same_old_password_one_wins(self):
        yves = self.account.user("yves", MAY, password=OLD)
        candidates = [f"{NEW}-{number}" for number in range(6)]

        def change(new):
            try:
                yves.iam.change_password(OldPassword=OLD, NewPassword=new)
                return new
            except ClientError as error:
                self.assertIn(error.response["Error"]["Code"], ("AccessDenied", "EntityTemporarilyUnmodifiable", "Throttling"))
                return None

        with ThreadPoolExecutor(len(candidates)) as threads:
            won = [new for new in threads.map(change, candidates) if new]
        self.assertEqual(len(won), 1)
        # The right one in between begins the count of wrong ones anew: none is turned away unseen.
        for new in {OLD, *candidates} - set(won):
            self.assertTrue(yves.opens_console(won[0]))
            self.assertFalse(yves.opens_console(new))

    def test_parameters_that_the_clients_let_through_are_judged_by_the_server(self):
        walt = self.account.user("walt", MAY, password=OLD)
        change = walt.careless.change_password
        self.refused(null("newPassword"), change, OldPassword=OLD)
        self.refused(null("oldPassword"), change, NewPassword=NEW)
        self.refused(too_long("newPassword", 128), change, OldPassword=OLD, NewPassword="aB3-" * 32 + "x")
        self.refused(too_long("oldPassword", 128), change, OldPassword="x" * 129, NewPassword=NEW)
        self.assertTrue(walt.opens_console(OLD))

    def test_the_password_of_a_user_with_a_path_is_the_users_by_its_whole_arn(self):
        xena = self.account.user("xena", MAY, password=OLD, Path="/division/")
        self.change_refused(denied(xena, CHANGE, self.account.arn("user/division/xena")), xena, OLD, NEW)
        self.account.permit("xena", allow(CHANGE, resource=self.account.arn("user/division/*")))
        self.change(xena, OLD, NEW)
