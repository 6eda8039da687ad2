//! Every IAM action that this server knows to do. What a policy calls it is its name.

/// An action as policies name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    AttachUserPolicy,
    ChangePassword,
    CreateLoginProfile,
    CreateUser,
    DeleteAccountPasswordPolicy,
    DeleteUser,
    GetAccountPasswordPolicy,
    GetAccountSummary,
    GetUser,
    ListUsers,
    PutUserPolicy,
    UpdateAccountPasswordPolicy,
    UpdateLoginProfile,
}

impl Action {
    /// Each of them; a test walks the list, so that none is left without its permission check.
    pub const ALL: [Self; 13] = [
        Self::AttachUserPolicy,
        Self::ChangePassword,
        Self::CreateLoginProfile,
        Self::CreateUser,
        Self::DeleteAccountPasswordPolicy,
        Self::DeleteUser,
        Self::GetAccountPasswordPolicy,
        Self::GetAccountSummary,
        Self::GetUser,
        Self::ListUsers,
        Self::PutUserPolicy,
        Self::UpdateAccountPasswordPolicy,
        Self::UpdateLoginProfile,
    ];

    /// `iam:ChangePassword`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AttachUserPolicy => "iam:AttachUserPolicy",
            Self::ChangePassword => "iam:ChangePassword",
            Self::CreateLoginProfile => "iam:CreateLoginProfile",
            Self::CreateUser => "iam:CreateUser",
            Self::DeleteAccountPasswordPolicy => "iam:DeleteAccountPasswordPolicy",
            Self::DeleteUser => "iam:DeleteUser",
            Self::GetAccountPasswordPolicy => "iam:GetAccountPasswordPolicy",
            Self::GetAccountSummary => "iam:GetAccountSummary",
            Self::GetUser => "iam:GetUser",
            Self::ListUsers => "iam:ListUsers",
            Self::PutUserPolicy => "iam:PutUserPolicy",
            Self::UpdateAccountPasswordPolicy => "iam:UpdateAccountPasswordPolicy",
            Self::UpdateLoginProfile => "iam:UpdateLoginProfile",
        }
    }

    /// `ChangePassword`, as the API and the audit records call it.
    pub fn event_name(self) -> &'static str {
        &self.name()["iam:".len()..]
    }
}
