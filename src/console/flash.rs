//! What is told once, on the page that a redirect leads to: a code in a short cookie, never text.

use super::cookies;
use super::state::Console;
use actix_web::HttpRequest;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// And this many other sessions ended.
    PasswordChanged(u64),
    /// Since the last sign-in there were so many wrong passwords.
    FailedAttempts(u32),
    SignedOut,
    SessionExpired,
    /// The session was ended by a change that this browser itself had sent.
    PasswordChangedByThisBrowser,
}

impl Told {
    pub fn code(self) -> String {
        match self {
            Self::PasswordChanged(ended) => format!("password-changed.{ended}"),
            Self::FailedAttempts(count) => format!("failed-attempts.{count}"),
            Self::SignedOut => "signed-out".to_owned(),
            Self::SessionExpired => "session-expired".to_owned(),
            Self::PasswordChangedByThisBrowser => "password-was-changed".to_owned(),
        }
    }

    fn parse(code: &str) -> Option<Self> {
        match code {
            "signed-out" => Some(Self::SignedOut),
            "session-expired" => Some(Self::SessionExpired),
            "password-was-changed" => Some(Self::PasswordChangedByThisBrowser),
            _ => match code.split_once('.')? {
                ("password-changed", ended) => ended.parse().ok().map(Self::PasswordChanged),
                ("failed-attempts", count) => count.parse().ok().map(Self::FailedAttempts),
                _ => None,
            },
        }
    }

    pub fn of(request: &HttpRequest, console: &Console) -> Option<Self> {
        Self::parse(&cookies::value(request, cookies::FLASH, console.https)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_was_written() {
        let all = [
            Told::PasswordChanged(0),
            Told::PasswordChanged(12),
            Told::FailedAttempts(3),
            Told::SignedOut,
            Told::SessionExpired,
            Told::PasswordChangedByThisBrowser,
        ];
        for told in all {
            assert_eq!(Told::parse(&told.code()), Some(told));
        }
        for wrong in [
            "",
            "x",
            "password-changed.",
            "password-changed.-1",
            "password-changed.<b>",
            "failed-attempts.",
            "failed.3",
        ] {
            assert_eq!(Told::parse(wrong), None, "{wrong}");
        }
    }
}
