//! Signed requests of the kinds that other servers of this protocol have fallen for.

use crate::support::api::{Api, form};
use crate::support::database::Database;
use crate::support::server::{BEGINNING, PASSWORD, PASSWORD_ONLY, TestServer};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const KIND: &str = "application/x-www-form-urlencoded; charset=utf-8";

each_engine!(
    a_session_beside_a_key_counts_for_nothing_and_a_key_opens_no_page,
    a_payload_that_is_not_signed_is_not_read,
    credentials_in_the_query_are_none,
    a_signature_proves_one_key_and_no_other_ones_name,
);

async fn world(database: Database) -> (TestServer, Api) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let admin = Api::of(&server, "admin").await;
    (server, admin)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Signed right, with these headers beside the usual ones (lower case), this query, and this stated hash of the body.
fn signed(api: &Api, query: &str, more: &[(&str, &str)], stated_hash: &str, body: &str) -> reqwest::RequestBuilder {
    let host = api.url.trim_start_matches("http://");
    let mut headers = vec![("content-type", KIND), ("host", host), ("x-amz-date", "20261123T184100Z")];
    headers.extend(more);
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines = headers.iter().fold(String::new(), |all, (name, value)| format!("{all}{name}:{value}\n"));
    let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{stated_hash}");
    let scope = format!("20261123/{}/iam/aws4_request", api.region);
    let to_sign =
        format!("AWS4-HMAC-SHA256\n20261123T184100Z\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let first = format!("AWS4{}", api.secret_access_key).into_bytes();
    let key = ["20261123", &api.region, "iam", "aws4_request"].iter().fold(first, |key, part| mac(&key, part));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        api.access_key_id,
        hex(&mac(&key, &to_sign))
    );
    let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    let request = api.request("POST", &target).header("authorization", authorization).body(body.to_owned());
    headers
        .iter()
        .filter(|(name, _)| *name != "host")
        .fold(request, |request, (name, value)| request.header(*name, *value))
}

fn sha256(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

async fn a_session_beside_a_key_counts_for_nothing_and_a_key_opens_no_page(database: Database) {
    let (server, admin) = world(database).await;
    let alice = Api::of(&server, "alice").await;
    let session = server.signed_in("admin").await.cookies["msc-session"].clone();
    let body = form("CreateUser", &[("UserName", "new")]);
    let before = server.database.number("SELECT COUNT(*) FROM users").await;
    // An administrator's session lends nothing to alice's key, signed or not.
    let cookie = format!("msc-session={session}");
    let with_cookie = alice.signed(BEGINNING, "iam", &body).header("cookie", &cookie);
    assert_eq!(alice.send(with_cookie).await.code(), "AccessDenied");
    let answer = alice.send(signed(&alice, "", &[("cookie", &cookie)], &sha256(&body), &body)).await;
    assert_eq!(answer.code(), "AccessDenied", "{}", answer.body);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM users").await, before);
    // Nor a session that is broken, or anybody's, anything to whoever may.
    for cookie in ["msc-session=x", &format!("msc-session={session}"), "a=\u{fffd}"] {
        let get = form("GetUser", &[]);
        let answer = admin.send(admin.signed(BEGINNING, "iam", &get).header("cookie", cookie)).await;
        assert_eq!(answer.assert_done().text("UserName").as_deref(), Some("admin"), "{cookie}");
        let request = signed(&admin, "", &[("cookie", cookie)], &sha256(&get), &get);
        admin.send(request).await.assert_done();
    }
    // And a key is no way into the console.
    let signed = admin.signed(BEGINNING, "iam", "").build().expect("a request");
    for path in ["/console", "/console/security-credentials/password"] {
        let mut browser = server.browser();
        let request = browser.request("GET", path).headers(signed.headers().clone());
        assert_eq!(browser.send(request).await.status, 303, "{path}");
    }
}

/// The holes of an object store that let a body pass whose hash nobody had signed.
async fn a_payload_that_is_not_signed_is_not_read(database: Database) {
    let (server, admin) = world(database).await;
    let body = form("CreateUser", &[("UserName", "new")]);
    let before = server.database.rows().await;
    for hash in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        let chunks = format!(
            "{:x};chunk-signature={}\r\n{body}\r\n0\r\nx-amz-trailer-signature:x\r\n\r\n",
            body.len(),
            "0".repeat(64)
        );
        for more in [
            vec![("x-amz-content-sha256", hash)],
            vec![
                ("x-amz-content-sha256", hash),
                ("x-amz-trailer", "x-amz-checksum-crc32"),
                ("content-encoding", "aws-chunked"),
            ],
            vec![
                ("x-amz-content-sha256", hash),
                ("x-amz-decoded-content-length", "42"),
                ("content-encoding", "aws-chunked"),
            ],
        ] {
            for sent in [&body, &chunks] {
                let answer = admin.send(signed(&admin, "", &more, hash, sent)).await;
                assert!([400, 403].contains(&answer.status), "{hash} {more:?}: {}", answer.body);
                assert_eq!(server.database.rows().await, before, "{hash} {more:?}");
            }
        }
    }
    let right = sha256(&body);
    admin.send(signed(&admin, "", &[("x-amz-content-sha256", &right)], &right, &body)).await.assert_done();
}

