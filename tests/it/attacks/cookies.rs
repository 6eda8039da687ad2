//! Cookies of somebody else, of another place and of another purpose.

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use my_security_credentials::crypto::identifier::Random;
use my_security_credentials::crypto::root_secret::RootSecret;
use my_security_credentials::crypto::sealed::{Place, Sealer};

const PATH: &str = "/console/security-credentials/password";
const HOST: &str = "console.example.com";

each_engine!(
    a_cookie_of_one_purpose_is_worth_nothing_for_another,
    of_two_session_cookies_the_first_one_counts_for_page_and_form_alike,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server.user("mallory", Some(PASSWORD_ONLY)).await;
    server
}

/// The same request as the browser's, with this as its cookies.
async fn with_cookies(browser: &Browser, path: &str, cookies: impl AsRef<[u8]>) -> Page {
    let mut bare = browser.without_cookies();
    let request = bare.request("GET", path).header("cookie", cookies.as_ref());
    bare.send(request).await
}

async fn a_cookie_of_one_purpose_is_worth_nothing_for_another(database: Database) {
    let server = server(database).await;
    let alice = server.signed_in("alice").await;
    let names = ["msc-session", "msc-remembered-user", "msc-visit"];
    for from in names {
        for to in names.into_iter().filter(|to| *to != from) {
            let value = &alice.cookies[from];
            let mut browser = server.browser();
            browser.cookies.insert(to.to_owned(), value.clone());
            assert_eq!(browser.get("/console").await.status, 303, "{from} as {to}");
            assert!(!browser.get("/signin?switch=1").await.body.contains("alice"), "{from} as {to}");
            let answer = browser.sign_in(ALIAS, "alice", PASSWORD).await;
            assert_eq!(answer.status, 303, "{from} as {to} is in nobody's way: {}", answer.body);
        }
        let flash = with_cookies(&alice, "/signin", format!("msc-flash={}", alice.cookies[from])).await;
        assert_eq!(flash.texts(".alert"), Vec::<String>::new(), "{from}");
    }
    // The code of a message is no secret and opens nothing, and no message can be made up.
    let forged = with_cookies(&alice, "/signin", "msc-flash=signed-out<b>").await;
    assert!(forged.status == 200 && !forged.body.contains("<b>"));
}

async fn of_two_session_cookies_the_first_one_counts_for_page_and_form_alike(database: Database) {
    let server = server(database).await;
    let (mut alice, mallory) = (server.signed_in("alice").await, server.signed_in("mallory").await);
    let (own, foreign) = (alice.cookies["msc-session"].clone(), mallory.cookies["msc-session"].clone());
    alice.get(PATH).await;
    let two = |first: &str, second: &str| format!("msc-session={first}; msc-session={second}");
    assert!(with_cookies(&alice, "/console", two(&own, &foreign)).await.says("alice @ example-corp"));
    assert!(with_cookies(&alice, "/console", two(&foreign, &own)).await.says("mallory @ example-corp"));

    // A form that alice's page opened does nothing under the session that was planted before hers.
    let before = server.database.rows().await;
    let body = format!(
        "csrf={}&old_password={PASSWORD}&new_password={NEW_PASSWORD}&confirm_password={NEW_PASSWORD}",
        alice.csrf
    );
    let mut victim = alice.without_cookies();
    let request = victim
        .request("POST", PATH)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", two(&foreign, &own))
        .body(body);
    assert_eq!(victim.send(request).await.status, 403);
    assert_eq!(server.database.rows().await, before);
}

/// Of one who may try for ever: other users, other accounts, other keys, and every single bit.
#[tokio::test]
async fn a15_a_remembered_user_that_is_not_ours_is_ignored_and_taken_away() {
    let server = server(Database::sqlite().await).await;
    let good = server.signed_in("alice").await.cookies["msc-remembered-user"].clone();
    let bytes = URL_SAFE_NO_PAD.decode(&good).expect("base64");
    let of_bytes = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut forged: Vec<String> = (0..bytes.len() * 8)
        .map(|bit| {
            let mut turned = bytes.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            of_bytes(&turned)
        })
        .collect();
    forged.extend((1..bytes.len()).step_by(7).map(|length| of_bytes(&bytes[..length])));
    let clear = |account: &str, user: &str| {
        let at = crate::support::server::BEGINNING.unix_timestamp();
        of_bytes(
            format!(
                r#"[{{"account":"{account}","account_id":"123456789012","user_name":"{user}","device_id":"x","at":{at}}}]"#
            )
            .as_bytes(),
        )
    };
    forged.extend([clear("example-corp", "mallory"), clear("999999999999", "alice"), clear("x", "<script>alert(1)")]);
    forged.extend(["%3Cscript%3E".to_owned(), "a".repeat(8 * 1024), "123456789012".to_owned(), "[]".to_owned()]);
    let key = Sealer::new(&RootSecret::generate(&Random::system()).into());
    let place = Place { table: "cookie", column: "remembered_user", row: "", owner: "" };
    forged.push(of_bytes(&key.seal(&Random::system(), place, clear("example-corp", "alice").as_bytes())));
    let browser = server.browser();
    for (number, value) in forged.iter().enumerate() {
        let page = with_cookies(&browser, "/signin?switch=1", format!("msc-remembered-user={value}")).await;
        assert_eq!(page.status, 200, "{value}");
        assert_eq!(page.texts("form[action='/signin/step/forget']").len(), 0, "{number}: {value}");
        let is_in_the_hint = value == "123456789012";
        assert!(is_in_the_hint || !page.body.contains(value.as_str()), "{value}");
        assert!(!page.body.contains("<script>alert"), "{value}");
        let mut set = page.headers.get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
        assert!(set.any(|set| set.starts_with("msc-remembered-user=;") && set.contains("Max-Age=0")), "{value}");
    }
    let page = with_cookies(&browser, "/signin?switch=1", format!("msc-remembered-user={good}")).await;
    assert!(page.says("alice @ example-corp"), "and the good one is still good");
    assert!(page.headers.get_all("set-cookie").iter().all(|set| !set.as_bytes().starts_with(b"msc-remembered-user")));
}

