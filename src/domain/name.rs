//! What the names and unique IDs of IAM have in common, and the name of a policy.
//! Source: AWS IAM User Guide, "IAM identifiers" and "IAM and AWS STS quotas".

/// AWS's text for a bad name.
pub fn bad_name(member: &str) -> String {
    format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )
}

/// 1 to `longest` of `A-Z a-z 0-9 + = , . @ _ -`.
pub fn is_name(text: &str, longest: usize) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    (1..=longest).contains(&text.len()) && text.bytes().all(fits)
}

/// The prefix, and 17 more of A-Z and 0-9.
pub(super) fn is_unique_id(text: &str, prefix: &str) -> bool {
    text.len() == 21 && text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// A name that is kept as it was written and is unique without regard to case. `$member` is what AWS's text calls it.
macro_rules! name {
    ($(#[$about:meta])* $name:ident, $longest:literal, $member:literal) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, $crate::domain::error::ParseError> {
                if $crate::domain::name::is_name(text, $longest) {
                    return Ok(Self(text.to_owned()));
                }
                Err($crate::domain::error::ParseError::new($crate::domain::name::bad_name($member)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The form under which a name is unique in its account.
            pub fn folded(&self) -> String {
                self.0.to_ascii_lowercase()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// A unique ID: its prefix says of what.
macro_rules! unique_id {
    ($(#[$about:meta])* $name:ident, $prefix:literal, $wrong:literal) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, $crate::domain::error::ParseError> {
                if $crate::domain::name::is_unique_id(text, $prefix) {
                    return Ok(Self(text.to_owned()));
                }
                Err($crate::domain::error::ParseError::new($wrong))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use {name, unique_id};

name!(
    /// The name of an inline or a managed policy: 1 to 128 of the characters that a user name is made of.
    PolicyName,
    128,
    "policyName"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_name_has_aws_bounds() {
        for right in ["p", "ChangeOwnPassword+=,.@_-1", &"p".repeat(128)] {
            assert_eq!(PolicyName::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["", "a b", "arn:aws:iam::aws:policy/X", "é", &"p".repeat(129)] {
            assert_eq!(
                PolicyName::parse(wrong).unwrap_err().message(),
                "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
                 following: +=,.@_-",
                "{wrong}"
            );
        }
    }
}
