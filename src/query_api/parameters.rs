//! The parameters of a request: as they came (`Fields`), and checked against what the action takes (`Parameters`). One that
//! stands twice, that the action does not have, or that breaks a bound is refused; nothing is silently ignored.

use super::error::ApiError;
use super::members::{Kind, MOST_TAGS, Member, TAG_KEY, TAG_VALUE, constraint, shown, violations};
use crate::domain::error::{Code, Error, ParseError};
use crate::domain::password::TypedPassword;
use crate::domain::tag::{Tag, TagKey};
use crate::wire::urlencoded::Pairs;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A request has a dozen parameters and, at most, fifty tags of two parts each.
const MOST_FIELDS: usize = 150;

/// Names with their values, each once.
pub struct Fields(BTreeMap<String, Zeroizing<String>>);

impl Fields {
    pub fn of(pairs: Pairs) -> Result<Self, ApiError> {
        if pairs.len() > MOST_FIELDS {
            return Err(ApiError::validation(format!("The request has more than {MOST_FIELDS} parameters.")));
        }
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            if fields.insert(name.to_string(), value).is_some() {
                return Err(ApiError::validation(format!("The parameter {} stands more than once.", named(&name))));
            }
        }
        Ok(Self(fields))
    }

    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        self.0.remove(name)
    }

    /// The parameter, or the list or structure of that name. Whether there was one.
    fn drop_all(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|own, _| own.strip_prefix(name).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.')));
        self.0.len() < before
    }

    /// The items of a list, `Tags.member.1.Key` and so on, by number; they have to be numbered from 1 without a gap. What
    /// has no number stays where it is, and is found to be unknown.
    fn take_list(&mut self, list: &str) -> Result<Vec<BTreeMap<String, Zeroizing<String>>>, String> {
        let prefix = format!("{list}.member.");
        let names: Vec<String> = self.0.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        let mut items: BTreeMap<usize, BTreeMap<String, Zeroizing<String>>> = BTreeMap::new();
        for name in names {
            let (number, part) = name[prefix.len()..].split_once('.').unwrap_or((&name[prefix.len()..], ""));
            let well_formed = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
            let is_whole = well_formed && !name.ends_with('.');
            let Some(number) = number.parse::<usize>().ok().filter(|_| is_whole) else { continue };
            let part = part.to_owned();
            if let Some(value) = self.0.remove(&name) {
                items.entry(number).or_default().insert(part, value);
            }
        }
        if items.keys().copied().ne(1..=items.len()) {
            return Err(named(&format!("{list}.member")));
        }
        Ok(items.into_values().collect())
    }
}

/// A name that a client sent, short enough for a message.
fn named(name: &str) -> String {
    let short: String = name.chars().take(64).collect();
    if short == name { short } else { format!("{short}...") }
}

/// What an action was asked with, within its bounds.
pub struct Parameters {
    values: BTreeMap<&'static str, Zeroizing<String>>,
    tags: Vec<Tag>,
    tag_keys: Vec<TagKey>,
}

impl Parameters {
    pub fn check(mut fields: Fields, members: &[Member]) -> Result<Self, ApiError> {
        let mut found = Self { values: BTreeMap::new(), tags: Vec::new(), tag_keys: Vec::new() };
        let mut broken = Vec::new();
        for member in members {
            match member.kind {
                Kind::Tags => found.tags = tags(&mut fields, member, &mut broken),
                Kind::TagKeys => found.tag_keys = tag_keys(&mut fields, member, &mut broken),
                Kind::NotServed if fields.drop_all(member.name) => {
                    broken.push(constraint(&shown(member.name), "Member is not supported by this server"));
                }
                Kind::NotServed => {}
                kind => match fields.take(member.name) {
                    Some(value) => {
                        broken.extend(violations(kind, &shown(member.name), &value));
                        found.values.insert(member.name, value);
                    }
                    None if member.required => broken.push(missing(member.name)),
                    None => {}
                },
            }
        }
        broken.extend(fields.0.keys().map(|name| format!("The parameter {} is not recognized.", named(name))));
        match broken.as_slice() {
            [] => Ok(found),
            // AWS's own sentence about one value stands alone.
            [only] if !only.starts_with("Value at ") => Err(ApiError::validation(only.clone())),
            all => {
                let noun = if all.len() == 1 { "error" } else { "errors" };
                Err(ApiError::validation(format!("{} validation {noun} detected: {}", all.len(), all.join("; "))))
            }
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.as_str())
    }

