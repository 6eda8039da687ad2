//! A signer of our own for requests that need no normalising, so that each refusal is of a request that is right in all
//! else.

mod parsers;
mod properties;
mod refusals;
mod times;
mod vectors;

use super::{Authorization, SignatureError, SignedRequest};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::datetime;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SIGNED_AT: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

#[derive(Clone, Debug)]
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// IAM's `ListUsers` of AWS's documentation, without its Authorization header.
fn list_users() -> Request {
    Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: "Action=ListUsers&Version=2010-05-08".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
    .with("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    .with("Host", "iam.amazonaws.com")
    .with("X-Amz-Date", "20150830T123600Z")
}

impl Request {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    /// With an Authorization header that covers all the others.
    fn signed(self) -> Self {
        let mut names: Vec<String> = self.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names.dedup();
        self.signed_over(&names.join(";"))
    }

    fn signed_over(self, names: &str) -> Self {
        self.signed_for("20150830/us-east-1/iam/aws4_request", names)
    }

    fn signed_for(self, scope: &str, names: &str) -> Self {
        let signature = hex(&self.signature(scope, names));
        self.with(
            "Authorization",
            &format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"),
        )
    }

    fn signature(&self, scope: &str, names: &str) -> Vec<u8> {
        let mut lines = vec![self.method.clone(), self.path.clone(), self.query.clone()];
        for name in names.split(';') {
            let own = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
            let values: Vec<_> = own.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect();
            lines.push(format!("{name}:{}", values.join(",")));
        }
        lines.extend([String::new(), names.to_owned(), hex(&Sha256::digest(&self.body))]);
        let mut key = format!("AWS4{SECRET}").into_bytes();
        for element in scope.split('/') {
            key = code(&key, element);
        }
        let hash = hex(&Sha256::digest(lines.join("\n")));
        code(&key, &format!("AWS4-HMAC-SHA256\n20150830T123600Z\n{scope}\n{hash}"))
    }

    /// Reads and verifies, as the door does.
    fn accepted(&self) -> Result<(), SignatureError> {
        self.read(|request| {
            let authorization = Authorization::read(request)?;
            authorization.is_current(SIGNED_AT)?;
            authorization.verify(request, SECRET)
        })
    }

    fn read<T>(&self, judge: impl FnOnce(&SignedRequest<'_>) -> T) -> T {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let Self { method, path, query, body, .. } = self;
        judge(&SignedRequest { method, path, query, headers: &headers, body })
    }

    #[track_caller]
    fn is_refused(&self, code: &str, message: &str) {
        let refused = self.accepted().expect_err("a refusal");
        assert_eq!((refused.code, refused.message.as_str()), (code, message));
    }
}

fn code(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}
