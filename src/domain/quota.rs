//! How many of a thing there may be. Source: AWS IAM User Guide, "IAM and AWS STS quotas".

/// A limit that this server enforces. Inactive access keys count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    AccessKeysPerUser,
    GroupsPerUser,
    PoliciesPerUser,
    PoliciesPerGroup,
    TagsPerUser,
    /// Of all inline policies of a user together, in characters, white space not counted; and so on.
    UserPolicySize,
    GroupPolicySize,
    PolicySize,
}

impl Quota {
    pub fn limit(self) -> u32 {
        match self {
            Self::AccessKeysPerUser => 2,
            Self::GroupsPerUser | Self::PoliciesPerUser | Self::PoliciesPerGroup => 10,
            Self::TagsPerUser => 50,
            Self::UserPolicySize => 2048,
            Self::GroupPolicySize => 5120,
            Self::PolicySize => 6144,
        }
    }

    /// As AWS names it in the refusal.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessKeysPerUser => "AccessKeysPerUser",
            Self::GroupsPerUser => "GroupsPerUser",
            Self::PoliciesPerUser => "PoliciesPerUser",
            Self::PoliciesPerGroup => "PoliciesPerGroup",
            Self::TagsPerUser => "TagsPerUser",
            Self::UserPolicySize => "UserPolicySize",
            Self::GroupPolicySize => "GroupPolicySize",
            Self::PolicySize => "PolicySize",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_have_awss_numbers_and_names() {
        for (quota, name, limit) in [
            (Quota::AccessKeysPerUser, "AccessKeysPerUser", 2),
            (Quota::GroupsPerUser, "GroupsPerUser", 10),
            (Quota::PoliciesPerUser, "PoliciesPerUser", 10),
            (Quota::PoliciesPerGroup, "PoliciesPerGroup", 10),
            (Quota::TagsPerUser, "TagsPerUser", 50),
            (Quota::UserPolicySize, "UserPolicySize", 2_048),
            (Quota::GroupPolicySize, "GroupPolicySize", 5_120),
            (Quota::PolicySize, "PolicySize", 6_144),
        ] {
            assert_eq!((quota.name(), quota.limit()), (name, limit));
        }
    }
}
