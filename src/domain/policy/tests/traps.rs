//! One or more rows for each mistake seen in other evaluators, and for each place where AWS's rule is easily misread.

use serde_json::json;

use super::{BOB, FAILS, HOLDS, MALFORMED, UNDECIDED, answer, check_conditions, decide, word};

#[test]
fn a_deny_after_an_allow_still_denies() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "IAM:getuser", "Resource": "*"});
    assert_eq!(answer(&json!([allow, deny]), &json!({})), "explicit-deny");
    assert_eq!(answer(&json!([deny, allow]), &json!({})), "explicit-deny");
    let other = json!({"Effect": "Deny", "NotAction": "IAM:GETUSER", "Resource": "*"});
    assert_eq!(answer(&json!([allow, other]), &json!({})), "allow");
}

#[test]
fn documents_outside_the_grammar_are_refused() {
    let statement = |member: &str| format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*"{member}}}"#);
    let policy = |members: &str| format!(r#"{{"Version":"2012-10-17",{members}}}"#);
    let one = |member: &str| policy(&format!(r#""Statement":{}"#, statement(member)));
    let texts = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{} x", one("")),
        format!("{}{}", one(""), one("")),
        policy(r#""Statement":"*""#),
        policy(r#""Statement":[[]]"#),
        policy(r#""Statement":[null]"#),
        policy(&format!(r#""Version":"2012-10-17","Statement":{}"#, statement(""))),
        policy(&format!(r#""statement":{}"#, statement(""))),
        policy(&format!(r#""Id":7,"Statement":{}"#, statement(""))),
        format!(r#"{{"Version":20121017,"Statement":{}}}"#, statement("")),
        policy(&format!(r#""Statement":[{},{}]"#, statement(r#","Sid":"A""#), statement(r#","Sid":"A""#))),
        one(r#","Sid":"not valid""#),
        one(r#","Sid":"Ä""#),
        one(r#","Sid":1"#),
        one(r#","NotPrincipal":{"AWS":"*"}"#),
        one(r#","NotResource":"*""#),
        one(r#","NotAction":"iam:*""#),
        one(r#","Action":"iam:*""#),
        one(r#","Act\u0069on":"iam:*""#),
        one(r#","Condition":null"#),
        one(r#","Condition":[]"#),
        one(r#","Condition":{"Bool":{}}"#),
        one(r#","Condition":{"Bool":"true"}"#),
        one(r#","Condition":{"Bool":{"aws:SecureTransport":[]}}"#),
        one(r#","Condition":{"Bool":{"aws:SecureTransport":null}}"#),
        one(r#","Condition":{"Bool":{"aws:SecureTransport":[["true"]]}}"#),
        one(r#","Condition":{"Bool":{"aws:SecureTransport":"true","aws:SecureTransport":"false"}}"#),
        one(r#","Condition":{"Bool":{"aws:SecureTransport":"true","AWS:securetransport":"false"}}"#),
        one(r#","Condition":{"Bool":{"SecureTransport":"true"}}"#),
        one(r#","Condition":{"Bool":{"aws:":"true"}}"#),
        one(r#","Condition":{"Bool":{":SecureTransport":"true"}}"#),
    ];
    let accepted: Vec<&String> =
        texts.iter().filter(|text| word(&decide(text, "iam:GetUser", BOB, &json!({}))) != "malformed").collect();
    assert!(accepted.is_empty(), "accepted: {accepted:#?}");
    assert_eq!(word(&decide(&one(r#","Sid":"","Condition":{}"#), "iam:GetUser", BOB, &json!({}))), "allow");
    let named = policy(&format!(r#""Id":"any text","Statement":{}"#, statement("")));
    assert_eq!(word(&decide(&named, "iam:GetUser", BOB, &json!({}))), "allow");
}

#[test]
fn a_principal_is_refused_as_what_it_is_and_not_as_a_misspelling() {
    for member in ["Principal", "NotPrincipal"] {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", member: "*"}}).to_string();
        let refused = decide(&policy, "iam:GetUser", BOB, &json!({})).expect_err("a refusal");
        assert_eq!(refused.message(), format!("An identity-based policy must not have a {member}."));
    }
}

#[test]
fn actions_and_resources_outside_the_grammar_are_refused() {
    let empty = json!([]);
    for action in [
        &json!(""),
        &json!("iam"),
        &json!("iam:"),
        &json!(":GetUser"),
        &json!("iam:a:b"),
        &json!("iam:${aws:x}"),
        &json!(7),
        &empty,
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        assert_eq!(answer(&statement, &json!({})), "malformed", "{action}");
        let statement = json!({"Effect": "Allow", "NotAction": action, "Resource": "*"});
        assert_eq!(answer(&statement, &json!({})), "malformed", "{action}");
    }
    let resources = [
        "",
        "arn",
        "arn:",
        "arn:aws",
        "arn:aws:",
        "arn::iam::1:user/x",
        "user/*",
        "**",
        "arn:aws:*:::x",
        "arn:aws:i?m::1:user/x",
        "arn:aws:iam::${aws:PrincipalAccount}:user/x",
        "arn:aws:iam::${aws:PrincipalAccount}",
        "arn:aws:iam::1:user/${",
        "arn:aws:iam::1:user/${}",
        "arn:aws:iam::1:user/${a}",
        "arn:aws:iam::1:user/${aws:${aws:x}}",
        "arn:aws:iam::1:user/${aws:x,bob}",
        "arn:aws:iam::1:user/${aws:x, '*'}",
        "arn:aws:iam::1:user/${aws:x, 'a'b'}",
        "arn:aws:iam::1:user/${ aws:x}",
        "arn:aws:iam::1:user/${*a}",
    ];
    for resource in resources {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
        assert_eq!(answer(&statement, &json!({})), "malformed", "{resource}");
        let statement = json!({"Effect": "Allow", "Action": "*", "NotResource": [resource]});
        assert_eq!(answer(&statement, &json!({})), "malformed", "{resource}");
    }
}

#[test]
fn a_variable_without_a_value_matches_nothing_and_widens_nothing() {
    let resource = |member: &str, effect: &str| json!({"Effect": effect, "Action": "*", member: "arn:aws:iam::*:user/${aws:PrincipalTag/x}"});
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    assert_eq!(answer(&resource("Resource", "Allow"), &json!({})), "implicit-deny");
    assert_eq!(answer(&json!([resource("Resource", "Deny"), all]), &json!({})), "allow");
    // An Allow for all but the caller's own must not become an Allow for all.
    assert_eq!(answer(&resource("NotResource", "Allow"), &json!({})), "implicit-deny");
    assert_eq!(answer(&json!([resource("NotResource", "Deny"), all]), &json!({})), "explicit-deny");
    // It is not an empty text either.
    let policy = json!({"Version": "2012-10-17", "Statement": resource("Resource", "Allow")}).to_string();
    let user = "arn:aws:iam::123456789012:user/";
    assert_eq!(word(&decide(&policy, "iam:GetUser", user, &json!({}))), "implicit-deny");
    assert_eq!(word(&decide(&policy, "iam:GetUser", user, &json!({"aws:PrincipalTag/x": ""}))), "allow");
    // A key with many values has no one value.
    assert_eq!(answer(&resource("Resource", "Allow"), &json!({"aws:PrincipalTag/x": ["bob", "eve"]})), "implicit-deny");
    // A default stands in for a missing value only.
    let default =
        json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/x, 'bob'}"});
    assert_eq!(answer(&default, &json!({"aws:PrincipalTag/x": "eve"})), "implicit-deny");
    let unset = json!({"aws:username": "bob"});
    check_conditions(&[
        ("equals", FAILS, json!({"StringEquals": {"aws:username": "${aws:PrincipalTag/x}"}}), unset.clone()),
        ("like", FAILS, json!({"StringLike": {"aws:username": "${aws:PrincipalTag/x}*"}}), unset.clone()),
        (
            "another value",
            HOLDS,
            json!({"StringEquals": {"aws:username": ["${aws:PrincipalTag/x}", "bob"]}}),
            unset.clone(),
        ),
        ("not equals", UNDECIDED, json!({"StringNotEquals": {"aws:username": "${aws:PrincipalTag/x}"}}), unset),
        (
            "not equals, key missing",
            UNDECIDED,
            json!({"StringNotEquals": {"aws:username": "${aws:PrincipalTag/x}"}}),
            json!({}),
        ),
        ("if exists", HOLDS, json!({"StringNotEqualsIfExists": {"aws:username": "${aws:PrincipalTag/x}"}}), json!({})),
    ]);
}

#[test]
fn wildcards_in_the_value_of_a_variable_are_literal() {
    let own = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::*:user/${aws:username}"});
    for name in ["*", "b*", "???", "b?b", "${aws:userid}"] {
        assert_eq!(answer(&own, &json!({"aws:username": name, "aws:userid": "bob"})), "implicit-deny", "{name}");
    }
    let arn = json!({"aws:PrincipalArn": BOB, "aws:PrincipalTag/x": "*"});
    check_conditions(&[
        (
            "ArnLike",
            FAILS,
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:PrincipalTag/x}"}}),
            arn.clone(),
        ),
        ("literal star", HOLDS, json!({"StringLike": {"aws:PrincipalTag/x": "${*}"}}), arn.clone()),
        ("literal star in equals", HOLDS, json!({"StringEquals": {"aws:PrincipalTag/x": "${*}"}}), arn),
        (
            "question mark and dollar",
            HOLDS,
            json!({"StringLike": {"aws:username": "${?}${$}{*}"}}),
            json!({"aws:username": "?${x}"}),
        ),
        ("question mark is none", FAILS, json!({"StringLike": {"aws:username": "${?}"}}), json!({"aws:username": "x"})),
    ]);
}

#[test]
fn without_the_newer_version_a_variable_is_plain_text() {
    for version in ["", r#""Version":"2008-10-17","#] {
        let policy = format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/${{aws:username}}"}}}}"#
        );
        assert_eq!(word(&decide(&policy, "iam:GetUser", BOB, &json!({"aws:username": "bob"}))), "implicit-deny");
        let literal = "arn:aws:iam::1:user/${aws:username}";
        assert_eq!(word(&decide(&policy, "iam:GetUser", literal, &json!({"aws:username": "bob"}))), "allow");
    }
}

#[test]
fn an_incomplete_arn_is_completed_with_wildcards() {
    let policy = |resource: &str| json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    for resource in
        ["arn:aws:iam", "arn:aws:iam:", "arn:aws:iam::123456789012", "arn:*:iam::*", "arn:aws:iam::*:user/*"]
    {
        assert_eq!(answer(&policy(resource), &json!({})), "allow", "{resource}");
    }
    for resource in ["arn:aws:sts", "arn:aws:iam:us-east-1", "arn:aws:iam::999999999999", "arn:aws-cn:iam"] {
        assert_eq!(answer(&policy(resource), &json!({})), "implicit-deny", "{resource}");
    }
    // As written it matches, completed it does not: too little for an Allow, enough for a Deny.
    assert_eq!(answer(&policy("arn:aws:iam:*user/bob"), &json!({})), "implicit-deny");
    let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:iam:*user/bob"}, policy("*")]);
    assert_eq!(answer(&deny, &json!({})), "explicit-deny");
    // An action without a resource is asked for "*", which only "*" covers.
    let policy = json!({"Statement": policy("arn:aws:iam::*:*")}).to_string();
    assert_eq!(word(&decide(&policy, "iam:ListUsers", "*", &json!({}))), "implicit-deny");
}

#[test]
fn negated_operators_are_neither_nor_and_hold_without_the_key() {
    let names = json!(["bob", "eve"]);
    let mut rows = Vec::new();
    for operator in ["StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike"] {
        rows.push((operator, FAILS, json!({operator: {"aws:username": names}}), json!({"aws:username": "bob"})));
        rows.push((operator, HOLDS, json!({operator: {"aws:username": names}}), json!({"aws:username": "dan"})));
        rows.push((operator, HOLDS, json!({operator: {"aws:username": names}}), json!({})));
    }
    let (ip, age, arn) = ("aws:SourceIp", "aws:MultiFactorAuthAge", "aws:PrincipalArn");
    rows.extend([
        (
            "not ip: in one",
            FAILS,
            json!({"NotIpAddress": {ip: ["10.0.0.0/8", "192.0.2.0/24"]}}),
            json!({ip: "192.0.2.1"}),
        ),
        (
            "not ip: in none",
            HOLDS,
            json!({"NotIpAddress": {ip: ["10.0.0.0/8", "192.0.2.0/24"]}}),
            json!({ip: "192.0.3.1"}),
        ),
        ("not ip: missing", HOLDS, json!({"NotIpAddress": {ip: "10.0.0.0/8"}}), json!({})),
        ("not numeric", FAILS, json!({"NumericNotEquals": {age: [1, 2]}}), json!({age: 2})),
        ("not date", HOLDS, json!({"DateNotEquals": {"aws:CurrentTime": "2030-01-01"}}), json!({})),
        ("not arn", FAILS, json!({"ArnNotLike": {arn: ["arn:aws:iam::*:user/x", BOB]}}), json!({arn: BOB})),
        ("not arn: missing", HOLDS, json!({"ArnNotEquals": {arn: BOB}}), json!({})),
    ]);
    check_conditions(&rows);
}

#[test]
fn arn_wildcards_stay_between_colons() {
    let key = "aws:SourceArn";
    let crossing =
        json!({key: "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"});
    let pattern = "arn:aws:someservice:*:111122223333:finance/*";
    let whole = json!({key: "arn:aws:logs:eu:1:log-group:name:stream"});
    check_conditions(&[
        ("ArnLike", FAILS, json!({"ArnLike": {key: pattern}}), crossing.clone()),
        ("ArnNotLike", HOLDS, json!({"ArnNotLike": {key: pattern}}), crossing.clone()),
        ("StringLike", HOLDS, json!({"StringLike": {key: pattern}}), crossing),
        (
            "the last component keeps its colons",
            HOLDS,
            json!({"ArnEquals": {key: "arn:aws:logs:eu:1:log-group:*"}}),
            whole.clone(),
        ),
        ("in each component", HOLDS, json!({"ArnLike": {key: "a?n:*:logs:*:*:*"}}), whole),
        (
            "the whole is a variable",
            HOLDS,
            json!({"ArnEquals": {key: "${aws:PrincipalArn}"}}),
            json!({key: BOB, "aws:PrincipalArn": BOB}),
        ),
        ("request value is no ARN", UNDECIDED, json!({"ArnLike": {key: "arn:*:*:*:*:*"}}), json!({key: "bob"})),
        ("policy value is no ARN", MALFORMED, json!({"ArnLike": {key: "*"}}), json!({key: BOB})),
    ]);
}

#[test]
fn booleans_and_null_compare_words() {
    let mfa = "aws:MultiFactorAuthPresent";
    check_conditions(&[
        ("text", HOLDS, json!({"Bool": {mfa: "true"}}), json!({mfa: "true"})),
        ("any case", HOLDS, json!({"Bool": {mfa: "TRUE"}}), json!({mfa: "True"})),
        ("JSON", HOLDS, json!({"Bool": {mfa: false}}), json!({mfa: "false"})),
        ("other word in the request", UNDECIDED, json!({"Bool": {mfa: "true"}}), json!({mfa: "1"})),
        ("other word in the policy", MALFORMED, json!({"Bool": {mfa: "yes"}}), json!({mfa: "true"})),
        (
            "variable",
            HOLDS,
            json!({"Bool": {mfa: "${aws:PrincipalTag/mfa}"}}),
            json!({mfa: "true", "aws:PrincipalTag/mfa": "true"}),
        ),
        ("if exists, missing", HOLDS, json!({"BoolIfExists": {mfa: "false"}}), json!({})),
        ("if exists, present", FAILS, json!({"BoolIfExists": {mfa: "false"}}), json!({mfa: "true"})),
        ("null: no value is null", HOLDS, json!({"Null": {mfa: true}}), json!({mfa: []})),
        ("null: an empty text is not", FAILS, json!({"Null": {mfa: "true"}}), json!({mfa: ""})),
        ("null: missing", FAILS, json!({"Null": {mfa: "false"}}), json!({})),
        ("null if exists", MALFORMED, json!({"NullIfExists": {mfa: "true"}}), json!({})),
        ("null for all", MALFORMED, json!({"ForAllValues:Null": {mfa: "true"}}), json!({})),
        ("operator in another case", MALFORMED, json!({"bool": {mfa: "true"}}), json!({mfa: "true"})),
        ("set operator in another case", MALFORMED, json!({"forAllValues:Bool": {mfa: "true"}}), json!({mfa: "true"})),
    ]);
}

#[test]
fn numbers_are_compared_exactly() {
    let age = "aws:MultiFactorAuthAge";
    check_conditions(&[
        (
            "beyond floating point",
            FAILS,
            json!({"NumericEquals": {age: "9007199254740993"}}),
            json!({age: "9007199254740992"}),
        ),
        ("same value, other form", HOLDS, json!({"NumericEquals": {age: "007.50"}}), json!({age: "7.5"})),
        ("negative", HOLDS, json!({"NumericLessThan": {age: "0.1"}}), json!({age: "-0.2"})),
        ("JSON fraction", HOLDS, json!({"NumericGreaterThan": {age: 0.5}}), json!({age: "1"})),
        ("at the limit", HOLDS, json!({"NumericLessThanEquals": {age: 3600}}), json!({age: 3600})),
        ("over the limit", FAILS, json!({"NumericLessThan": {age: 3600}}), json!({age: 3600})),
        ("greater or equal", HOLDS, json!({"NumericGreaterThanEquals": {age: 3600}}), json!({age: 3600})),
        ("request value is no number", UNDECIDED, json!({"NumericLessThan": {age: 3600}}), json!({age: "many"})),
        ("request value is no number, negated", UNDECIDED, json!({"NumericNotEquals": {age: 3600}}), json!({age: ""})),
        ("no number", MALFORMED, json!({"NumericLessThan": {age: "3600s"}}), json!({age: 1})),
        ("infinite", MALFORMED, json!({"NumericLessThan": {age: "inf"}}), json!({age: 1})),
        ("no digits", MALFORMED, json!({"NumericLessThan": {age: "1."}}), json!({age: 1})),
        ("huge", MALFORMED, json!({"NumericLessThan": {age: 1e300}}), json!({age: 1})),
        ("a fraction as text", MALFORMED, json!({"StringEquals": {age: 1.1}}), json!({age: "1.1"})),
        ("an integer as text", HOLDS, json!({"StringEquals": {age: 11}}), json!({age: "11"})),
        ("variable", MALFORMED, json!({"NumericEquals": {age: "${aws:MultiFactorAuthAge}"}}), json!({age: 1})),
        ("a plus sign", HOLDS, json!({"NumericEquals": {age: "+5"}}), json!({age: 5})),
        ("18 digits", HOLDS, json!({"NumericLessThan": {age: "999999999999999999"}}), json!({age: 1})),
        ("19 digits", MALFORMED, json!({"NumericLessThan": {age: "1999999999999999999"}}), json!({age: 1})),
        ("18 places", HOLDS, json!({"NumericLessThan": {age: "1.000000000000000001"}}), json!({age: 1})),
        ("19 places", MALFORMED, json!({"NumericLessThan": {age: "1.0000000000000000001"}}), json!({age: 1})),
        (
            "the last exact JSON fraction",
            HOLDS,
            json!({"NumericLessThan": {age: 4_503_599_627_370_495.5}}),
            json!({age: 1}),
        ),
        (
            "a JSON fraction that was rounded",
            MALFORMED,
            json!({"NumericLessThan": {age: 9_007_199_254_740_992.0}}),
            json!({age: 1}),
        ),
        ("one far below", MALFORMED, json!({"NumericLessThan": {age: -9_007_199_254_740_994.0}}), json!({age: 1})),
    ]);
}

#[test]
fn dates_are_instants_in_every_documented_form() {
    let now = "aws:CurrentTime";
    let noon = json!({now: "2026-01-01T12:00:00Z"});
    let mut rows = Vec::new();
    for same in [
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00Z",
        "2026-01-01T14:00+02:00",
        "2026-01-01T12:00:00.000Z",
        "1767268800",
    ] {
        rows.push((same, HOLDS, json!({"DateEquals": {now: same}}), noon.clone()));
    }
    for earlier in ["2026-01", "2026-01-01", "0", "2026-01-01T11:59:59.999Z"] {
        rows.push((earlier, HOLDS, json!({"DateGreaterThan": {now: earlier}}), noon.clone()));
    }
    for refused in [
        "2026",
        "",
        "tomorrow",
        "2026-1-1",
        "2026-13-01",
        "2026-02-30",
        "01/01/2026",
        "2026-01-01T12:00:00",
        "2026-01-*",
        "99999999999999999999",
        "1767268800000",
        "-5",
        "２０２６-01-01",
    ] {
        rows.push((refused, MALFORMED, json!({"DateLessThan": {now: refused}}), noon.clone()));
    }
    rows.push((
        "epoch in the request",
        HOLDS,
        json!({"DateLessThanEquals": {"aws:EpochTime": "2026-01-01T12:00:00Z"}}),
        json!({"aws:EpochTime": 1_767_268_800}),
    ));
    rows.push((
        "no date in the request",
        UNDECIDED,
        json!({"DateLessThan": {now: "2026-01-01"}}),
        json!({now: "soon"}),
    ));
    check_conditions(&rows);
}

#[test]
fn addresses_are_matched_by_network() {
    let ip = "aws:SourceIp";
    check_conditions(&[
        ("host bits", HOLDS, json!({"IpAddress": {ip: "10.1.2.3/8"}}), json!({ip: "10.9.9.9"})),
        ("mapped client", HOLDS, json!({"IpAddress": {ip: "10.0.0.0/8"}}), json!({ip: "::ffff:10.0.0.1"})),
        ("mapped network", HOLDS, json!({"IpAddress": {ip: "::ffff:10.0.0.0/104"}}), json!({ip: "10.0.0.1"})),
        ("outside a mapped network", FAILS, json!({"IpAddress": {ip: "::ffff:10.0.0.0/104"}}), json!({ip: "11.0.0.1"})),
        ("mapped address", HOLDS, json!({"IpAddress": {ip: "::ffff:10.0.0.1"}}), json!({ip: "10.0.0.1"})),
        ("every mapped address", HOLDS, json!({"IpAddress": {ip: "::ffff:0.0.0.0/96"}}), json!({ip: "10.0.0.1"})),
        ("more than the mapped", FAILS, json!({"IpAddress": {ip: "::ffff:0.0.0.0/95"}}), json!({ip: "10.0.0.1"})),
        ("more, mapped client", HOLDS, json!({"IpAddress": {ip: "::ffff:0.0.0.0/95"}}), json!({ip: "::ffff:10.0.0.1"})),
        ("long IPv6 prefix", FAILS, json!({"IpAddress": {ip: "2001:db8::/97"}}), json!({ip: "2001:db8::1:0:0"})),
        ("other family", FAILS, json!({"IpAddress": {ip: ["0.0.0.0/0"]}}), json!({ip: "2001:db8::1"})),
        ("everyone of the family", HOLDS, json!({"IpAddress": {ip: "::/0"}}), json!({ip: "2001:db8::1"})),
        ("single v6", FAILS, json!({"IpAddress": {ip: "2001:db8::1"}}), json!({ip: "2001:db8::2"})),
        ("no address in the request", UNDECIDED, json!({"IpAddress": {ip: "10.0.0.0/8"}}), json!({ip: "unix"})),
        (
            "no address in the request, negated",
            UNDECIDED,
            json!({"NotIpAddress": {ip: "10.0.0.0/8"}}),
            json!({ip: "10.0.0.1:80"}),
        ),
        ("wildcard", MALFORMED, json!({"IpAddress": {ip: "10.0.*"}}), json!({ip: "10.0.0.1"})),
        ("octal", MALFORMED, json!({"IpAddress": {ip: "010.0.0.1"}}), json!({ip: "8.0.0.1"})),
        ("too long a prefix", MALFORMED, json!({"IpAddress": {ip: "10.0.0.0/33"}}), json!({ip: "10.0.0.1"})),
        ("signed prefix", MALFORMED, json!({"IpAddress": {ip: "10.0.0.0/+8"}}), json!({ip: "10.0.0.1"})),
        ("empty prefix", MALFORMED, json!({"IpAddress": {ip: "10.0.0.0/"}}), json!({ip: "10.0.0.1"})),
    ]);
}

#[test]
fn set_operators_quantify_over_the_values_of_the_request() {
    let key = "aws:TagKeys";
    let tags = |values: &[&str]| json!({key: values});
    let condition = |operator: &str| json!({operator: {key: ["a", "b"]}});
    check_conditions(&[
        ("all, subset", HOLDS, condition("ForAllValues:StringEquals"), tags(&["a"])),
        ("all, missing", HOLDS, condition("ForAllValues:StringEquals"), json!({})),
        ("all, no value", HOLDS, condition("ForAllValues:StringEquals"), tags(&[])),
        ("any, missing", FAILS, condition("ForAnyValue:StringEquals"), json!({})),
        ("any, none in common", FAILS, condition("ForAnyValue:StringEquals"), tags(&["c", "d"])),
        ("all, negated", FAILS, condition("ForAllValues:StringNotEquals"), tags(&["a", "c"])),
        ("all, negated, disjoint", HOLDS, condition("ForAllValues:StringNotEquals"), tags(&["c", "d"])),
        ("any, negated, one outside", HOLDS, condition("ForAnyValue:StringNotEquals"), tags(&["a", "c"])),
        ("any, negated, all inside", FAILS, condition("ForAnyValue:StringNotEquals"), tags(&["a", "b"])),
        ("any, negated, missing", FAILS, condition("ForAnyValue:StringNotEquals"), json!({})),
        ("any, if exists, missing", UNDECIDED, condition("ForAnyValue:StringEqualsIfExists"), json!({})),
        ("all, an empty text", UNDECIDED, condition("ForAllValues:StringEquals"), tags(&[""])),
        ("plain operator, values agree", HOLDS, condition("StringEquals"), tags(&["a", "b"])),
        ("plain operator, values differ", UNDECIDED, condition("StringEquals"), tags(&["a", "c"])),
        ("plain negated operator, values differ", UNDECIDED, condition("StringNotEquals"), tags(&["a", "c"])),
        ("both set operators", MALFORMED, condition("ForAllValues:ForAnyValue:StringEquals"), tags(&["a"])),
        ("unknown set operator", MALFORMED, condition("ForSomeValues:StringEquals"), tags(&["a"])),
    ]);
}

#[test]
fn texts_compare_by_the_case_rule_of_their_operator() {
    let name = "aws:username";
    check_conditions(&[
        ("equals", FAILS, json!({"StringEquals": {name: "BOB"}}), json!({name: "bob"})),
        ("like", FAILS, json!({"StringLike": {name: "B*"}}), json!({name: "bob"})),
        ("ignoring case", HOLDS, json!({"StringEqualsIgnoreCase": {name: "BÖB"}}), json!({name: "böb"})),
        ("ignoring case, no wildcard", FAILS, json!({"StringEqualsIgnoreCase": {name: "b*"}}), json!({name: "bob"})),
        ("ignoring case, negated", FAILS, json!({"StringNotEqualsIgnoreCase": {name: "BOB"}}), json!({name: "bob"})),
        ("binary", HOLDS, json!({"BinaryEquals": {name: "Ym9i"}}), json!({name: "bob"})),
        ("binary, other", FAILS, json!({"BinaryEquals": {name: "Ym9i"}}), json!({name: "Ym9i"})),
        ("binary, not base64", MALFORMED, json!({"BinaryEquals": {name: "bob!"}}), json!({name: "bob"})),
        (
            "two keys are both needed",
            FAILS,
            json!({"StringEquals": {name: "bob", "aws:userid": "AIDA"}}),
            json!({name: "bob"}),
        ),
        ("not like", HOLDS, json!({"StringNotLike": {name: ["x*", "*x"]}}), json!({name: "bob"})),
    ]);
}
