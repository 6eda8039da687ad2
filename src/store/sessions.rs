//! Console sessions: who is signed in. A session is good as long as its epoch is still its user's; deleting rows is only
//! cleaning, because a sign-in that verified an old password may save its row after the change.

use super::Store;
use super::accounts::{AccountRecord, account_columns};
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::StoreError;
use super::fields::Bind;
use super::throttle::Bucket;
use super::users::{UserRecord, user_columns};
use crate::domain::principal::Stage;
use crate::domain::throttle::Throttle;
use crate::domain::user::UserId;
use time::{Duration, OffsetDateTime};

/// How long a session that its own browser's change ended is remembered as such.
const REMEMBERED_AS_REPLACED: Duration = Duration::minutes(1);
/// `last_seen_at` is written at most this often.
const SEEN_SPAN: Duration = Duration::minutes(1);
/// Uses of a password within this span are one (AWS: the first use in a 5-minute span is recorded).
const PASSWORD_USE_SPAN: Duration = Duration::minutes(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSessionRecord {
    /// SHA-256 of the key, in hexadecimal.
    pub session_hash: String,
    pub user_id: UserId,
    /// As it was read together with the hash that the password fitted, or as the change of the password gave it.
    pub session_epoch: i64,
    pub stage: Stage,
    pub signed_in_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub last_sign_in_at: Option<OffsetDateTime>,
    pub told_change_at: Option<OffsetDateTime>,
    pub mfa_at: Option<OffsetDateTime>,
    pub source_address: Option<String>,
    pub user_agent: Option<String>,
}

/// A session with the user and account that it belongs to, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedSession {
    pub account: AccountRecord,
    pub user: UserRecord,
    /// The session's own; `user` has today's.
    pub session_epoch: i64,
    pub stage: Stage,
    pub signed_in_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub last_sign_in_at: Option<OffsetDateTime>,
    pub told_change_at: Option<OffsetDateTime>,
    pub mfa_at: Option<OffsetDateTime>,
    pub state: SessionState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Live,
    /// Ended by its own browser's change of the password, less than a minute ago.
    Replaced,
    /// Ended by time or by a change elsewhere.
    Over,
}

impl LoadedSession {
    pub fn is_live(&self) -> bool {
        self.state == SessionState::Live
    }

    pub fn is_replaced(&self) -> bool {
        self.state == SessionState::Replaced
    }
}

/// A password that was right.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub user_id: UserId,
    /// As it was read together with the hash that the password fitted.
    pub session_epoch: i64,
    pub at: OffsetDateTime,
    /// Whether the owner will now be told of a change that somebody else made.
    pub tells_change: bool,
    /// The tries that it ends.
    pub bucket: Bucket,
}

/// What a sign-in found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    pub previous_password_last_used_at: Option<OffsetDateTime>,
    /// When somebody else changed the password, if the owner has not been told yet.
    pub told_change_at: Option<OffsetDateTime>,
    /// How many wrong passwords the owner has not been told of yet.
    pub told_failures: u32,
}

