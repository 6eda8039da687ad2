//! Who is signed in, as a page's first argument; and how a browser gets, renews and loses a session.
//! With `session_row` and `session_store`, the only files that know actix-session.
//!
//! Why an epoch: a sign-in that verified an old password saves after the change, and a renewal saves after a reset.
//! Both rows hold the epoch that was read with the hash, and a load demands today's: they open nothing.

use super::error::PageError;
use super::session_row::{GONE, ROW, Row, State, moment};
use super::state::Console;
use crate::domain::principal::{Caller, Credentials, IamUser, Stage};
use crate::operations::{Context, Operation, RequestFacts, session as sessions};
use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};
use time::OffsetDateTime;
use tracing::Instrument;

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
        let work = async move { cx.perform(operation).await };
        actix_web::rt::spawn(work.in_current_span())
            .await
            .unwrap_or_else(|error| Err(crate::domain::error::Error::failed(error)))
    }

    /// This browser goes on under a new key; `session_epoch` is what the change said.
    pub(super) fn renew(&self, session_epoch: i64) -> Result<(), PageError> {
        let Some(session) = self.cx.caller.session() else { return Ok(()) };
        let new = NewSession {
            user: self.user()?,
            session_epoch,
            stage: Stage::Full,
            // A change makes no session last longer.
            signed_in_at: session.signed_in_at,
            last_sign_in_at: self.last_sign_in_at,
            told_change_at: None,
            request: &self.cx.request,
        };
        open(&self.session, &new)
    }

    /// Whether this browser's own change, sent a moment before, has ended this very session.
    pub(super) async fn was_replaced(&self) -> Result<bool, PageError> {
        let Some(session) = self.cx.caller.session() else { return Ok(false) };
        let loaded = sessions::session(&self.cx.app, &session.session_hash).await?;
        Ok(loaded.is_some_and(|loaded| loaded.is_replaced()))
    }

    fn from(request: &HttpRequest, wanted: Stage) -> Result<Self, PageError> {
        let console = super::state::of(request)?;
        let session = request.get_session();
        let Some(row) = session.get::<Row>(ROW).ok().flatten() else {
            return Err(PageError::sign_in_first(request, session.contains_key(GONE)));
        };
        match row.state {
            State::Live => {}
            State::Replaced => return Err(PageError::password_was_changed(&row.account_label())),
            State::Over => return Err(PageError::sign_in_first(request, true)),
        }
        let stage = row.stage();
        if stage != wanted {
            return Err(PageError::other_stage(request, stage));
        }
        let user = row.iam_user().map_err(PageError::failed)?;
        let (account_id, now) = (Some(user.account_id.clone()), console.app.clock.now());
        let caller = Caller::User { user, credentials: Credentials::Console(row.console_session()) };
        let cx = Context::new(console.app.clone(), caller, account_id, now, super::state::facts(request));
        let (last_sign_in_at, told_change_at) = (row.last_sign_in_at.map(moment), row.told_change_at.map(moment));
        let signed_in = Self { cx, console, session, last_sign_in_at, told_change_at };
        super::page::remember_for_errors(request, &signed_in);
        Ok(signed_in)
    }
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
