//! What a text of the API may be made of, and AWS's words where it is not. AWS has a sentence of its own for names, paths and
//! aliases, and shows its pattern for everything else; the value itself is never repeated.
//! Source: botocore's service model for IAM, 2010-05-08.

use crate::domain::account::AccountAlias;
use crate::domain::arn::PolicyArn;
use crate::domain::name::{bad_name, is_name};
use crate::domain::password::TypedPassword;
use crate::domain::tag::is_tag_character;
use crate::domain::user::Path;

/// A kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Of users, groups and policies.
    Name,
    Path,
    PathPrefix,
    /// Of a managed policy, and what one begins with.
    PolicyPath,
    AccountAlias,
    AccessKeyId,
    Password,
    PolicyArn,
    PolicyDocument,
    PolicyDescription,
    PolicyVersion,
    Marker,
    TagKey,
    TagValue,
}

impl Pattern {
    pub fn fits(self, text: &str) -> bool {
        let latin = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
        match self {
            Self::Name => is_name(text, usize::MAX),
            Self::Path => Path::parse(text).is_ok(),
            Self::PathPrefix => text.starts_with('/') && text.bytes().all(|b| (0x21..=0x7f).contains(&b)),
            Self::PolicyPath => is_policy_path(text),
            Self::AccountAlias => AccountAlias::parse(text).is_ok(),
            Self::AccessKeyId => text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            // More than AWS takes: every character but controls, as on the page.
            Self::Password => TypedPassword::new(text).is_text(),
            Self::PolicyArn => PolicyArn::parse(text).is_ok(),
            Self::PolicyDocument => text.chars().all(latin),
            Self::PolicyDescription => !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')),
            Self::PolicyVersion => is_version(text),
            Self::Marker => text.chars().all(|c| matches!(c, ' '..='\u{ff}')),
            Self::TagKey | Self::TagValue => text.chars().all(is_tag_character),
        }
    }

    /// What is wrong with the text of `member`, in AWS's words.
    pub fn broken(self, member: &str) -> Broken {
        let regex = match self {
            Self::Name => return Broken::Sentence(bad_name(member)),
            Self::Path | Self::PolicyPath => {
                return Broken::Sentence(format!(
                    "The specified value for {member} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
                ));
            }
            Self::AccountAlias => {
                return Broken::Sentence(format!(
                    "The specified value for {member} is invalid. It must be a minimum length of 3 characters and maximum length of 63 \
                     characters, contain only digits, lowercase letters, and hyphens (-), but cannot begin or end with a hyphen."
                ));
            }
            // With AWS's two spaces.
            Self::PolicyArn => return Broken::Sentence("Invalid ARN:  Could not be parsed!".to_owned()),

            Self::PathPrefix => r"\u002F[\u0021-\u007F]*",
            Self::AccessKeyId => r"[\w]+",
            Self::Password | Self::PolicyDocument => r"[\u0009\u000A\u000D\u0020-\u00FF]+",
            Self::PolicyDescription => r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*",
            Self::PolicyVersion => r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?",
            Self::Marker => r"[\u0020-\u00FF]+",
            Self::TagKey => r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
            Self::TagValue => r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
        };
        Broken::Constraint(format!("Member must satisfy regular expression pattern: {regex}"))
    }
}

/// A sentence stands for itself; a constraint names its member.
pub enum Broken {
    Sentence(String),
    Constraint(String),
}

/// `/`, or `/division/part/`: AWS's `((/[A-Za-z0-9\.,\+@=_-]+)*)/`.
fn is_policy_path(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".,+@=_-".contains(&b));
    match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(parts) => parts.split('/').all(part),
        None => text == "/",
    }
}

/// `v1`, or `v2.more`.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return false };
    let (number, more) = rest.split_once('.').unwrap_or((rest, ""));
    number.bytes().all(|b| b.is_ascii_digit())
        && !number.is_empty()
        && !number.starts_with('0')
        && more.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_policy_is_of_names_between_slashes() {
        for right in ["/", "/a/", "/a.b,c+d@e=f_g-h/2/"] {
            assert!(Pattern::PolicyPath.fits(right), "{right}");
        }
        for wrong in ["", "a", "/a", "a/", "//", "/a//b/", "/a b/", "/a!/"] {
            assert!(!Pattern::PolicyPath.fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_version_is_v_and_a_number() {
        for right in ["v1", "v10", "v1.x-2", "v1."] {
            assert!(Pattern::PolicyVersion.fits(right), "{right}");
        }
        for wrong in ["", "1", "v", "v0", "v1x", "v1.é"] {
            assert!(!Pattern::PolicyVersion.fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_password_may_be_of_any_script_and_holds_no_controls() {
        assert!(Pattern::Password.fits("ÿ 漢字 🔑\t\r\n"));
        assert!(!Pattern::Password.fits("a\u{0}") && !Pattern::Password.fits("a\u{85}"));
    }
}
