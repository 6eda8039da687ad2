//! What must hold for every policy, every text and every pattern.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::BOB;
use crate::domain::policy::wildcard::{Token, matches};
use crate::domain::policy::{AccessRequest, ConditionContext, Decision, PolicyDocument, evaluate};

fn policy(statements: &[Value]) -> PolicyDocument {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    PolicyDocument::parse(&text).expect("generated statements are valid")
}

fn condition() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"StringNotEquals": {"aws:username": ["eve", "${aws:PrincipalTag/x}"]}}),
        json!({"StringLike": {"aws:username": "${aws:PrincipalTag/x}"}}),
        json!({"NumericLessThan": {"aws:MultiFactorAuthAge": 60}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
        json!({"ForAnyValue:StringNotLike": {"aws:TagKeys": "a*"}}),
        json!({"Null": {"aws:username": "false"}, "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    ])
}

fn statement(effect: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let action = select(vec![json!("*"), json!("IAM:getuser"), json!(["iam:Get*", "sts:*"]), json!("iam:DeleteUser")]);
    let resource = select(vec![
        "*",
        BOB,
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:user/${aws:PrincipalTag/x}",
        "arn:aws:iam",
    ]);
    (select(effect), any::<bool>(), action, any::<bool>(), resource, condition()).prop_map(
        |(effect, not_action, action, not_resource, resource, condition)| {
            json!({
                "Effect": effect,
                if not_action { "NotAction" } else { "Action" }: action,
                if not_resource { "NotResource" } else { "Resource" }: resource,
                "Condition": condition,
            })
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(&["Allow", "Allow", "Allow", "Deny"]), 1..5)
}

fn request_context() -> impl Strategy<Value = ConditionContext> {
    let value = |values: &'static [&'static str]| prop::option::of(select(values));
    (
        value(&["bob", "eve", "*", ""]),
        value(&["bob", "*"]),
        value(&["true", "false", "maybe"]),
        value(&["30", "90", "x"]),
        value(&["10.0.0.1", "192.0.2.1", "x"]),
        prop::collection::vec(select(&["a", "b", "c", ""][..]), 0..3),
    )
        .prop_map(|(name, tag, mfa, age, address, tag_keys)| {
            [
                ("aws:username", name),
                ("aws:PrincipalTag/x", tag),
                ("aws:MultiFactorAuthPresent", mfa),
                ("aws:MultiFactorAuthAge", age),
                ("aws:SourceIp", address),
            ]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .fold(ConditionContext::default().with_many("aws:TagKeys", tag_keys), |context, (key, value)| {
                context.with(key, value)
            })
        })
}

fn asked(context: &ConditionContext) -> AccessRequest<'_> {
    AccessRequest { action: "iam:GetUser", resource: BOB, context }
}

/// The plain definition, in as many steps as text times pattern.
fn reference(pattern: &[char], text: &[char]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for symbol in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = *symbol == '*' && row[0];
        for index in 1..=text.len() {
            next[index] = match symbol {
                '*' => row[index] || next[index - 1],
                '?' => row[index - 1],
                literal => row[index - 1] && *literal == text[index - 1],
            };
        }
        row = next;
    }
    row[text.len()]
}

/// One token for each character, so that neighbouring literals are tried unjoined too.
fn tokens(pattern: &str) -> Vec<Token<'_>> {
    pattern
        .char_indices()
        .map(|(start, character)| match character {
            '*' => Token::AnyMany,
            '?' => Token::AnyOne,
            _ => Token::Literal(&pattern[start..start + character.len_utf8()]),
        })
        .collect()
}