/// A browser may keep it for as long as it likes.
#[tokio::test]
async fn a_remembered_user_is_forgotten_after_its_time_whatever_the_browser_keeps() {
    let server = server(Database::sqlite().await).await;
    let alice = server.signed_in("alice").await;
    let kept = format!("msc-remembered-user={}", alice.cookies["msc-remembered-user"]);
    server.clock.advance(time::Duration::days(180));
    assert!(with_cookies(&alice, "/signin?switch=1", &kept).await.says("alice @ example-corp"));
    server.clock.advance(time::Duration::seconds(1));
    assert!(!with_cookies(&alice, "/signin?switch=1", &kept).await.says("alice @ example-corp"));
}

#[tokio::test]
async fn cookies_that_nobody_can_read_do_not_hide_ours() {
    let server = server(Database::sqlite().await).await;
    let alice = server.signed_in("alice").await;
    let own = format!("msc-session={}", alice.cookies["msc-session"]);
    for other in [&b"a"[..], b"=x", b"a=%ff", b"a=\xff\xfe", b"\xc3=1", b";;;", b"a=\"x", b"$Version=1"] {
        for cookies in [[other, b"; ", own.as_bytes()].concat(), [own.as_bytes(), b"; ", other].concat()] {
            let page = with_cookies(&alice, "/console", &cookies).await;
            assert_eq!(page.status, 200, "{}", String::from_utf8_lossy(&cookies));
        }
    }
}

#[tokio::test]
async fn very_many_cookies_are_read_or_refused_and_break_nothing() {
    let server = server(Database::sqlite().await).await;
    let alice = server.signed_in("alice").await;
    let own = format!("msc-session={}", alice.cookies["msc-session"]);
    let many = |count: usize| (0..count).fold(String::new(), |all, number| format!("{all}c{number}=x; "));
    assert_eq!(with_cookies(&alice, "/console", many(1_000) + &own).await.status, 200);
    let twice = (0..1_000).map(|_| own.clone()).collect::<Vec<_>>().join("; ");
    let answer = with_cookies(&alice, "/console", &twice[..60_000]).await;
    assert!(answer.status == 200 || answer.status == 431, "{}", answer.status);
    assert_eq!(with_cookies(&alice, "/console", own).await.status, 200, "and the server goes on");
}

/// A sibling host can plant any cookie whose name a browser does not take for one with the prefix `__Host-`. Nothing that
/// only becomes our name when it is decoded or trimmed may count.
#[tokio::test]
async fn a_name_that_only_looks_like_ours_when_it_is_read_is_not_ours() {
    let settings = [("MSC_PUBLIC_URL", "https://console.example.com"), ("MSC_TRUSTED_PROXIES", "127.0.0.1")];
    let server = TestServer::start_with(Database::sqlite().await, &settings).await;
    server.user("mallory", Some(PASSWORD_ONLY)).await;
    let mut mallory = server.browser();
    let sent = |request: reqwest::RequestBuilder| request.header("host", HOST).header("x-forwarded-proto", "https");
    let request = sent(mallory.request("GET", "/signin/example-corp"));
    mallory.send(request).await;
    let body = format!("csrf={}&user_name=mallory&password={PASSWORD}&remember=on", mallory.csrf);
    let request = sent(mallory.request("POST", "/signin/example-corp"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(mallory.send(request).await.status, 303);
    let session = &mallory.cookies["__Host-msc-session"];
    let status = async |cookie: Vec<u8>| {
        let request = sent(server.browser().request("GET", "/console")).header("cookie", cookie);
        server.browser().send(request).await.status
    };
    assert_eq!(status(format!("__Host-msc-session={session}").into_bytes()).await, 200);
    for name in [
        "msc-session",
        "__%48ost-msc-session",
        "%5f_Host-msc-session",
        "__Host-msc-sessio%6e",
        "\u{2000}__Host-msc-session",
        "\u{a0}__Host-msc-session",
        "\u{3000}__Host-msc-session",
        "__Host-msc-session\u{2003}",
        "\u{85}__Host-msc-session",
        "__host-msc-session",
        "__HOST-MSC-SESSION",
        "__Secure-msc-session",
    ] {
        assert_eq!(status(format!("{name}={session}").into_bytes()).await, 303, "{name:?}");
    }
    // The same for what a form's token is bound to and for who is remembered.
    for short in ["msc-visit", "msc-remembered-user", "msc-flash"] {
        for name in [short.to_owned(), format!("__%48ost-{short}"), format!("\u{2000}__Host-{short}")] {
            let value = mallory.cookies.get(&format!("__Host-{short}")).map_or("signed-out", String::as_str);
            let request = sent(server.browser().request("GET", "/signin")).header("cookie", format!("{name}={value}"));
            let page = server.browser().send(request).await;
            assert_eq!((page.status, page.texts(".alert").len()), (200, 0), "{name}");
            let begun =
                page.headers.get_all("set-cookie").iter().any(|set| set.as_bytes().starts_with(b"__Host-msc-visit"));
            assert!(begun, "a visit of its own begins: {name}");
        }
    }
}
