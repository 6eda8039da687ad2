//! Ten thousand requests signed by botocore, the library under the AWS CLI and boto3, and each again with one byte changed.
//! That the byte matters is decided by botocore's canonical requests, not by the code that is tested.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use my_security_credentials::query_api::sigv4::{Authorization, SignatureError, SignedRequest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use time::OffsetDateTime;
use time::macros::datetime;

const SEED: &str = "20260228";
const COUNT: usize = 10_000;
/// Five minutes before midnight, so that the requests are signed on two days.
const NOW: OffsetDateTime = datetime!(2026-02-28 23:55:00 UTC);
const NOW_AS_ARGUMENT: &str = "20260228T235500Z";

#[derive(Deserialize)]
struct Line {
    access_key_id: String,
    secret_access_key: String,
    request: Sent,
    canonical: String,
    part: String,
    changed: Sent,
    changed_canonical: String,
}

#[derive(Debug, Deserialize)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Both tests look at the same requests, made once.
static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
    let python = std::env::var_os("TEST_PYTHON")
        .expect("TEST_PYTHON names no Python interpreter that has botocore; tests/run makes one and sets it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/sign_requests.py");
    let output = Command::new(&python)
        .arg(script)
        .args([SEED, NOW_AS_ARGUMENT, &COUNT.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("TEST_PYTHON, {}, cannot be run: {error}", python.display()));
    assert!(output.status.success(), "sign_requests.py ended with {}", output.status);
    let lines: Vec<Line> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a line of sign_requests.py"))
        .collect();
    assert_eq!(lines.len(), COUNT);
    lines
});

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).expect("base64")
}

/// What the door does, for a key that exists.
fn judge(line: &Line, sent: &Sent) -> Result<(), SignatureError> {
    let values: Vec<_> = sent.headers.iter().map(|(name, value)| (name.as_str(), bytes(value))).collect();
    let headers: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_slice())).collect();
    let body = bytes(&sent.body);
    let Sent { method, path, query, .. } = sent;
    let request = SignedRequest { method, path, query, headers: &headers, body: &body };
    let authorization = Authorization::read(&request)?;
    assert_eq!(authorization.access_key_id, line.access_key_id);
    authorization.is_current(NOW)?;
    authorization.verify(&request, &line.secret_access_key)
}

#[test]
fn botocore_signs_ten_thousand_requests_and_all_are_accepted() {
    for line in LINES.iter() {
        let sent = &line.request;
        let canonical = || String::from_utf8(bytes(&line.canonical));
        assert_eq!(judge(line, sent), Ok(()), "{sent:?} {:?}", canonical());
    }
}

#[test]
fn botocore_signs_ten_thousand_requests_and_each_with_one_byte_changed_is_refused() {
    let mut parts = BTreeMap::new();
    for line in LINES.iter() {
        assert_ne!(line.canonical, line.changed_canonical);
        let Line { part, changed, .. } = line;
        let refused = judge(line, changed).expect_err(&format!("{part} of {:?}: {changed:?}", line.request));
        assert!(["SignatureDoesNotMatch", "IncompleteSignature"].contains(&refused.code), "{refused:?}");
        *parts.entry(part.as_str()).or_insert(0) += 1;
    }
    let enough = ["method", "path", "query", "header name", "header value", "body"]
        .into_iter()
        .all(|part| parts.get(part).is_some_and(|count| *count > COUNT / 20));
    assert!(enough, "{parts:?}");
}
