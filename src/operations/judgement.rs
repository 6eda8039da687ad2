//! Whether an IAM user may do what it asks: its policies, and the account's *allow users to change their own password*,
//! which is one more Allow under every explicit Deny. It is here and nowhere else, and so is the limit of a session that
//! must change its password.

use super::condition_context::condition_context;
use super::context::Context;
use super::demand::{Asked, Demand};
use super::refusal::{not_authorized, store_failure};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::aws_managed_policy;
use crate::domain::policy::{AccessRequest, ConditionContext, Decision, PolicyDocument, evaluate};
use crate::domain::principal::{IamUser, Stage};
use crate::store::permissions::Permissions;
use std::sync::Arc;

/// What the caller may do, read once for a request.
pub(super) async fn permissions_of(cx: &Context, user: &IamUser) -> Result<Arc<Permissions>, Error> {
    if let Some(known) = cx.judged.permissions() {
        return Ok(known);
    }
    let read = cx.app.store.permissions(&user.user_id).await.map_err(store_failure)?;
    let read = read.ok_or_else(|| Error::refused(Code::NotAuthorized, "The user does not exist any more."))?;
    Ok(cx.judged.keep_permissions(Arc::new(read)))
}

/// Whether the user's policies, as they are now, allow all of the demands; the version of the account that they were read at.
pub(super) async fn judge(cx: &Context, user: &IamUser, demands: &[Demand]) -> Result<i64, Error> {
    let permissions = permissions_of(cx, user).await?;
    if demands.is_empty() {
        return Ok(permissions.account.authorization_version);
    }
    let policies = documents(&permissions)?;
    let context = condition_context(cx, user, &permissions.tags);
    let must_change = cx.caller.session().is_some_and(|session| session.stage == Stage::MustChangePassword);
    let judgement = Judgement { user, must_change, permissions: &permissions };
    for demand in demands {
        let Demand::Action(asked) = demand else {
            return Err(Error::refused(Code::NotAuthorized, "Only an operator of this server can do this."));
        };
        let with_own = |context: ConditionContext, (key, values): &(String, Vec<String>)| {
            context.with_many(key, values.iter().cloned())
        };
        let own = asked.keys.iter().fold(context.clone(), with_own);
        judgement.judge(&policies, &own, asked)?;
    }
    Ok(permissions.account.authorization_version)
}

/// A policy and what a refusal calls it: its ARN, or the inline policy's name.
struct NamedPolicy {
    name: String,
    document: PolicyDocument,
}

/// A document that cannot be read may hold a Deny: the request fails rather than pass it by.
fn documents(permissions: &Permissions) -> Result<Vec<NamedPolicy>, Error> {
    let attached = permissions.attached_policies.iter().map(|(arn, document)| {
        let awss = aws_managed_policy(arn).map(|policy| policy.document);
        (arn, awss.or(document.as_deref()).unwrap_or_default())
    });
    let inline = permissions.inline_policies.iter().map(|(name, document)| (name, document.as_str()));
    inline.chain(attached).map(|(name, text)| parse(name.clone(), text)).collect()
}

fn parse(name: String, text: &str) -> Result<NamedPolicy, Error> {
    match PolicyDocument::parse(text) {
        Ok(document) => Ok(NamedPolicy { name, document }),
        Err(error) => Err(Error::failed(format!("the stored policy {name} cannot be read: {error}"))),
    }
}

/// One IAM user's request, about to be judged.
struct Judgement<'a> {
    user: &'a IamUser,
    /// The session can do nothing before it has changed its password.
    must_change: bool,
    permissions: &'a Permissions,
}

impl Judgement<'_> {
    fn judge(&self, policies: &[NamedPolicy], context: &ConditionContext, asked: &Asked) -> Result<(), Error> {
        let Asked { action, target, .. } = asked;
        let action = *action;
        if self.must_change && !self.is_own_password(action, target) {
            let reason = "because the password must be changed first".to_owned();
            return Err(not_authorized(&self.user.arn(), asked, &reason));
        }
        let request = AccessRequest { action: action.name(), resource: target.as_str(), context };
        let reason = match evaluate(policies.iter().map(|policy| &policy.document), &request) {
            Decision::Allow => return Ok(()),
            Decision::ImplicitDeny if self.setting_allows(action, target) => return Ok(()),
            Decision::ImplicitDeny => format!("because no identity-based policy allows the {} action", action.name()),
            Decision::ExplicitDeny { policy } => {
                format!("with an explicit deny in an identity-based policy{}", denier(&policies[policy].name))
            }
        };
        Err(not_authorized(&self.user.arn(), asked, &reason))
    }

    /// The account's *allow users to change their own password* is one more Allow, on self only.
    fn setting_allows(&self, action: Action, target: &Arn) -> bool {
        let policy = self.permissions.password_policy.as_ref();
        policy.is_some_and(|policy| policy.allow_users_to_change_password) && self.is_own_password(action, target)
    }

    fn is_own_password(&self, action: Action, target: &Arn) -> bool {
        match action {
            Action::ChangePassword => *target == self.user.arn(),
            Action::GetAccountPasswordPolicy => true,
            _ => false,
        }
    }
}

/// AWS names the ARN of a managed policy, and does not name an inline one.
fn denier(name: &str) -> String {
    if name.starts_with("arn:") { format!(": {name}") } else { String::new() }
}
