//! Connections, lent for one read or one transaction each.
//! Why not the library's pool: it asks every connection that comes back whether it still lives, and waits for the answer
//! without a limit, so that one of ours had to come before it. Each is a way to the database and back, as dear as the read
//! itself. Here whoever gives a connection back says that its work came to a good end; one whose work failed or was given up
//! is not lent again: what it had begun ends with it.

use super::statement::answered_within;
use crate::metrics::Connections;
use sqlx::{ConnectOptions, Connection};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long one that may be dead has to say that it lives: whoever waits for it has patience for another one then.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// The same for one that is not lent again: what was given up on it may still be at work, and counts as long as it is.
const LAST_SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// Between two looks for a server that is coming up, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(400)];

/// How connections of a kind are looked after.
#[derive(Clone, Copy)]
pub(in crate::store) struct Care {
    /// At most so many are lent at once.
    pub most: u32,
    /// How long a caller waits for one.
    pub patience: Duration,
    /// One that was not used for longer may be dead.
    pub trusted: Duration,
    /// What nobody needs for longer is closed, and a connection of this age.
    pub kept: [Duration; 2],
}

pub(in crate::store) struct Lending<C: Connection + 'static>(Arc<Shared<C>>);

/// Not derived: a connection need not be one that can be cloned.
impl<C: Connection + 'static> Clone for Lending<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<C: Connection + 'static> {
    options: C::Options,
    care: Care,
    /// One for each connection that may be lent; whoever waits for one is served in turn.
    permits: Arc<Semaphore>,
    /// Those that are not lent just now, the one that was used last at the end. They are opened when they are first needed.
    idle: Mutex<Vec<Idle<C>>>,
    /// Where those are closed that are not lent again.
    home: Handle,
}

struct Idle<C> {
    connection: C,
    opened: Instant,
    since: Instant,
}

/// A connection for one piece of work. Dropped without `give_back`, it is closed.
pub(in crate::store) struct Lent<C: Connection + 'static> {
    /// None once it was given back.
    held: Option<Held<C>>,
    lending: Arc<Shared<C>>,
}

struct Held<C> {
    connection: C,
    opened: Instant,
    permit: OwnedSemaphorePermit,
}

impl<C: Connection + 'static> Lending<C> {
    /// Opens the first, so that what cannot be used is found out now.
    pub async fn open(options: C::Options, care: Care) -> Result<Self, sqlx::Error> {
        let care = Care { most: care.most.max(1), ..care };
        let permits = Arc::new(Semaphore::new(care.most as usize));
        let lending =
            Self(Arc::new(Shared { options, care, permits, idle: Mutex::default(), home: Handle::current() }));
        lending.lend().await?.give_back();
        Ok(lending)
    }

    /// Waits for one as long as a caller has patience.
    pub async fn lend(&self) -> Result<Lent<C>, sqlx::Error> {
        let lent = tokio::time::timeout(self.0.care.patience, Shared::lend(&self.0)).await;
        lent.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    pub fn options(&self) -> &C::Options {
        &self.0.options
    }

    pub fn connections(&self) -> Connections {
        let free = u32::try_from(self.0.permits.available_permits()).unwrap_or(u32::MAX);
        Connections { in_use: self.0.care.most.saturating_sub(free), most: self.0.care.most }
    }

    /// Lends nothing any more, and closes what is not lent.
    pub async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for one in idle {
            drop(answered_within(LAST_SIGN_OF_LIFE, one.connection.close()).await);
        }
    }
}

impl<C: Connection + 'static> Shared<C> {
    async fn lend(this: &Arc<Self>) -> Result<Lent<C>, sqlx::Error> {
        let waited = Arc::clone(&this.permits).acquire_owned().await;
        let permit = waited.map_err(|_| sqlx::Error::PoolClosed)?;
        let (connection, opened) = match this.living().await {
            Some(idle) => (idle.connection, idle.opened),
            None => (this.opened().await?, Instant::now()),
        };
        Ok(Lent { held: Some(Held { connection, opened, permit }), lending: Arc::clone(this) })
    }

    /// The one that was used last.
    async fn living(&self) -> Option<Idle<C>> {
        loop {
            let mut one = self.idle().pop()?;
            if one.since.elapsed() < self.care.trusted {
                return Some(one);
            }
            match answered_within(SIGN_OF_LIFE, one.connection.ping()).await {
                Ok(()) => return Some(one),
                // The others have been silent for longer, and nobody has the patience to ask each.
                Err(sqlx::Error::Io(error)) if error.kind() == ErrorKind::TimedOut => self.idle().clear(),
                Err(_) => {}
            }
        }
    }

    /// A server that is coming up is waited for.
    async fn opened(&self) -> Result<C, sqlx::Error> {
        let [mut pause, longest] = PAUSES;
        loop {
            match self.options.connect().await {
                Err(error) if is_coming_up(&error) => tokio::time::sleep(pause).await,
                settled => return settled,
            }
            pause = longest.min(pause * 2);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the caller has to close, which would take too long here.
    fn take_back(&self, connection: C, opened: Instant) -> Vec<C> {
        let [unneeded, old] = self.care.kept;
        let mut idle = self.idle();
        idle.push(Idle { connection, opened, since: Instant::now() });
        let all = self.permits.is_closed();
        let ended = idle.extract_if(.., |one| all || one.since.elapsed() > unneeded || one.opened.elapsed() > old);
        ended.map(|one| one.connection).collect()
    }
}

/// Whoever refuses may be at work on it, and so may whoever has no room or is not ready.
fn is_coming_up(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(said) => said.code().is_some_and(|code| ["53300", "57P03"].contains(&&*code)),
        _ => false,
    }
}

