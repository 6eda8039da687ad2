//! The JSON of policies against `serde_json`'s own: the same values, but that nothing stands twice and order is kept.

use crate::domain::policy::json::Json;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(|number| Value::from(number + 0.5)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Back to the library's form.
fn seen(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => flag.into(),
        Json::Integer(number) => {
            i64::try_from(number).map_or_else(|_| u64::try_from(number).unwrap().into(), Value::from)
        }
        Json::Decimal(number) => number.into(),
        Json::Text(text) => text.into(),
        Json::List(elements) => elements.into_iter().map(seen).collect(),
        Json::Object(members) => Value::Object(members.into_iter().map(|(name, value)| (name, seen(value))).collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_json_says_is_read(value in value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        // The library reads a number of many digits not always as the very one that it wrote.
        prop_assert_eq!(seen(Json::parse(&text).unwrap()), serde_json::from_str::<Value>(&text).unwrap());
    }

    /// Nearly JSON: what the library refuses is refused, and what it takes is taken unless a member stands twice.
    #[test]
    fn what_is_no_json_is_refused_with_where(pieces in proptest::collection::vec(select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u0061\"", "1", "-", "1e5", "01", "true", "nul", "null", " ", "\"\\ud800\"", "//", "'a'",
    ]), 0..12)) {
        let text = pieces.concat();
        match (Json::parse(&text), serde_json::from_str::<Value>(&text)) {
            (Ok(json), Ok(value)) => prop_assert_eq!(seen(json), value),
            (Err(error), outcome) => {
                prop_assert_eq!(error.message(), "This policy contains invalid Json");
                let detail = error.detail().unwrap_or_default();
                prop_assert!(outcome.is_err() || detail.contains("stands twice in one object"), "{}: {}", text, detail);
            }
            (Ok(_), Err(error)) => prop_assert!(false, "{} is taken, and is none: {}", text, error),
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth_and_in_any_spelling(
        name in "[a-z]{1,4}", between in proptest::collection::btree_map("[A-Z]{1,3}", "[a-z]{0,3}", 0..4), depth in 0_usize..6,
    ) {
        let others = between.iter().map(|(name, value)| format!("\"{name}\":\"{value}\",")).collect::<Vec<_>>().concat();
        let first = name.as_bytes()[0];
        let spelled = format!("\\u{first:04x}{}", &name[1..]);
        let wrapped = |second: &str| format!("{}{{\"{name}\":1,{others}\"{second}\":2}}{}", "[".repeat(depth), "]".repeat(depth));
        for second in [&name, &spelled] {
            prop_assert!(Json::parse(&wrapped(second)).is_err(), "{}", wrapped(second));
        }
        prop_assert!(Json::parse(&wrapped("other")).is_ok());
    }
}
