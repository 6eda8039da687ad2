//! What came in from outside, written so that whoever reads it sees it and nothing obeys it: a file of lines, a terminal.
//!
//! JSON escapes what is below U+0020 only. To some readers of lines U+0085, U+2028 and U+2029 end one too, a terminal obeys
//! U+009B, and the marks of writing direction make a text look like another one.

use std::fmt::Write;

fn is_obeyed(c: char) -> bool {
    let directs = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || directs || matches!(c, '\u{2028}' | '\u{2029}')
}

/// One line, its escapes as in JSON: in its strings they are what they stand for.
pub fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            let _ = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line
}

/// JSON on several lines: none of its line feeds is of a string.
pub fn lines(json: &str) -> String {
    json.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_obeyed_anywhere_is_escaped_and_everything_else_stays() {
        let controls = (0..=0x1f).chain(0x7f..=0x9f);
        let marks = [0x61c, 0x200e, 0x200f].into_iter().chain(0x2028..=0x202e).chain(0x2066..=0x2069);
        for code in controls.chain(marks) {
            let c = char::from_u32(code).unwrap();
            assert_eq!(line(&format!("a{c}b")), format!("a\\u{code:04x}b"));
        }
        for kept in ["Zürich", "\u{a0}", "\u{200d}", "\u{2027}", "\u{2065}", "\u{feff}", "😀", "שלום", "\\"] {
            assert_eq!(line(kept), kept);
        }
    }

    #[test]
    fn json_keeps_its_lines_and_says_the_same() {
        let value = serde_json::json!({ "a\u{202e}": ["b\n\u{9b}\u{2029}", "c"] });
        let written = lines(&format!("{value:#}"));
        assert_eq!(written.lines().count(), 6, "{written}");
        assert!(!written.chars().any(|c| is_obeyed(c) && c != '\n'), "{written:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }
}
