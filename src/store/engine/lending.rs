//! SQLite's connections, lent for one read or one transaction each.
//! Why not the library's pool: it asks every connection that comes back whether it still lives. For SQLite that is a way to
//! the connection's thread and back, as dear as the read itself, and a thread of this process does not go away unnoticed.
//! Instead, a connection whose work failed or was given up is not lent again: what it had begun ends with it.

use crate::metrics::Connections;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub(in crate::store) struct Lending(Arc<Shared>);

struct Shared {
    options: SqliteConnectOptions,
    patience: Duration,
    most: u32,
    /// One for each connection that may be lent; whoever waits for one is served in turn.
    permits: Arc<Semaphore>,
    /// Those that are not lent just now; they are opened when they are first needed.
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection for one piece of work. Dropped without `give_back`, it is closed.
pub(in crate::store) struct Lent {
    pub connection: SqliteConnection,
    lending: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Lending {
    /// At most `most` at once. Opens the first, so that a file that cannot be used is found out now.
    pub async fn open(options: SqliteConnectOptions, most: u32, patience: Duration) -> Result<Self, sqlx::Error> {
        let first = options.connect().await?;
        let most = most.max(1);
        let permits = Arc::new(Semaphore::new(most as usize));
        Ok(Self(Arc::new(Shared { options, patience, most, permits, idle: Mutex::new(vec![first]) })))
    }

    /// Waits for one as long as a caller has patience.
    pub async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let waited = tokio::time::timeout(self.0.patience, Arc::clone(&self.0.permits).acquire_owned()).await;
        let permit = waited.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Lent { connection, lending: Arc::clone(&self.0), _permit: permit })
    }

    pub fn options(&self) -> &SqliteConnectOptions {
        &self.0.options
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

impl Lent {
    /// Its work came to a good end.
    pub fn give_back(self) {
        if !self.lending.permits.is_closed() {
            self.lending.idle().push(self.connection);
        }
    }
}
