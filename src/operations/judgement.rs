//! Whether an IAM user may do what it asks: its policies, and the account's *allow users to change their own password*,
//! which is one more Allow under every explicit Deny. It is here and nowhere else, and so is the limit of a session that
//! must change its password.

use super::condition_context::condition_context;
use super::context::{Context, Demand};
use super::refusal::{not_authorized, store_failure};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::aws_managed_policy;
use crate::domain::policy::{AccessRequest, ConditionContext, Decision, PolicyDocument, evaluate};
use crate::domain::principal::{ConsoleSession, IamUser, Stage};
use crate::store::policies::Permissions;

/// Whether the user's policies, as they are now, allow all of the demands; the version of the account that they were read at.
pub(super) async fn judge(
    cx: &Context,
    user: &IamUser,
    session: &ConsoleSession,
    demands: &[Demand],
) -> Result<i64, Error> {
    let permissions = cx.app.store.permissions(&user.user_id).await.map_err(store_failure)?;
    let Some(permissions) = permissions else {
        return Err(Error::refused(Code::NotAuthorized, "The user of this session does not exist any more."));
    };
    let policies = documents(&permissions)?;
    let context = condition_context(cx, user, session);
    for demand in demands {
        let Demand::Action(action, target) = demand else {
            return Err(Error::refused(Code::NotAuthorized, "Only an operator of this server can do this."));
        };
        let judgement = Judgement { user, session, permissions: &permissions };
        judgement.judge(&policies, &context, *action, target)?;
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
    let attached = permissions.attached_policies.iter().map(|arn| {
        let text = aws_managed_policy(arn).map(|policy| policy.document.to_owned());
        (arn.clone(), text.unwrap_or_default())
    });
    let inline = permissions.inline_policies.iter().cloned();
    inline.chain(attached).map(|(name, text)| parse(name, &text)).collect()
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
    session: &'a ConsoleSession,
    permissions: &'a Permissions,
}

impl Judgement<'_> {
    fn judge(
        &self,
        policies: &[NamedPolicy],
        context: &ConditionContext,
        action: Action,
        target: &Arn,
    ) -> Result<(), Error> {
        if self.session.stage == Stage::MustChangePassword && !self.is_own_password(action, target) {
            let reason = "because the password must be changed first".to_owned();
            return Err(not_authorized(&self.user.arn(), action, target, &reason));
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
        Err(not_authorized(&self.user.arn(), action, target, &reason))
    }

    /// The account's *allow users to change their own password* is one more Allow, on self only.
    fn setting_allows(&self, action: Action, target: &Arn) -> bool {
        self.permissions.allow_users_to_change_password.unwrap_or(false) && self.is_own_password(action, target)
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
