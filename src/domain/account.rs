//! An account: its ID and its alias. An alias never looks like an ID, so that one text box can take both.
//! Source: AWS IAM User Guide, "Your AWS account ID and its alias".

use super::error::ParseError;
use std::fmt;

/// Twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("an account ID has exactly 12 digits"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `1234-5678-9012`, as people read it.
    pub fn grouped(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 3 to 63 lowercase letters, digits and single hyphens, not at the ends; not twelve digits, with hyphens or without.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountAlias(String);

/// AWS's text for a bad alias.
const BAD_ALIAS: &str = "The specified value for accountAlias is invalid. It must be a minimum length of 3 characters and \
     maximum length of 63 characters, contain only digits, lowercase letters, and hyphens (-), but cannot begin or end with a hyphen.";

impl AccountAlias {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let length_fits = (3..=63).contains(&text.len());
        let characters_fit = text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-');
        if !length_fits || !characters_fit || text.starts_with('-') || text.ends_with('-') {
            return Err(ParseError::new(BAD_ALIAS));
        }
        if text.contains("--") {
            return Err(ParseError::new("an account alias has no two hyphens in a row"));
        }
        if AccountId::parse(&text.replace('-', "")).is_ok() {
            return Err(ParseError::new("an account alias must not look like an account ID"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person types to name an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    Id(AccountId),
    Alias(AccountAlias),
}

impl AccountName {
    /// Spaces and hyphens in an ID and the case of an alias do not matter.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if let Ok(id) = AccountId::parse(&digits) {
            return Ok(Self::Id(id));
        }
        AccountAlias::parse(&text.to_ascii_lowercase())
            .map(Self::Alias)
            .map_err(|_| ParseError::new("Enter a 12-digit account ID or an account alias"))
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Alias(alias) => alias.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_exactly_twelve_digits() {
        let id = AccountId::parse("123456789012").unwrap();
        assert_eq!(id.grouped(), "1234-5678-9012");
        assert_eq!((id.as_str(), id.to_string().as_str()), ("123456789012", "123456789012"));
        for wrong in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"] {
            assert!(AccountId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_alias_has_aws_bounds() {
        for right in ["abc", "my-account", "a1b", &"a".repeat(63)] {
            let alias = AccountAlias::parse(right).unwrap();
            assert_eq!((alias.as_str(), alias.to_string().as_str()), (right, right));
        }
        for wrong in ["ab", "-abc", "abc-", "a--b", "Abc", "a_b", "a b", "é23", &"a".repeat(64)] {
            assert!(AccountAlias::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_alias_never_looks_like_an_account_id() {
        assert!(AccountAlias::parse("123456789012").is_err());
        assert!(AccountAlias::parse("1234-5678-9012").is_err());
        assert!(AccountAlias::parse("12345678901").is_ok());
    }

    #[test]
    fn one_text_box_takes_an_id_with_spaces_or_hyphens_and_an_alias_in_any_case() {
        assert_eq!(AccountName::parse(" 1234-5678 9012 ").unwrap().as_str(), "123456789012");
        assert_eq!(AccountName::parse("Example-Corp").unwrap().as_str(), "example-corp");
        assert!(AccountName::parse("no spaces here").is_err());
        assert!(AccountName::parse("").is_err());
    }
}
