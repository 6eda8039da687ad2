"""The alias of an account, by the API, and what it is for: signing in."""

from case import OLD, ClientCase
from people import Account
from refusals import ANY_DENIAL, Refusal, already_exists, like, null

BAD_ALIAS = Refusal(
    400,
    "ValidationError",
    "The specified value for accountAlias is invalid. It must be a minimum length of 3 characters and maximum length "
    "of 63 characters, contain only digits, lowercase letters, and hyphens (-), but cannot begin or end with a hyphen.",
)
NOT_THERE = Refusal(404, "NoSuchEntity", like(r".*alias.*"))


class AccountAliases(ClientCase):
    def aliases(self, person):
        return person.iam.list_account_aliases()["AccountAliases"]

    def test_an_alias_is_made_replaced_and_deleted_by_the_cli_and_users_sign_in_with_it(self):
        alice = self.account.user("alice", password=OLD)
        cli = self.admin.cli
        self.assertEqual(cli("iam", "list-account-aliases"), {"AccountAliases": ["example-corp"]})
        self.silent(cli, "iam", "create-account-alias", "--account-alias", "new-name-2")
        self.assertEqual(self.aliases(self.admin), ["new-name-2"], "an account has one alias")
        self.assertFalse(alice.opens_console())
        self.account.alias = "new-name-2"
        self.assertTrue(alice.opens_console())
        self.silent(cli, "iam", "delete-account-alias", "--account-alias", "new-name-2")
        self.assertEqual(self.aliases(self.admin), [])
        self.assertFalse(alice.opens_console())
        self.account.alias = self.account.id
        self.assertTrue(alice.opens_console(), "the account ID is always good")

    def test_an_alias_is_one_accounts_at_a_time(self):
        first, second = Account(self.server, "first-corp"), Account(self.server, "second-corp")
        for taken in ("first-corp", "second-corp"):
            if taken != second.alias:
                refusal = already_exists(f"The account alias {taken} already exists.")
                self.refused(refusal, second.admin.iam.create_account_alias, AccountAlias=taken)
        self.refused(NOT_THERE, second.admin.iam.delete_account_alias, AccountAlias="first-corp")
        self.assertEqual(
            [self.aliases(account.admin) for account in (first, second)], [["first-corp"], ["second-corp"]]
        )
        first.admin.iam.delete_account_alias(AccountAlias="first-corp")
        second.admin.iam.create_account_alias(AccountAlias="first-corp")
        self.assertEqual(self.aliases(second.admin), ["first-corp"])

    def test_the_own_alias_may_be_set_again(self):
        corp = Account(self.server, "again-corp")
        corp.admin.iam.create_account_alias(AccountAlias="again-corp")
        self.assertEqual(self.aliases(corp.admin), ["again-corp"])

    def test_an_alias_that_is_not_there_is_not_deleted(self):
        corp = Account(self.server, "third-corp")
        self.refused(NOT_THERE, corp.admin.iam.delete_account_alias, AccountAlias="fourth-corp")

    def test_an_alias_has_the_form_of_aws(self):
        corp = Account(self.server, "form-corp")
        create = corp.admin.careless.create_account_alias
        for alias in ("-abc", "abc-", "a--b", "Upper", "under_score", "two words", "ab", "a" * 64, "Bad--Alias-"):
            with self.subTest(alias):
                self.refused(BAD_ALIAS, create, AccountAlias=alias)
        # An alias that looks like an account ID would lead to two accounts.
        self.refused(Refusal(400, "ValidationError", like(r".+")), create, AccountAlias="123456789012")
        self.refused(null("accountAlias"), create)
        arguments = ["iam", "create-account-alias", "--account-alias", "Upper"]
        self.cli_refused(BAD_ALIAS, "CreateAccountAlias", corp.admin.cli, *arguments)
        for alias in ("abc", "a" * 63, "a-1-b"):
            create(AccountAlias=alias)
            self.assertEqual(self.aliases(corp.admin), [alias])

    def test_who_may_do_nothing_may_not_touch_it(self):
        corp = Account(self.server, "closed-corp")
        bob = corp.user("bob")
        self.refused(ANY_DENIAL, bob.iam.list_account_aliases)
        self.refused(ANY_DENIAL, bob.iam.create_account_alias, AccountAlias="bobs-corp")
        self.refused(ANY_DENIAL, bob.iam.delete_account_alias, AccountAlias="closed-corp")
        self.assertEqual(self.aliases(corp.admin), ["closed-corp"])
