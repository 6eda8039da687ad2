//! Text of an attacker's in every place that takes text: it stays text, in pages, headers, XML, records and SQL.

use crate::support::api::Api;
use crate::support::browser::encoded;
use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::pages::frame::{Assets, Frame, Theme, UserMenu};
use my_security_credentials::pages::sign_in::{RememberedUser, SignInPage, UserSignInPage};
use proptest::prelude::*;

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Each breaks out of something.
const HOSTILE: [&str; 16] = [
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</title><svg onload=alert(1)>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "\\'; SELECT pg_sleep(10); --",
    "a\r\nSet-Cookie: x=1",
    "a\nX-Injected: 1",
    "%0d%0aX-Injected: 1",
    "]]><x/>",
    "&lt;&amp;&#0;&#x41;",
    "\u{2028}\u{2029}\u{202e}",
    "\u{fffe}\u{ffff}\u{1}",
    "$(id)`id`|id",
    "%s%n{0}",
];

each_engine!(
    what_is_typed_into_a_form_comes_back_as_text_and_reaches_no_header,
    what_is_told_about_oneself_is_one_value_of_one_record,
    what_the_api_keeps_comes_back_as_it_was_put_and_well_formed,
    text_that_is_encoded_twice_is_decoded_once_at_both_doors,
    an_empty_parameter_is_no_parameter_that_is_missing,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

fn is_clean(page: &Page, what: &str) {
    assert!(page.headers.get("x-injected").is_none(), "{what:?}");
    for cookie in page.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap_or("?");
        assert!(cookie.starts_with("msc-") && !cookie.contains(['\r', '\n']), "{what:?}: {cookie}");
    }
    let location = page.location();
    assert!(location.is_empty() || location.starts_with('/') && !location.starts_with("//"), "{what:?}: {location}");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{what:?}: {location}");
    for wrong in ["script:not([src])", "img", "[onerror]", "[onload]", "iframe", "object", "svg[onload]", "base"] {
        assert_eq!(page.texts(wrong).len(), 0, "{what:?}: {wrong}");
    }
    assert!(page.status < 500, "{what:?}: {}", page.status);
}

async fn what_is_typed_into_a_form_comes_back_as_text_and_reaches_no_header(database: Database) {
    let server = server(database).await;
    let mut browser = server.browser();
    for text in HOSTILE {
        browser.get("/signin").await;
        let page = browser.post("/signin", &[("account", text), ("next", text)]).await;
        is_clean(&page, text);
        assert_eq!(page.status, 422, "{text:?}");
        assert_eq!(page.attributes("#account", "value"), [shown(text)], "{text:?}");
        let page = browser.post("/signin", &[("account", ALIAS), ("next", text)]).await;
        is_clean(&page, text);
        assert_eq!(page.location(), "/signin/example-corp", "{text:?}");
        browser.get("/signin/example-corp").await;
        let fields = [("user_name", text), ("password", "wrong"), ("next", text), ("remember", text)];
        let page = browser.post("/signin/example-corp", &fields).await;
        is_clean(&page, text);
        assert_eq!(page.attributes("#user_name", "value"), [shown(text)], "{text:?}");
        let fields = [("account", text), ("user_name", text), ("next", text)];
        is_clean(&browser.post("/signin/step/forget", &fields).await, text);
        for path in [
            "/signin?next=",
            "/signin/example-corp?next=",
            "/signin?switch=",
            "/signin/",
            "/console/",
            "/nope/",
            "/?x=",
        ] {
            is_clean(&browser.get(&format!("{path}{}", encoded(text))).await, text);
        }
        let mut alice = server.browser();
        alice.get("/signin/example-corp").await;
        let page =
            alice.post("/signin/example-corp", &[("user_name", "alice"), ("password", PASSWORD), ("next", text)]).await;
        is_clean(&page, text);
        assert_eq!((page.status, page.location()), (303, "/console"), "{text:?}");
        let page = alice.change_password(text, text).await;
        is_clean(&page, text);
        assert_eq!(page.status, 422, "{text:?}");
        let passwords = page.attributes("input[type=password]", "value").concat();
        assert!(passwords.is_empty() && !page.body.contains(text), "no password comes back: {text:?}");
    }
}