impl<C: Connection + 'static> Lent<C> {
    pub fn connection(&mut self) -> &mut C {
        &mut self.held.as_mut().expect("it is held until it is given back, and nobody has it after that").connection
    }

    /// Its work came to a good end.
    pub fn give_back(mut self) {
        if let Some(Held { connection, opened, permit }) = self.held.take() {
            let ended = self.lending.take_back(connection, opened);
            // Whoever is let in now finds it.
            drop(permit);
            for connection in ended {
                self.lending.home.spawn(answered_within(LAST_SIGN_OF_LIFE, connection.close()));
            }
        }
    }
}

/// It counts as lent until what was begun on it has ended: an engine would otherwise be at work on more than it may.
impl<C: Connection + 'static> Drop for Lent<C> {
    fn drop(&mut self) {
        let Some(Held { mut connection, permit, .. }) = self.held.take() else { return };
        self.lending.home.spawn(async move {
            if answered_within(LAST_SIGN_OF_LIFE, connection.ping()).await.is_ok() {
                drop(answered_within(LAST_SIGN_OF_LIFE, connection.close()).await);
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqliteConnection;

    const FOR_EVER: Duration = Duration::MAX;

    async fn lending(most: u32, kept: [Duration; 2]) -> Lending<SqliteConnection> {
        let care = Care { most, patience: Duration::from_millis(50), trusted: FOR_EVER, kept };
        Lending::open("sqlite::memory:".parse().expect("a database"), care).await.expect("a connection")
    }

    /// What only this connection knows.
    async fn mark(lent: &mut Lent<SqliteConnection>) {
        sqlx::raw_sql("CREATE TABLE mark (n)").execute(lent.connection()).await.expect("a table");
    }

    async fn is_marked(lent: &mut Lent<SqliteConnection>) -> bool {
        sqlx::raw_sql("SELECT n FROM mark").execute(lent.connection()).await.is_ok()
    }

    #[tokio::test]
    async fn the_one_that_came_back_last_is_lent_first() {
        let lending = lending(2, [FOR_EVER; 2]).await;
        let (mut one, other) = (lending.lend().await.unwrap(), lending.lend().await.unwrap());
        mark(&mut one).await;
        other.give_back();
        one.give_back();
        assert!(is_marked(&mut lending.lend().await.unwrap()).await);
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_not_lent_again_and_counts_until_it_is_closed() {
        let lending = lending(1, [FOR_EVER; 2]).await;
        let mut lent = lending.lend().await.unwrap();
        mark(&mut lent).await;
        assert!(matches!(lending.lend().await, Err(sqlx::Error::PoolTimedOut)));
        drop(lent);
        assert_eq!(lending.connections().in_use, 1);
        assert!(!is_marked(&mut lending.lend().await.unwrap()).await);
    }

    #[tokio::test]
    async fn what_is_old_or_was_not_needed_for_long_is_closed_when_another_comes_back() {
        for kept in [[FOR_EVER, Duration::ZERO], [Duration::ZERO, FOR_EVER]] {
            let lending = lending(2, kept).await;
            let (one, other) = (lending.lend().await.unwrap(), lending.lend().await.unwrap());
            one.give_back();
            other.give_back();
            assert!(lending.0.idle().len() < 2);
        }
        let lending = lending(2, [FOR_EVER; 2]).await;
        let (one, other) = (lending.lend().await.unwrap(), lending.lend().await.unwrap());
        one.give_back();
        other.give_back();
        assert_eq!(lending.0.idle().len(), 2);
    }

    #[tokio::test]
    async fn after_the_end_nothing_is_lent_and_what_comes_back_is_closed() {
        let lending = lending(2, [FOR_EVER; 2]).await;
        let lent = lending.lend().await.unwrap();
        lending.close().await;
        lent.give_back();
        assert!(lending.0.idle().is_empty());
        assert!(matches!(lending.lend().await, Err(sqlx::Error::PoolClosed)));
    }
}