fn agrees(pattern: &str, text: &str) -> Result<(), TestCaseError> {
    let expected = reference(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
    prop_assert_eq!(matches(&tokens(pattern), text), expected, "{:?} against {:?}", pattern, text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_deny_never_turns_a_refusal_into_an_allow(
        base in statements(),
        deny in statement(&["Deny"]),
        place in any::<Index>(),
        context in request_context(),
    ) {
        let before = evaluate([&policy(&base)], &asked(&context));
        let alone = evaluate([&policy(std::slice::from_ref(&deny))], &asked(&context));
        let mut more = base.clone();
        more.insert(place.index(base.len() + 1), deny);
        let after = evaluate([&policy(&more)], &asked(&context));
        let expected = if alone == Decision::ImplicitDeny { before } else { Decision::ExplicitDeny { policy: 0 } };
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn the_order_of_statements_and_documents_does_not_matter(
        base in statements(),
        shuffled in Just(()).prop_perturb(|(), mut random| random.next_u64()),
        context in request_context(),
    ) {
        let expected = evaluate([&policy(&base)], &asked(&context));
        let mut turned = base.clone();
        turned.rotate_left(usize::try_from(shuffled % 7).expect("below seven") % base.len());
        if shuffled % 2 == 0 {
            turned.reverse();
        }
        prop_assert_eq!(evaluate([&policy(&turned)], &asked(&context)), expected);
        let apart: Vec<PolicyDocument> = turned.iter().map(|statement| policy(std::slice::from_ref(statement))).collect();
        let decision = evaluate(&apart, &asked(&context));
        prop_assert_eq!(std::mem::discriminant(&decision), std::mem::discriminant(&expected));
    }

    #[test]
    fn an_allow_and_a_deny_of_the_same_scope_never_allow(one in statement(&["Allow"]), context in request_context()) {
        let mut deny = one.clone();
        deny["Effect"] = json!("Deny");
        prop_assert_ne!(evaluate([&policy(&[one, deny])], &asked(&context)), Decision::Allow);
    }

    #[test]
    fn parsing_never_panics_on_any_text(text in any::<String>()) {
        let _ = PolicyDocument::parse(&text);
    }

    #[test]
    fn parsing_and_evaluating_never_panic_on_what_looks_like_a_policy(
        pieces in prop::collection::vec(select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "${", "*", "?", "'", "é", "\\u0000", "-1", "1e9", "true", "null", "Effect", "Allow", "aws:x",
        ]), 0..12),
        operator in select(vec!["StringLike", "ArnLike", "DateEquals", "NumericEquals", "IpAddress", "BinaryEquals", "Bool", "Null"]),
        value in any::<String>(),
        asked_value in any::<String>(),
    ) {
        let text = json!({"Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:iam::1:{}", pieces.concat()),
            "Condition": {operator: {"aws:x": [pieces.concat(), value]}}}).to_string();
        let context = ConditionContext::default().with("aws:x", asked_value.as_str());
        let request = AccessRequest { action: &asked_value, resource: &asked_value, context: &context };
        for version in ["2008-10-17", "2012-10-17"] {
            for statement in [&text, &pieces.concat()] {
                let document = format!(r#"{{"Version":"{version}","Statement":{statement}}}"#);
                if let Ok(document) = PolicyDocument::parse(&document) {
                    evaluate([&document], &request);
                }
            }
        }
    }

    #[test]
    fn a_variable_stands_for_its_value_and_nothing_else(name in "[a-z*?${}:/]{0,6}", target in "[a-z*?${}:/]{0,6}") {
        let own = policy(&[json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::1:user/${aws:username}"})]);
        let context = ConditionContext::default().with("aws:username", name.as_str());
        for target in [&name, &target] {
            let resource = format!("arn:aws:iam::1:user/{target}");
            let request = AccessRequest { action: "iam:GetUser", resource: &resource, context: &context };
            prop_assert_eq!(evaluate([&own], &request) == Decision::Allow, *target == name);
        }
    }

    #[test]
    fn the_matcher_agrees_with_the_definition(pattern in "[ab*?é]{0,12}", text in "[abé]{0,14}") {
        agrees(&pattern, &text)?;
    }

    #[test]
    fn the_matcher_agrees_on_long_segments(segment in "[ab?]{1,8}", repeats in 1_usize..40, text in "[ab]{0,300}", tail in "[ab?*]{0,3}") {
        let segment = segment.repeat(repeats);
        agrees(&format!("*{segment}*{tail}"), &text)?;
        // A text that surely contains the segment, past any number of near misses.
        agrees(&format!("*{segment}*{tail}"), &format!("{text}{}{text}", segment.replace('?', "b")))?;
    }
}

/// Every text of these symbols up to a length.
fn every(symbols: &[&str], length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut start = 0;
    for _ in 0..length {
        let end = all.len();
        for index in start..end {
            all.extend(symbols.iter().map(|symbol| format!("{}{symbol}", all[index])).collect::<Vec<_>>());
        }
        start = end;
    }
    all
}

#[test]
fn the_matcher_agrees_on_every_short_pattern_and_text() {
    let texts = every(&["a", "b"], 4);
    for pattern in every(&["a", "b", "*", "?"], 5) {
        for text in &texts {
            agrees(&pattern, text).expect("the matcher and the definition agree");
        }
    }
}

#[test]
fn a_character_that_a_long_segment_took_is_not_there_for_the_next_one() {
    let (segment, taken) = (format!("{}b", "a?".repeat(40)), format!("{}b", "ax".repeat(40)));
    for text in [taken.clone(), format!("{taken}b"), format!("b{taken}"), format!("é{taken}éb")] {
        agrees(&format!("*{segment}*b*"), &text).expect("the matcher and the definition agree");
    }
}
