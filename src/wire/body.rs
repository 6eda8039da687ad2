//! The body of a request, within bounds of size and time. It may hold passwords, so it is wiped.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web;
use std::time::Duration;
use zeroize::Zeroizing;

/// For a whole body to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no body to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The connection broke off, or what came was no body.
    Broken,
    TooLarge,
    Late,
}

/// At most `limit` bytes.
pub async fn read(payload: web::Payload, limit: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(bytes))) => Ok(Zeroizing::new(bytes.to_vec())),
        Ok(Ok(Err(_))) => Err(BodyError::Broken),
        Ok(Err(_)) => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Late),
    }
}

/// `application/x-www-form-urlencoded`, in UTF-8.
pub fn is_urlencoded(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameter) = value.split_once(';').unwrap_or((value, ""));
    let parameter = parameter.trim().to_ascii_lowercase();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && matches!(parameter.as_str(), "" | "charset=utf-8")
}
