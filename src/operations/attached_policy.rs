//! Managed policies on users and groups.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::policy_holder::PolicyHolder;
use super::refusal::store_failure;
use crate::domain::arn::PolicyArn;
use crate::domain::error::{Code, Error};
use crate::domain::group::GroupName;
use crate::domain::managed_policy::aws_managed_policy;
use crate::domain::page::{Page, Paged};
use crate::domain::user::UserName;
use crate::store::StoreError;

pub type AttachUserPolicy = AttachPolicy<UserName>;
pub type AttachGroupPolicy = AttachPolicy<GroupName>;
pub type DetachUserPolicy = DetachPolicy<UserName>;
pub type DetachGroupPolicy = DetachPolicy<GroupName>;
pub type ListAttachedUserPolicies = ListAttachedPolicies<UserName>;
pub type ListAttachedGroupPolicies = ListAttachedPolicies<GroupName>;

/// Once is enough: what is attached already stays so.
#[derive(Debug, Clone)]
pub struct AttachPolicy<H> {
    pub holder: H,
    pub policy_arn: PolicyArn,
}

impl<H: PolicyHolder> Operation for AttachPolicy<H> {
    type Output = ();
    const NAME: &'static str = H::ACTIONS.attach.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.attach).await?.naming_policy(self.policy_arn.as_str())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let held = self.holder.find(cx).await?;
        let (arn, store) = (&self.policy_arn, &cx.app.store);
        let is_awss = aws_managed_policy(arn.as_str()).is_some();
        let record = held.record(cx, Self::NAME, &[("policyArn", arn.as_str())]);
        match store.attach_managed_policy(held.account_id(), held.holder(), arn, is_awss, cx.now, &record).await {
            Err(StoreError::Absent) => Err(not_attachable(arn)),
            other => other.map_err(store_failure),
        }
    }
}

pub(super) fn not_attachable(arn: &PolicyArn) -> Error {
    Error::refused(Code::NoSuchEntity, format!("Policy {arn} does not exist or is not attachable."))
}

/// Takes it away again.
#[derive(Debug, Clone)]
pub struct DetachPolicy<H> {
    pub holder: H,
    pub policy_arn: PolicyArn,
}

impl<H: PolicyHolder> Operation for DetachPolicy<H> {
    type Output = ();
    const NAME: &'static str = H::ACTIONS.detach.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.detach).await?.naming_policy(self.policy_arn.as_str())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let held = self.holder.find(cx).await?;
        let arn = &self.policy_arn;
        let record = held.record(cx, Self::NAME, &[("policyArn", arn.as_str())]);
        match cx.app.store.detach_managed_policy(held.account_id(), held.holder(), arn, &record).await {
            Err(StoreError::Absent) => Err(Error::refused(Code::NoSuchEntity, format!("Policy {arn} was not found."))),
            other => other.map_err(store_failure),
        }
    }
}

/// By name.
#[derive(Debug, Clone)]
pub struct ListAttachedPolicies<H> {
    pub holder: H,
    /// Of the policies; `/` for all.
    pub path_prefix: String,
    pub page: Page,
}

impl<H: PolicyHolder> Operation for ListAttachedPolicies<H> {
    type Output = Paged<PolicyArn>;
    const NAME: &'static str = H::ACTIONS.list_attached.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.list_attached).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<PolicyArn>, Error> {
        let held = self.holder.find(cx).await?;
        let mut attached = cx.app.store.attached_policies(held.holder()).await.map_err(store_failure)?;
        attached.retain(|arn| arn.path().starts_with(&self.path_prefix));
        // AWS and an account may each have a policy of the same name; there is no third.
        Ok(self.page.of(attached, |arn| format!("{}/{}", arn.policy_name(), u8::from(arn.is_awss()))))
    }
}
