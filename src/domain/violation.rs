//! The rules that a new password can break, as values. A page has its own words for them; here are those of the API and
//! the command line.

use std::fmt;

/// One rule that a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Violation {
    TooShort {
        minimum: u32,
    },
    TooLong,
    ForbiddenCharacter,
    MissingUppercase,
    MissingLowercase,
    MissingNumber,
    MissingSymbol,
    /// The default policy's rule: three of the four kinds.
    TooFewKinds,
    /// The default policy's rule: not the account's alias or ID.
    SameAsAccount,
    /// A common password, or little more than one.
    CommonPassword,
    /// Little more than the user's, the account's or the product's name.
    MadeOfAName,
    SameAsCurrent,
    Reused {
        remembered: u32,
    },
}

/// What the password needs: `at least 8 characters`.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort { minimum } => return write!(f, "at least {minimum} characters"),
            Self::Reused { remembered } => return write!(f, "to differ from the last {remembered} passwords"),
            Self::TooLong => "at most 128 characters",
            Self::ForbiddenCharacter => "no control characters",
            Self::MissingUppercase => "an uppercase letter",
            Self::MissingLowercase => "a lowercase letter",
            Self::MissingNumber => "a number",
            Self::MissingSymbol => "a symbol",
            Self::TooFewKinds => "three of uppercase letters, lowercase letters, numbers, symbols",
            Self::SameAsAccount => "to differ from the account's alias and ID",
            Self::CommonPassword => "to differ from every common password by more than a few characters",
            Self::MadeOfAName => "to differ from user name, account and product by more than a few characters",
            Self::SameAsCurrent => "to differ from the current password",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_says_what_the_password_needs() {
        for (violation, needs) in [
            (Violation::TooShort { minimum: 8 }, "at least 8 characters"),
            (Violation::TooLong, "at most 128 characters"),
            (Violation::ForbiddenCharacter, "no control characters"),
            (Violation::MissingUppercase, "an uppercase letter"),
            (Violation::MissingLowercase, "a lowercase letter"),
            (Violation::MissingNumber, "a number"),
            (Violation::MissingSymbol, "a symbol"),
            (Violation::TooFewKinds, "three of uppercase letters, lowercase letters, numbers, symbols"),
            (Violation::SameAsAccount, "to differ from the account's alias and ID"),
            (Violation::SameAsCurrent, "to differ from the current password"),
            (Violation::Reused { remembered: 24 }, "to differ from the last 24 passwords"),
        ] {
            assert_eq!(violation.to_string(), needs);
        }
    }
}
