//! Console sessions: the only file that knows actix-session. Rows live in the database under the SHA-256 of the key;
//! the state that actix-session carries through a request is our own row, as text.
//!
//! Why an epoch: a sign-in that verified an old password saves after the change, and a renewal saves after a reset.
//! Both rows hold the epoch that was read with the hash, and a load demands today's: they open nothing.

use super::console::Console;
use super::error::PageError;
use crate::domain::account::{AccountAlias, AccountId};
use crate::domain::principal::{Caller, ConsoleSession, IamUser, Stage};
use crate::domain::user::{Path, UserId, UserName};
use crate::operations::{Context, Operation, RequestFacts, authenticate};
use crate::store::sessions::{ConsoleSessionRecord, LoadedSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionExt};
use actix_web::cookie::time::Duration;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use anyhow::anyhow;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::future::{Ready, ready};
use time::OffsetDateTime;

/// The one entry of the state that actix-session carries.
const ROW: &str = "row";

/// What a session's cookie led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum State {
    Live,
    /// Ended by its own browser's change of the password, a moment ago.
    Replaced,
    /// Ended by time, by a change elsewhere or by an administrator.
    Over,
}

/// A session as the state holds it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Row {
    state: State,
    session_hash: String,
    user_id: String,
    session_epoch: i64,
    must_change_password: bool,
    signed_in_at: i64,
    last_sign_in_at: Option<i64>,
    told_change_at: Option<i64>,
    account_id: String,
    account_alias: Option<String>,
    user_name: String,
    path: String,
    source_address: Option<String>,
    user_agent: Option<String>,
}

/// What the pages and operations need to know of a session.
pub(super) struct NewSession<'a> {
    pub user: &'a IamUser,
    pub session_epoch: i64,
    pub stage: Stage,
    pub signed_in_at: OffsetDateTime,
    pub last_sign_in_at: Option<OffsetDateTime>,
    pub told_change_at: Option<OffsetDateTime>,
    pub request: &'a RequestFacts,
}

/// Puts a new session into the response, under a new key; the one that the browser came with is over.
pub(super) fn open(session: &Session, new: &NewSession<'_>) -> Result<(), PageError> {
    let row = Row {
        state: State::Live,
        session_hash: String::new(),
        user_id: new.user.user_id.as_str().to_owned(),
        session_epoch: new.session_epoch,
        must_change_password: new.stage == Stage::MustChangePassword,
        signed_in_at: new.signed_in_at.unix_timestamp(),
        last_sign_in_at: new.last_sign_in_at.map(OffsetDateTime::unix_timestamp),
        told_change_at: new.told_change_at.map(OffsetDateTime::unix_timestamp),
        account_id: new.user.account_id.as_str().to_owned(),
        account_alias: new.user.account_alias.as_ref().map(|alias| alias.as_str().to_owned()),
        user_name: new.user.user_name.as_str().to_owned(),
        path: new.user.path.as_str().to_owned(),
        source_address: new.request.source_address.map(|address| address.to_string()),
        user_agent: new.request.user_agent.clone(),
    };
    session.insert(ROW, &row).map_err(PageError::failed)?;
    session.renew();
    Ok(())
}

/// Who is signed in, and what may be done with it: a page's first argument.
pub struct SignedIn {
    pub cx: Context,
    pub console: web::Data<Console>,
    pub(super) session: Session,
    pub(super) last_sign_in_at: Option<OffsetDateTime>,
    pub(super) told_change_at: Option<OffsetDateTime>,
}

/// The same for a session that can only change its password.
pub struct MustChange(pub SignedIn);

impl std::ops::Deref for SignedIn {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.cx
    }
}

impl SignedIn {
    /// The extractors take nobody else.
    pub fn user(&self) -> Result<&IamUser, PageError> {
        self.cx.user().map_err(PageError::from)
    }

    /// A change runs to its end though the client left.
    pub async fn perform_to_end<O>(&self, operation: O) -> Result<O::Output, crate::domain::error::Error>
    where
        O: Operation + 'static,
        O::Output: 'static,
    {
        let cx = self.cx.clone();
        let work = actix_web::rt::spawn(async move { cx.perform(operation).await });
        work.await.unwrap_or_else(|error| Err(crate::domain::error::Error::failed(error)))
    }

    /// This browser goes on under a new key; `session_epoch` is what the change said.
    pub(super) fn renew(&self, session_epoch: i64) -> Result<(), PageError> {
        let new = NewSession {
            user: self.user()?,
            session_epoch,
            stage: Stage::Full,
            signed_in_at: self.cx.now,
            last_sign_in_at: self.last_sign_in_at,
            told_change_at: None,
            request: &self.cx.request,
        };
        open(&self.session, &new)
    }

    /// Whether this browser's own change, sent a moment before, has ended this very session.
    pub(super) async fn was_replaced(&self) -> Result<bool, PageError> {
        let Caller::User { session, .. } = &self.cx.caller else { return Ok(false) };
        let loaded = authenticate::session(&self.cx.app, &session.session_hash).await?;
        Ok(loaded.is_some_and(|loaded| loaded.is_replaced()))
    }

