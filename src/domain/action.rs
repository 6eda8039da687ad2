//! Every IAM action that this server knows to do. What a policy calls it is its name.

/// The list is written once: a variant, its place in `ALL` and its name cannot come apart.
macro_rules! actions {
    ($($name:ident)*) => {
        /// An action as policies name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($name),*
        }

        impl Action {
            /// Each of them; tests walk the list, so that none is left without its permission check or its door.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// `iam:ChangePassword`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("iam:", stringify!($name))),*
                }
            }

            /// `ChangePassword`, as the API and the audit records call it.
            pub const fn event_name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

actions! {
    AddUserToGroup
    AttachGroupPolicy
    AttachUserPolicy
    ChangePassword
    CreateAccessKey
    CreateAccountAlias
    CreateGroup
    CreateLoginProfile
    CreatePolicy
    CreateUser
    DeleteAccessKey
    DeleteAccountAlias
    DeleteAccountPasswordPolicy
    DeleteGroup
    DeleteGroupPolicy
    DeleteLoginProfile
    DeletePolicy
    DeleteUser
    DeleteUserPolicy
    DetachGroupPolicy
    DetachUserPolicy
    GetAccessKeyLastUsed
    GetAccountPasswordPolicy
    GetAccountSummary
    GetGroup
    GetGroupPolicy
    GetLoginProfile
    GetPolicy
    GetPolicyVersion
    GetUser
    GetUserPolicy
    ListAccessKeys
    ListAccountAliases
    ListAttachedGroupPolicies
    ListAttachedUserPolicies
    ListEntitiesForPolicy
    ListGroupPolicies
    ListGroups
    ListGroupsForUser
    ListPolicies
    ListPolicyVersions
    ListUserPolicies
    ListUserTags
    ListUsers
    PutGroupPolicy
    PutUserPolicy
    RemoveUserFromGroup
    TagUser
    UntagUser
    UpdateAccessKey
    UpdateAccountPasswordPolicy
    UpdateGroup
    UpdateLoginProfile
    UpdateUser
}
