//! Logs: one line for each event, on the standard error, as text or as JSON.
//!
//! Every line about a request stands in the span `request`, whose `request.id` the answer tells the client. Fields:
//! `account.id`, `user.name`, `access_key.id`, `action`, `duration_ms`. A secret, a password and
//! what was typed into a sign-in form are never a field.

use crate::config::{Config, LogFormat};
use std::io::{IsTerminal, Stderr, Write};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// The library that reads HTTP tells of every head that it cannot read, at the level of an error: anybody can send one,
/// and nobody can act on it. `MSC_LOG` can ask for these lines by the same name.
const QUIET: &str = "actix_http=off";

/// Once for the process; a later call changes nothing, so that tests may start several servers.
pub fn start(config: &Config) {
    let subscriber = registry().with(EnvFilter::builder().parse_lossy(format!("{QUIET},{}", config.log)));
    // Whoever tells on the standard error that nothing can be written to it panics, and a disk that is full ends the service.
    let lines = fmt::layer().log_internal_errors(false);
    // `try_init` fails only when there is a subscriber already.
    let _ = match config.log_format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal()).with_writer(OneLine::stderr);
            subscriber.with(lines.with_filter(filter_fn(may_be_shown))).try_init()
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false).with_writer(std::io::stderr);
            subscriber.with(lines.with_filter(filter_fn(may_be_shown))).try_init()
        }
    };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            place,
            thread = thread.name(),
            "panicked: {}",
            panic.payload_as_str().unwrap_or("without a message")
        );
    }));
}

/// Whatever `MSC_LOG` asks for. Below these levels other people's code shows what it works on: addresses as they were
/// typed, messages as they came. The statements of the database hold no values, which are bound.
fn may_be_shown(metadata: &Metadata<'_>) -> bool {
    let most = match metadata.target().split("::").next() {
        Some("my_security_credentials") => Level::TRACE,
        Some("sqlx") => Level::DEBUG,
        _ => Level::INFO,
    };
    *metadata.level() <= most
}

/// The text format writes a message as it is: a line break in it would begin a line that somebody else made up.
struct OneLine<W>(W);

impl OneLine<Stderr> {
    fn stderr() -> Self {
        Self(std::io::stderr())
    }
}

impl<W: Write> Write for OneLine<W> {
    /// The subscriber gives one whole event at a time, with its line feed.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let line = event.strip_suffix(b"\n").unwrap_or(event);
        let mut out = Vec::with_capacity(event.len() + 1);
        for byte in line {
            match byte {
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                other => out.push(*other),
            }
        }
        out.push(b'\n');
        self.0.write_all(&out)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_logged_cannot_begin_a_line_of_its_own() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = fmt().with_ansi(false).with_writer(move || OneLine(writer.clone())).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(user.name = "alice\n2026 INFO forged", "wrong\r\n2026 INFO forged\x1b[31m");
            tracing::info!("next");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains(r"wrong\r\n2026 INFO forged") && text.contains("user.name="), "{text}");
        assert!(!text.contains(['\r', '\x1b']), "{text}");
    }
}
