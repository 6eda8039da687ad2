//! From a signed request to a context: the signature is read, its key found, its time and then itself verified. Nothing of
//! the body is looked at before.

use super::Known;
use super::error::ApiError;
use super::service::Service;
use super::sigv4::{Authorization, SignatureError, SignedRequest};
use crate::app::App;
use crate::domain::access_key::AccessKeyId;
use crate::operations::sign_request::signing_key;
use crate::operations::{Context, RequestFacts};
use actix_web::HttpRequest;
use std::sync::Arc;

/// A request whose signature is right.
pub struct Signed {
    pub cx: Context,
    /// The one that the credential is scoped to.
    pub service: Service,
}

pub async fn authenticate(
    request: &HttpRequest,
    body: &[u8],
    app: &Arc<App>,
    facts: RequestFacts,
    known: &mut Known,
) -> Result<Signed, ApiError> {
    let headers: Vec<(&str, &[u8])> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let signed = SignedRequest {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    let authorization = Authorization::read(&signed)?;
    let now = app.clock.now();
    authorization.is_current(now)?;
    let id = AccessKeyId::parse(authorization.access_key_id).map_err(|_| SignatureError::invalid_token())?;
    known.access_key_id = Some(id.clone()).filter(AccessKeyId::is_plainly_one);
    let key = signing_key(app, &id).await?.ok_or_else(SignatureError::invalid_token)?;
    authorization.verify(&signed, key.secret_access_key.expose())?;
    let service = Service::of_scope(authorization.service).ok_or_else(|| wrong_scope(Service::Iam))?;
    known.service = service;
    key.note_use(app, now, authorization.service, authorization.region).await;
    let facts = RequestFacts { signature_hash: Some(authorization.fingerprint()), ..facts };
    Ok(Signed { cx: key.context(app.clone(), now, facts), service })
}

impl Signed {
    /// The region may be any: with `--endpoint-url` clients sign with their own.
    pub fn is_scoped_to(&self, service: Service) -> Result<(), ApiError> {
        if self.service == service { Ok(()) } else { Err(wrong_scope(service).into()) }
    }
}

/// AWS's words, with the space at their end.
fn wrong_scope(service: Service) -> SignatureError {
    SignatureError::does_not_match(format!("Credential should be scoped to correct service: '{}'. ", service.name()))
}