    fn from(request: &HttpRequest, wanted: Stage) -> Result<Self, PageError> {
        let console = super::console::of(request)?;
        let session = request.get_session();
        let Some(row) = session.get::<Row>(ROW).ok().flatten() else { return Err(PageError::sign_in_first(request, None)) };
        match row.state {
            State::Live => {}
            State::Replaced => return Err(PageError::password_was_changed(&row.account_label())),
            State::Over => return Err(PageError::sign_in_first(request, Some(&row.account_label()))),
        }
        let stage = row.stage();
        if stage != wanted {
            return Err(PageError::other_stage(request, stage));
        }
        let user = row.iam_user().map_err(PageError::failed)?;
        let cx = Context {
            app: console.app.clone(),
            account_id: Some(user.account_id.clone()),
            now: console.app.clock.now(),
            request: super::console::facts(request),
            caller: Caller::User { user, session: row.console_session() },
        };
        let (last_sign_in_at, told_change_at) = (row.last_sign_in_at.map(moment), row.told_change_at.map(moment));
        let signed_in = Self { cx, console, session, last_sign_in_at, told_change_at };
        super::page::remember_for_errors(request, &signed_in);
        Ok(signed_in)
    }
}

impl Row {
    fn stage(&self) -> Stage {
        if self.must_change_password { Stage::MustChangePassword } else { Stage::Full }
    }

    fn account_label(&self) -> String {
        self.account_alias.clone().unwrap_or_else(|| self.account_id.clone())
    }

    fn console_session(&self) -> ConsoleSession {
        ConsoleSession {
            session_hash: self.session_hash.clone(),
            stage: self.stage(),
            signed_in_at: moment(self.signed_in_at),
            mfa_at: None,
        }
    }

    fn iam_user(&self) -> Result<IamUser, crate::domain::error::ParseError> {
        Ok(IamUser {
            account_id: AccountId::parse(&self.account_id)?,
            account_alias: self.account_alias.as_deref().map(AccountAlias::parse).transpose()?,
            user_id: UserId::parse(&self.user_id)?,
            user_name: UserName::parse(&self.user_name)?,
            path: Path::parse(&self.path)?,
        })
    }
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::from(request, Stage::Full))
    }
}

impl FromRequest for MustChange {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(SignedIn::from(request, Stage::MustChangePassword).map(Self))
    }
}

/// What a form's token is bound to, where there is a session, live or over.
pub(super) fn token_subject(request: &HttpRequest) -> Option<String> {
    request.get_session().get::<Row>(ROW).ok().flatten().map(|row| row.session_hash)
}

/// The account of whoever signs out, for the way back.
pub(super) fn sign_out(session: &Session) -> Option<String> {
    let row = session.get::<Row>(ROW).ok().flatten();
    session.purge();
    row.map(|row| row.account_label())
}

/// Our table behind actix-session.
#[derive(Clone)]
pub struct Sessions {
    pub app: std::sync::Arc<crate::app::App>,
}

fn hash(key: &SessionKey) -> String {
    Sha256::digest(key.as_ref()).iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let session_hash = hash(key);
        let loaded = authenticate::session(&self.app, &session_hash).await.map_err(|error| LoadError::Other(anyhow!(error)))?;
        let Some(loaded) = loaded else { return Ok(None) };
        let text = serde_json::to_string(&Row::of(session_hash, loaded)).map_err(|error| LoadError::Other(anyhow!(error)))?;
        Ok(Some(HashMap::from([(ROW.to_owned(), text)])))
    }

    async fn save(&self, state: HashMap<String, String>, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = SessionKey::try_from(crate::crypto::identifier::token(&self.app.random)).map_err(|error| SaveError::Other(anyhow!(error)))?;
        let row: Row = state
            .get(ROW)
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| SaveError::Other(anyhow!("a session without its row")))?;
        let record = row.record(&self.app, hash(&key)).map_err(|error| SaveError::Other(anyhow!(error)))?;
        authenticate::save_session(&self.app, &record).await.map_err(|error| SaveError::Other(anyhow!(error)))?;
        Ok(key)
    }

    /// Our pages renew a session or leave it alone; they never change one in place.
    async fn update(&self, key: SessionKey, _: HashMap<String, String>, _: &Duration) -> Result<SessionKey, UpdateError> {
        Ok(key)
    }

    /// Sliding happens at load, at most once a minute.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        authenticate::end_session(&self.app, &hash(key)).await.map_err(|error| anyhow!(error))
    }
}

impl Row {
    fn of(session_hash: String, loaded: LoadedSession) -> Self {
        let state = match () {
            () if loaded.is_live() => State::Live,
            () if loaded.is_replaced() => State::Replaced,
            () => State::Over,
        };
        Self {
            state,
            session_hash,
            user_id: loaded.user.user_id.as_str().to_owned(),
            session_epoch: loaded.session_epoch,
            must_change_password: loaded.stage == Stage::MustChangePassword,
            signed_in_at: loaded.signed_in_at.unix_timestamp(),
            last_sign_in_at: loaded.last_sign_in_at.map(OffsetDateTime::unix_timestamp),
            told_change_at: loaded.told_change_at.map(OffsetDateTime::unix_timestamp),
            account_id: loaded.account.account_id.as_str().to_owned(),
            account_alias: loaded.account.alias.map(|alias| alias.as_str().to_owned()),
            user_name: loaded.user.user_name.as_str().to_owned(),
            path: loaded.user.path.as_str().to_owned(),
            source_address: None,
            user_agent: None,
        }
    }

    fn record(&self, app: &crate::app::App, session_hash: String) -> Result<ConsoleSessionRecord, crate::domain::error::ParseError> {
        let now = app.clock.now();
        let stage = self.stage();
        Ok(ConsoleSessionRecord {
            session_hash,
            user_id: UserId::parse(&self.user_id)?,
            session_epoch: self.session_epoch,
            stage,
            signed_in_at: moment(self.signed_in_at),
            last_seen_at: now,
            expires_at: now + authenticate::session_lifetime(app, stage),
            last_sign_in_at: self.last_sign_in_at.map(moment),
            told_change_at: self.told_change_at.map(moment),
            mfa_at: None,
            source_address: self.source_address.clone(),
            user_agent: self.user_agent.clone(),
        })
    }
}
