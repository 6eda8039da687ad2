//! One way in: `perform` authorises, runs and records the refusal, once, for every operation and every door.
//! Why a leaf: a field private to this file is visible to none of its siblings, so that nobody but `perform` makes an
//! `Authorized`, and skipping authorisation does not compile.

use super::demand::Demand;
use super::judged::Judged;
use super::judgement::judge;
use super::refusal::changed_meanwhile;
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error, Refusal};
use crate::domain::principal::{Caller, Credentials, IamUser};
use std::net::IpAddr;
use std::sync::Arc;
use time::OffsetDateTime;

/// What a request says about itself, whatever door it came through.
#[derive(Debug, Clone, Default)]
pub struct RequestFacts {
    pub request_id: String,
    pub source_address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// It came over TLS, here or at a trusted proxy.
    pub secure: bool,
    /// `console`, `query-api` or `command-line`.
    pub door: &'static str,
    /// Names the signature of a signed request; the same one does not make a thing twice.
    pub signature_hash: Option<String>,
}

/// One request: who asks, when, from where.
#[derive(Clone)]
pub struct Context {
    pub app: Arc<App>,
    pub caller: Caller,
    /// The account that the request is about: the caller's own, or the one that an operator named.
    pub account_id: Option<AccountId>,
    pub now: OffsetDateTime,
    pub request: RequestFacts,
    pub(super) judged: Judged,
}

/// One thing that can be done.
#[expect(
    async_fn_in_trait,
    reason = "every caller is in this crate and runs on one actix worker; no Send bound is needed"
)]
pub trait Operation {
    type Output;
    /// The audit record's event name.
    const NAME: &'static str;

    /// What it does, to what.
    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error>;
    async fn run(&self, cx: &Authorized<'_>) -> Result<Self::Output, Error>;
}

/// A context whose caller may do what it is about to do. Only `perform` makes one.
pub struct Authorized<'a> {
    context: &'a Context,
    /// Of the caller's account, when the policies were read; a write that must hold on to the verdict demands it again.
    authorization_version: Option<i64>,
}

impl std::ops::Deref for Authorized<'_> {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.context
    }
}

/// How often an operation that another change overtook looks again, before it says so.
const ATTEMPTS: usize = 4;

impl Authorized<'_> {
    /// Tries to act. Where another change came first (none), what the operation demands is found out and judged anew, on
    /// what the store says now, and then it is tried again.
    pub(super) async fn until_settled<O: Operation, T>(
        &self,
        operation: &O,
        mut attempt: impl AsyncFnMut(&Authorized<'_>) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        if let Some(done) = attempt(self).await? {
            return Ok(done);
        }
        for _ in 1..ATTEMPTS {
            self.context.judged.forget();
            let demands = operation.demands(self.context).await?;
            if let Some(done) = attempt(&authorize(self.context, &demands).await?).await? {
                return Ok(done);
            }
        }
        Err(changed_meanwhile())
    }

    /// None for an operator, whom no policy binds.
    pub fn authorization_version(&self) -> Option<i64> {
        self.authorization_version
    }
}

impl Context {
    /// `account_id`: what the request is about.
    pub fn new(
        app: Arc<App>,
        caller: Caller,
        account_id: Option<AccountId>,
        now: OffsetDateTime,
        request: RequestFacts,
    ) -> Self {
        Self { app, caller, account_id, now, request, judged: Judged::default() }
    }

    /// Authorises, runs, and records a refusal. The answer stands even if its record cannot be written.
    pub async fn perform<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        let outcome = self.attempt(&operation).await;
        if let Err(Error::Refused(refusal)) = &outcome {
            self.record_refusal(O::NAME, refusal).await;
        }
        outcome
    }

    /// The same for a section of a page, which shows that it was refused: looking at a page leaves no record.
    pub async fn look<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.attempt(&operation).await
    }

    async fn attempt<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.judged.forget_target();
        let demands = operation.demands(self).await?;
        let authorized = authorize(self, &demands).await?;
        operation.run(&authorized).await
    }

    /// For a page that shows or greys a button: the same verdict, without a record.
    pub async fn allows(&self, action: Action, target: &Arn) -> Result<bool, Error> {
        Ok(self.refusal_of(action, target).await?.is_none())
    }

    /// The same, with the reason.
    pub async fn refusal_of(&self, action: Action, target: &Arn) -> Result<Option<Refusal>, Error> {
        match authorize(self, &[Demand::on(action, target.clone())]).await {
            Ok(_) => Ok(None),
            Err(Error::Refused(refusal)) => Ok(Some(refusal)),
            Err(failed) => Err(failed),
        }
    }

    /// The caller as an IAM user; anyone else cannot do what only IAM users do.
    pub fn user(&self) -> Result<&IamUser, Error> {
        self.caller.user().ok_or_else(not_an_iam_user)
    }

    /// The same, with what the user has proved to be one by.
    pub(super) fn credentials(&self) -> Result<(&IamUser, &Credentials), Error> {
        match &self.caller {
            Caller::User { user, credentials } => Ok((user, credentials)),
            Caller::Operator => Err(not_an_iam_user()),
        }
    }

    /// The account that the request is about.
    pub fn account(&self) -> Result<&AccountId, Error> {
        self.account_id.as_ref().ok_or_else(|| Error::refused(Code::ValidationError, "Name an account."))
    }

    /// What was only told to wait is not recorded: what it has to wait for is.
    async fn record_refusal(&self, event_name: &'static str, refusal: &Refusal) {
        if refusal.code == Code::Throttled {
            return;
        }
        let record = self.audit_record(event_name).refused(refusal);
        if let Err(error) = self.app.store.audit(&record).await {
            tracing::error!(request.id = %self.request.request_id, action = event_name, %error, "a refusal could not be recorded");
        }
    }
}

fn not_an_iam_user() -> Error {
    Error::refused(Code::InvalidUserType, "Only IAM Users can change their own password.")
}

async fn authorize<'a>(cx: &'a Context, demands: &[Demand]) -> Result<Authorized<'a>, Error> {
    let authorization_version = match &cx.caller {
        Caller::Operator => None,
        Caller::User { user, .. } => Some(judge(cx, user, demands).await?),
    };
    Ok(Authorized { context: cx, authorization_version })
}
