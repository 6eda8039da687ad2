//! The account password policy with AWS's exact rules, and the default policy of an account that has none.
//! Source: AWS IAM User Guide, "Setting an account password policy for IAM users".

use super::likeness::folded;
use super::password::TypedPassword;
use super::refused_words::{Owner, RefusedWords};
use super::violation::Violation;

/// The 20 characters that count as symbols. Space, `< > ? / \ . , ; : " ~` and the backtick are allowed and do not count.
pub const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// This many password hashes are always kept, whatever the setting, so that a raised setting acts at once.
pub const REMEMBERED_PASSWORDS: u32 = 24;

/// What an administrator may set for an account. The default is what AWS gives to members that a request leaves out:
/// weaker than the default policy of an account without one (P5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    pub minimum_password_length: u32,
    pub require_symbols: bool,
    pub require_numbers: bool,
    pub require_uppercase_characters: bool,
    pub require_lowercase_characters: bool,
    pub allow_users_to_change_password: bool,
    /// In days; none: passwords do not expire.
    pub max_password_age: Option<u32>,
    /// How many passwords, the current one among them, must not be used again; none: only the current one.
    pub password_reuse_prevention: Option<u32>,
    pub hard_expiry: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_password_length: 6,
            require_symbols: false,
            require_numbers: false,
            require_uppercase_characters: false,
            require_lowercase_characters: false,
            allow_users_to_change_password: false,
            max_password_age: None,
            password_reuse_prevention: None,
            hard_expiry: false,
        }
    }
}

impl PasswordPolicy {
    /// Every bound that a number breaks, in AWS's words; empty when the policy can be set.
    pub fn out_of_bounds(&self) -> Vec<String> {
        let length = Some(self.minimum_password_length);
        [
            ("minimumPasswordLength", length, 6, 128),
            ("passwordReusePrevention", self.password_reuse_prevention, 1, REMEMBERED_PASSWORDS),
            ("maxPasswordAge", self.max_password_age, 1, 1095),
        ]
        .into_iter()
        .filter_map(|(member, value, minimum, maximum)| out_of_bounds(member, value?, minimum, maximum))
        .collect()
    }
}

fn out_of_bounds(member: &str, value: u32, minimum: u32, maximum: u32) -> Option<String> {
    let bound = match value {
        _ if value < minimum => format!("greater than or equal to {minimum}"),
        _ if value > maximum => format!("less than or equal to {maximum}"),
        _ => return None,
    };
    Some(format!("Value at '{member}' failed to satisfy constraint: Member must have value {bound}"))
}

/// What a new password must have: the account's policy, or the default one. Rendered on the page, judged in the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRules {
    pub minimum_length: u32,
    pub uppercase: bool,
    pub lowercase: bool,
    pub number: bool,
    pub symbol: bool,
    /// The default policy asks for three of the four kinds.
    pub three_kinds: bool,
    /// The default policy refuses the account's alias and ID.
    pub not_the_account: bool,
    /// How many of the newest passwords, the current one among them, are refused.
    pub remembered: Option<u32>,
}

impl PasswordRules {
    pub fn of(policy: Option<&PasswordPolicy>) -> Self {
        let Some(policy) = policy else { return Self::default_policy() };
        Self {
            minimum_length: policy.minimum_password_length,
            uppercase: policy.require_uppercase_characters,
            lowercase: policy.require_lowercase_characters,
            number: policy.require_numbers,
            symbol: policy.require_symbols,
            three_kinds: false,
            not_the_account: false,
            remembered: policy.password_reuse_prevention,
        }
    }

    fn default_policy() -> Self {
        Self {
            minimum_length: 8,
            uppercase: false,
            lowercase: false,
            number: false,
            symbol: false,
            three_kinds: true,
            not_the_account: true,
            remembered: None,
        }
    }

    /// All rules that need no history and that the new password breaks, in the order of the page: those of the policy,
    /// and those that hold whatever the policy says.
    pub fn violations(&self, new: &TypedPassword, owner: &Owner, words: &RefusedWords) -> Vec<Violation> {
        let mut violations = self.policy_violations(new, owner);
        let is_told = violations.contains(&Violation::SameAsAccount);
        let others = words.violations(new, owner).into_iter();
        violations.extend(others.filter(|rule| !(is_told && *rule == Violation::MadeOfAName)));
        violations
    }

