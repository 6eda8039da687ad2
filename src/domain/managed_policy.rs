//! The AWS-managed policies that this server knows. They are the same in every account and nobody can change them.
//! Source: AWS IAM User Guide, "AWS managed policies for IAM".

/// A policy that AWS wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsManagedPolicy {
    pub name: &'static str,
    pub arn: &'static str,
    pub document: &'static str,
}

pub const IAM_USER_CHANGE_PASSWORD: AwsManagedPolicy = AwsManagedPolicy {
    name: "IAMUserChangePassword",
    arn: "arn:aws:iam::aws:policy/IAMUserChangePassword",
    document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#,
};

pub const ADMINISTRATOR_ACCESS: AwsManagedPolicy = AwsManagedPolicy {
    name: "AdministratorAccess",
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
        }
    }
}
