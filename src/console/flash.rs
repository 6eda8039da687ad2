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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_number_of_ended_sessions_is_read_as_it_was_written(ended in any::<u64>()) {
            let told = Told::PasswordChanged(ended);
            prop_assert_eq!(Told::parse(&told.code()), Some(told));
        }

        /// A browser may send anything: it is told nothing that a page of ours would not have told.
        #[test]
        fn any_text_is_one_of_our_codes_or_nothing(text in "\\PC{0,40}|password-changed\\.[+0-9-]{0,25}|signed-out.?") {
            if let Some(told) = Told::parse(&text) {
                prop_assert_eq!(Told::parse(&told.code()), Some(told));
                prop_assert!(text.starts_with("password-changed.") || told.code() == text);
            }
        }
    }

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
