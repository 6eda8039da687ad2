//! The IAM Query API door: `POST /` for the services `iam` (2010-05-08) and `sts` (2011-06-15), as the AWS CLI and the SDKs
//! speak it. A request is read, its signature verified, its action dispatched, and its answer written in XML; what an
//! action does is in `operations`, the same as behind every page.
//!
//! Why no cookie is looked at: whoever calls is whoever signed. A browser that another site sends here signs nothing.

mod access_keys;
mod account;
mod actions;
mod authenticate;
mod caller_identity;
mod error;
mod groups;

mod managed_policies;
mod members;
mod page;
mod parameters;
mod password_policy;
mod passwords;
mod patterns;
mod policies;
mod service;
pub mod sigv4;
mod user_tags;
mod users;
mod xml;

pub use error::ApiError;

use crate::app::App;
use crate::domain::access_key::AccessKeyId;
use crate::domain::error::Error;
use crate::metrics::metrics;
use crate::operations::RequestFacts;
use crate::wire::body::{self, BodyError};
use crate::wire::{Begun, urlencoded};
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use parameters::Fields;
use service::Service;
use std::sync::Arc;
use tracing::Instrument;
use xml::Xml;

/// Of a whole request, in bytes.
const LIMIT: usize = 64 * 1024;

/// What the door needs of the process.
pub struct QueryApi {
    pub app: Arc<App>,
}

/// Whether a request is meant for this door: posted to `/`, or signed, or with what the API alone has in its query.
pub fn is_call(head: &RequestHead) -> bool {
    let signed = || is_signed(head.headers());
    let asks = || {
        let query = head.uri.query().unwrap_or_default();
        query.split('&').any(|pair| pair.starts_with("Action=") || pair.starts_with("X-Amz-"))
    };
    head.uri.path() == "/" && (head.method == Method::POST || signed() || asks())
}

/// A proxy may have asked for an `Authorization` of its own.
fn is_signed(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS"))
}

/// What is known of a call, for its answer and for the log.
struct Known {
    service: Service,
    access_key_id: Option<AccessKeyId>,
    action: Option<&'static str>,
}

/// Every call.
pub async fn call(request: HttpRequest, payload: web::Payload, api: web::Data<QueryApi>) -> HttpResponse {
    let facts = request.extensions().get::<RequestFacts>().cloned().unwrap_or_default();
    let facts = RequestFacts { door: "query-api", ..facts };
    let request_id = facts.request_id.clone();
    let mut known = Known { service: Service::Iam, access_key_id: None, action: None };
    let answered = match whole(&request, payload).await {
        Ok(body) => answer(&request, &body, &api, facts, &mut known).await,
        Err(error) => Err(error),
    };
    let code = answered.as_ref().err().map_or("ok", ApiError::code);
    metrics().call(known.action.unwrap_or("unknown"), code);
    match answered {
        Ok(xml) => HttpResponse::Ok().content_type(xml::CONTENT_TYPE).body(xml),
        Err(error) => {
            let key = known.access_key_id.as_ref().map_or("", AccessKeyId::as_str);
            let action = known.action.unwrap_or_default();
            tracing::info!(access_key.id = key, action, code, "a call was refused");
            error.response_of(known.service, &request_id)
        }
    }
}

async fn whole(request: &HttpRequest, payload: web::Payload) -> Result<zeroize::Zeroizing<Vec<u8>>, ApiError> {
    if request.method() != Method::POST {
        return Err(ApiError::not_posted(is_signed(request.headers())));
    }
    if !body::is_urlencoded(request.headers()) {
        return Err(ApiError::new(415, "UnsupportedMediaType", "Send application/x-www-form-urlencoded in UTF-8."));
    }
    body::read(request, payload, LIMIT).await.map_err(|error| match error {
        BodyError::Broken => ApiError::new(400, "IncompleteBody", "The request did not arrive whole."),
        BodyError::TooLarge => ApiError::new(413, "RequestEntityTooLarge", "The request is larger than 64 KiB."),
        BodyError::Late => ApiError::new(408, "RequestTimeout", "The request did not arrive in time."),
    })
}

async fn answer(
    request: &HttpRequest,
    body: &[u8],
    api: &QueryApi,
    facts: RequestFacts,
    known: &mut Known,
) -> Result<Vec<u8>, ApiError> {
    let signed = authenticate::authenticate(request, body, &api.app, facts, known).await?;
    if !request.query_string().is_empty() {
        return Err(ApiError::validation("Parameters belong into the body of the request, not into its query."));
    }
    let pairs = urlencoded::decode(body)
        .map_err(|error| ApiError::validation(format!("The request holds {}.", error.words())))?;
    let mut fields = Fields::of(pairs)?;
    let (version, action) = (fields.take("Version"), fields.take("Action"));
    let (version, action) = (version.as_ref().map(|text| text.as_str()), action.as_ref().map(|text| text.as_str()));
    // What is asked for decides what the credential has to be scoped to.
    known.service = Service::of_version(version).unwrap_or(signed.service);
    signed.is_scoped_to(known.service)?;
    let call = actions::find(version, action)?;
    known.action = Some(call.name());
    if let Some(begun) = request.extensions().get::<Begun>().filter(|_| call.changes()) {
        begun.0.set(true);
    }
    let (cx, service) = (signed.cx, known.service);
    // A change runs to its end though the client left.
    let work = async move {
        let mut xml = Xml::begin(service, call.name());
        call.run(&cx, fields, &mut xml).await?;
        Ok(xml.end(&cx.request.request_id))
    };
    actix_web::rt::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(ApiError::from(Error::failed(error))))
}
