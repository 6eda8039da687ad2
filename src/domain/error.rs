//! The whole vocabulary of "no": a `Refusal` is an answer for the caller, word for word; a failure is for the log.
//! `Code` is finer than the wire's error codes, so that a page can tell apart what the API calls by one name.

use super::violation::Violation;
use std::fmt;
use time::Duration;

/// Why a text is not what it should be. The door that took it says which field it stood in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    message: String,
    detail: Option<String>,
}

impl ParseError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), detail: None }
    }

    /// Where the message is AWS's and says less than is known.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// What kind of "no" it is. Every door has one exhaustive `match` over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The IAM policies do not allow the action (`AccessDenied` on the wire).
    NotAuthorized,
    /// `ChangePassword` with a wrong old password (`AccessDenied` on the wire).
    OldPasswordIncorrect,
    /// The new password breaks a rule; the details name every one.
    PasswordPolicyViolation,
    /// Account, user or password do not fit together; never says which.
    SignInFailed,
    NoSuchEntity,
    EntityAlreadyExists,
    /// Something has to be taken away first.
    DeleteConflict,
    LimitExceeded,
    /// Another change came first; the same request may succeed in a moment.
    EntityTemporarilyUnmodifiable,
    MalformedPolicyDocument,
    ValidationError,
    /// Well formed, and it makes no sense.
    InvalidInput,
    /// The caller is not an IAM user (`InvalidUserType`).
    InvalidUserType,
    /// Passwords were tried too often; the details say when another one may be tried.
    Throttled,
    /// More work is waiting than the machine can do in time.
    Busy,
}

impl Code {
    /// As AWS's API and its records call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAuthorized | Self::OldPasswordIncorrect => "AccessDenied",
            Self::PasswordPolicyViolation => "PasswordPolicyViolation",
            Self::SignInFailed => "AuthFailure",
            Self::NoSuchEntity => "NoSuchEntity",
            Self::EntityAlreadyExists => "EntityAlreadyExists",
            Self::DeleteConflict => "DeleteConflict",
            Self::LimitExceeded => "LimitExceeded",
            Self::EntityTemporarilyUnmodifiable => "EntityTemporarilyUnmodifiable",
            Self::MalformedPolicyDocument => "MalformedPolicyDocument",
            Self::ValidationError => "ValidationError",
            Self::InvalidInput => "InvalidInput",
            Self::InvalidUserType => "InvalidUserType",
            Self::Throttled => "Throttling",
            Self::Busy => "ServiceUnavailable",
        }
    }
}

/// What a caller is told beside the message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// The action that the policies refuse, as `iam:ChangePassword`.
    pub action: Option<&'static str>,
    /// The ARN of whoever asked.
    pub principal: Option<String>,
    /// The ARN that it was to act on.
    pub resource: Option<String>,
    /// All broken rules of a new password.
    pub violations: Vec<Violation>,
    /// What AWS's sentence does not say.
    pub detail: Option<String>,
    /// What the record says where it is not the message: of a name that nobody has less, because it may be a password in
    /// the wrong place; of a target that the caller may not know more.
    pub recorded: Option<String>,
    /// When the same may be asked again.
    pub retry_after: Option<Duration>,
}

/// An answer for the caller, word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    /// Boxed, so that every `Result` stays small.
    pub details: Box<Details>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Box::default() }
    }

    /// Whole seconds, none of them too few.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.details.retry_after?;
        let begun = i64::from(wait.subsec_nanoseconds() > 0);
        Some(u64::try_from(wait.whole_seconds() + begun).unwrap_or_default().max(1))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Whether a failure left everything as it was. A caller is told "nothing was changed" only where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    NothingChanged,
    Unknown,
}

/// What went wrong on our side; logged once, where the answer is made.
#[derive(Debug)]
pub struct Failure {
    pub outcome: Outcome,
    /// The store cannot be reached just now: the caller may try again.
    pub unavailable: bool,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What every operation returns when it does not do what was asked.
#[derive(Debug)]
pub enum Error {
    Refused(Refusal),
    Failed(Failure),
}

impl Error {
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, message))
    }

    /// A failure of which nothing is left behind.
    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(Failure { outcome: Outcome::NothingChanged, unavailable: false, source: source.into() })
    }

    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Failed(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Failed(failure) => failure.source.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(failure) => failure.source.source(),
        }
    }
}

/// An error with all its causes, on one line: for the log and the operator, never for a page.
pub fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut lines: Vec<String> = causes.map(ToString::to_string).collect();
    lines.dedup();
    lines.join(": ").replace('\n', " ")
}