/// As an HTML parser reads an attribute.
fn shown(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The user agent is the one text of a request that is kept as it came.
async fn what_is_told_about_oneself_is_one_value_of_one_record(database: Database) {
    let server = server(database).await;
    let forged = "\"},{\"eventName\":\"Forged\",\"userIdentity\":\"' OR 1=1 --\u{e9}\u{2028}<script>";
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let agent = |request: reqwest::RequestBuilder| {
        request
            .header("user-agent", forged.as_bytes())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", forged.as_bytes())
            .header("x-request-id", "forged-id")
    };
    for password in ["wrong", PASSWORD] {
        let body = format!("csrf={}&user_name=alice&password={password}", browser.csrf);
        let request = agent(browser.request("POST", "/signin/example-corp").body(body));
        let answer = browser.send(request).await;
        assert_ne!(answer.header("x-request-id"), "forged-id");
    }
    let sql = "SELECT user_agent FROM audit_records WHERE event_name = 'ConsoleLogin' ORDER BY event_time, event_id";
    let agents = server.database.texts(sql).await;
    assert_eq!(agents, [forged, forged]);
    let made_up = "SELECT COUNT(*) FROM audit_records WHERE event_name = 'Forged' OR event_id = 'forged-id' OR request_id = 'forged-id'";
    assert_eq!(server.database.number(made_up).await, 0);
    for identity in server.database.texts("SELECT user_identity FROM audit_records").await {
        let identity: serde_json::Value = serde_json::from_str(&identity).expect("one JSON value");
        assert!(identity.is_object());
    }
    let page = browser.get("/console/security-credentials").await;
    assert!(page.status == 200 && !page.body.contains("<script>"));
}

async fn what_the_api_keeps_comes_back_as_it_was_put_and_well_formed(database: Database) {
    let server = server(database).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let admin = Api::of(&server, "admin").await;
    for (number, text) in HOSTILE.into_iter().enumerate() {
        let name = format!("u{number}");
        let tags = [("UserName", name.as_str()), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", text)];
        let before = server.database.rows().await;
        let answer = admin.call("CreateUser", &tags).await;
        is_xml(&answer.body);
        if answer.status == 200 {
            let listed = admin.call("ListUserTags", &[("UserName", &name)]).await;
            assert_eq!(listed.text("Value").as_deref(), Some(text));
        } else {
            assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{text:?}: {}", answer.body);
            assert_eq!(server.database.rows().await, before, "{text:?}");
        }
        for (action, member) in [
            ("GetUser", "UserName"),
            ("CreateGroup", "GroupName"),
            ("GetPolicy", "PolicyArn"),
            ("CreateAccountAlias", "AccountAlias"),
            ("GetAccessKeyLastUsed", "AccessKeyId"),
            ("ListUsers", "Marker"),
            ("ListUsers", "PathPrefix"),
            ("ListUsers", "MaxItems"),
        ] {
            let answer = admin.call(action, &[(member, text)]).await;
            is_xml(&answer.body);
            assert!((400..500).contains(&answer.status), "{action} {member} {text:?}: {}", answer.body);
        }
        let action = admin.call(text, &[]).await;
        is_xml(&action.body);
        assert_eq!(action.status, 400, "{text:?}: {}", action.body);
        // A document holds any text, and comes back as it is.
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:X",
            "Resource": "*", "Condition": {"StringEquals": {"aws:username": text}}}});
        let document = document.to_string();
        let put = [("UserName", "alice"), ("PolicyName", "hostile"), ("PolicyDocument", document.as_str())];
        let answer = admin.call("PutUserPolicy", &put).await;
        is_xml(&answer.body);
        if answer.status == 200 {
            let got = admin.call("GetUserPolicy", &put[..2]).await;
            let escaped = got.text("PolicyDocument").expect("a document");
            let plain = percent_encoding::percent_decode_str(&escaped).decode_utf8().expect("UTF-8");
            assert_eq!(plain, document, "{text:?}");
        }
    }
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303, "and everybody is still there");
}

/// Well-formed, in characters that XML 1.0 has.
fn is_xml(body: &str) {
    let mut reader = quick_xml::Reader::from_str(body);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(_) => {}
            Err(error) => panic!("{error}: {body}"),
        }
    }
    let forbidden =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    assert!(!body.contains(forbidden), "{body:?}");
}

