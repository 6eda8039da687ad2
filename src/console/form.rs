//! A form as it arrives: of our own origin, with its token, strictly decoded. A handler that takes a `Checked<F>` can
//! have it in no other way.

use super::error::PageError;
use super::origin::is_own_origin;
use super::state::{self, Console};
use super::{session, visit};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Of a whole form, in bytes.
const LIMIT: usize = 16 * 1024;
/// For a whole form to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
const TOKEN: &str = "csrf";

/// A form before sign-in belongs to the visit, also where the browser happens to have a session; any other one belongs to
/// the session, so that a token from before sign-in is of no use after it.
pub enum Bound {
    Visit,
    Session,
}

/// What a form is made of.
pub trait Form: Sized {
    /// Each must be there once.
    const REQUIRED: &'static [&'static str];
    /// Each may be there once.
    const OPTIONAL: &'static [&'static str];
    /// What its token is bound to.
    const BOUND_TO: Bound;

    fn from_fields(fields: Fields) -> Self;
}

/// The decoded fields; clear passwords are among them, so they are wiped.
pub struct Fields(HashMap<String, Zeroizing<String>>);

impl Fields {
    /// Empty where the field is not there.
    pub fn take(&mut self, name: &str) -> Zeroizing<String> {
        self.0.remove(name).unwrap_or_default()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// Set once a form has been handed to its page: from then on something may have been changed, and an answer that is lost
/// on its way out must not say otherwise.
#[derive(Clone, Default)]
pub struct Begun(pub Rc<Cell<bool>>);

/// A form that came from our own page.
pub struct Checked<F>(pub F);

impl<F: Form + 'static> FromRequest for Checked<F> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let console = state::of(&request)?;
            if !is_own_origin(&request, &console) {
                return Err(PageError::form_expired(&request));
            }
            if !is_urlencoded(&request) {
                return Err(PageError::unreadable(415, "The form was not sent as application/x-www-form-urlencoded."));
            }
            let body =
                body(payload.await.map_err(|_| PageError::unreadable(400, "The form could not be read."))?).await?;
            let mut fields = Fields(decode::<F>(&body)?);
            let token = fields.take(TOKEN);
            if !accepts::<F>(&request, &console, &token) {
                return Err(PageError::form_expired(&request));
            }
            if let Some(begun) = request.extensions().get::<Begun>() {
                begun.0.set(true);
            }
            Ok(Self(F::from_fields(fields)))
        })
    }
}

fn is_urlencoded(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameter) = value.split_once(';').unwrap_or((value, ""));
    let parameter = parameter.trim().to_ascii_lowercase();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && matches!(parameter.as_str(), "" | "charset=utf-8")
}

async fn body(payload: web::Payload) -> Result<Zeroizing<Vec<u8>>, PageError> {
    match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(LIMIT)).await {
        Ok(Ok(Ok(bytes))) => Ok(Zeroizing::new(bytes.to_vec())),
        Ok(Ok(Err(_))) => Err(PageError::unreadable(400, "The form did not arrive whole.")),
        Ok(Err(_)) => Err(PageError::unreadable(413, "The form is larger than 16 KiB.")),
        Err(_) => Err(PageError::unreadable(408, "The form did not arrive in time.")),
    }
}

fn accepts<F: Form>(request: &HttpRequest, console: &Console, token: &str) -> bool {
    let subject = match F::BOUND_TO {
        Bound::Visit => visit::of(request, console),
        Bound::Session => session::token_subject(request),
    };
    subject.is_some_and(|subject| console.token_key.accepts(&subject, token))
}

fn decode<F: Form>(body: &[u8]) -> Result<HashMap<String, Zeroizing<String>>, PageError> {
    let mut fields = HashMap::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = text(halves.next().unwrap_or_default())?;
        let value = text(halves.next().unwrap_or_default())?;
        let known =
            name.as_str() == TOKEN || F::REQUIRED.contains(&name.as_str()) || F::OPTIONAL.contains(&name.as_str());
        if !known {
            return Err(PageError::unreadable(400, "The form has a field that does not belong to it."));
        }
        if fields.insert(name.to_string(), value).is_some() {
            return Err(PageError::unreadable(
                400,
                format!("The form has the field {} more than once.", name.as_str()),
            ));
        }
    }
    match F::REQUIRED.iter().find(|name| !fields.contains_key(**name)) {
        Some(missing) => Err(PageError::unreadable(400, format!("The form lacks the field {missing}."))),
        None => Ok(fields),
    }
}

/// Strict: two different passwords never decode to the same text.
fn text(encoded: &[u8]) -> Result<Zeroizing<String>, PageError> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => escaped(bytes.next(), bytes.next())?,
            other => *other,
        });
    }
    match std::str::from_utf8(&decoded) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(PageError::unreadable(400, "The form holds text that is not valid UTF-8.")),
    }
}

fn escaped(high: Option<&u8>, low: Option<&u8>) -> Result<u8, PageError> {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => Err(PageError::unreadable(400, "The form holds a bad percent escape.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Two;

    impl Form for Two {
        const REQUIRED: &'static [&'static str] = &["a"];
        const OPTIONAL: &'static [&'static str] = &["b"];
        const BOUND_TO: Bound = Bound::Visit;

        fn from_fields(_: Fields) -> Self {
            Self
        }
    }

    fn decoded(body: &str) -> Option<String> {
        decode::<Two>(body.as_bytes()).ok().map(|fields| fields["a"].to_string())
    }

    #[test]
    fn text_is_decoded_once_and_strictly() {
        assert_eq!(decoded("a=%2541").unwrap(), "%41");
        assert_eq!(decoded("a=x+y%20z%2B&b=").unwrap(), "x y z+");
        assert_eq!(decoded("a=b=c").unwrap(), "b=c");
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%ED%A0%80", "a=\u{0}%C0%80"] {
            assert!(decoded(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn repeated_missing_and_surplus_fields_are_refused() {
        for wrong in ["", "b=1", "a=1&a=2", "a=1&%61=2", "a=1&c=3", "a=1&csrf=1&csrf=2"] {
            assert!(decoded(wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_browser_encodes_comes_back_as_it_was(value in any::<String>()) {
            let encoded = value.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            prop_assert_eq!(decoded(&format!("a={encoded}")), Some(value));
        }
    }
}
