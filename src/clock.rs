//! What time it is. The one place that asks the system; everything else is told, so that tests set the time.

use std::sync::Arc;
use time::OffsetDateTime;

/// Gives the present moment, in UTC.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// A clock that a test holds in its hand.
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// To the microsecond, which is what the store keeps.
    pub fn now(&self) -> OffsetDateTime {
        let now = (self.0)();
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
    }
}