statements! {
    SAVE = "INSERT INTO console_sessions (session_hash, user_id, session_epoch, stage, signed_in_at, last_seen_at, \
            expires_at, last_sign_in_at, told_change_at, mfa_at, source_address, user_agent) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    LOAD = concat!(
        "SELECT ", account_columns!(), ", ", user_columns!(), ", s.session_epoch, s.stage, s.signed_in_at, s.last_seen_at, \
         s.expires_at, s.replaced_at, s.last_sign_in_at, s.told_change_at, s.mfa_at FROM console_sessions s \
         JOIN users u ON u.user_id = s.user_id JOIN accounts a ON a.account_id = u.account_id WHERE s.session_hash = $1"
    );
    TOUCH = "UPDATE console_sessions SET last_seen_at = $2 WHERE session_hash = $1 AND (last_seen_at <= $3 OR last_seen_at >= $4) AND replaced_at IS NULL";
    END = "DELETE FROM console_sessions WHERE session_hash = $1 AND replaced_at IS NULL";
    RETIRE = "UPDATE console_sessions SET replaced_at = $3 WHERE session_hash = $1 AND user_id = $2";
    END_ALL = "DELETE FROM console_sessions WHERE user_id = $1 AND replaced_at IS NULL";
    END_OTHERS = "DELETE FROM console_sessions WHERE user_id = $1 AND session_hash <> $2 AND replaced_at IS NULL";
    COUNT_LIVE = "SELECT COUNT(*) AS sessions FROM console_sessions s JOIN users u ON u.user_id = s.user_id \
                  WHERE s.user_id = $1 AND s.session_epoch = u.session_epoch AND s.replaced_at IS NULL \
                  AND s.expires_at > $2 AND s.last_seen_at > $3 AND s.last_seen_at < $4";
    /// Four walks, each along an index. One condition for all would be a walk through the whole table on engines that go by
    /// their figures, because of many sessions few are over.
    DELETE_EXPIRED = "DELETE FROM console_sessions WHERE session_hash IN (SELECT session_hash FROM (\
                      SELECT session_hash FROM (SELECT session_hash FROM console_sessions WHERE expires_at <= $1 \
                      ORDER BY expires_at LIMIT $5) AS past \
                      UNION SELECT session_hash FROM (SELECT session_hash FROM console_sessions WHERE last_seen_at <= $2 \
                      ORDER BY last_seen_at LIMIT $5) AS idle \
                      UNION SELECT session_hash FROM (SELECT session_hash FROM console_sessions WHERE last_seen_at >= $3 \
                      ORDER BY last_seen_at LIMIT $5) AS ahead \
                      UNION SELECT session_hash FROM (SELECT session_hash FROM console_sessions WHERE replaced_at <= $4 \
                      ORDER BY replaced_at LIMIT $5) AS replaced\
                      ) AS ended LIMIT $5)";
    /// Changes nothing: reads the row and holds other writers back, in the same words on both engines.
    HOLD_AT_EPOCH = "UPDATE users SET version = version WHERE user_id = $1 AND session_epoch = $2 \
                     RETURNING password_last_used_at AS moment";
    PASSWORD_USED = "UPDATE users SET password_last_used_at = $2 WHERE user_id = $1";
    UNTOLD = "SELECT untold_change_at, untold_failures FROM login_profiles WHERE user_id = $1";
    TOLD = "UPDATE login_profiles SET untold_failures = 0, \
            untold_change_at = CASE WHEN $2 THEN NULL ELSE untold_change_at END WHERE user_id = $1";
}

/// A session as it is stored; whether it is live depends on the moment.
struct StoredSession {
    session: LoadedSession,
    replaced_at: Option<OffsetDateTime>,
}

impl Record for StoredSession {
    const TABLE: &'static str = "console_sessions";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let session = LoadedSession {
            account: AccountRecord::read(row)?,
            user: UserRecord::read(row)?,
            session_epoch: row.get("session_epoch")?,
            stage: row.get("stage")?,
            signed_in_at: row.get("signed_in_at")?,
            last_seen_at: row.get("last_seen_at")?,
            expires_at: row.get("expires_at")?,
            last_sign_in_at: row.get("last_sign_in_at")?,
            told_change_at: row.get("told_change_at")?,
            mfa_at: row.get("mfa_at")?,
            state: SessionState::Over,
        };
        Ok(Self { session, replaced_at: row.get("replaced_at")? })
    }
}

impl StoredSession {
    fn at(self, now: OffsetDateTime, idle: Duration) -> LoadedSession {
        let session = self.session;
        // One that was seen so much later than now was seen by a clock that has been set back since: it would otherwise last
        // until that clock's time has come again.
        let in_time = now < session.expires_at && (now - session.last_seen_at).abs() < idle;
        let state = match self.replaced_at {
            Some(at) if now < at + REMEMBERED_AS_REPLACED => SessionState::Replaced,
            None if in_time && session.session_epoch == session.user.session_epoch => SessionState::Live,
            _ => SessionState::Over,
        };
        LoadedSession { state, ..session }
    }
}

struct Moment(Option<OffsetDateTime>);

impl Record for Moment {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("moment").map(Self)
    }
}

/// What the owner of a password has not been told of yet.
struct Untold {
    change_at: Option<OffsetDateTime>,
    failures: u32,
}

impl Record for Untold {
    const TABLE: &'static str = "login_profiles";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { change_at: row.get("untold_change_at")?, failures: row.get("untold_failures")? })
    }
}

struct Sessions(i64);

impl Record for Sessions {
    const TABLE: &'static str = "console_sessions";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("sessions").map(Self)
    }
}

impl Tx {
    /// Keeps the row of a session that ends here, so that what its browser posts again can be answered.
    pub(super) async fn retire_session(
        &mut self,
        hash: &str,
        user_id: &UserId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.execute(RETIRE, &[&hash, user_id, &at]).await.map(|_| ())
    }

    /// All but those that are kept as replaced.
    pub(super) async fn delete_sessions(&mut self, user_id: &UserId) -> Result<(), StoreError> {
        self.execute(END_ALL, &[user_id]).await.map(|_| ())
    }
}

