//! Error pages: what happened, then what to do, and the request ID.
//! In the console frame where `frame.user_menu` is there, else in that of sign-in. Nothing here needs the database.

use askama::Template;

use super::frame::{Alert, Frame, Link, Tone};

const NOTHING_CHANGED: &str = "Nothing was changed.";
const CHECK_FIRST: &str = "Check your credentials before you try again.";

/// One page for every status; the constructors have the words.
#[derive(Clone, Debug, Template)]
#[template(path = "error_page.html")]
pub struct ErrorPage {
    pub frame: Frame,
    pub status: u16,
    /// The status in words, as HTTP names it.
    pub reason: &'static str,
    pub heading: String,
    pub text: Vec<Span>,
    /// Instead of `text`, where it should be heard at once.
    pub alert: Option<Alert>,
    pub button: Link,
    /// Label and value, in monospace; the request ID is the last.
    pub facts: Vec<(&'static str, String)>,
}

/// A piece of a sentence: words, or a name that is shown in monospace.
#[derive(Clone, Debug)]
pub struct Span {
    pub text: String,
    pub code: bool,
}

impl Span {
    fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: false }
    }

    fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: true }
    }
}

/// Whether the refused request can have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The transaction rolled back, or never began.
    NothingChanged,
    /// The answer of the commit was lost, for example.
    Unknown,
}

impl ErrorPage {
    fn new(frame: Frame, status: u16, heading: &str, button: Link, request_id: &str) -> Self {
        Self {
            frame,
            status,
            reason: reason(status),
            heading: heading.to_owned(),
            text: Vec::new(),
            alert: None,
            button,
            facts: vec![("Request ID", request_id.to_owned())],
        }
    }

    fn saying(mut self, text: impl Into<String>) -> Self {
        self.text.push(Span::words(text));
        self
    }

    fn home() -> Link {
        Link::new("Go to Console Home", "/console")
    }

    /// 403. `what` ends the heading: "change your password", "view this page".
    #[must_use]
    pub fn not_authorized(frame: Frame, what: &str, refused: Refused<'_>, request_id: &str) -> Self {
        let heading = format!("You are not authorized to {what}");
        let mut page = Self::new(frame, 403, &heading, Self::home(), request_id);
        page.text = vec![
            Span::words("User "),
            Span::code(refused.user_arn),
            Span::words(" is not authorized to perform "),
            Span::code(refused.action),
            Span::words(" on this resource. Ask your administrator to allow it."),
        ];
        let facts = [("Action", refused.action), ("Resource", refused.resource)];
        let facts = facts.map(|(label, value)| (label, value.to_owned()));
        page.facts.splice(0..0, facts);
        page
    }

    /// 403: the form is too old, or was made for another session. `form` is its address.
    #[must_use]
    pub fn form_expired(frame: Frame, form: &str, request_id: &str) -> Self {
        let button = Link::new("Open the form again", form);
        Self::new(frame, 403, "This page expired", button, request_id)
            .saying("Nothing was changed. Open the form again.")
    }

    /// 404.
    #[must_use]
    pub fn not_found(frame: Frame, request_id: &str) -> Self {
        Self::new(frame, 404, "We could not find that page", Self::home(), request_id)
            .saying("Check the address, or go back to Console Home.")
    }

    /// 429. `back` is the address of the form that was sent too often.
    #[must_use]
    pub fn too_many_attempts(frame: Frame, text: &str, seconds: u64, back: &str, request_id: &str) -> Self {
        let title = format!("Try again in {}", in_words(seconds));
        let label = if frame.user_menu.is_some() { "Back" } else { "Back to sign in" };
        let button = Link::new(label, back);
        let mut page = Self::new(frame, 429, "Too many attempts", button, request_id);
        page.alert = Some(Alert::new(Tone::Warning, title, text).focused());
        page
    }

    /// 500.
    #[must_use]
    pub fn failed(frame: Frame, outcome: Outcome, again: &str, request_id: &str) -> Self {
        let text = match outcome {
            Outcome::NothingChanged => NOTHING_CHANGED,
            Outcome::Unknown => CHECK_FIRST,
        };
        let button = Link::new("Try again", again);
        let heading = "Something went wrong on our side";
        Self::new(frame, 500, heading, button, request_id).saying(text)
    }

    /// 503.
    #[must_use]
    pub fn unavailable(frame: Frame, outcome: Outcome, again: &str, request_id: &str) -> Self {
        let text = match outcome {
            Outcome::NothingChanged => "Nothing was changed. Wait a moment, then try again.",
            Outcome::Unknown => CHECK_FIRST,
        };
        let button = Link::new("Try again", again);
        let heading = "The service is not available";
        Self::new(frame, 503, heading, button, request_id).saying(text)
    }

    /// 400, 405, 413, 415 or 421. `what` says in one sentence what was wrong; `back` is where to go.
    #[must_use]
    pub fn unreadable(frame: Frame, status: u16, what: &str, back: &str, request_id: &str) -> Self {
        let button = Link::new("Back", back);
        let heading = "We could not read that request";
        Self::new(frame, status, heading, button, request_id).saying(format!("{what} {NOTHING_CHANGED}"))
    }
}

/// As long as people wait for it: nobody counts the seconds of an hour.
fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Who was refused what.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    pub user_arn: &'a str,
    /// `iam:ChangePassword`.
    pub action: &'a str,
    pub resource: &'a str,
}

/// The status in words, as RFC 9110 and RFC 6585 name it.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
