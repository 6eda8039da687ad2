//! User groups: what several users may do. A group is no principal; nobody acts as one.
//! Source: AWS IAM User Guide, "IAM user groups" and "IAM identifiers".

use super::error::ParseError;
use super::name::is_name;
use std::fmt;

/// `AGPA` and 17 more of A-Z and 0-9.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupId(String);

impl GroupId {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if super::name::is_unique_id(text, "AGPA") {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("a group ID is AGPA and 17 letters or digits"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 1 to 128 of the characters that a user name is made of; unique in its account without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupName(String);

/// AWS's text for a bad name.
const BAD_NAME: &str = "The specified value for groupName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";

impl GroupName {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if is_name(text, 128) { Ok(Self(text.to_owned())) } else { Err(ParseError::new(BAD_NAME)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which a name is unique in its account.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_name_has_aws_bounds_and_is_compared_without_case() {
        assert_eq!(GroupName::parse("All-Users+=,.@_").unwrap().folded(), "all-users+=,.@_");
        assert!(GroupName::parse(&"g".repeat(128)).is_ok());
        for wrong in ["", "a b", "é", "a/b", &"g".repeat(129)] {
            assert!(GroupName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_group_id_is_agpa_and_seventeen_more() {
        assert!(GroupId::parse("AGPACKCEVSQ6C2EXAMPLE").is_ok());
        assert!(GroupId::parse("AIDACKCEVSQ6C2EXAMPLE").is_err());
    }
}
