//! From an error to a page or a redirect. A handler only says what the problem is; the page is made by the outermost
//! layer, once, for every route and status, and without the database.

use super::flash::Told;
use crate::domain::error::{Code, Error, Failure, Outcome, Refusal};
use crate::domain::principal::Stage;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use std::fmt;
use std::sync::Arc;

/// Why a page cannot be shown.
#[derive(Debug, Clone)]
pub struct PageError(pub(super) Arc<Problem>);

#[derive(Debug)]
pub(super) enum Problem {
    /// Not an error to the visitor: another page comes first.
    GoTo {
        location: String,
        told: Option<Told>,
    },
    NotAuthorized {
        refusal: Refusal,
        what: &'static str,
    },
    FormExpired {
        form: String,
    },
    TooManyAttempts {
        message: String,
        seconds: u64,
    },
    NotFound,
    MethodNotAllowed {
        allow: &'static str,
    },
    Unreadable {
        status: u16,
        what: String,
    },
    Failed(Failure),
}

impl PageError {
    fn new(problem: Problem) -> Self {
        Self(Arc::new(problem))
    }

    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Problem::Failed(Failure {
            outcome: Outcome::NothingChanged,
            unavailable: false,
            source: source.into(),
        }))
    }

    /// The sessions or the time ran out. `begun`: a form was at work already, so what became of it is not known.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>, begun: bool) -> Self {
        let outcome = if begun { Outcome::Unknown } else { Outcome::NothingChanged };
        Self::new(Problem::Failed(Failure { outcome, unavailable: true, source: source.into() }))
    }

    pub fn form_expired(request: &HttpRequest) -> Self {
        Self::new(Problem::FormExpired { form: request.path().to_owned() })
    }

    pub fn unreadable(status: u16, what: impl Into<String>) -> Self {
        Self::new(Problem::Unreadable { status, what: what.into() })
    }

    pub fn not_found() -> Self {
        Self::new(Problem::NotFound)
    }

    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self::new(Problem::MethodNotAllowed { allow })
    }

    /// `what` ends the heading: "change your password", "view this page".
    pub fn refused(refusal: Refusal, what: &'static str) -> Self {
        Self::new(Problem::NotAuthorized { refusal, what })
    }

    /// Nobody is signed in: sign-in first, then the page that was asked for. `ended`: there was a session, and it is over.
    pub fn sign_in_first(request: &HttpRequest, ended: bool) -> Self {
        let page = request.uri().path_and_query().map_or("", |page| page.as_str());
        let location = super::sign_in::location(None, super::origin::next_page(page));
        Self::new(Problem::GoTo { location, told: ended.then_some(Told::SessionExpired) })
    }

    /// This browser's own change ended the session: its second click is no error.
    pub fn password_was_changed(account: &str) -> Self {
        let location = super::sign_in::location(Some(account), None);
        Self::new(Problem::GoTo { location, told: Some(Told::PasswordChangedByThisBrowser) })
    }

    /// A session that must change its password belongs on the step; one that need not, in the console.
    pub fn other_stage(request: &HttpRequest, stage: Stage) -> Self {
        let page = request.uri().path_and_query().map_or("", |page| page.as_str());
        let location = match (stage, super::origin::next_page(page)) {
            (Stage::Full, _) => "/console".to_owned(),
            (Stage::MustChangePassword, next) => super::forced_change::location(next),
        };
        Self::new(Problem::GoTo { location, told: None })
    }
}

/// For pages that do not expect a refusal.
impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        match error {
            Error::Failed(failure) => Self::new(Problem::Failed(failure)),
            Error::Refused(refusal) => match refusal.code {
                Code::NotAuthorized | Code::InvalidUserType => Self::refused(refusal, "view this page"),
                Code::Throttled => Self::new(Problem::TooManyAttempts {
                    seconds: refusal.retry_after_seconds().unwrap_or(1),
                    message: refusal.message,
                }),
                Code::Busy | Code::EntityTemporarilyUnmodifiable => Self::unavailable(refusal.message, false),
                Code::NoSuchEntity => Self::not_found(),
                Code::OldPasswordIncorrect
                | Code::PasswordPolicyViolation
                | Code::SignInFailed
                | Code::EntityAlreadyExists
                | Code::DeleteConflict
                | Code::LimitExceeded
                | Code::InvalidInput
                | Code::MalformedPolicyDocument
                | Code::ValidationError => Self::unreadable(400, refusal.message),
            },
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Problem::Failed(failure) => write!(f, "{}", failure.source),
            other => write!(f, "{other:?}"),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        let status = match &*self.0 {
            Problem::GoTo { .. } => 303,
            Problem::NotAuthorized { .. } | Problem::FormExpired { .. } => 403,
            Problem::TooManyAttempts { .. } => 429,
            Problem::NotFound => 404,
            Problem::MethodNotAllowed { .. } => 405,
            Problem::Unreadable { status, .. } => *status,
            Problem::Failed(failure) => {
                if failure.unavailable {
                    503
                } else {
                    500
                }
            }
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

pub fn not_found() -> HttpResponse {
    PageError::not_found().error_response()
}
