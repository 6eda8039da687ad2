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

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::io;

    #[test]
    fn a_parse_error_keeps_awss_words_and_what_is_known_beside_them() {
        let error = ParseError::new("AWS's words");
        assert_eq!((error.message(), error.detail()), ("AWS's words", None));
        let error = error.with_detail("at line 1");
        assert_eq!((error.message(), error.detail()), ("AWS's words", Some("at line 1")));
        assert_eq!(error.to_string(), "AWS's words", "the detail is not for everybody");
    }

    #[test]
    fn a_code_is_called_as_aws_calls_it() {
        for (code, name) in [
            (Code::NotAuthorized, "AccessDenied"),
            (Code::OldPasswordIncorrect, "AccessDenied"),
            (Code::SignInFailed, "AuthFailure"),
            (Code::Busy, "ServiceUnavailable"),
            (Code::Throttled, "Throttling"),
        ] {
            assert_eq!(code.name(), name);
        }
        for code in [
            Code::PasswordPolicyViolation,
            Code::NoSuchEntity,
            Code::EntityAlreadyExists,
            Code::DeleteConflict,
            Code::LimitExceeded,
            Code::EntityTemporarilyUnmodifiable,
            Code::MalformedPolicyDocument,
            Code::ValidationError,
            Code::InvalidInput,
            Code::InvalidUserType,
        ] {
            assert_eq!(code.name(), format!("{code:?}"));
        }
    }

    #[test]
    fn a_refusal_is_told_word_for_word_and_a_failure_is_none() {
        let refused = Error::refused(Code::NoSuchEntity, "The user with name x cannot be found.");
        assert_eq!(refused.to_string(), "The user with name x cannot be found.");
        let refusal = refused.refusal().unwrap();
        assert_eq!((refusal.code, refusal.to_string()), (Code::NoSuchEntity, refused.to_string()));
        assert!(refused.source().is_none());

        let failed = Error::failed(io::Error::other("the disk is full"));
        assert!(failed.refusal().is_none());
        assert_eq!(failed.to_string(), "the disk is full");
    }

    #[test]
    fn who_has_to_wait_is_told_whole_seconds_and_none_too_few() {
        let told = |wait: Option<Duration>| {
            let mut refusal = Refusal::new(Code::Throttled, "too many");
            refusal.details.retry_after = wait;
            refusal.retry_after_seconds()
        };
        assert_eq!(told(None), None);
        for (wait, seconds) in [
            (Duration::ZERO, 1),
            (Duration::NANOSECOND, 1),
            (Duration::SECOND, 1),
            (Duration::seconds(59) + Duration::MICROSECOND, 60),
            (Duration::MINUTE, 60),
        ] {
            assert_eq!(told(Some(wait)), Some(seconds), "{wait}");
        }
    }

    #[test]
    fn a_failure_that_says_nothing_else_has_changed_nothing_and_is_not_worth_another_try() {
        let Error::Failed(failure) = Error::failed("broken") else { panic!("a failure") };
        assert_eq!((failure.outcome, failure.unavailable), (Outcome::NothingChanged, false));
    }

    #[test]
    fn an_error_is_told_with_its_causes_on_one_line_and_none_of_them_twice() {
        let cause = Caused("the server\nis gone", None);
        let cause = Caused("the row cannot be read", Some(Box::new(cause)));
        let error = Error::failed(Caused("the row cannot be read", Some(Box::new(cause))));
        assert_eq!(told(&error), "the row cannot be read: the server is gone");
    }

    #[derive(Debug)]
    struct Caused(&'static str, Option<Box<Self>>);

    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Caused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }
}
