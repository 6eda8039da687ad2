//! The policy evaluator against tables: the shared cases, and one or more rows for each way in which other evaluators are
//! known to go wrong.

mod bombs;
mod json;
mod properties;
mod traps;

use serde_json::{Value, json};

use crate::domain::error::ParseError;
use crate::domain::policy::{AccessRequest, ConditionContext, Decision, PolicyDocument, evaluate};

const CASES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/iam-evaluation-cases.json"));
const BOB: &str = "arn:aws:iam::123456789012:user/bob";

/// A scalar of a case as the text that the request context holds.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `{"key": "one", "other": ["many", "values"]}`; an empty list is a key with no value.
fn context(keys: &Value) -> ConditionContext {
    let keys = keys.as_object().expect("a context is an object");
    keys.iter().fold(ConditionContext::default(), |context, (key, value)| match value {
        Value::Array(values) => context.with_many(key, values.iter().map(text)),
        value => context.with(key, text(value)),
    })
}

fn word(decision: &Result<Decision, ParseError>) -> &'static str {
    match decision {
        Ok(Decision::Allow) => "allow",
        Ok(Decision::ImplicitDeny) => "implicit-deny",
        Ok(Decision::ExplicitDeny { .. }) => "explicit-deny",
        Err(_) => "malformed",
    }
}

fn decide(policy: &str, action: &str, resource: &str, keys: &Value) -> Result<Decision, ParseError> {
    let document = PolicyDocument::parse(policy)?;
    let context = context(keys);
    Ok(evaluate([&document], &AccessRequest { action, resource, context: &context }))
}

/// How a policy of these statements answers `GetUser` on bob.
fn answer(statements: &Value, keys: &Value) -> &'static str {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    word(&decide(&policy, "iam:GetUser", BOB, keys))
}

/// How an Allow, and how a Deny beside an Allow of everything, answers under this condition.
fn answers(condition: &Value, keys: &Value) -> (&'static str, &'static str) {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
    let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition},
                      {"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    (answer(&allow, keys), answer(&deny, keys))
}

const HOLDS: (&str, &str) = ("allow", "explicit-deny");
const FAILS: (&str, &str) = ("implicit-deny", "allow");
/// What cannot be decided: the Allow does not apply, the Deny does.
const UNDECIDED: (&str, &str) = ("implicit-deny", "explicit-deny");
const MALFORMED: (&str, &str) = ("malformed", "malformed");

/// Fails with the name of every row that answers otherwise than it should.
fn check_conditions(rows: &[(&str, (&str, &str), Value, Value)]) {
    let failing: Vec<String> = rows
        .iter()
        .filter_map(|(name, expected, condition, keys)| {
            let answered = answers(condition, keys);
            (answered != *expected).then(|| format!("{name}: expected {expected:?}, got {answered:?}"))
        })
        .collect();
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}

#[test]
fn every_shared_case_is_answered_as_expected() {
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("the case file is a JSON list");
    assert!(cases.len() >= 66, "the case file has only {} rows", cases.len());
    let failing: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let decision =
                decide(&text(&case["policy"]), &text(&case["action"]), &text(&case["resource"]), &case["context"]);
            let answered = word(&decision);
            (answered != case["expect"])
                .then(|| format!("{}: expected {}, got {decision:?}", case["name"], case["expect"]))
        })
        .collect();
    assert!(failing.is_empty(), "{} rows fail\n{}", failing.len(), failing.join("\n"));
}

#[test]
fn the_first_denying_document_is_named_and_none_allows_by_itself() {
    let document = |text: &Value| PolicyDocument::parse(&text.to_string()).expect("the policy is valid");
    let allow = document(&json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
    let deny = document(&json!({"Statement": {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}}));
    let context = ConditionContext::default();
    let request = AccessRequest { action: "iam:GetUser", resource: BOB, context: &context };
    assert_eq!(evaluate([&allow, &allow, &deny, &deny], &request), Decision::ExplicitDeny { policy: 2 });
    assert_eq!(evaluate([&deny, &allow], &request), Decision::ExplicitDeny { policy: 0 });
    assert_eq!(evaluate([&allow], &request), Decision::Allow);
    assert_eq!(evaluate([], &request), Decision::ImplicitDeny);
}

#[test]
fn a_context_key_ignores_case_and_keeps_its_values() {
    let context = ConditionContext::default().with("aws:UserName", "Bob").with_many("aws:TagKeys", ["a", "b"]);
    assert_eq!(context.get("AWS:USERNAME"), Some(["Bob".to_owned()].as_slice()));
    assert_eq!(context.get("aws:tagkeys").map(<[String]>::len), Some(2));
    assert_eq!(context.get("aws:userid"), None);
    let emptied = context.with_many("aws:TagKeys", Vec::<String>::new());
    assert_eq!(emptied.get("aws:TagKeys"), None);
}

#[test]
fn a_message_shows_the_authors_text_on_one_line_and_cut_short() {
    let policy =
        json!({"Statement": {"Effect": "Allow", "Action": format!("a\n{}", "b".repeat(10_000)), "Resource": "*"}});
    let error = PolicyDocument::parse(&policy.to_string()).expect_err("an action without a service is refused");
    assert!(error.message().starts_with(r#""a\nbbb"#), "{error}");
    assert!(error.message().len() < 250, "{error}");
}
