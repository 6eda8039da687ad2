//! What a line says: the members of AWS's records, and one record whatever stands in it.

use super::*;
use crate::support::api::Api;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY};
use my_security_credentials::store::audit::AuditRecord;
use serde_json::json;

each_engine! {
    a_record_is_one_line_whatever_stands_in_it,
}

async fn shipped(server: &TestServer, event_name: &str) -> Vec<Value> {
    let_records_grow_old(server);
    let shipping = Shipping::new();
    // From the beginning again: a test of what the lines say.
    server.database.execute("DELETE FROM audit_cursors").await;
    server.database.execute("DELETE FROM leases").await;
    shipping.shipper(server).ship().await;
    shipping.events().into_iter().filter(|event| event["eventName"] == event_name).collect()
}

/// Without what is another one each time.
fn masked(mut event: Value) -> Value {
    for member in ["requestID", "eventID"] {
        assert_eq!(event[member].as_str().expect(member).len(), 36);
        event[member] = json!("ID");
    }
    if let Some(id) = event.pointer_mut("/userIdentity/principalId") {
        assert!(id.as_str().is_some_and(|id| id.starts_with("AIDA")));
        *id = json!("AIDA");
    }
    event
}

fn sign_in(server: &TestServer, login_to: &str, outcome: &str, identity: &Value) -> Value {
    json!({
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": "2026-11-23T18:41:00Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": null,
        "requestParameters": null,
        "responseElements": { "ConsoleLogin": outcome },
        "additionalEventData": {
            "LoginTo": format!("{}{login_to}", server.url),
            "MobileVersion": "No",
            "MFAUsed": "No",
            "door": "console",
        },
        "requestID": "ID",
        "eventID": "ID",
        "eventType": "AwsConsoleSignIn",
        "recipientAccountId": "123456789012",
        "managementEvent": true,
        "readOnly": false,
        "eventCategory": "Management",
    })
}

#[tokio::test]
async fn a_sign_in_is_a_console_login_as_aws_records_it() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    browser.get(&format!("/signin/{ALIAS}")).await;
    let next = "/console/security-credentials";
    let fields = [("user_name", "alice"), ("password", PASSWORD), ("next", next)];
    assert_eq!(browser.post(&format!("/signin/{ALIAS}"), &fields).await.status, 303);
    let identity = json!({
        "type": "IAMUser",
        "principalId": "AIDA",
        "arn": "arn:aws:iam::123456789012:user/alice",
        "accountId": "123456789012",
        "userName": "alice",
    });
    let events: Vec<Value> = shipped(&server, "ConsoleLogin").await.into_iter().map(masked).collect();
    assert_eq!(events, [sign_in(&server, next, "Success", &identity)]);
}

