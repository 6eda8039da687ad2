//! What a parameter of an action may be: the service model's bounds, as a table that is checked before an action is begun.
//! All that a request breaks is said at once, in AWS's words.

use super::patterns::{Broken, Pattern};

/// A parameter of an action.
pub struct Member {
    pub name: &'static str,
    pub required: bool,
    pub kind: Kind,
}

/// What it has to look like.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Lengths in characters.
    Text {
        shortest: usize,
        longest: usize,
        pattern: Pattern,
    },
    Number {
        least: u32,
        most: u32,
    },
    Flag,
    OneOf(&'static [&'static str]),
    /// `Tags.member.1.Key` and `.Value`.
    Tags,
    /// `TagKeys.member.1`.
    TagKeys,
    /// The model has it and nothing here would come of it: to take it silently would promise what is not kept.
    NotServed,
}

const fn text(name: &'static str, shortest: usize, longest: usize, pattern: Pattern) -> Member {
    Member { name, required: false, kind: Kind::Text { shortest, longest, pattern } }
}

impl Member {
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// The name of a user, group or policy that is there, or of one that is to be.
pub const fn name(member: &'static str, longest: usize) -> Member {
    text(member, 1, longest, Pattern::Name)
}

pub const fn path(member: &'static str) -> Member {
    text(member, 1, 512, Pattern::Path)
}

pub const fn password(member: &'static str) -> Member {
    text(member, 1, 128, Pattern::Password)
}

pub const fn flag(member: &'static str) -> Member {
    Member { name: member, required: false, kind: Kind::Flag }
}

pub const fn number(member: &'static str, least: u32, most: u32) -> Member {
    Member { name: member, required: false, kind: Kind::Number { least, most } }
}

pub const fn one_of(member: &'static str, values: &'static [&'static str]) -> Member {
    Member { name: member, required: false, kind: Kind::OneOf(values) }
}

pub const fn not_served(member: &'static str) -> Member {
    Member { name: member, required: false, kind: Kind::NotServed }
}

pub const fn documented(member: &'static str) -> Member {
    text(member, 1, 131_072, Pattern::PolicyDocument)
}

/// A user that is there; some actions of the model take a new name's length only.
pub const USER_NAME: Member = name("UserName", 128);
pub const SHORT_USER_NAME: Member = name("UserName", 64);
pub const GROUP_NAME: Member = name("GroupName", 128);
pub const POLICY_NAME: Member = name("PolicyName", 128);
pub const POLICY_DOCUMENT: Member = documented("PolicyDocument");
pub const POLICY_ARN: Member = text("PolicyArn", 20, 2048, Pattern::PolicyArn);
pub const PATH: Member = path("Path");
pub const POLICY_PATH: Member = text("Path", 1, 512, Pattern::PolicyPath);
pub const PATH_PREFIX: Member = text("PathPrefix", 1, 512, Pattern::PathPrefix);
pub const POLICY_PATH_PREFIX: Member = text("PathPrefix", 1, 512, Pattern::PolicyPath);
pub const WHOLE_PATH_PREFIX: Member = path("PathPrefix");
pub const ACCESS_KEY_ID: Member = text("AccessKeyId", 16, 128, Pattern::AccessKeyId);
/// AWS's sentence says the lengths, too.
pub const ACCOUNT_ALIAS: Member = text("AccountAlias", 0, usize::MAX, Pattern::AccountAlias);
pub const DESCRIPTION: Member = text("Description", 0, 1000, Pattern::PolicyDescription);
pub const VERSION_ID: Member = text("VersionId", 0, usize::MAX, Pattern::PolicyVersion);
pub const TAGS: Member = Member { name: "Tags", required: false, kind: Kind::Tags };
pub const TAG_KEYS: Member = Member { name: "TagKeys", required: false, kind: Kind::TagKeys };
pub const MARKER: Member = text("Marker", 1, 320, Pattern::Marker);
pub const MAX_ITEMS: Member = number("MaxItems", 1, 1000);

pub const TAG_KEY: Kind = Kind::Text { shortest: 1, longest: 128, pattern: Pattern::TagKey };
pub const TAG_VALUE: Kind = Kind::Text { shortest: 0, longest: 256, pattern: Pattern::TagValue };
/// Of the tags in one request.
pub const MOST_TAGS: usize = 50;

/// What is wrong with a value, as a clause of AWS's sentence; `shown` is the member as AWS writes it.
pub fn violations(kind: Kind, shown: &str, value: &str) -> Vec<String> {
    match kind {
        Kind::Text { shortest, longest, pattern } => {
            let length = if pattern == Pattern::Password { nfc_length(value) } else { value.chars().count() };
            let mut found = Vec::new();
            if length > longest {
                found.push(constraint(shown, &format!("Member must have length less than or equal to {longest}")));
            }
            if length < shortest {
                found.push(constraint(shown, &format!("Member must have length greater than or equal to {shortest}")));
            } else if !pattern.fits(value) {
                found.push(match pattern.broken(shown) {
                    Broken::Sentence(sentence) => sentence,
                    Broken::Constraint(clause) => constraint(shown, &clause),
                });
            }
            found
        }
        Kind::Number { least, most } => number_violation(shown, value, least, most).into_iter().collect(),
        Kind::Flag if value == "true" || value == "false" => Vec::new(),
        Kind::Flag => vec![constraint(shown, "Member must be true or false")],
        Kind::OneOf(values) if values.contains(&value) => Vec::new(),
        Kind::OneOf(_) => vec![constraint(shown, "Member must satisfy enum value set")],
        // No value of one parameter: `parameters` looks at them.
        Kind::NotServed | Kind::Tags | Kind::TagKeys => Vec::new(),
    }
}

fn nfc_length(value: &str) -> usize {
    crate::domain::password::TypedPassword::new(value).length()
}

fn number_violation(shown: &str, value: &str, least: u32, most: u32) -> Option<String> {
    match value.parse::<i64>() {
        Ok(number) if number < i64::from(least) => {
            Some(constraint(shown, &format!("Member must have value greater than or equal to {least}")))
        }
        Ok(number) if number > i64::from(most) => {
            Some(constraint(shown, &format!("Member must have value less than or equal to {most}")))
        }
        Ok(_) => None,
        Err(_) => Some(constraint(shown, "Member must be a whole number")),
    }
}

pub fn constraint(shown: &str, clause: &str) -> String {
    format!("Value at '{shown}' failed to satisfy constraint: {clause}")
}

/// `userName`: as AWS writes a member in a message.
pub fn shown(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + characters.as_str())
}