async fn credentials_in_the_query_are_none(database: Database) {
    let (server, admin) = world(database).await;
    let body = form("CreateUser", &[("UserName", "new")]);
    let before = server.database.rows().await;
    let credential = format!("{}%2F20261123%2Feu-central-1%2Fiam%2Faws4_request", admin.access_key_id);
    let presigned = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date=20261123T184100Z&X-Amz-Expires=900&X-Amz-Signature={}&X-Amz-SignedHeaders=host",
        "0".repeat(64)
    );
    for query in [
        presigned.as_str(),
        &format!("X-Amz-Credential={credential}"),
        "X-Amz-Signature=0",
        "AWSAccessKeyId=x&Signature=y",
    ] {
        // Alone, they are no signature at all.
        let alone = admin.request("POST", &format!("/?{query}")).header("content-type", KIND).body(body.clone());
        admin.send(alone).await.assert_refused(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        );
        // Beside a header that is signed right, query and all, they are a parameter that nobody knows.
        let beside = admin.send(signed(&admin, query, &[], &sha256(&body), &body)).await;
        assert!([400, 403].contains(&beside.status), "{query}: {}", beside.body);
        assert_eq!(server.database.rows().await, before, "{query}");
    }
    // An action in the query and one in the body: none is done.
    let both = admin
        .send(signed(&admin, "Action=CreateUser&UserName=other&Version=2010-05-08", &[], &sha256(&body), &body))
        .await;
    assert_eq!(both.status, 400, "{}", both.body);
    assert_eq!(server.database.rows().await, before);
}

async fn a_signature_proves_one_key_and_no_other_ones_name(database: Database) {
    let (server, admin) = world(database).await;
    let alice = Api::of(&server, "alice").await;
    // With an ID that is somebody else's, the secret does not fit, whoever it is.
    let crossed = Api { access_key_id: admin.access_key_id.clone(), ..alice.clone() };
    assert_eq!(crossed.call("GetUser", &[]).await.code(), "SignatureDoesNotMatch");
    for id in
        [admin.access_key_id.to_lowercase(), format!("{} ", admin.access_key_id), format!("{}%00", admin.access_key_id)]
    {
        let near = Api { access_key_id: id.clone(), ..admin.clone() };
        assert_eq!(near.call("GetUser", &[]).await.status, 403, "{id:?}");
    }
    // Alice's own password by alice's key, and nobody else's whatever is asked.
    for extra in [("UserName", "admin"), ("UserId", "AIDA"), ("AccountId", "123456789012")] {
        let change = [("OldPassword", PASSWORD), ("NewPassword", "Another-password-9"), extra];
        let answer = alice.call("ChangePassword", &change).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{extra:?}");
    }
    assert_eq!(server.database.number("SELECT MAX(version) FROM login_profiles").await, 1);
}
