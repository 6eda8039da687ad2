//! Our table behind actix-session: rows live in the database under the SHA-256 of the key.

use super::session_row::{GONE, ROW, Row};
use crate::app::App;
use crate::operations::session as sessions;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use anyhow::anyhow;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Our table behind actix-session.
#[derive(Clone)]
pub struct Sessions {
    pub app: Arc<App>,
}

fn hash(key: &SessionKey) -> String {
    Sha256::digest(key.as_ref()).iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let session_hash = hash(key);
        let loaded =
            sessions::session(&self.app, &session_hash).await.map_err(|error| LoadError::Other(anyhow!(error)))?;
        let Some(loaded) = loaded else { return Ok(Some(HashMap::from([(GONE.to_owned(), "true".to_owned())]))) };
        let text =
            serde_json::to_string(&Row::of(session_hash, loaded)).map_err(|error| LoadError::Other(anyhow!(error)))?;
        Ok(Some(HashMap::from([(ROW.to_owned(), text)])))
    }

    async fn save(&self, state: HashMap<String, String>, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = SessionKey::try_from(crate::crypto::identifier::token(&self.app.random))
            .map_err(|error| SaveError::Other(anyhow!(error)))?;
        let row: Row = state
            .get(ROW)
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| SaveError::Other(anyhow!("a session without its row")))?;
        let record = row.record(&self.app, hash(&key)).map_err(|error| SaveError::Other(anyhow!(error)))?;
        sessions::save_session(&self.app, &record).await.map_err(|error| SaveError::Other(anyhow!(error)))?;
        Ok(key)
    }

    /// Our pages renew a session or leave it alone; they never change one in place.
    async fn update(
        &self,
        key: SessionKey,
        _: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        Ok(key)
    }

    /// Sliding happens at load, at most once a minute.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        sessions::end_session(&self.app, &hash(key)).await.map_err(|error| anyhow!(error))
    }
}
