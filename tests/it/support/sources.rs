//! The sources as text, for the tests that read them.

/// Without what is compiled for tests only: an item behind `#[cfg(test)]`, wherever it stands.
pub fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept += line;
            kept += "\n";
            continue;
        }
        let first = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")).unwrap_or_default();
        // The item ends in its first line, or with the brace that closes it.
        if !first.ends_with([';', ',']) && !first.ends_with("{}") {
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            lines.by_ref().find(|line| **line == end);
        }
    }
    kept
}

#[test]
fn only_what_is_for_tests_is_left_out() {
    let text = "use a;\n#[cfg(test)]\nmod bounds;\nfn one() {\n}\n#[cfg(test)]\nmod tests {\n    fn two() {\n    }\n}\nfn three() {}\n";
    assert_eq!(without_tests(text), "use a;\nfn one() {\n}\nfn three() {}\n");
    let text = "impl A {\n    #[cfg(test)]\n    fn four() {\n        five();\n    }\n\n    fn six() {}\n}\n";
    assert_eq!(without_tests(text), "impl A {\n\n    fn six() {}\n}\n");
}
