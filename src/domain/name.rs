//! What the names and unique IDs of IAM have in common, and the name of a policy.
//! Source: AWS IAM User Guide, "IAM identifiers" and "IAM and AWS STS quotas".

use super::error::ParseError;

/// 1 to `longest` of `A-Z a-z 0-9 + = , . @ _ -`.
pub(super) fn is_name(text: &str, longest: usize) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    (1..=longest).contains(&text.len()) && text.bytes().all(fits)
}

/// The prefix, and 17 more of A-Z and 0-9.
pub(super) fn is_unique_id(text: &str, prefix: &str) -> bool {
    text.len() == 21 && text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The name of an inline or a managed policy: 1 to 128 of the characters that a user name is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyName(String);

/// AWS's text for a bad name.
const BAD_NAME: &str = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";

impl PolicyName {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if is_name(text, 128) { Ok(Self(text.to_owned())) } else { Err(ParseError::new(BAD_NAME)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which a managed policy's name is unique in its account.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl std::fmt::Display for PolicyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_name_has_aws_bounds() {
        for right in ["p", "ChangeOwnPassword+=,.@_-1", &"p".repeat(128)] {
            assert_eq!(PolicyName::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["", "a b", "arn:aws:iam::aws:policy/X", "é", &"p".repeat(129)] {
            assert!(PolicyName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