async fn text_that_is_encoded_twice_is_decoded_once_at_both_doors(database: Database) {
    let server = server(database).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    for (sent, read) in [("%2541", "%41"), ("%252e%252e%252f", "%2e%2e%2f"), ("%253Cb%253E", "%3Cb%3E"), ("%2B+", "+ ")]
    {
        let body = format!("csrf={}&user_name={sent}&password={sent}", browser.csrf);
        let page = browser.post_raw("/signin/example-corp", &body).await;
        assert_eq!(page.attributes("#user_name", "value"), [read], "{sent}");
        let body = format!("csrf={}&account={sent}", browser.csrf);
        let page = browser.post_raw("/signin", &body).await;
        assert_eq!(page.attributes("#account", "value"), [read], "{sent}");
    }
    // A password that looks encoded is not the one that it would be decoded to.
    server.reset_password("alice", "Percent-%41-1", false).await;
    assert_eq!(server.browser().sign_in(ALIAS, "alice", "Percent-%41-1").await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", "Percent-A-1").await.status, 422);
    let alice = Api::of(&server, "alice").await;
    let change = async |old: &str| {
        alice.call("ChangePassword", &[("OldPassword", old), ("NewPassword", "Plus+and%2Bor %20-1")]).await.status
    };
    assert_eq!((change("Percent-A-1").await, change("Percent-%41-1").await), (403, 200));
    for (typed, status) in [("Plus and%2Bor %20-1", 422), ("Plus+and+or  -1", 422), ("Plus+and%2Bor %20-1", 303)] {
        server.forget_failures().await;
        assert_eq!(server.browser().sign_in(ALIAS, "alice", typed).await.status, status, "{typed}");
    }
}

/// An action on "" is refused; it never becomes one on the caller.
async fn an_empty_parameter_is_no_parameter_that_is_missing(database: Database) {
    let server = server(database).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let admin = Api::of(&server, "admin").await;
    let before = server.database.rows().await;
    for action in
        ["GetUser", "CreateAccessKey", "DeleteLoginProfile", "GetLoginProfile", "ListAccessKeys", "DeleteUser"]
    {
        let answer = admin.call(action, &[("UserName", "")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{action}: {}", answer.body);
    }
    for body in ["", "&", "=", "Action", "Action=", "Action=&Version=2010-05-08", "=GetUser&Version=2010-05-08"] {
        let answer = admin.send(admin.signed(crate::support::server::BEGINNING, "iam", body)).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.body);
    }
    assert_eq!(server.database.rows().await, before);
}

fn frame(text: &str) -> Frame {
    Frame {
        brand: text.to_owned(),
        assets: Assets { css: text.to_owned(), js: text.to_owned(), favicon: text.to_owned(), font: text.to_owned() },
        footer_links: Vec::new(),
        theme: Theme::Device,
        csrf: text.to_owned(),
        user_menu: Some(UserMenu::new(text, "123456789012", Some(text.to_owned()))),
        flash: None,
    }
}

fn parsed(template: &impl askama::Template) -> Page {
    Page { status: 200, headers: reqwest::header::HeaderMap::new(), body: template.render().expect("a page") }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is in a page's struct, a parser finds in the page again, as text and as the value of its attribute.
    #[test]
    fn any_text_of_a_page_is_escaped_where_it_stands(text in "[ -~\u{a0}-\u{2ff}\u{4e00}-\u{4eff}]{1,40}") {
        let page = parsed(&SignInPage::new(frame(&text), text.clone()).remembering(vec![RememberedUser {
            user_name: text.clone(),
            account: text.clone(),
        }]).refused(text.clone()));
        prop_assert_eq!(page.attributes("#account", "value"), std::slice::from_ref(&text));
        prop_assert!(page.attributes("input[name=next]", "value").iter().all(|next| *next == text));
        prop_assert!(page.attributes("input[name=csrf]", "value").iter().all(|csrf| *csrf == text));
        let page = parsed(&UserSignInPage::new(frame(&text), text.clone(), None).refused(text.clone(), true));
        prop_assert_eq!(page.attributes("#user_name", "value"), std::slice::from_ref(&text));
        prop_assert_eq!(page.texts("script:not([src])").len(), 0);
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(page.title().ends_with(&squeezed), "{}", page.title());
    }
}
