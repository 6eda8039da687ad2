//! Signature Version 4 in its header form: who says to have signed a request, when, and whether the signature is right.
//! Pure functions: no clock, no store, no HTTP library. The door asks `read`, then `is_current`, then `verify` with the
//! secret of the key that was named, and does nothing that was asked before all three are content.
//!
//! Why so strict: a part of the request that the signature does not cover, or that two readers could read in two ways (a
//! header sent twice, a parameter twice), lets somebody else decide what was signed. AWS's clients send none of it.

mod canonical;
mod credential;
mod error;
mod hex;
mod parameters;
mod signature;
mod signed_headers;
mod signing_time;
#[cfg(test)]
mod tests;

pub use error::SignatureError;

use credential::Credential;
use parameters::Parameters;
use sha2::{Digest, Sha256};
use signature::Signature;
use signed_headers::SignedHeaders;
use time::{Duration, OffsetDateTime};

/// How far the moment of signing may be from now, on either side.
const PATIENCE: Duration = Duration::minutes(15);

/// A request as it came over the wire.
pub struct SignedRequest<'a> {
    pub method: &'a str,
    /// As it was sent: percent-encoded, not normalised.
    pub path: &'a str,
    /// As it was sent, without the '?'; empty where there is none.
    pub query: &'a str,
    /// Every header, in order, name in any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    pub body: &'a [u8],
}

impl<'a> SignedRequest<'a> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }
}

/// What the Authorization header says, read strictly; and the moment of signing.
pub struct Authorization<'a> {
    pub access_key_id: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    credential: Credential<'a>,
    signed_headers: SignedHeaders<'a>,
    signature: Signature,
    signed_at: OffsetDateTime,
}

impl<'a> Authorization<'a> {
    /// Everything that can be judged without the secret and the time.
    ///
    /// A presigned URL has no Authorization header and so counts as not signed: neither IAM nor STS clients use one here.
    pub fn read(request: &SignedRequest<'a>) -> Result<Self, SignatureError> {
        let header = request.value("authorization").ok_or_else(SignatureError::missing_token)?;
        signed_headers::refuse_repeated(request)?;
        let (date_header, date) = signing_time::header(request).unzip();
        let parameters = Parameters::parse(header, date.is_some())?;
        let credential = Credential::parse(parameters.credential)?;
        let signed_headers = SignedHeaders::parse(parameters.signed_headers)?;
        // This server gives out no session, so that no token can be one of its own.
        if request.value("x-amz-security-token").is_some() {
            return Err(SignatureError::invalid_token());
        }
        signed_headers.cover(request, date_header.unwrap_or_default())?;
        let signed_at = signing_time::parse(date.unwrap_or_default())?;
        credential.is_of_the_day(signed_at)?;
        let signature = Signature::parse(parameters.signature)?;
        has_its_stated_body(request)?;
        let Credential { access_key_id, region, service, .. } = credential;
        Ok(Self { access_key_id, region, service, credential, signed_headers, signature, signed_at })
    }

    /// Whole seconds, UTC.
    pub fn signed_at(&self) -> OffsetDateTime {
        self.signed_at
    }

    /// A signature is good for 15 minutes on either side of its moment, both ends included.
    pub fn is_current(&self, now: OffsetDateTime) -> Result<(), SignatureError> {
        let stamp = signing_time::stamp;
        let (signed_at, earliest, latest) = (self.signed_at, now - PATIENCE, now + PATIENCE);
        if signed_at < earliest {
            return Err(SignatureError::does_not_match(format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                stamp(signed_at),
                stamp(earliest),
                stamp(now)
            )));
        }
        if signed_at > latest {
            return Err(SignatureError::does_not_match(format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                stamp(signed_at),
                stamp(latest),
                stamp(now)
            )));
        }
        Ok(())
    }

    /// Whether the secret signed this request, which must be the one that was read; in constant time.
    pub fn verify(&self, request: &SignedRequest<'_>, secret_access_key: &str) -> Result<(), SignatureError> {
        let canonical = canonical::request(request, &self.signed_headers);
        let stamp = signing_time::stamp(self.signed_at);
        if self.signature.is_of(&canonical, &stamp, &self.credential, secret_access_key) {
            Ok(())
        } else {
            Err(SignatureError::mismatch())
        }
    }

    /// Names this very signed request, so that it can be known again: SHA-256 in hex over the credential and the signature
    /// as they were read, whatever spaces or order of parameters surround them.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.credential.text);
        hash.update(b"\n");
        hash.update(self.signature.bytes());
        hex::encode(&hash.finalize())
    }
}

/// A body that is not hashed into the signature (`UNSIGNED-PAYLOAD`, `STREAMING-...`) is not signed at all; S3 alone
/// takes such. The words are S3's: no other service of AWS has a code for it.
fn has_its_stated_body(request: &SignedRequest<'_>) -> Result<(), SignatureError> {
    let stated = request.value("x-amz-content-sha256").map(<[u8]>::trim_ascii);
    if stated.is_some_and(|stated| stated != hex::encode(&Sha256::digest(request.body)).as_bytes()) {
        return Err(SignatureError::does_not_match(
            "The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned(),
        ));
    }
    Ok(())
}
