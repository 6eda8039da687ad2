//! The AWS-managed policies that this server knows. They are the same in every account and nobody can change them.
//! Source: AWS IAM User Guide, "AWS managed policies for IAM".

use super::name::unique_id;
use time::OffsetDateTime;
use time::macros::datetime;

/// A managed policy has one version: a changed one is another policy.
pub const VERSION: &str = "v1";

unique_id!(
    /// `ANPA` and 17 more of A-Z and 0-9.
    PolicyId,
    "ANPA",
    "a policy ID is ANPA and 17 letters or digits"
);

/// A policy that AWS wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsManagedPolicy {
    pub name: &'static str,
    /// `ANPA` and 17 more.
    pub policy_id: &'static str,
    pub created_at: OffsetDateTime,
    pub arn: &'static str,
    pub document: &'static str,
}

pub const IAM_USER_CHANGE_PASSWORD: AwsManagedPolicy = AwsManagedPolicy {
    name: "IAMUserChangePassword",
    policy_id: "ANPAJ4L4MM2A7QIEB56MS",
    created_at: datetime!(2016-11-15 00:25:16 UTC),
    arn: "arn:aws:iam::aws:policy/IAMUserChangePassword",
    document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#,
};

pub const ADMINISTRATOR_ACCESS: AwsManagedPolicy = AwsManagedPolicy {
    name: "AdministratorAccess",
    policy_id: "ANPAIWMBCKSKIEE64ZLYK",
    created_at: datetime!(2015-02-06 18:39:46 UTC),
    arn: "arn:aws:iam::aws:policy/AdministratorAccess",
    document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
};

/// All of them.
pub const AWS_MANAGED_POLICIES: [AwsManagedPolicy; 2] = [IAM_USER_CHANGE_PASSWORD, ADMINISTRATOR_ACCESS];

/// By ARN.
pub fn aws_managed_policy(arn: &str) -> Option<&'static AwsManagedPolicy> {
    AWS_MANAGED_POLICIES.iter().find(|policy| policy.arn == arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::PolicyDocument;

    #[test]
    fn every_aws_managed_policy_is_a_policy() {
        for policy in AWS_MANAGED_POLICIES {
            assert!(PolicyDocument::parse(policy.document).is_ok(), "{}", policy.name);
            assert_eq!(aws_managed_policy(policy.arn), Some(&policy));
            assert!(PolicyId::parse(policy.policy_id).is_ok(), "{}", policy.name);
        }
    }
}
