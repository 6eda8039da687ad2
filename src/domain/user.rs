//! An IAM user: unique ID, name and path. Names are unique without regard to case and kept as they were written.
//! Source: AWS IAM User Guide, "IAM identifiers" and "IAM and AWS STS quotas".

use super::error::ParseError;
use super::name::{bad_name, is_name, unique_id};
use std::fmt;

unique_id!(
    /// `AIDA` and 17 more of A-Z and 0-9; a user made again under the same name gets another one.
    UserId,
    "AIDA",
    "a user ID is AIDA and 17 letters or digits"
);

/// 1 to 64 of `A-Z a-z 0-9 + = , . @ _ -`, as written when the user was made. A request may ask for up to 128, as AWS
/// has it; nobody is called so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserName(String);

impl UserName {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > 64 { Err(ParseError::new("a user name has 1 to 64 characters")) } else { Self::asked_for(text) }
    }

    /// A name that somebody may or may not have.
    pub fn asked_for(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > 128 {
            return Err(ParseError::new("a user name has 1 to 64 characters"));
        }
        if is_name(text, 128) { Ok(Self(text.to_owned())) } else { Err(ParseError::new(bad_name("userName"))) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which a name is unique in its account.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `/`, or 3 to 512 characters from `!` to DEL that begin and end with `/`: AWS's `(/)|(/[!-\u{7f}]+/)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(String);

/// AWS's text for a bad path.
const BAD_PATH: &str = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
     characters and/or / characters.";

impl Path {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let fits = (1..=512).contains(&text.len())
            && text.starts_with('/')
            && text.ends_with('/')
            && text != "//"
            && text.bytes().all(|b| (0x21..=0x7f).contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(ParseError::new(BAD_PATH)) }
    }

    pub fn root() -> Self {
        Self("/".to_owned())
    }

    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_keeps_its_case_and_is_compared_without_it() {
        let name = UserName::parse("Alice.O_Neil+x=1,2@corp-3").unwrap();
        assert_eq!(name.as_str(), "Alice.O_Neil+x=1,2@corp-3");
        assert_eq!(name.to_string(), name.as_str());
        assert_eq!(name.folded(), "alice.o_neil+x=1,2@corp-3");
    }

    #[test]
    fn a_user_name_has_aws_bounds() {
        assert!(UserName::parse(&"a".repeat(64)).is_ok());
        for wrong in ["a b", "é", "a/b", "a:b"] {
            let message = UserName::parse(wrong).unwrap_err().to_string();
            assert!(message.starts_with("The specified value for userName is invalid."), "{wrong}: {message}");
        }
        for wrong in [String::new(), "a".repeat(65), "a".repeat(129)] {
            let message = UserName::parse(&wrong).unwrap_err().to_string();
            assert_eq!(message, "a user name has 1 to 64 characters", "{wrong}");
        }
        assert!(UserName::asked_for(&"a".repeat(128)).is_ok() && UserName::asked_for(&"a".repeat(129)).is_err());
    }

    #[test]
    fn the_root_is_the_path_without_a_name() {
        assert_eq!(Path::root().as_str(), "/");
        assert!(Path::root().is_root() && Path::parse("/").unwrap().is_root());
        assert!(!Path::parse("/eng/").unwrap().is_root());
        assert_eq!(Path::parse("/eng/").unwrap().as_str(), "/eng/");
    }

    #[test]
    fn a_path_begins_and_ends_with_a_slash() {
        for right in ["/", "/a/", "/division_abc/sub/", &format!("/{}/", "a".repeat(510))] {
            assert!(Path::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "a", "/a", "a/", "//", "/a b/", &format!("/{}/", "a".repeat(511))] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_user_id_is_aida_and_seventeen_more() {
        assert!(UserId::parse("AIDACKCEVSQ6C2EXAMPLE").is_ok());
        for wrong in ["", "AIDA", "AKIACKCEVSQ6C2EXAMPLE", "AIDAckcevsq6c2example"] {
            assert!(UserId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
