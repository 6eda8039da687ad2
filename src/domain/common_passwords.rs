//! The passwords that are tried first: those of a list that comes with the program, and those of an operator's own.
//! Where the list is from, and under which licence, stands in `common_passwords/LICENSE`.
//! Why sorted text: it is searched where it lies, so it costs no memory but its own.

use super::likeness::{WORDS, forms};
use super::password::MAXIMUM_LENGTH;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// In NFKC and small letters, sorted by bytes, each on a line.
const LIST: &str = include_str!("common_passwords/list.txt");

/// Made once, however many ask.
static BUILT_IN: LazyLock<String> = LazyLock::new(|| sorted_forms(LIST.lines()));

/// What a password is held against. The default knows none.
#[derive(Clone, Default)]
pub struct CommonPasswords {
    built_in: &'static str,
    own: Option<Arc<str>>,
}

impl CommonPasswords {
    /// The list that comes with the program.
    pub fn built_in() -> Self {
        Self { built_in: &BUILT_IN, own: None }
    }

    /// And those of a text with one password a line. Shorter ones than any comparison looks at are left out.
    pub fn with_own(self, text: &str) -> Result<Self, String> {
        let too_long = text.lines().position(|line| line.chars().count() > MAXIMUM_LENGTH);
        if let Some(at) = too_long {
            return Err(format!("line {} is longer than a password can be ({MAXIMUM_LENGTH} characters)", at + 1));
        }
        let own = sorted_forms(text.lines());
        if own.is_empty() {
            return Err(format!("has no password of {} characters or more, one a line", WORDS.start()));
        }
        Ok(Self { own: Some(own.into()), ..self })
    }

    pub fn is_empty(&self) -> bool {
        self.built_in.is_empty() && self.own.is_none()
    }

    /// Whether it is one of the forms of one of them.
    pub(super) fn contain(&self, form: &str) -> bool {
        has_line(self.built_in, form) || self.own.as_deref().is_some_and(|own| has_line(own, form))
    }
}

impl fmt::Debug for CommonPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.as_ref().map_or(0, |own| own.len());
        write!(f, "CommonPasswords({} and {own} bytes)", self.built_in.len())
    }
}

/// Each once and on a line, sorted by bytes: the order of the search.
fn sorted_forms<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let all = words.flat_map(forms).filter(|form| form.chars().count() >= *WORDS.start());
    let mut forms: Vec<Box<str>> = all.map(|form| form.as_str().into()).collect();
    forms.sort_unstable();
    forms.dedup();
    forms.join("\n")
}

/// Whether `line` is one of the lines of a text that is sorted by them.
fn has_line(sorted: &str, line: &str) -> bool {
    let text = sorted.as_bytes();
    // Both stand at the begin of a line, or at the end of the text.
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = text[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = text[middle..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| middle + at);
        match text[start..end].cmp(line.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::likeness::folded;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Whether every form of the word is among them.
    fn hold(common: &CommonPasswords, word: &str) -> bool {
        forms(word).all(|form| common.contain(&form))
    }

    #[test]
    fn the_list_that_comes_along_is_sorted_folded_and_of_more_than_3000_of_8_characters() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.is_sorted_by(|one, next| one < next), "each once, in the order of the search");
        for line in &lines {
            assert_eq!(*folded(line), **line);
            assert!(line.chars().count() >= *WORDS.start() && line.chars().count() <= MAXIMUM_LENGTH, "{line}");
        }
        let long = lines.iter().filter(|line| line.chars().count() >= 8).count();
        assert_eq!((lines.len(), long), (18_786, 8_346), "README and SECURITY.md say so");
        assert!(LIST.len() < 200_000 && BUILT_IN.len() < 200_000);
        for line in lines {
            assert!(hold(&CommonPasswords::built_in(), line), "{line}");
        }
    }

    #[test]
    fn an_own_list_is_read_in_any_order_case_and_form_and_stands_beside_the_other() {
        let own = CommonPasswords::default()
            .with_own("zebra-crossing\r\nACME-corp\n\nabc\n\u{fb01}shermen\nEle\u{301}phant\n");
        let own = own.unwrap();
        for word in ["zebra-crossing", "acme-corp", "ACME-corp", "fishermen", "elephant", "ELEPHANT"] {
            assert!(hold(&own, word), "{word}");
        }
        for word in ["abc", "", "qwertyuiop", "zebra-crossin", "zebra-crossing\r"] {
            assert!(!hold(&own, word), "{word}");
        }
        let both = CommonPasswords::built_in().with_own("zebra-crossing").unwrap();
        assert!(hold(&both, "zebra-crossing") && hold(&both, "qwertyuiop"));
        assert!(CommonPasswords::default().is_empty() && !own.is_empty() && !both.is_empty());
    }

    #[test]
    fn an_own_list_without_a_password_or_with_an_endless_line_is_refused() {
        let refused = |text: &str| CommonPasswords::built_in().with_own(text).unwrap_err();
        assert_eq!(refused(""), "has no password of 5 characters or more, one a line");
        assert_eq!(refused("abc\nabcd\n"), "has no password of 5 characters or more, one a line");
        assert_eq!(
            refused(&format!("abcdef\n{}", "x".repeat(129))),
            "line 2 is longer than a password can be (128 characters)"
        );
        assert!(CommonPasswords::default().with_own(&"x".repeat(128)).unwrap().contain(&"x".repeat(128)));
    }

    #[test]
    fn no_password_of_a_list_stands_in_a_debug_text() {
        let own = CommonPasswords::default().with_own("zebra-crossing").unwrap();
        assert_eq!(format!("{own:?}"), "CommonPasswords(0 and 14 bytes)");
    }

    proptest! {
        #[test]
        fn a_search_of_the_lines_finds_what_a_set_finds(
            lines in proptest::collection::btree_set("[a-c\u{e9}]{1,4}", 1..30),
            asked in "[a-c\u{e9}\n]{0,4}",
        ) {
            let text = lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            for line in lines.iter().chain([&asked]) {
                prop_assert_eq!(has_line(&text, line), lines.contains(line), "{:?}", line);
                prop_assert_eq!(has_line(&format!("{text}\n"), line), lines.contains(line), "{:?}", line);
            }
        }

        #[test]
        fn an_own_list_of_any_text_is_read_or_refused(text in "(\\PC|[\n\r\t]){0,200}") {
            let forms = text.lines().flat_map(forms).map(|form| form.to_string());
            let words: BTreeSet<String> = forms.filter(|form| form.chars().count() >= 5).collect();
            match CommonPasswords::default().with_own(&text) {
                Ok(own) => prop_assert!(words.iter().all(|word| own.contain(word))),
                Err(_) => prop_assert!(words.is_empty() || text.lines().any(|line| line.chars().count() > 128)),
            }
        }
    }
}