impl Store {
    /// `Conflict` where the epoch has moved since the password was verified: it may not be the password any more.
    pub async fn record_sign_in(&self, sign_in: &SignIn, record: &AuditRecord) -> Result<SignedIn, StoreError> {
        let SignIn { user_id, session_epoch, at, tells_change, bucket } = sign_in;
        transaction!(self.engine, |tx| {
            let Some(Moment(previous)) = tx.find(HOLD_AT_EPOCH, &[user_id, session_epoch]).await? else {
                return Err(StoreError::Conflict);
            };
            if previous.is_none_or(|previous| (*at - previous).abs() >= PASSWORD_USE_SPAN) {
                tx.execute(PASSWORD_USED, &[user_id, at]).await?;
            }
            let untold = tx.find::<Untold>(UNTOLD, &[user_id]).await?;
            let told_failures = untold.as_ref().map_or(0, |untold| untold.failures);
            let told_change_at = untold.and_then(|untold| untold.change_at).filter(|_| *tells_change);
            if told_change_at.is_some() || told_failures > 0 {
                tx.execute(TOLD, &[user_id, tells_change]).await?;
            }
            tx.count(bucket, *at, Throttle::succeed).await?;
            tx.write_audit(record).await?;
            Ok(SignedIn { previous_password_last_used_at: previous, told_change_at, told_failures })
        })
    }

    /// Keeps a new session, under a hash that nobody has used. `Conflict` where the user is gone.
    pub async fn save_session(&self, session: &ConsoleSessionRecord) -> Result<(), StoreError> {
        let values: [&dyn Bind; 12] = [
            &session.session_hash,
            &session.user_id,
            &session.session_epoch,
            &session.stage,
            &session.signed_in_at,
            &session.last_seen_at,
            &session.expires_at,
            &session.last_sign_in_at,
            &session.told_change_at,
            &session.mfa_at,
            &session.source_address,
            &session.user_agent,
        ];
        self.engine.execute(SAVE, &values).await.map(|_| ())
    }

    /// `idle`: a session that was not used for so long is over.
    pub async fn session(
        &self,
        session_hash: &str,
        now: OffsetDateTime,
        idle: Duration,
    ) -> Result<Option<LoadedSession>, StoreError> {
        let stored = self.engine.find::<StoredSession>(LOAD, &[&session_hash]).await?;
        Ok(stored.map(|stored| stored.at(now, idle)))
    }

    /// The session is in use; writes at most once a minute. Where the clock was set back, its idle time counts from now on.
    pub async fn touch_session(
        &self,
        session_hash: &str,
        session: &LoadedSession,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        if (now - session.last_seen_at).abs() < SEEN_SPAN {
            return Ok(());
        }
        let values: [&dyn Bind; 4] = [&session_hash, &now, &(now - SEEN_SPAN), &(now + SEEN_SPAN)];
        self.engine.execute(TOUCH, &values).await.map(|_| ())
    }

    /// Signed out. A session that its own browser's change ended is still remembered as such.
    pub async fn end_session(&self, session_hash: &str) -> Result<(), StoreError> {
        self.engine.execute(END, &[&session_hash]).await.map(|_| ())
    }

    /// How many rows went.
    pub async fn end_sessions_of(&self, user_id: &UserId, except: Option<&str>) -> Result<u64, StoreError> {
        transaction!(self.engine, |tx| {
            match except {
                Some(kept) => tx.execute(END_OTHERS, &[user_id, &kept]).await,
                None => tx.execute(END_ALL, &[user_id]).await,
            }
        })
    }

    pub async fn live_sessions(
        &self,
        user_id: &UserId,
        now: OffsetDateTime,
        idle: Duration,
    ) -> Result<u64, StoreError> {
        let counted = self.engine.find::<Sessions>(COUNT_LIVE, &[user_id, &now, &(now - idle), &(now + idle)]).await?;
        Ok(counted.and_then(|sessions| u64::try_from(sessions.0).ok()).unwrap_or_default())
    }

    /// At most `limit` rows that open nothing any more; how many went.
    pub async fn delete_expired_sessions(
        &self,
        now: OffsetDateTime,
        idle: Duration,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let (seen, never_seen, replaced) = (now - idle, now + idle, now - REMEMBERED_AS_REPLACED);
        transaction!(self.engine, |tx| {
            tx.execute(DELETE_EXPIRED, &[&now, &seen, &never_seen, &replaced, &limit]).await
        })
    }
}
