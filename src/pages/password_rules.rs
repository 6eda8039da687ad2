//! The rules for a new password in words: list, one sentence, and the `passwordrules` of generators.
//! It shows rules that it is given; what IAM decides is decided in the operation.

use askama::Template;
use askama::filters::HtmlSafe;

/// The longest password that is accepted, in code points.
const LONGEST: u32 = 128;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    MinimumLength(u32),
    Uppercase,
    Lowercase,
    Number,
    Symbol,
    /// Three of the four kinds (the default policy).
    ThreeOfFour,
    /// Account alias and account ID (the default policy).
    NotSameAs(Vec<String>),
    /// Common passwords, where they are refused, and names: judged by the server alone.
    NoRefusedWord {
        common: bool,
    },
    /// The last `n` passwords, judged by the server alone.
    NotOneOfLast(u32),
}

impl Rule {
    /// The kind that the script judges by; `None` where only the server can.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::MinimumLength(_) => "length",
            Self::Uppercase => "upper",
            Self::Lowercase => "lower",
            Self::Number => "digit",
            Self::Symbol => "symbol",
            Self::ThreeOfFour => "three",
            Self::NotSameAs(_) => "not",
            Self::NoRefusedWord { .. } | Self::NotOneOfLast(_) => return None,
        })
    }

    /// What the script compares with.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        match self {
            Self::MinimumLength(n) => Some(n.to_string()),
            Self::NotSameAs(words) => Some(words.join(" ")),
            _ => None,
        }
    }

    /// The line in the list.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::MinimumLength(1) => "At least 1 character".to_owned(),
            Self::MinimumLength(n) => format!("At least {n} characters"),
            Self::Uppercase => "At least one uppercase letter (A–Z)".to_owned(),
            Self::Lowercase => "At least one lowercase letter (a–z)".to_owned(),
            Self::Number => "At least one number (0–9)".to_owned(),
            Self::Symbol => "At least one symbol:".to_owned(),
            Self::ThreeOfFour => "At least three of: uppercase letters, lowercase letters, numbers, symbols".to_owned(),
            Self::NotSameAs(_) => "Not the same as your account alias or account ID".to_owned(),
            Self::NoRefusedWord { common: true } => {
                "Not a common password, and not your user name or account".to_owned()
            }
            Self::NoRefusedWord { common: false } => "Not your user name or account".to_owned(),
            Self::NotOneOfLast(1) => "Not your last password".to_owned(),
            Self::NotOneOfLast(n) => format!("Not one of your last {n} passwords"),
        }
    }

    /// One word or two for the sentence, where the rule asks for a kind of character.
    fn character(&self) -> Option<&'static str> {
        match self {
            Self::Uppercase => Some("uppercase"),
            Self::Lowercase => Some("lowercase"),
            Self::Number => Some("number"),
            Self::Symbol => Some("symbol"),
            _ => None,
        }
    }

    /// The character class that a generator knows.
    fn class(&self) -> Option<&'static str> {
        match self {
            Self::Uppercase => Some("upper"),
            Self::Lowercase => Some("lower"),
            Self::Number => Some("digit"),
            // By Apple's grammar `-` stands first and `]` last in a class.
            Self::Symbol => Some("[-!@#$%^&*()_+=[{}|']]"),
            _ => None,
        }
    }
}

/// The list "Your new password must have".
#[derive(Clone, Debug, Template)]
#[template(path = "components/password_rules.html")]
pub struct PasswordRules {
    pub rules: Vec<Rule>,
}

impl HtmlSafe for PasswordRules {}

impl PasswordRules {
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// AWS's default policy, for an account that has none of its own. `names` are alias and ID.
    #[must_use]
    pub fn default_policy(names: Vec<String>) -> Self {
        Self::new(vec![Rule::MinimumLength(8), Rule::ThreeOfFour, Rule::NotSameAs(names)])
    }

    fn minimum_length(&self) -> u32 {
        let length = |rule: &Rule| match rule {
            Rule::MinimumLength(n) => Some(*n),
            _ => None,
        };
        self.rules.iter().find_map(length).unwrap_or(1)
    }

    /// The policy in one sentence: "At least 14 characters, with uppercase, lowercase, number and symbol".
    #[must_use]
    pub fn sentence(&self) -> String {
        let least = Rule::MinimumLength(self.minimum_length()).text();
        if self.rules.contains(&Rule::ThreeOfFour) {
            return format!("{least}, with three of: uppercase, lowercase, number, symbol");
        }
        let kinds: Vec<&str> = self.rules.iter().filter_map(Rule::character).collect();
        if kinds.is_empty() {
            return least;
        }
        format!("{least}, with {}", listed(&kinds))
    }

    /// The value of the `passwordrules` attribute. A generator's result always fits.
    #[must_use]
    pub fn passwordrules(&self) -> String {
        let every = [Rule::Uppercase, Rule::Lowercase, Rule::Number, Rule::Symbol];
        let all = self.rules.contains(&Rule::ThreeOfFour);
        let mut parts = vec![format!("minlength: {}", self.minimum_length()), format!("maxlength: {LONGEST}")];
        for rule in every {
            let required = all || self.rules.contains(&rule);
            let verb = if required { "required" } else { "allowed" };
            parts.extend(rule.class().map(|class| format!("{verb}: {class}")));
        }
        parts.join("; ")
    }
}

/// "one", "one and two", "one, two and three".
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_length_and_kinds() {
        let rules = |rules: &[Rule]| PasswordRules::new(rules.to_vec()).sentence();
        assert_eq!(rules(&[Rule::MinimumLength(6)]), "At least 6 characters");
        assert_eq!(
            rules(&[Rule::MinimumLength(14), Rule::Uppercase, Rule::Number, Rule::Symbol]),
            "At least 14 characters, with uppercase, number and symbol"
        );
    }

    #[test]
    fn the_default_policy_asks_a_generator_for_all_four_kinds() {
        let rules = PasswordRules::default_policy(vec!["example-corp".to_owned()]);
        assert_eq!(
            rules.passwordrules(),
            "minlength: 8; maxlength: 128; required: upper; required: lower; required: digit; \
             required: [-!@#$%^&*()_+=[{}|']]"
        );
    }
}
