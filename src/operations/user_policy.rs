//! What a user may do: inline policies and attached managed ones.

use super::context::{Authorized, Context, Demand, Operation};
use super::refusal::store_failure;
use super::user::find;
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::aws_managed_policy;
use crate::domain::policy::PolicyDocument;
use crate::domain::policy_name::PolicyName;
use crate::domain::user::UserName;
use serde_json::json;

/// An inline policy, made or replaced.
#[derive(Debug, Clone)]
pub struct PutUserPolicy {
    pub user_name: UserName,
    pub policy_name: String,
    pub policy_document: String,
}

impl Operation for PutUserPolicy {
    type Output = ();
    const NAME: &'static str = "PutUserPolicy";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::PutUserPolicy, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        well_formed(&self.policy_name, &self.policy_document)?;
        let user = find(cx, &self.user_name).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "policyName": self.policy_name });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store
            .put_user_policy(&user.user_id, &self.policy_name, &self.policy_document, &record)
            .await
            .map_err(store_failure)
    }
}

/// A managed policy, attached; once is enough.
#[derive(Debug, Clone)]
pub struct AttachUserPolicy {
    pub user_name: UserName,
    pub policy_arn: String,
}

impl Operation for AttachUserPolicy {
    type Output = ();
    const NAME: &'static str = "AttachUserPolicy";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::AttachUserPolicy, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        if aws_managed_policy(&self.policy_arn).is_none() {
            let message = format!("Policy {} does not exist or is not attachable.", self.policy_arn);
            return Err(Error::refused(Code::NoSuchEntity, message));
        }
        let user = find(cx, &self.user_name).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "policyArn": self.policy_arn });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store.attach_user_policy(&user.user_id, &self.policy_arn, cx.now, &record).await.map_err(store_failure)
    }
}

pub(super) fn well_formed(name: &str, document: &str) -> Result<(), Error> {
    PolicyName::parse(name).map_err(|error| Error::refused(Code::ValidationError, error.message()))?;
    match PolicyDocument::parse(document) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::refused(Code::MalformedPolicyDocument, error.message())),
    }
}
