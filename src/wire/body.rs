//! The body of a request, within bounds of size and time. It may hold passwords, so it is wiped.

use super::Patience;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, web};
use zeroize::Zeroizing;

/// Why there is no body to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The connection broke off, or what came was no body.
    Broken,
    TooLarge,
    Late,
}

/// At most `limit` bytes. A request that nobody gave a `Patience` gets none.
pub async fn read(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    // What is announced as too large is not waited for.
    if announced(request.headers()).is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    let patience = request.extensions().get::<Patience>().map(|patience| patience.0).unwrap_or_default();
    match tokio::time::timeout(patience, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(bytes))) => Ok(Zeroizing::new(bytes.to_vec())),
        Ok(Ok(Err(_))) => Err(BodyError::Broken),
        Ok(Err(_)) => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Late),
    }
}

/// The library has refused a length that is no number, or that stands twice.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `application/x-www-form-urlencoded`, in UTF-8, said once.
pub fn is_urlencoded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    // Of two, another reader may have believed the other one.
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let (kind, parameter) = value.split_once(';').unwrap_or((value, ""));
    let parameter = parameter.trim().to_ascii_lowercase();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && matches!(parameter.as_str(), "" | "charset=utf-8")
}
