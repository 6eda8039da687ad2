//! The name of an inline policy.

use super::error::ParseError;

/// 1 to 128 of the characters that a user name is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName(String);

/// AWS's text for a bad name.
const BAD_NAME: &str = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";

impl PolicyName {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        if (1..=128).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new(BAD_NAME))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
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
