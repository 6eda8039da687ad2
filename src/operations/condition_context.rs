//! What a policy's conditions may ask about a request.

use super::context::Context;
use crate::domain::policy::ConditionContext;
use crate::domain::principal::{ConsoleSession, IamUser};
use time::format_description::well_known::Rfc3339;

/// A key that is absent is absent: `...IfExists` and `Null` tell the difference.
pub(super) fn condition_context(cx: &Context, user: &IamUser, session: &ConsoleSession) -> ConditionContext {
    let context = ConditionContext::default()
        .with("aws:username", user.user_name.as_str())
        .with("aws:userid", user.user_id.as_str())
        .with("aws:PrincipalArn", user.arn().as_str())
        .with("aws:PrincipalAccount", user.account_id.as_str())
        .with("aws:PrincipalType", "User")
        // No service acts here for anybody, IAM answers in one Region for all, and every resource is the account's own:
        // AWS sends these with each request, so a Deny that asks for them must find them.
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false")
        .with("aws:RequestedRegion", "us-east-1")
        .with("aws:ResourceAccount", user.account_id.as_str())
        .with("aws:CurrentTime", cx.now.format(&Rfc3339).unwrap_or_default())
        .with("aws:EpochTime", cx.now.unix_timestamp().to_string())
        .with("aws:SecureTransport", if cx.request.secure { "true" } else { "false" })
        .with("aws:MultiFactorAuthPresent", if session.mfa_at.is_some() { "true" } else { "false" });
    let mfa_age = session.mfa_at.map(|at| (cx.now - at).whole_seconds().to_string());
    let optional = [
        ("aws:SourceIp", cx.request.source_address.map(|address| address.to_string())),
        ("aws:UserAgent", cx.request.user_agent.clone()),
        ("aws:MultiFactorAuthAge", mfa_age),
    ];
    optional.into_iter().fold(context, |context, (key, value)| match value {
        Some(value) => context.with(key, &value),
        None => context,
    })
}
