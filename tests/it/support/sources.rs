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
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        for skipped in lines.by_ref() {
            // The item ends in its first line, or with the brace that closes it.
            let is_whole = skipped.starts_with(indent) && skipped.ends_with([';', ',']) && !skipped.contains('{');
            if is_whole || skipped == end || skipped.ends_with("{}") {
                break;
            }
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
