//! How many of a thing there may be. Source: AWS IAM User Guide, "IAM and AWS STS quotas".

/// A limit that this server enforces. Inactive access keys count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    AccessKeysPerUser,
    GroupsPerUser,
    PoliciesPerUser,
    PoliciesPerGroup,
    TagsPerUser,
}

impl Quota {
    pub fn limit(self) -> u32 {
        match self {
            Self::AccessKeysPerUser => 2,
            Self::GroupsPerUser | Self::PoliciesPerUser | Self::PoliciesPerGroup => 10,
            Self::TagsPerUser => 50,
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
        }
    }
}
