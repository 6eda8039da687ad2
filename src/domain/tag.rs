//! Tags: pairs of text that an administrator puts on a user, and that policies may ask about. Keys are unique on a user
//! without regard to case. Source: AWS IAM User Guide, "Tags for AWS Identity and Access Management resources".

use super::error::ParseError;

/// 1 to 128 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagKey(String);

/// What AWS's pattern `[\p{L}\p{Z}\p{N}_.:/=+\-@]` takes.
pub fn is_tag_character(c: char) -> bool {
    c.is_alphabetic() || c.is_numeric() || c.is_whitespace() && !c.is_control() || "_.:/=+-@".contains(c)
}

impl TagKey {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if !(1..=128).contains(&text.chars().count()) || !text.chars().all(is_tag_character) {
            return Err(ParseError::new("a tag key has 1 to 128 letters, digits, spaces and _.:/=+-@"));
        }
        if text.to_lowercase().starts_with("aws:") {
            return Err(ParseError::new("a tag key must not begin with aws:, which is reserved"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which a key is unique on its user.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A key and its value, of up to 256 characters and possibly empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tag {
    pub key: TagKey,
    pub value: String,
}

impl Tag {
    pub fn parse(key: &str, value: &str) -> Result<Self, ParseError> {
        let key = TagKey::parse(key)?;
        if value.chars().count() > 256 || !value.chars().all(is_tag_character) {
            return Err(ParseError::new("a tag value has up to 256 letters, digits, spaces and _.:/=+-@"));
        }
        Ok(Self { key, value: value.to_owned() })
    }
}

/// Whether a key stands twice, without regard to case.
pub fn has_duplicate_keys<'k>(keys: impl IntoIterator<Item = &'k TagKey>) -> bool {
    let mut seen = std::collections::HashSet::new();
    keys.into_iter().any(|key| !seen.insert(key.folded()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_aws_bounds() {
        for (key, value) in
            [("a", ""), ("Cost Center", "1234/5:x=y+z-@_."), ("Straße", "Ö 1"), (&"k".repeat(128), &"v".repeat(256))]
        {
            assert!(Tag::parse(key, value).is_ok(), "{key}");
        }
        for (key, value) in
            [("", "v"), ("a;b", "v"), ("a\nb", "v"), ("a", "<"), (&"k".repeat(129), "v"), ("k", &"v".repeat(257))]
        {
            assert!(Tag::parse(key, value).is_err(), "{key}={value}");
        }
    }

    #[test]
    fn keys_that_begin_with_aws_are_reserved() {
        assert!(TagKey::parse("aws:x").is_err() && TagKey::parse("AWS:x").is_err());
        assert!(TagKey::parse("awesome").is_ok());
    }

    #[test]
    fn keys_that_differ_in_case_are_the_same() {
        let keys = ["Cost", "Straße", "Team", "team"].map(|key| TagKey::parse(key).unwrap());
        assert!(has_duplicate_keys(&keys) && !has_duplicate_keys(&keys[..3]));
        assert_eq!((keys[2].as_str(), keys[2].folded().as_str()), ("Team", "team"));
    }
}