    fn policy_violations(&self, new: &TypedPassword, owner: &Owner) -> Vec<Violation> {
        let kinds = Kinds::of(new.expose());
        let too_short = new.length() < self.minimum_length as usize;
        let own_rules = [
            (too_short, Violation::TooShort { minimum: self.minimum_length }),
            (self.uppercase && !kinds.uppercase, Violation::MissingUppercase),
            (self.lowercase && !kinds.lowercase, Violation::MissingLowercase),
            (self.number && !kinds.number, Violation::MissingNumber),
            (self.symbol && !kinds.symbol, Violation::MissingSymbol),
            (self.three_kinds && kinds.count() < 3, Violation::TooFewKinds),
            (self.not_the_account && names_the_account(new, owner), Violation::SameAsAccount),
        ];
        let bounds = new.password().err().unwrap_or_default();
        bounds.into_iter().chain(own_rules.into_iter().filter_map(|(broken, rule)| broken.then_some(rule))).collect()
    }
}

/// Latin letters and digits only: `É` is of none of the kinds.
struct Kinds {
    uppercase: bool,
    lowercase: bool,
    number: bool,
    symbol: bool,
}

impl Kinds {
    fn of(text: &str) -> Self {
        Self {
            uppercase: text.bytes().any(|b| b.is_ascii_uppercase()),
            lowercase: text.bytes().any(|b| b.is_ascii_lowercase()),
            number: text.bytes().any(|b| b.is_ascii_digit()),
            symbol: text.chars().any(|c| SYMBOLS.contains(c)),
        }
    }

    fn count(&self) -> usize {
        [self.uppercase, self.lowercase, self.number, self.symbol].into_iter().filter(|has| *has).count()
    }
}

