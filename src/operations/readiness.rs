//! Whether this process can do its work just now: for a load balancer, which is told no more than one word.

use crate::app::App;
use crate::domain::error::told;
use crate::store::{SchemaState, StoreError};
use std::time::Duration;

/// Whoever asks asks again in a moment: an answer that comes late is none.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why nothing should be sent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    Stopping,
    /// It does not answer, or not in time.
    Database,
    /// It is not the one that this program needs.
    Schema,
}

impl Unready {
    pub fn word(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Database => "database",
            Self::Schema => "schema",
        }
    }
}

pub async fn readiness(app: &App) -> Result<(), Unready> {
    if app.stopping.has_begun() {
        return Err(Unready::Stopping);
    }
    match tokio::time::timeout(PATIENCE, app.store.schema_state()).await {
        Ok(Ok(SchemaState::Current | SchemaState::Newer { compatible: true })) => Ok(()),
        Ok(Ok(state)) => {
            tracing::warn!(?state, "not ready: the database has another schema than this program needs");
            Err(Unready::Schema)
        }
        Ok(Err(error)) => {
            tracing::warn!(error = %told(&error), "not ready: the database cannot be used");
            Err(if matches!(error, StoreError::Unusable(_)) { Unready::Schema } else { Unready::Database })
        }
        Err(_) => {
            tracing::warn!("not ready: the database does not answer in time");
            Err(Unready::Database)
        }
    }
}
