//! The keys of the session's cookie. actix-session knows one key; after the root secret was exchanged, a cookie that opens
//! under a previous one only is sealed anew in the request, before the sessions see it, so that nobody is signed out.
//!
//! Why the browser keeps its old cookie: two requests run at once, and a cookie that came late with the answer to one would
//! take the place of the new session that the other has opened. No session outlives `MSC_SESSION_ABSOLUTE`, so the old
//! root secret is needed for that long.

use super::cookies;
use crate::crypto::root_secret::{RootSecret, RootSecrets};
use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

/// Of all root secrets that are given.
pub struct SessionKeys {
    pub(super) current: Key,
    previous: Vec<Key>,
    cookie: String,
}

impl SessionKeys {
    pub fn new(secrets: &RootSecrets, https: bool) -> Self {
        let derive = |root: &RootSecret| Key::from(&*root.derive_long("session cookie"));
        Self {
            current: derive(&secrets.current),
            previous: secrets.previous.iter().map(derive).collect(),
            cookie: cookies::name(cookies::SESSION, https),
        }
    }

    /// A `Cookie` header with the session's cookie sealed anew; none where there is nothing to do.
    fn resealed(&self, header: &HeaderValue) -> Option<HeaderValue> {
        let parts: Vec<&str> = header.to_str().ok()?.split(';').map(str::trim).collect();
        let resealed: Vec<Option<String>> = parts.iter().map(|part| self.resealed_cookie(part)).collect();
        if resealed.iter().all(Option::is_none) {
            return None;
        }
        let parts: Vec<String> =
            resealed.into_iter().zip(parts).map(|(new, old)| new.unwrap_or_else(|| old.to_owned())).collect();
        HeaderValue::from_str(&parts.join("; ")).ok()
    }

    fn resealed_cookie(&self, part: &str) -> Option<String> {
        let cookie = Cookie::parse_encoded(part).ok().filter(|cookie| cookie.name() == self.cookie)?;
        let mut jar = CookieJar::new();
        jar.add_original(cookie.into_owned());
        if jar.private(&self.current).get(&self.cookie).is_some() {
            return None;
        }
        let clear = self.previous.iter().find_map(|key| jar.private(key).get(&self.cookie))?;
        jar.private_mut(&self.current).add_original(clear);
        jar.get(&self.cookie).map(|cookie| cookie.stripped().encoded().to_string())
    }
}

/// Goes before the sessions.
pub(super) async fn reseal<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let keys = request.app_data::<web::Data<SessionKeys>>().filter(|keys| !keys.previous.is_empty()).cloned();
    if let Some(keys) = keys {
        let headers: Vec<HeaderValue> = request.headers().get_all(COOKIE).cloned().collect();
        let resealed: Vec<Option<HeaderValue>> = headers.iter().map(|header| keys.resealed(header)).collect();
        if resealed.iter().any(Option::is_some) {
            request.headers_mut().remove(COOKIE);
            for (new, old) in resealed.into_iter().zip(headers) {
                request.headers_mut().append(COOKIE, new.unwrap_or(old));
            }
        }
    }
    next.call(request).await
}
