//! Logs: one line for each event, on the standard error, as text or as JSON.
//!
//! Field names: `account.id`, `user.name`, `access_key.id`, `action`, `request.id`, `duration_ms`. A secret, a password and
//! what was typed into a sign-in form are never a field.

use crate::config::{Config, LogFormat};
use std::io::{IsTerminal, Stderr, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

/// Once for the process; a later call changes nothing, so that tests may start several servers.
pub fn start(config: &Config) {
    let builder = fmt().with_env_filter(EnvFilter::builder().parse_lossy(&config.log));
    let is_terminal = std::io::stderr().is_terminal();
    // `try_init` fails only when there is a subscriber already.
    let _ = match config.log_format {
        LogFormat::Text => builder.with_ansi(is_terminal).with_writer(OneLine::stderr).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_writer(std::io::stderr).finish().try_init(),
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