fn names_the_account(new: &TypedPassword, owner: &Owner) -> bool {
    let folded = folded(new.expose());
    *folded == owner.account_id.as_str() || owner.account_alias.is_some_and(|alias| *folded == alias.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountAlias, AccountId};
    use crate::domain::common_passwords::CommonPasswords;
    use crate::domain::user::UserName;
    use Violation::*;

    fn for_the_owner<T>(judge: impl FnOnce(&Owner) -> T) -> T {
        let user_name = UserName::parse("alice").unwrap();
        let account_id = AccountId::parse("123456789012").unwrap();
        let alias = AccountAlias::parse("example-corp1").unwrap();
        judge(&Owner { user_name: &user_name, account_id: &account_id, account_alias: Some(&alias) })
    }

    /// By AWS's rules alone.
    fn judge(policy: Option<&PasswordPolicy>, text: &str) -> Vec<Violation> {
        for_the_owner(|owner| PasswordRules::of(policy).policy_violations(&TypedPassword::new(text), owner))
    }

    /// By all.
    fn judge_all(policy: Option<&PasswordPolicy>, text: &str) -> Vec<Violation> {
        let words = RefusedWords::new(CommonPasswords::built_in(), "");
        for_the_owner(|owner| PasswordRules::of(policy).violations(&TypedPassword::new(text), owner, &words))
    }

    #[test]
    fn words_are_refused_whatever_the_policy_says_and_told_with_its_rules_at_once() {
        assert_eq!(judge_all(None, "qwertyuiop"), [TooFewKinds, CommonPassword]);
        assert_eq!(judge_all(Some(&PasswordPolicy::default()), "qwertyuiop"), [CommonPassword]);
        assert_eq!(judge_all(Some(&strict()), "Alice-7"), [TooShort { minimum: 10 }, CommonPassword, MadeOfAName]);
        assert_eq!(judge_all(None, "Password1!"), [CommonPassword]);
        assert_eq!(judge_all(Some(&strict()), "Correct-horse-1"), []);
        assert_eq!(judge_all(None, &"qwertyuiop".repeat(13)), [TooLong, TooFewKinds]);
    }

    #[test]
    fn the_name_of_the_account_is_told_once() {
        assert_eq!(judge_all(None, "Example-Corp1"), [SameAsAccount]);
        assert_eq!(judge_all(None, "Example-Corp12"), [MadeOfAName]);
        assert_eq!(judge_all(Some(&PasswordPolicy::default()), "example-corp1"), [MadeOfAName]);
    }

    fn strict() -> PasswordPolicy {
        PasswordPolicy {
            minimum_password_length: 10,
            require_symbols: true,
            require_numbers: true,
            require_uppercase_characters: true,
            require_lowercase_characters: true,
            ..PasswordPolicy::default()
        }
    }

    #[test]
    fn p1_the_default_policy_asks_for_8_characters_and_three_kinds() {
        assert_eq!(judge(None, "abcDEF12"), []);
        assert_eq!(judge(None, "abc DEF!"), []);
        assert_eq!(judge(None, "abcdef12"), [TooFewKinds]);
        assert_eq!(judge(None, "aB1!"), [TooShort { minimum: 8 }]);
        assert_eq!(judge(None, "ab"), [TooShort { minimum: 8 }, TooFewKinds]);
    }

    #[test]
    fn p1_the_default_policy_refuses_the_accounts_alias_and_id() {
        assert_eq!(judge(None, "Example-Corp1"), [SameAsAccount]);
        assert_eq!(judge(None, "123456789012"), [TooFewKinds, SameAsAccount]);
        assert_eq!(judge(None, "Example-Corp12"), []);
    }

    #[test]
    fn p2_exactly_20_characters_count_as_symbols() {
        let symbol = PasswordPolicy { require_symbols: true, ..PasswordPolicy::default() };
        assert_eq!(SYMBOLS.chars().count(), 20);
        for c in SYMBOLS.chars() {
            assert_eq!(judge(Some(&symbol), &format!("abcdef{c}")), [], "{c}");
        }
        for c in " <>?/\\.,;:\"~`§€".chars() {
            assert_eq!(judge(Some(&symbol), &format!("abcdef{c}")), [MissingSymbol], "{c}");
        }
    }

    #[test]
    fn p3_letters_and_digits_are_latin_only() {
        assert_eq!(
            judge(Some(&strict()), "ÉÀÜ éàü ٣٤٥"),
            [MissingUppercase, MissingLowercase, MissingNumber, MissingSymbol]
        );
    }

    #[test]
    fn every_broken_rule_is_named_at_once() {
        let all = [TooShort { minimum: 10 }, MissingUppercase, MissingNumber, MissingSymbol];
        assert_eq!(judge(Some(&strict()), "abc"), all);
        assert_eq!(judge(Some(&strict()), "Abcdefg1h!"), []);
        assert_eq!(judge(Some(&strict()), &format!("aA1!\0{}", "x".repeat(128))), [TooLong, ForbiddenCharacter]);
    }

    #[test]
    fn p5_what_is_left_out_falls_back_to_length_6_and_nothing_else() {
        assert_eq!(judge(Some(&PasswordPolicy::default()), "abcdef"), []);
        assert_eq!(judge(Some(&PasswordPolicy::default()), "abcde"), [TooShort { minimum: 6 }]);
        assert_eq!(judge(Some(&PasswordPolicy::default()), "123456789012"), []);
    }

    #[test]
    fn length_counts_code_points() {
        let six = PasswordPolicy::default();
        assert_eq!(judge(Some(&six), "🔑🔑🔑🔑🔑🔑"), []);
        assert_eq!(judge(Some(&six), "🔑🔑🔑🔑🔑"), [TooShort { minimum: 6 }]);
        assert_eq!(judge(Some(&six), &"e\u{301}".repeat(5)), [TooShort { minimum: 6 }]);
    }

    #[test]
    fn p4_p6_numbers_have_aws_bounds() {
        let bounds = |length, age, reuse| {
            let policy = PasswordPolicy {
                minimum_password_length: length,
                max_password_age: age,
                password_reuse_prevention: reuse,
                ..PasswordPolicy::default()
            };
            policy.out_of_bounds()
        };
        assert_eq!(bounds(6, None, None), Vec::<String>::new());
        assert_eq!(bounds(128, Some(1095), Some(24)), Vec::<String>::new());
        assert_eq!(bounds(6, Some(1), Some(1)), Vec::<String>::new());
        assert_eq!(
            bounds(129, None, None),
            [
                "Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value less than or equal to 128"
            ]
        );
        assert_eq!(bounds(5, Some(0), Some(25)).len(), 3);
        assert_eq!(bounds(6, Some(1096), Some(0)).len(), 2);
    }
}
