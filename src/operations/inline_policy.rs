//! Inline policies: documents that are part of one user or group.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::policy_holder::PolicyHolder;
use super::refusal::store_failure;
use crate::domain::error::{Code, Details, Error, Refusal};
use crate::domain::group::GroupName;
use crate::domain::name::PolicyName;
use crate::domain::page::{Page, Paged};
use crate::domain::policy::PolicyDocument;
use crate::domain::quota::Quota;
use crate::domain::user::UserName;
use crate::store::StoreError;

pub type PutUserPolicy = PutInlinePolicy<UserName>;
pub type PutGroupPolicy = PutInlinePolicy<GroupName>;
pub type GetUserPolicy = GetInlinePolicy<UserName>;
pub type GetGroupPolicy = GetInlinePolicy<GroupName>;
pub type ListUserPolicies = ListInlinePolicies<UserName>;
pub type ListGroupPolicies = ListInlinePolicies<GroupName>;
pub type DeleteUserPolicy = DeleteInlinePolicy<UserName>;
pub type DeleteGroupPolicy = DeleteInlinePolicy<GroupName>;

/// Made or replaced.
#[derive(Debug, Clone)]
pub struct PutInlinePolicy<H> {
    pub holder: H,
    pub policy_name: PolicyName,
    pub policy_document: String,
}

impl<H: PolicyHolder> Operation for PutInlinePolicy<H> {
    type Output = ();
    const NAME: &'static str = H::ACTIONS.put.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.put).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        well_formed(&self.policy_document)?;
        let held = self.holder.find(cx).await?;
        let policy = [("policyName", self.policy_name.as_str()), ("policyDocument", &self.policy_document)];
        let record = held.record(cx, Self::NAME, &policy);
        let store = &cx.app.store;
        let put = store
            .put_inline_policy(held.account_id(), held.holder(), &self.policy_name, &self.policy_document, &record)
            .await;
        put.map_err(|error| match error {
            StoreError::QuotaExceeded(quota) => too_long(quota, H::NOUN, self.holder.as_str()),
            other => store_failure(other),
        })
    }
}

/// AWS's words.
pub(super) fn too_long(quota: Quota, noun: &str, name: &str) -> Error {
    let message = format!("Maximum policy size of {} bytes exceeded for {noun} {name}", quota.limit());
    Error::refused(Code::LimitExceeded, message)
}

/// One of them.
#[derive(Debug, Clone)]
pub struct GetInlinePolicy<H> {
    pub holder: H,
    pub policy_name: PolicyName,
}

/// A policy with the name of who has it.
#[derive(Debug, Clone)]
pub struct InlinePolicy<H> {
    pub holder: H,
    pub policy_name: PolicyName,
    /// As it was put.
    pub policy_document: String,
}

impl<H: PolicyHolder + Clone> Operation for GetInlinePolicy<H> {
    type Output = InlinePolicy<H>;
    const NAME: &'static str = H::ACTIONS.get.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.get).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<InlinePolicy<H>, Error> {
        let held = self.holder.find(cx).await?;
        let found = cx.app.store.inline_policy(held.holder(), &self.policy_name).await.map_err(store_failure)?;
        let policy_document = found.ok_or_else(|| no_such_policy::<H>(&self.policy_name))?;
        Ok(InlinePolicy { holder: self.holder.clone(), policy_name: self.policy_name.clone(), policy_document })
    }
}

/// Their names, in order.
#[derive(Debug, Clone)]
pub struct ListInlinePolicies<H> {
    pub holder: H,
    pub page: Page,
}

impl<H: PolicyHolder> Operation for ListInlinePolicies<H> {
    type Output = Paged<String>;
    const NAME: &'static str = H::ACTIONS.list.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.list).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<String>, Error> {
        let held = self.holder.find(cx).await?;
        cx.app.store.inline_policy_names(held.holder(), &self.page).await.map_err(store_failure)
    }
}

/// One of them.
#[derive(Debug, Clone)]
pub struct DeleteInlinePolicy<H> {
    pub holder: H,
    pub policy_name: PolicyName,
}

impl<H: PolicyHolder> Operation for DeleteInlinePolicy<H> {
    type Output = ();
    const NAME: &'static str = H::ACTIONS.delete.event_name();

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![self.holder.demand(cx, H::ACTIONS.delete).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let held = self.holder.find(cx).await?;
        let record = held.record(cx, Self::NAME, &[("policyName", self.policy_name.as_str())]);
        let store = &cx.app.store;
        match store.delete_inline_policy(held.account_id(), held.holder(), &self.policy_name, &record).await {
            Err(StoreError::Absent) => Err(no_such_policy::<H>(&self.policy_name)),
            other => other.map_err(store_failure),
        }
    }
}

fn no_such_policy<H: PolicyHolder>(name: &PolicyName) -> Error {
    Error::refused(Code::NoSuchEntity, format!("The {} policy with name {name} cannot be found.", H::NOUN))
}

/// What is not understood is refused here, before it can let anybody in.
pub(super) fn well_formed(document: &str) -> Result<(), Error> {
    let Err(error) = PolicyDocument::parse(document) else { return Ok(()) };
    let details = Details { detail: error.detail().map(str::to_owned), ..Details::default() };
    let message = error.message().to_owned();
    Err(Error::Refused(Refusal { code: Code::MalformedPolicyDocument, message, details: Box::new(details) }))
}
