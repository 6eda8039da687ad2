//! Managed policies: AWS's, which nobody can change, and those that the account's administrators write.
//! Why one version: a policy that is changed is put anew; `CreatePolicyVersion` is not served.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::inline_policy::well_formed;
use super::refusal::{quota_exceeded, store_failure};
use crate::crypto::identifier;
use crate::domain::action::Action;
use crate::domain::arn::{Arn, PolicyArn};
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::{AwsManagedPolicy, VERSION, aws_managed_policy};
use crate::domain::name::PolicyName;
use crate::domain::page::{Page, Paged};
use crate::domain::quota::Quota;
use crate::domain::user::Path;
use crate::store::StoreError;
use crate::store::managed_policies::ManagedPolicyRecord;
use serde_json::json;
use time::OffsetDateTime;

/// A managed policy, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    pub policy_name: String,
    pub policy_id: String,
    pub arn: String,
    pub path: String,
    pub description: Option<String>,
    pub document: String,
    pub created_at: OffsetDateTime,
    /// Users and groups of the account that have it.
    pub attachment_count: i64,
}

impl From<ManagedPolicyRecord> for ManagedPolicy {
    fn from(policy: ManagedPolicyRecord) -> Self {
        Self {
            policy_name: policy.policy_name.as_str().to_owned(),
            policy_id: policy.policy_id.as_str().to_owned(),
            arn: policy.policy_arn.as_str().to_owned(),
            path: policy.path.as_str().to_owned(),
            description: policy.description,
            document: policy.document,
            created_at: policy.created_at,
            attachment_count: policy.attachment_count,
        }
    }
}

impl From<&AwsManagedPolicy> for ManagedPolicy {
    fn from(policy: &AwsManagedPolicy) -> Self {
        Self {
            policy_name: policy.name.to_owned(),
            policy_id: policy.policy_id.to_owned(),
            arn: policy.arn.to_owned(),
            path: "/".to_owned(),
            description: None,
            document: policy.document.to_owned(),
            created_at: policy.created_at,
            attachment_count: 0,
        }
    }
}

/// A policy of the account.
#[derive(Debug, Clone)]
pub struct CreatePolicy {
    pub policy_name: PolicyName,
    pub path: Path,
    pub policy_document: String,
    pub description: Option<String>,
}

impl Operation for CreatePolicy {
    type Output = ManagedPolicy;
    const NAME: &'static str = "CreatePolicy";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::CreatePolicy, Arn::policy(cx.account()?, &self.path, &self.policy_name))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<ManagedPolicy, Error> {
        well_formed(&self.policy_document)?;
        if self.policy_document.chars().filter(|c| !c.is_ascii_whitespace()).count()
            > Quota::PolicySize.limit() as usize
        {
            return Err(quota_exceeded(Quota::PolicySize));
        }
        let account = cx.account()?;
        let arn = Arn::policy(account, &self.path, &self.policy_name);
        let policy = ManagedPolicyRecord {
            policy_arn: PolicyArn::parse(arn.as_str()).map_err(|error| refused_path(error.message()))?,
            policy_id: identifier::policy_id(&cx.app.random),
            account_id: account.clone(),
            policy_name: self.policy_name.clone(),
            path: self.path.clone(),
            description: self.description.clone(),
            document: self.policy_document.clone(),
            created_at: cx.now,
            attachment_count: 0,
        };
        let parameters = json!({
            "policyName": self.policy_name.as_str(),
            "path": self.path.as_str(),
            "policyDocument": self.policy_document,
        });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters);
        let record = record.with_response(&json!({ "policy": { "arn": arn.as_str() } }));
        match cx.app.store.create_managed_policy(&policy, &record).await {
            Ok(()) => Ok(policy.into()),
            Err(StoreError::AlreadyExists(_)) => Err(Error::refused(
                Code::EntityAlreadyExists,
                format!("A policy called {} already exists. Duplicate names are not allowed.", self.policy_name),
            )),
            Err(error) => Err(store_failure(error)),
        }
    }
}

fn refused_path(message: &str) -> Error {
    Error::refused(Code::ValidationError, message)
}

/// One policy.
#[derive(Debug, Clone)]
pub struct GetPolicy {
    pub policy_arn: PolicyArn,
}

impl Operation for GetPolicy {
    type Output = ManagedPolicy;
    const NAME: &'static str = "GetPolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::GetPolicy, &self.policy_arn)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<ManagedPolicy, Error> {
        let mut policy = find(cx, &self.policy_arn).await?;
        if self.policy_arn.is_awss() {
            let count = cx.app.store.count_attachments(cx.account()?, &self.policy_arn).await;
            policy.attachment_count = count.map_err(store_failure)?;
        }
        Ok(policy)
    }
}

/// Its document; there is one version.
#[derive(Debug, Clone)]
pub struct GetPolicyVersion {
    pub policy_arn: PolicyArn,
    pub version_id: String,
}

impl Operation for GetPolicyVersion {
    type Output = ManagedPolicy;
    const NAME: &'static str = "GetPolicyVersion";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::GetPolicyVersion, &self.policy_arn)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<ManagedPolicy, Error> {
        let found = match find(cx, &self.policy_arn).await {
            Err(Error::Refused(_)) => None,
            found => Some(found?).filter(|_| self.version_id == VERSION),
        };
        let (arn, version) = (&self.policy_arn, &self.version_id);
        let message = || format!("Policy {arn} version {version} does not exist or is not attachable.");
        found.ok_or_else(|| Error::refused(Code::NoSuchEntity, message()))
    }
}

/// Its versions: the one.
#[derive(Debug, Clone)]
pub struct ListPolicyVersions {
    pub policy_arn: PolicyArn,
    pub page: Page,
}

impl Operation for ListPolicyVersions {
    type Output = Paged<ManagedPolicy>;
    const NAME: &'static str = "ListPolicyVersions";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListPolicyVersions, &self.policy_arn)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<ManagedPolicy>, Error> {
        let policy = find(cx, &self.policy_arn).await?;
        Ok(self.page.of(vec![policy], |_| VERSION.to_owned()))
    }
}

/// Only where nobody has it.
#[derive(Debug, Clone)]
pub struct DeletePolicy {
    pub policy_arn: PolicyArn,
}

impl Operation for DeletePolicy {
    type Output = ();
    const NAME: &'static str = "DeletePolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::DeletePolicy, &self.policy_arn)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let (account, arn) = (cx.account()?, &self.policy_arn);
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "policyArn": arn.as_str() }));
        match cx.app.store.delete_managed_policy(account, arn, &record).await {
            Err(StoreError::Absent) => {}
            other => return other.map_err(store_failure),
        }
        if cx.app.store.managed_policy(account, arn).await.map_err(store_failure)?.is_none() {
            return Err(no_such_policy(arn));
        }
        Err(Error::refused(Code::DeleteConflict, "Cannot delete a policy attached to entities."))
    }
}

/// AWS's, or one of the account.
pub(super) async fn find(cx: &Context, arn: &PolicyArn) -> Result<ManagedPolicy, Error> {
    if let Some(policy) = aws_managed_policy(arn.as_str()) {
        return Ok(policy.into());
    }
    let policy = cx.app.store.managed_policy(cx.account()?, arn).await.map_err(store_failure)?;
    policy.map(Into::into).ok_or_else(|| no_such_policy(arn))
}

fn no_such_policy(arn: &PolicyArn) -> Error {
    Error::refused(Code::NoSuchEntity, format!("Policy {arn} was not found."))
}
