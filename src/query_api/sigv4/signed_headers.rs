//! The `SignedHeaders` parameter, and which headers must be in it.
//!
//! A header that is sent twice where one is meant is `IncompleteSignature`: the request cannot be read, whoever signed it.
//! A header that is missing or not signed is `SignatureDoesNotMatch`: the request can be read and is not what was signed.

use super::SignedRequest;
use super::error::{SignatureError, shown};

/// Where two of them would leave it to each reader which one counts.
const ONCE: [&str; 8] = [
    "authorization",
    "host",
    "x-amz-date",
    "date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "content-type",
    "content-length",
];

/// Well-formed: lower case, in order, each once.
pub struct SignedHeaders<'a>(&'a str);

pub fn refuse_repeated(request: &SignedRequest<'_>) -> Result<(), SignatureError> {
    match ONCE.into_iter().find(|name| request.values(name).nth(1).is_some()) {
        Some(name) => Err(SignatureError::incomplete(format!("Request has more than one '{name}' header."))),
        None => Ok(()),
    }
}

impl<'a> SignedHeaders<'a> {
    pub fn parse(text: &'a str) -> Result<Self, SignatureError> {
        if !text.split(';').all(is_name) || !text.split(';').is_sorted_by(|one, next| one < next) {
            return Err(SignatureError::incomplete(
                "'SignedHeaders' must be lower-case header names in order, each once, separated by ';'.".to_owned(),
            ));
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &'a str {
        self.0
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.split(';')
    }

    /// All that is signed is there, and all that must be signed is signed: the host, the date that counts, and every
    /// header of AWS's.
    pub fn cover(&self, request: &SignedRequest<'_>, date_header: &str) -> Result<(), SignatureError> {
        if let Some(absent) = self.names().find(|name| request.value(name).is_none()) {
            return Err(SignatureError::does_not_match(format!(
                "The signed header '{}' is not in the request.",
                shown(absent.as_bytes())
            )));
        }
        let mut hosts = request.headers.iter().filter(|(name, _)| is_host(name));
        let (Some((host, _)), None) = (hosts.next(), hosts.next()) else {
            return Err(SignatureError::incomplete("Request must have exactly one 'Host' header.".to_owned()));
        };
        if !self.contains(host) {
            return Err(SignatureError::does_not_match(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
            ));
        }
        let must = |name: &str| is_of_aws(name) || name.eq_ignore_ascii_case(date_header);
        match request.headers.iter().find(|(name, _)| must(name) && !self.contains(name)) {
            Some((name, _)) => Err(SignatureError::does_not_match(format!(
                "'{}' must be a 'SignedHeader' in the AWS Authorization.",
                shown(name.as_bytes())
            ))),
            None => Ok(()),
        }
    }

    fn contains(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// HTTP/2 has the host in `:authority`.
fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority")
}

fn is_of_aws(name: &str) -> bool {
    name.as_bytes().first_chunk::<6>().is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"))
}

/// A token of RFC 9110 in lower case.
fn is_name(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
    name == ":authority" || !name.is_empty() && name.bytes().all(token)
}