    /// For a member that is required: the check has found it.
    pub fn needed<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, ParseError>) -> Result<T, Error> {
        refused(parse(self.text(name).unwrap_or_default()))
    }

    pub fn given<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, ParseError>) -> Result<Option<T>, Error> {
        self.text(name).map(|text| refused(parse(text))).transpose()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true")
    }

    pub fn number(&self, name: &str) -> Option<u32> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    pub fn password(&self, name: &str) -> Option<TypedPassword> {
        self.text(name).map(TypedPassword::new)
    }

    pub fn tags(&mut self) -> Vec<Tag> {
        std::mem::take(&mut self.tags)
    }

    pub fn tag_keys(&mut self) -> Vec<TagKey> {
        std::mem::take(&mut self.tag_keys)
    }

    pub fn path_prefix(&self) -> String {
        self.text("PathPrefix").unwrap_or("/").to_owned()
    }
}

fn refused<T>(parsed: Result<T, ParseError>) -> Result<T, Error> {
    parsed.map_err(|error| invalid(error.message()))
}

pub(super) fn invalid(message: &str) -> Error {
    Error::refused(Code::ValidationError, message)
}

fn missing(name: &str) -> String {
    constraint(&shown(name), "Member must not be null")
}

/// The items of a list, or what is wrong with it as a whole.
fn items(fields: &mut Fields, member: &Member, broken: &mut Vec<String>) -> Vec<BTreeMap<String, Zeroizing<String>>> {
    let list = shown(member.name);
    // An empty list is sent as the name alone.
    if fields.take(member.name).is_some_and(|value| !value.is_empty()) {
        broken.push(constraint(&list, "Member must be a list"));
    }
    match fields.take_list(member.name) {
        Err(name) => broken.push(format!("The parameter {name} is not recognized.")),
        Ok(items) if items.len() > MOST_TAGS => {
            broken.push(constraint(&list, &format!("Member must have length less than or equal to {MOST_TAGS}")));
        }
        Ok(items) if items.is_empty() && member.required => broken.push(missing(member.name)),
        Ok(items) => return items,
    }
    Vec::new()
}

fn tags(fields: &mut Fields, member: &Member, broken: &mut Vec<String>) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (number, mut item) in (1..).zip(items(fields, member, broken)) {
        let at = |part: &str| format!("tags.{number}.member.{part}");
        let (key, value) = (item.remove("Key"), item.remove("Value"));
        let before = broken.len();
        for (part, kind, text) in [("key", TAG_KEY, &key), ("value", TAG_VALUE, &value)] {
            match text {
                Some(text) => broken.extend(violations(kind, &at(part), text)),
                None => broken.push(constraint(&at(part), "Member must not be null")),
            }
        }
        broken.extend(
            item.keys().map(|part| format!("The parameter Tags.member.{number}.{} is not recognized.", named(part))),
        );
        let tag = Tag::parse(&key.unwrap_or_default(), &value.unwrap_or_default());
        match tag {
            Ok(tag) => tags.push(tag),
            Err(error) if broken.len() == before => broken.push(constraint(&at("key"), error.message())),
            Err(_) => {}
        }
    }
    tags
}

fn tag_keys(fields: &mut Fields, member: &Member, broken: &mut Vec<String>) -> Vec<TagKey> {
    let mut keys = Vec::new();
    for (number, mut item) in (1..).zip(items(fields, member, broken)) {
        let at = format!("tagKeys.{number}.member");
        let Some(key) = item.remove("").filter(|_| item.is_empty()) else {
            broken.push(constraint(&at, "Member must not be null"));
            continue;
        };
        let before = broken.len();
        broken.extend(violations(TAG_KEY, &at, &key));
        match TagKey::parse(&key) {
            Ok(key) => keys.push(key),
            Err(error) if broken.len() == before => broken.push(constraint(&at, error.message())),
            Err(_) => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests;
