//! From an error to `<ErrorResponse>`: code, status and message on the wire. The clients take the code from the body and
//! decide by the status whether to try again, so both have to be right.

use super::service::Service;
use super::sigv4::SignatureError;
use super::xml::{self, Xml};
use crate::domain::error::{Code, Error, Failure, Outcome, told};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use std::borrow::Cow;

/// How long a client should wait where the server is busy or the database is away.
const RETRY_SECONDS: u64 = 2;

/// A "no" on the wire.
#[derive(Debug)]
pub struct ApiError {
    status: u16,
    code: &'static str,
    message: Cow<'static, str>,
    /// Seconds after which the same may be asked again.
    retry_after: Option<u64>,
    /// For the log alone.
    cause: Option<Failure>,
}

impl ApiError {
    pub fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, cause: None }
    }

    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The API is posted to. A presigned URL is opened with GET and has no header that is signed.
    pub fn not_posted(signed: bool) -> Self {
        if signed {
            Self::new(405, "MethodNotAllowed", "Send the request with POST.")
        } else {
            SignatureError::missing_token().into()
        }
    }

    /// What the outermost layer answers: a host that is not ours, a request that took too long.
    pub fn outermost(status: u16, message: &str, begun: bool) -> Self {
        match status {
            503 => Self::failed(Failure {
                outcome: if begun { Outcome::Unknown } else { Outcome::NothingChanged },
                unavailable: true,
                source: message.to_owned().into(),
            }),
            _ => Self::new(status, "InvalidRequest", message.to_owned()),
        }
    }

    /// The text of an outcome that is not known says so. That clients try again by themselves after a 500 nothing here can
    /// keep them from.
    fn failed(failure: Failure) -> Self {
        let (status, code, message) = match (failure.outcome, failure.unavailable) {
            (Outcome::Unknown, _) => (
                500,
                "ServiceFailure",
                "The service failed. Whether the change was made is not known: look before you try again.",
            ),
            (Outcome::NothingChanged, true) => {
                (503, "ServiceUnavailable", "The service is not available. Nothing was changed. Try again in a moment.")
            }
            (Outcome::NothingChanged, false) => (
                500,
                "ServiceFailure",
                "The request processing has failed because of an unknown error, exception or failure.",
            ),
        };
        Self { cause: Some(failure), ..Self::new(status, code, message) }
    }

    /// The answer of a layer that knows no service.
    pub fn response(&self, request_id: &str) -> HttpResponse {
        self.response_of(Service::Iam, request_id)
    }

    /// The answer. What failed on our side is logged here, once.
    pub(super) fn response_of(&self, service: Service, request_id: &str) -> HttpResponse {
        if let Some(failure) = &self.cause {
            tracing::error!(request.id = request_id, error = %told(failure.source.as_ref()), "a request failed");
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        let retry_after = self.retry_after.or((self.status == 503).then_some(RETRY_SECONDS));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.status == 405 {
            response.insert_header((ALLOW, "POST"));
        }
        let kind = if self.status >= 500 { "Receiver" } else { "Sender" };
        response.content_type(xml::CONTENT_TYPE).body(Xml::error(service, kind, self.code, &self.message, request_id))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Failed(failure) => Self::failed(failure),
            Error::Refused(refusal) => {
                let retry_after = refusal.retry_after_seconds();
                let message = match retry_after {
                    Some(seconds) => format!("{} Try again in {seconds} s.", refusal.message),
                    None => refusal.message,
                };
                Self { retry_after, ..Self::new(status(refusal.code), refusal.code.name(), message) }
            }
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        let status = if error.code == "IncompleteSignature" { 400 } else { 403 };
        Self::new(status, error.code, error.message)
    }
}

/// Source: botocore's service model and the IAM API Reference, "Common Errors".
fn status(code: Code) -> u16 {
    match code {
        Code::NotAuthorized | Code::OldPasswordIncorrect | Code::SignInFailed => 403,
        Code::NoSuchEntity => 404,
        Code::EntityAlreadyExists
        | Code::DeleteConflict
        | Code::LimitExceeded
        | Code::EntityTemporarilyUnmodifiable => 409,
        Code::Throttled
        | Code::PasswordPolicyViolation
        | Code::MalformedPolicyDocument
        | Code::ValidationError
        | Code::InvalidInput
        | Code::InvalidUserType => 400,
        Code::Busy => 503,
    }
}
