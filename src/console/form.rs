//! A form as it arrives: of our own origin, with its token, strictly decoded. A handler that takes a `Checked<F>` can
//! have it in no other way.

use super::error::PageError;
use super::origin::is_own_origin;
use super::state::{self, Console};
use super::{session, visit};
use crate::wire::body::{self, BodyError};
use crate::wire::{Begun, urlencoded};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use zeroize::Zeroizing;

/// Of a whole form, in bytes.
const LIMIT: usize = 16 * 1024;
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
                return Err(turned_away(&request, "origin"));
            }
            if !body::is_urlencoded(request.headers()) {
                return Err(PageError::unreadable(415, "The form was not sent as application/x-www-form-urlencoded."));
            }
            let payload = payload.await.map_err(|_| PageError::unreadable(400, "The form could not be read."))?;
            let bytes = whole(&request, payload).await?;
            let mut fields = Fields(decode::<F>(&bytes)?);
            let token = fields.take(TOKEN);
            if !accepts::<F>(&request, &console, &token) {
                return Err(turned_away(&request, "token"));
            }
            if let Some(begun) = request.extensions().get::<Begun>() {
                begun.0.set(true);
            }
            Ok(Self(F::from_fields(fields)))
        })
    }
}

/// A person may have left the page open for too long; somebody else may have sent the form.
fn turned_away(request: &HttpRequest, control: &str) -> PageError {
    tracing::warn!(control, "a form was turned away");
    PageError::form_expired(request)
}

async fn whole(request: &HttpRequest, payload: web::Payload) -> Result<Zeroizing<Vec<u8>>, PageError> {
    body::read(request, payload, LIMIT).await.map_err(|error| match error {
        BodyError::Broken => PageError::unreadable(400, "The form did not arrive whole."),
        BodyError::TooLarge => PageError::unreadable(413, "The form is larger than 16 KiB."),
        BodyError::Late => PageError::unreadable(408, "The form did not arrive in time."),
    })
}

fn accepts<F: Form>(request: &HttpRequest, console: &Console, token: &str) -> bool {
    let subject = match F::BOUND_TO {
        Bound::Visit => visit::of(request, console),
        Bound::Session => session::token_subject(request),
    };
    subject.is_some_and(|subject| console.token_key.accepts(&subject, token))
}

fn decode<F: Form>(body: &[u8]) -> Result<HashMap<String, Zeroizing<String>>, PageError> {
    let unreadable = |what: String| PageError::unreadable(400, what);
    let pairs = urlencoded::decode(body).map_err(|error| unreadable(format!("The form holds {}.", error.words())))?;
    let mut fields = HashMap::new();
    for (name, value) in pairs {
        let known =
            name.as_str() == TOKEN || F::REQUIRED.contains(&name.as_str()) || F::OPTIONAL.contains(&name.as_str());
        if !known {
            return Err(unreadable("The form has a field that does not belong to it.".to_owned()));
        }
        if fields.insert(name.to_string(), value).is_some() {
            return Err(unreadable(format!("The form has the field {} more than once.", name.as_str())));
        }
    }
    match F::REQUIRED.iter().find(|name| !fields.contains_key(**name)) {
        Some(missing) => Err(unreadable(format!("The form lacks the field {missing}."))),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn repeated_missing_and_surplus_fields_are_refused() {
        for wrong in ["", "b=1", "a=1&a=2", "a=1&%61=2", "a=1&c=3", "a=1&csrf=1&csrf=2"] {
            assert!(decoded(wrong).is_none(), "{wrong}");
        }
    }
}
