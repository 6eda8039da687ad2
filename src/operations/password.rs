//! `ChangePassword`: by the owner of the password. What somebody else does to it is `login_profile`.
//!
//! Why so in this order: the old password is verified before anything is told about the new one; rules that need no
//! history cost nothing and are all judged; history is judged only for a caller who knew the old password. Hashing
//! happens outside the transaction; the transaction demands what was seen (the profile's version and the account's
//! authorization version), and on a mismatch everything is read, authorised and judged again.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::password_check::check;
use super::refusal::{hashing_failure, no_login_profile, no_such_user, store_failure};
use super::throttle::Try;
use crate::app::App;
use crate::domain::action::Action;
use crate::domain::error::{Code, Details, Error, Refusal};
use crate::domain::login_profile::Standing;
use crate::domain::password::{Password, TypedPassword};
use crate::domain::password_hash::PasswordHash;
use crate::domain::password_policy::PasswordRules;
use crate::domain::principal::Stage;
use crate::domain::refused_words::Owner;
use crate::domain::violation::Violation;
use crate::store::StoreError;
use crate::store::login_profiles::{LoginProfileRecord, PasswordFacts, PasswordReplacement};
use subtle::ConstantTimeEq;

/// The caller's own password. Needs an IAM user with a login profile.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    pub old_password: TypedPassword,
    pub new_password: TypedPassword,
}

/// What a changed password means for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordChanged {
    /// Sessions opened from now on carry this; all others are over.
    pub session_epoch: i64,
    /// How many other sessions of the user this ended.
    pub sessions_ended: u64,
}

impl Operation for ChangePassword {
    type Output = PasswordChanged;
    const NAME: &'static str = "ChangePassword";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ChangePassword, cx.user()?.arn())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<PasswordChanged, Error> {
        let mut work = Work::default();
        let outcome = cx.until_settled(self, async |inner| self.attempt(inner, &cx.app, &mut work).await).await;
        if let Some(tried) = work.right.filter(|_| outcome.is_err()) {
            tried.succeeded().await;
        }
        outcome
    }
}

/// What has been hashed already, so that a second look hashes only what changed.
#[derive(Default)]
struct Work<'a> {
    /// The login hash that the old password was found to fit.
    verified: Option<PasswordHash>,
    /// The try that found it. The change settles it, with all else that it writes; or else `run` does.
    right: Option<Try<'a>>,
    new_hash: Option<PasswordHash>,
    /// The remembered passwords that the new one was compared with, and its own entry.
    compared: Option<(Vec<PasswordHash>, PasswordHash)>,
    reuse: Option<u32>,
}

impl Work<'_> {
    /// The entry under which the new password is remembered, where what it was compared with is what it was.
    fn entry(&self, facts: &PasswordFacts) -> Option<PasswordHash> {
        let (history, entry) = self.compared.as_ref()?;
        (*history == facts.history && self.reuse == reuse(facts)).then(|| entry.clone())
    }
}

impl ChangePassword {
    /// None: somebody else wrote first.
    async fn attempt<'a>(
        &self,
        cx: &Authorized<'_>,
        app: &'a App,
        work: &mut Work<'a>,
    ) -> Result<Option<PasswordChanged>, Error> {
        let user = cx.user()?;
        let facts = cx.app.store.password_facts(&user.user_id).await.map_err(store_failure)?;
        let facts = facts.ok_or_else(|| no_such_user(&user.user_name))?;
        let Some(profile) = &facts.login_profile else { return Err(no_login_profile(&user.user_name)) };
        refuse_what_has_ended(cx, &facts, profile)?;
        if work.verified.as_ref() != Some(&profile.hash) {
            if let Some(earlier) = work.right.take() {
                earlier.succeeded().await;
            }
            work.right = Some(self.verify_old(cx, app, &facts, profile).await?);
            work.verified = Some(profile.hash.clone());
        }
        let new = judged(&cx.app, &facts, &self.new_password)?;
        if bool::from(self.new_password.expose().as_bytes().ct_eq(self.old_password.expose().as_bytes())) {
            return Err(policy_violation(vec![Violation::SameAsCurrent]));
        }
        let hashed = hashes_of(app, &facts, &new, (work.entry(&facts), work.new_hash.take())).await?;
        work.compared = Some((facts.history.clone(), hashed.history_entry.clone()));
        work.reuse = reuse(&facts);
        work.new_hash = Some(hashed.hash.clone());
        self.replace(cx, &facts, profile.version, hashed, work).await
    }

    /// One try of the bucket of the session or of the access key.
    async fn verify_old<'a>(
        &self,
        cx: &Authorized<'_>,
        app: &'a App,
        facts: &PasswordFacts,
        profile: &LoginProfileRecord,
    ) -> Result<Try<'a>, Error> {
        let tried = Try::of_caller(app, cx).await?;
        match check(app, &self.old_password, Some(profile)).await {
            Ok(Some(_)) => Ok(tried),
            Ok(None) => {
                // Whoever sits at the session knows it; of what was done with a key the owner is told.
                let owner = cx.caller.session().is_none().then_some(&facts.user.user_id);
                tried.failed(owner, None).await;
                Err(old_password_incorrect(&cx.app, facts, &self.new_password))
            }
            Err(error) => {
                tried.took_no_look().await;
                Err(error)
            }
        }
    }

    async fn replace(
        &self,
        cx: &Authorized<'_>,
        facts: &PasswordFacts,
        version: i64,
        new: Hashes,
        work: &mut Work<'_>,
    ) -> Result<Option<PasswordChanged>, Error> {
        let user_id = &facts.user.user_id;
        let own_session = cx.session_hash();
        let others =
            cx.app.store.live_sessions(user_id, cx.now, cx.app.lifetimes.session_idle).await.map_err(store_failure)?;
        let replacement = PasswordReplacement {
            user_id: user_id.clone(),
            version,
            authorization_version: cx.authorization_version().unwrap_or(facts.account.authorization_version),
            hash: new.hash,
            history_entry: new.history_entry,
            at: cx.now,
            password_reset_required: false,
            temporary_expires_at: None,
            untold: own_session.is_none(),
            throttle_key: None,
            right_try: work.right.as_ref().map(|tried| tried.bucket().clone()),
            own_session: own_session.clone(),
        };
        let record = cx.audit_record(Self::NAME);
        match cx.app.store.replace_password(&replacement, &record).await {
            Ok(session_epoch) => {
                cx.app.password_chosen.notify_one();
                let own = u64::from(own_session.is_some());
                Ok(Some(PasswordChanged { session_epoch, sessions_ended: others.saturating_sub(own) }))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(store_failure(error)),
        }
    }
}

