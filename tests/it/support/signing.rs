//! Signature Version 4 by hand, beside the code that verifies it: two readings of one description. For tests and benchmarks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

pub struct Key<'a> {
    pub id: &'a str,
    pub secret: &'a str,
    pub region: &'a str,
}

/// Of `POST /` with the three headers that botocore signs, which are these, and the signature.
pub fn headers(
    key: &Key<'_>,
    host: &str,
    service: &str,
    at: OffsetDateTime,
    body: &str,
) -> [(&'static str, String); 3] {
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let stamp = at.format(format_description!("[year][month][day]T[hour][minute][second]Z")).expect("a stamp");
    let scope = format!("{}/{}/{service}/aws4_request", &stamp[..8], key.region);
    let canonical = format!(
        "POST\n/\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:{stamp}\n\ncontent-type;host;x-amz-date\n{}",
        sha256(body)
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256(&canonical));
    let first = format!("AWS4{}", key.secret).into_bytes();
    let parts = [&stamp[..8], key.region, service, "aws4_request"];
    let signing_key = parts.iter().fold(first, |key, part| mac(&key, part));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host;x-amz-date, Signature={}",
        key.id,
        hex(&mac(&signing_key, &to_sign))
    );
    [("content-type", content_type.to_owned()), ("x-amz-date", stamp), ("authorization", authorization)]
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
