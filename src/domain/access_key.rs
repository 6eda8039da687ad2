//! Access keys: the long-term credentials that requests to the API are signed with.
//! Source: AWS IAM User Guide, "Managing access keys for IAM users".

use super::error::ParseError;
use std::fmt;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// The first use in so long a span is recorded (K5).
pub const LAST_USED_SPAN: Duration = Duration::minutes(15);

/// `AKIA` and 16 more of A-Z and 2-7, where this server made it; a request may name anything of 16 to 128 letters,
/// digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let fits = (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("an access key ID has 16 to 128 letters, digits and underscores"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `AKIA` and 16 more: surely the ID of a key. Anything else may be a secret in the wrong place, and is not logged.
    pub fn is_plainly_one(&self) -> bool {
        self.0.len() == 20 && self.0.starts_with("AKIA")
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 40 characters that are shown once. It cannot be printed, and is wiped when dropped.
#[derive(Clone)]
pub struct SecretAccessKey(Zeroizing<String>);

impl SecretAccessKey {
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretAccessKey(..)")
    }
}

/// What an access key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    /// Kept, and refused like one that does not exist.
    Inactive,
}

impl Status {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text {
            "Active" => Ok(Self::Active),
            "Inactive" => Ok(Self::Inactive),
            _ => Err(ParseError::new("a status is Active or Inactive")),
        }
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// When, for which service and with which Region in its signature a key was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    pub at: OffsetDateTime,
    pub service: String,
    pub region: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_id_has_aws_bounds() {
        for right in ["AKIAIOSFODNN7EXAMPLE", "A_IAIOSFODNN7EXA", &"a".repeat(128)] {
            assert_eq!(AccessKeyId::parse(right).unwrap().as_str(), right);
            assert_eq!(AccessKeyId::parse(right).unwrap().is_plainly_one(), right == "AKIAIOSFODNN7EXAMPLE");
        }
        for wrong in ["", "AKIA", "AKIAIOSFODNN7-EXAMPLE", "AKIAIOSFODNN7EXÄMPLE", &"a".repeat(129)] {
            assert!(AccessKeyId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_plain_access_key_id_may_be_a_secret_in_the_wrong_place() {
        let secret = "wJalrXUtnFEMIAK7MDENGAbPxRfiCYEXAMPLEKEY";
        for doubtful in [secret, &secret[..20], "AKIAIOSFODNN7EXAMPLE1", "AKIAIOSFODNN7EXAMPL", "ASIAIOSFODNN7EXAMPLE"]
        {
            assert!(!AccessKeyId::parse(doubtful).unwrap().is_plainly_one(), "{doubtful}");
        }
        let id = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap();
        assert!(id.is_plainly_one());
        assert_eq!(id.to_string(), "AKIAIOSFODNN7EXAMPLE");
    }

    #[test]
    fn a_status_is_written_as_aws_writes_it() {
        for status in [Status::Active, Status::Inactive] {
            assert_eq!(Status::parse(status.as_str()).unwrap(), status);
        }
        assert_eq!([Status::Active.as_str(), Status::Inactive.as_str()], ["Active", "Inactive"]);
        assert!(Status::parse("active").is_err() && Status::parse("Expired").is_err());
    }

    #[test]
    fn a_secret_access_key_is_never_printed() {
        let secret = SecretAccessKey::new(Zeroizing::new("wJalrXUtnFEMI".to_owned()));
        assert_eq!(format!("{secret:?}"), "SecretAccessKey(..)");
        assert_eq!(secret.expose(), "wJalrXUtnFEMI");
    }
}
