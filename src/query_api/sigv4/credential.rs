//! The Credential parameter: `access key ID/date/region/service/aws4_request`.
//!
//! Any region is taken: a client that is sent to another endpoint signs for the region it is configured for, and this
//! server is in none. Which service it must be is known to the caller.

use super::error::{SignatureError, shown};
use super::signing_time;
use time::OffsetDateTime;

pub const TERMINATOR: &str = "aws4_request";

pub struct Credential<'a> {
    /// All of it.
    pub text: &'a str,
    /// All but the access key ID.
    pub scope: &'a str,
    pub access_key_id: &'a str,
    pub date: &'a str,
    pub region: &'a str,
    pub service: &'a str,
}

impl<'a> Credential<'a> {
    pub fn parse(text: &'a str) -> Result<Self, SignatureError> {
        let mut elements = text.split('/');
        let mut next = || elements.next();
        let (Some(access_key_id), Some(date), Some(region), Some(service), Some(terminator), None) =
            (next(), next(), next(), next(), next(), next())
        else {
            // AWS repeats the credential. A client whose two keys were swapped has its secret in it.
            return Err(SignatureError::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got {}",
                text.split('/').count()
            )));
        };
        for (element, name) in [(region, "region"), (service, "service")] {
            if !is_scope_name(element) {
                return Err(SignatureError::incomplete(format!("Credential should be scoped to a valid {name}.")));
            }
        }
        if terminator != TERMINATOR {
            return Err(SignatureError::does_not_match(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                shown(terminator.as_bytes())
            )));
        }
        let scope = &text[access_key_id.len() + 1..];
        Ok(Self { text, scope, access_key_id, date, region, service })
    }

    pub fn is_of_the_day(&self, signed_at: OffsetDateTime) -> Result<(), SignatureError> {
        let stamp = signing_time::stamp(signed_at);
        let day = &stamp[..8];
        if self.date == day {
            return Ok(());
        }
        Err(SignatureError::does_not_match(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', \
             from '{stamp}'.",
            shown(self.date.as_bytes())
        )))
    }
}

fn is_scope_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