#[tokio::test]
async fn a_failed_sign_in_names_the_user_if_there_is_one_and_never_what_was_typed() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    server.browser().sign_in(ALIAS, "alice", "wrong").await;
    server.browser().sign_in(ALIAS, "MyS3cretPassword", "wrong").await;
    server.browser().sign_in("no-such-account", "MyS3cretPassword", "wrong").await;
    let known = json!({
        "type": "IAMUser",
        "principalId": "AIDA",
        "accountId": "123456789012",
        "accessKeyId": "",
        "userName": "alice",
    });
    let unknown = json!({
        "type": "IAMUser",
        "accountId": "123456789012",
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    });
    let nowhere = json!({ "type": "IAMUser", "accessKeyId": "", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" });
    let failure = |identity: &Value, message: &str| {
        let mut event = sign_in(&server, "/console", "Failure", identity);
        event["errorMessage"] = json!(message);
        event
    };
    let mut events: Vec<Value> = shipped(&server, "ConsoleLogin").await.into_iter().map(masked).collect();
    let mut expected = vec![
        failure(&known, "Failed authentication"),
        failure(&unknown, "No username found in supplied account"),
        failure(&nowhere, "No username found in supplied account"),
    ];
    expected[2]["recipientAccountId"] = Value::Null;
    // All are of one moment: their order is that of their IDs.
    for list in [&mut events, &mut expected] {
        list.sort_by_key(ToString::to_string);
    }
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_change_by_form_and_one_by_api_are_calls_as_aws_records_them() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    let api = Api::of(&server, "alice").await;
    let change = [("OldPassword", NEW_PASSWORD), ("NewPassword", PASSWORD)];
    api.call("ChangePassword", &change).await.assert_done();
    api.call("ListUsers", &[]).await;
    let identity = |more: &Value| {
        let mut identity = json!({
            "type": "IAMUser",
            "principalId": "AIDA",
            "arn": "arn:aws:iam::123456789012:user/alice",
            "accountId": "123456789012",
            "userName": "alice",
        });
        identity.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        identity
    };
    let session = json!({ "sessionContext": { "attributes": {
        "mfaAuthenticated": "false", "creationDate": "2026-11-23T18:41:00Z",
    } } });
    let mut by_form = sign_in(&server, "", "", &identity(&session));
    for (member, value) in [
        ("eventSource", json!("iam.amazonaws.com")),
        ("eventName", json!("ChangePassword")),
        ("eventType", json!("AwsApiCall")),
        ("responseElements", Value::Null),
        ("additionalEventData", json!({ "door": "console" })),
    ] {
        by_form[member] = value;
    }
    let mut by_api = by_form.clone();
    by_api["userIdentity"] = identity(&json!({ "accessKeyId": api.access_key_id }));
    by_api["additionalEventData"] = json!({ "door": "query-api" });
    let changes: Vec<Value> = shipped(&server, "ChangePassword").await.into_iter().map(masked).collect();
    assert_eq!(changes.len(), 2);
    assert!(changes.contains(&by_form) && changes.contains(&by_api), "{changes:#?}");

    let refused = shipped(&server, "ListUsers").await;
    assert_eq!(refused.len(), 1);
    assert_eq!((&refused[0]["errorCode"], &refused[0]["readOnly"]), (&json!("AccessDenied"), &json!(true)));
    assert!(refused[0]["errorMessage"].as_str().is_some_and(|said| said.contains("is not authorized to perform")));
}

#[tokio::test]
async fn the_members_of_a_line_stand_in_the_order_of_the_guide() {
    let server = TestServer::start().await;
    let_records_grow_old(&server);
    let shipping = Shipping::new();
    shipping.shipper(&server).ship().await;
    let text = std::fs::read_to_string(&shipping.file).expect("lines");
    let line = text.lines().next().expect("a line");
    let members = ["{\"eventVersion\"", ",\"userIdentity\"", ",\"eventTime\"", ",\"eventSource\"", ",\"eventName\""];
    let places: Vec<Option<usize>> = members.iter().map(|member| line.find(member)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{line}");
}

/// Everything that ends a line for somebody, moves a terminal's cursor, or ends a string of JSON.
const NASTY: &str = "a\r\nb\x1b[2Jc\u{2028}d\u{2029}e\u{85}f\u{9b}31m\u{b}\u{c}\0\u{7f}\"}\\\",\"userName\":\"root\u{feff}é😀\u{202e}\u{2066}\u{200f}";

async fn a_record_is_one_line_whatever_stands_in_it(database: Database) {
    let on_postgres = database.settings.url.starts_with("postgres");
    let server = TestServer::start_on(database).await;
    // PostgreSQL keeps no NUL, so that none comes out of it.
    let nasty = if on_postgres { NASTY.replace('\0', "") } else { NASTY.to_owned() };
    let text = || Some(nasty.clone());
    let record = AuditRecord {
        event_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        account_id: None,
        user_id: None,
        event_time: server.clock.now(),
        event_name: nasty.clone(),
        event_source: nasty.clone(),
        event_type: nasty.clone(),
        user_name: text(),
        user_identity: json!({ "type": "IAMUser", "userName": nasty }).to_string(),
        source_ip_address: text(),
        user_agent: text(),
        request_id: text(),
        error_code: text(),
        error_message: text(),
        request_parameters: Some(json!({ "accountAlias": nasty }).to_string()),
        // Not even JSON.
        response_elements: text(),
        additional_event_data: text(),
    };
    server.app.store.audit(&record).await.expect("a record");
    let_records_grow_old(&server);
    let shipping = Shipping::new();
    let shipped = shipping.shipper(&server).ship().await;
    let bytes = std::fs::read(&shipping.file).expect("lines");
    let lines = String::from_utf8(bytes).expect("text");
    let ends = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    assert_eq!(lines.chars().filter(|c| ends(*c)).count() as u64, shipped, "every line ends once, to whomever");
    assert!(!lines.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!lines.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "nor does it turn a reader's line around");
    let event = shipping.events().into_iter().find(|event| event["eventName"] == nasty).expect("the event");
    assert_eq!(event["userIdentity"]["userName"], nasty);
    assert_eq!(event["requestParameters"]["accountAlias"], nasty);
    for member in ["eventSource", "eventType", "sourceIPAddress", "userAgent", "requestID", "errorCode", "errorMessage"]
    {
        assert_eq!(event[member], nasty, "{member}");
    }
    for member in ["responseElements", "additionalEventData"] {
        assert_eq!(event[member], nasty, "{member}");
    }
}

#[tokio::test]
async fn what_a_browser_says_of_itself_is_a_field_and_no_line() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    browser.get(&format!("/signin/{ALIAS}")).await;
    let agent = "x\"}\u{2028}{\"eventName\":\"Forged\"}\t\u{9b}2J";
    let agent_header = reqwest::header::HeaderValue::from_bytes(agent.as_bytes()).expect("a header");
    let body = format!("csrf={}&user_name=alice%0d%0a&password=x", crate::support::browser::encoded(&browser.csrf));
    let request = browser
        .request("POST", &format!("/signin/{ALIAS}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("user-agent", agent_header)
        .body(body);
    assert_eq!(browser.send(request).await.status, 422);
    let events = shipped(&server, "ConsoleLogin").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["userAgent"], agent);
    assert_eq!(events[0]["userIdentity"]["userName"], "HIDDEN_DUE_TO_SECURITY_REASONS");
}