/// What is kept of a new password.
pub(super) struct Hashes {
    pub hash: PasswordHash,
    pub history_entry: PasswordHash,
}

/// Both at the same time, where there are threads for both; but for what is known already. Both to their end then, also
/// where the first refuses: what a refusal costs tells nothing of when it was decided.
pub(super) async fn hashes_of(
    app: &App,
    facts: &PasswordFacts,
    new: &Password,
    (entry, hash): (Option<PasswordHash>, Option<PasswordHash>),
) -> Result<Hashes, Error> {
    let entry = async {
        match entry {
            Some(known) => Ok(known),
            None => history_entry(app, facts, new).await,
        }
    };
    let hash = async {
        match hash {
            Some(known) => Ok(known),
            None => app.hasher.hash(new.clone()).await.map_err(hashing_failure),
        }
    };
    let (history_entry, hash) = if let Some(_room) = app.hasher.spare_place() {
        let (entry, hash) = tokio::join!(entry, hash);
        (entry?, hash?)
    } else {
        (entry.await?, hash.await?)
    };
    Ok(Hashes { hash, history_entry })
}

/// Expiry is judged at sign-in, and again in the step between the password and the console: what has ended meanwhile, only
/// an administrator can replace.
fn refuse_what_has_ended(
    cx: &Authorized<'_>,
    facts: &PasswordFacts,
    profile: &LoginProfileRecord,
) -> Result<(), Error> {
    let is_step = cx.caller.session().is_some_and(|session| session.stage == Stage::MustChangePassword);
    let standing = profile.login_profile().standing(facts.password_policy.as_ref(), cx.now);
    if is_step && matches!(standing, Standing::HardExpired { .. } | Standing::TemporaryExpired) {
        return Err(Error::refused(
            Code::NotAuthorized,
            "The password has expired; only an administrator can reset it.",
        ));
    }
    Ok(())
}

/// Rules that need no history; every broken one is named.
pub(super) fn judged(app: &App, facts: &PasswordFacts, new: &TypedPassword) -> Result<Password, Error> {
    let violations = violations(app, facts, new);
    if violations.is_empty() { new.password().map_err(policy_violation) } else { Err(policy_violation(violations)) }
}

fn violations(app: &App, facts: &PasswordFacts, new: &TypedPassword) -> Vec<Violation> {
    let rules = PasswordRules::of(facts.password_policy.as_ref());
    let owner = Owner {
        user_name: &facts.user.user_name,
        account_id: &facts.account.account_id,
        account_alias: facts.account.alias.as_ref(),
    };
    rules.violations(new, &owner, &app.refused_words)
}

/// Of the first password of a user.
pub(super) async fn first_hashes(app: &App, new: &Password) -> Result<Hashes, Error> {
    let (entry, hash) = (app.hasher.remember(new.clone(), Vec::new()), app.hasher.hash(new.clone()));
    let (remembered, hash) =
        if let Some(_room) = app.hasher.spare_place() { tokio::join!(entry, hash) } else { (entry.await, hash.await) };
    let history_entry = remembered.map_err(hashing_failure)?.entry;
    Ok(Hashes { hash: hash.map_err(hashing_failure)?, history_entry })
}

/// One hash tells whether it is a remembered password, and is what will be remembered of it.
async fn history_entry(app: &App, facts: &PasswordFacts, new: &Password) -> Result<PasswordHash, Error> {
    let remembered = app.hasher.remember(new.clone(), facts.history.clone()).await.map_err(hashing_failure)?;
    if facts.login_profile.is_some() && remembered.matches.first() == Some(&true) {
        return Err(policy_violation(vec![Violation::SameAsCurrent]));
    }
    if let Some(count) = reuse(facts)
        && remembered.matches.iter().take(count as usize).any(|matches| *matches)
    {
        return Err(policy_violation(vec![Violation::Reused { remembered: count }]));
    }
    Ok(remembered.entry)
}

fn reuse(facts: &PasswordFacts) -> Option<u32> {
    facts.password_policy.as_ref()?.password_reuse_prevention
}

/// AWS's sentence, and after it every broken rule.
pub(super) fn policy_violation(violations: Vec<Violation>) -> Error {
    let needs: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let needs = if needs.is_empty() { "a character".to_owned() } else { needs.join("; ") };
    let message = format!("Password does not conform to the account password policy. It needs: {needs}.");
    let details = Details { violations, ..Details::default() };
    Error::Refused(Refusal { code: Code::PasswordPolicyViolation, message, details: Box::new(details) })
}

fn old_password_incorrect(app: &App, facts: &PasswordFacts, new: &TypedPassword) -> Error {
    let message = "The old password was incorrect.".to_owned();
    let details = Details { violations: violations(app, facts, new), ..Details::default() };
    Error::Refused(Refusal { code: Code::OldPasswordIncorrect, message, details: Box::new(details) })
}
