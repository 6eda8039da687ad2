//! User groups: what several users may do. A group is no principal; nobody acts as one.
//! Source: AWS IAM User Guide, "IAM user groups" and "IAM identifiers".

use super::name::{name, unique_id};

unique_id!(
    /// `AGPA` and 17 more of A-Z and 0-9.
    GroupId,
    "AGPA",
    "a group ID is AGPA and 17 letters or digits"
);

name!(
    /// 1 to 128 of the characters that a user name is made of; unique in its account without regard to case.
    GroupName,
    128,
    "groupName"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_name_has_aws_bounds_and_is_compared_without_case() {
        assert_eq!(GroupName::parse("All-Users+=,.@_").unwrap().folded(), "all-users+=,.@_");
        assert!(GroupName::parse(&"g".repeat(128)).is_ok());
        for wrong in ["", "a b", "é", "a/b", &"g".repeat(129)] {
            assert!(GroupName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_group_id_is_agpa_and_seventeen_more() {
        assert!(GroupId::parse("AGPACKCEVSQ6C2EXAMPLE").is_ok());
        assert!(GroupId::parse("AIDACKCEVSQ6C2EXAMPLE").is_err());
    }
}
