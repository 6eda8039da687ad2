//! Clear passwords. A clear password cannot be printed, compared or serialised, and is wiped when dropped.
//! Why two types: what was typed may be of any length, so that a form can name every broken rule at once; a `Password`
//! is within the bounds that every hash relies on, and only `TypedPassword::password` makes one.

use super::violation::Violation;
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// In Unicode code points, after NFC (AWS: 128 characters).
pub const MAXIMUM_LENGTH: usize = 128;
/// After NFC, in UTF-8.
const MAXIMUM_BYTES: usize = 512;

/// What somebody typed as a password, in Unicode NFC: the same text from two keyboards is the same password.
/// Never trimmed, never cut.
#[derive(Clone)]
pub struct TypedPassword(Zeroizing<String>);

impl TypedPassword {
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.nfc().collect()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// In code points, the unit of every length rule.
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    /// A password, if it is within the bounds of every password; all bounds that it breaks, if not.
    /// An empty text has no violation of its own: the form asks for a password, a policy for a length.
    pub fn password(&self) -> Result<Password, Vec<Violation>> {
        let violations = self.bounds();
        if violations.is_empty() && !self.is_empty() { Ok(Password(self.0.clone())) } else { Err(violations) }
    }

    /// Whether it has no control character but tab and line ends.
    pub fn is_text(&self) -> bool {
        !self.0.chars().any(is_forbidden)
    }

    fn bounds(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        if self.length() > MAXIMUM_LENGTH || self.0.len() > MAXIMUM_BYTES {
            violations.push(Violation::TooLong);
        }
        if !self.is_text() {
            violations.push(Violation::ForbiddenCharacter);
        }
        violations
    }
}

impl fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPassword(..)")
    }
}

/// AWS takes tab, line feed, carriage return and U+0020 to U+00FF; this takes every character but the other controls.
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// 1 to 128 code points and at most 512 bytes, in NFC, without control characters.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(text: &str) -> Vec<Violation> {
        TypedPassword::new(text).password().err().unwrap_or_default()
    }

    #[test]
    fn two_spellings_of_one_text_are_one_password() {
        assert_eq!(TypedPassword::new("e\u{301}").expose(), TypedPassword::new("é").expose());
        assert_ne!(TypedPassword::new("ﬁ").expose(), TypedPassword::new("fi").expose());
    }

    #[test]
    fn spaces_tabs_and_line_ends_are_part_of_the_password() {
        assert_eq!(TypedPassword::new(" \ta b\r\n ").password().unwrap().expose(), " \ta b\r\n ");
    }

    #[test]
    fn p17_128_code_points_fit_and_129_do_not() {
        assert_eq!(violations(&"é".repeat(128)), []);
        assert_eq!(violations(&"a".repeat(129)), [Violation::TooLong]);
        assert_eq!(violations(&"🔑".repeat(128)), []);
        assert_eq!(TypedPassword::new(&"e\u{301}".repeat(128)).length(), 128);
        assert_eq!(TypedPassword::new("🔑🔑🔑🔑🔑🔑").length(), 6);
    }

    #[test]
    fn a_text_of_more_than_512_bytes_is_too_long() {
        // 128 code points that NFC cannot compose, of four bytes each, are just 512.
        assert_eq!(violations(&"\u{10ffff}".repeat(128)), []);
        assert_eq!(violations(&"\u{10ffff}".repeat(129)), [Violation::TooLong]);
    }

    #[test]
    fn control_characters_are_refused() {
        for text in ["a\0b", "a\u{7f}b", "a\u{85}b", "a\u{1b}b"] {
            assert_eq!(violations(text), [Violation::ForbiddenCharacter], "{text:?}");
        }
        assert_eq!(violations("ÿ 漢字 🔑"), []);
    }

    #[test]
    fn nothing_typed_is_no_password() {
        assert!(TypedPassword::new("").password().is_err());
    }

    #[test]
    fn a_password_is_never_printed() {
        let typed = TypedPassword::new("hunter2");
        assert_eq!(format!("{typed:?} {:?}", typed.password().unwrap()), "TypedPassword(..) Password(..)");
    }
}
