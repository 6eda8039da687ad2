//! SQLite's readers: connections that are lent for one read each.
//! Why not the library's pool: it asks every connection that comes back whether it still lives. For SQLite that is a way to
//! the connection's thread and back, as dear as the read itself, and a thread of this process does not go away unnoticed.
//! Instead, a connection whose read failed or was given up is not lent again.

use crate::metrics::Connections;
use crate::store::error::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

#[derive(Clone)]
pub(in crate::store) struct Readers(Arc<Shared>);

struct Shared {
    options: SqliteConnectOptions,
    patience: Duration,
    most: u32,
    /// One for each connection that may be lent.
    permits: Semaphore,
    /// Those that are not lent just now; they are opened when they are first needed.
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection for one read. Dropped without `give_back`, it is closed.
pub(in crate::store) struct Lent<'r> {
    pub connection: SqliteConnection,
    readers: &'r Shared,
    _permit: SemaphorePermit<'r>,
}

impl Readers {
    /// At most `most` at once. Opens the first, so that a file that cannot be read is found out now.
    pub async fn open(options: SqliteConnectOptions, most: u32, patience: Duration) -> Result<Self, sqlx::Error> {
        let first = options.connect().await?;
        let most = most.max(1);
        let permits = Semaphore::new(most as usize);
        Ok(Self(Arc::new(Shared { options, patience, most, permits, idle: Mutex::new(vec![first]) })))
    }

    /// Waits for one as long as a caller has patience.
    pub async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let waited = tokio::time::timeout(self.0.patience, self.0.permits.acquire()).await;
        let permit = waited.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Lent { connection, readers: &self.0, _permit: permit })
    }

    pub fn connections(&self) -> Connections {
        let free = u32::try_from(self.0.permits.available_permits()).unwrap_or(u32::MAX);
        Connections { in_use: self.0.most.saturating_sub(free), most: self.0.most }
    }

    /// Lends nothing any more, and closes what is not lent.
    pub async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            drop(connection.close().await);
        }
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    /// Its read came to a good end.
    pub fn give_back(self) {
        if !self.readers.permits.is_closed() {
            self.readers.idle().push(self.connection);
        }
    }
}
