//! What a policy's conditions may ask about a request.

use super::context::Context;
use crate::domain::policy::ConditionContext;
use crate::domain::principal::IamUser;
use crate::domain::tag::Tag;
use time::format_description::well_known::Rfc3339;

/// A key that is absent is absent: `...IfExists` and `Null` tell the difference.
/// A long-term access key says nothing of MFA: `aws:MultiFactorAuthPresent` is absent then, not false (V6).
pub(super) fn condition_context(cx: &Context, user: &IamUser, tags: &[Tag]) -> ConditionContext {
    let session = cx.caller.session();
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
        .with("aws:SecureTransport", if cx.request.secure { "true" } else { "false" });
    let context = tags.iter().fold(context, |context, tag| {
        context.with(&format!("aws:PrincipalTag/{}", tag.key.as_str()), tag.value.as_str())
    });
    let mfa_at = session.and_then(|session| session.mfa_at);
    let mfa_age = mfa_at.map(|at| (cx.now - at).whole_seconds().to_string());
    let optional = [
        ("aws:MultiFactorAuthPresent", session.map(|_| mfa_at.is_some().to_string())),
        ("aws:SourceIp", cx.request.source_address.map(|address| address.to_string())),
        ("aws:UserAgent", cx.request.user_agent.clone()),
        ("aws:MultiFactorAuthAge", mfa_age),
    ];
    optional.into_iter().fold(context, |context, (key, value)| match value {
        Some(value) => context.with(key, &value),
        None => context,
    })
}
