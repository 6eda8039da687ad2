//! Hostile texts: each is refused or answered within the bound, in size and in steps.
#![allow(clippy::disallowed_methods, reason = "the subject of these tests is the time that passes")]

use std::time::{Duration, Instant};

use serde_json::json;

use super::BOB;
use crate::domain::policy::wildcard::{Token, matches};
use crate::domain::policy::{AccessRequest, ConditionContext, PolicyDocument, evaluate};

/// What one text may take. The unoptimised build is some fifty times slower: it gets more time and fewer patterns, and is
/// there to catch what grows faster than it should.
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 50 });
const FILL: usize = if cfg!(debug_assertions) { LONGEST / 8 } else { LONGEST };

/// The longest policy that is read at all.
const LONGEST: usize = 131_072;

/// Whether the text is a policy, having been evaluated if so.
fn is_policy(name: &str, text: &str, value: &str) -> bool {
    let context = ConditionContext::default().with("aws:UserAgent", value);
    let request = AccessRequest { action: "iam:GetUser", resource: value, context: &context };
    let take = || {
        let start = Instant::now();
        let document = PolicyDocument::parse(text);
        if let Ok(document) = &document {
            evaluate([document], &request);
        }
        (start.elapsed(), document.is_ok())
    };
    let (mut elapsed, accepted) = take();
    if elapsed >= BOUND {
        // Once more, so that a busy machine is not taken for a slow parser.
        elapsed = take().0;
    }
    assert!(elapsed < BOUND, "{name} took {elapsed:?}");
    accepted
}

fn with_resources(resources: &[String]) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": resources}}).to_string()
}

/// As many copies as fit.
fn filled(resource: &str) -> String {
    with_resources(&vec![resource.to_owned(); (FILL - 100) / (resource.len() + 3)])
}

#[test]
fn texts_that_are_too_deep_too_long_or_too_large_are_refused_at_once() {
    let statement = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
    let many = |count: usize| format!(r#"{{"Statement":[{}]}}"#, vec![statement; count].join(","));
    let refused = [
        ("nested lists", "[".repeat(10_000)),
        ("nested lists, closed", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("nested objects", r#"{"Statement":"#.repeat(10_000)),
        ("nested statement", format!(r#"{{"Statement":{}{}}}"#, "[".repeat(60_000), "]".repeat(60_000))),
        ("a hundred thousand statements", many(100_000)),
        ("duplicate keys", format!("{{{}}}", vec![r#""Effect":"Deny""#; 8_000].join(","))),
        ("many members", format!("{{{}}}", (0..9_000).map(|i| format!(r#""k{i}":1"#)).collect::<Vec<_>>().join(","))),
        ("a huge integer", format!(r#"{{"Version":{}}}"#, "9".repeat(120_000))),
        ("a huge exponent", r#"{"Version":1e999999999}"#.to_owned()),
        ("unclosed variables", with_resources(&[format!("arn:aws:iam::1:{}", "${".repeat(60_000))])),
        ("spaces", format!("{}{}", " ".repeat(LONGEST), many(1))),
        ("one too many characters", format!("{}{}", many(1), " ".repeat(LONGEST + 1 - many(1).len()))),
    ];
    for (name, text) in refused {
        assert!(!is_policy(name, &text, BOB), "{name} is accepted");
    }
    let longest = format!("{}{}", many(2_800), " ".repeat(LONGEST - many(2_800).len()));
    assert!(is_policy("the longest text", &longest, BOB));
}

#[test]
fn patterns_take_bounded_time() {
    // No longer resource exists here: a path of 512 and a name of 64 characters.
    let subject = format!("arn:aws:iam::1:{}b", "a".repeat(640));
    let patterns = [
        ("stars and question marks", with_resources(&[format!("arn:aws:iam::1:{}", "*?".repeat(60_000))])),
        ("stars and letters", with_resources(&[format!("arn:aws:iam::1:{}c", "*a".repeat(60_000))])),
        ("stars, few", filled(&format!("arn:aws:iam::1:{}c", "*a".repeat(20)))),
        ("a long near miss", filled(&format!("arn:aws:iam::1:*{}c*", "a".repeat(300)))),
        ("a long near miss with question marks", filled(&format!("arn:aws:iam::1:*{}c*", "a?".repeat(150)))),
        ("half of the text", filled(&format!("arn:aws:iam::1:*?{}c?*", "a".repeat(600)))),
        ("short ones", filled("arn:aws:iam::1:*?c*")),
        ("short ones with a question mark inside", filled("arn:aws:iam::1:*a?c*")),
        ("incomplete ones", filled("arn:aws:iam::*a?c*")),
        ("variables", filled("arn:aws:iam::1:*${aws:UserAgent}*c*")),
    ];
    for (name, text) in patterns {
        assert!(text.len() <= LONGEST, "{name} is {} long", text.len());
        assert!(is_policy(name, &text, &subject), "{name} is refused");
    }
    for operator in ["StringLike", "ArnLike", "StringEqualsIgnoreCase", "ForAllValues:StringNotLike"] {
        for value in ["a:a:a:a:a:*?a*", "a:a:a:a:a:${aws:UserAgent}"] {
            let values = vec![value; (FILL - 200) / (value.len() + 3)];
            let statement = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:UserAgent": values}}});
            let text = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            assert!(is_policy(operator, &text, &subject), "{operator} is refused");
        }
    }
}

#[test]
fn a_near_miss_is_not_tried_again_from_every_place() {
    let near_miss = [Token::Literal("a"), Token::AnyOne].repeat(4_000);
    let pattern = [&[Token::AnyMany][..], &near_miss, &[Token::Literal("c"), Token::AnyMany]].concat();
    let start = Instant::now();
    assert!(!matches(&pattern, &"a".repeat(16_000)));
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
}
