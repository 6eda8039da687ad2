//! Every action of the API, one line each: which operation it is. What an operation is read from and how its result is
//! written is its `Call`, in the file of its noun.

use super::error::ApiError;
use super::members::Member;
use super::parameters::{Fields, Parameters};
use super::service::Service;
use super::xml::Xml;
use crate::domain::action::Action;
use crate::domain::error::Error;
use crate::operations::caller_identity::GetCallerIdentity;
use crate::operations::{Context, Operation};

/// How an operation stands on the wire.
pub(super) trait Call: Operation + Sized {
    /// What it takes; anything else is refused.
    const MEMBERS: &'static [Member];
    /// Writes what stands inside `<XResult>`; none where the service model has no output.
    const RESULT: Option<fn(&Self::Output, &mut Xml)> = None;

    /// From parameters that are within their bounds.
    fn read(parameters: &mut Parameters) -> Result<Self, Error>;
}

async fn call<C: Call>(cx: &Context, fields: Fields, name: &str, xml: &mut Xml) -> Result<(), ApiError> {
    let mut parameters = Parameters::check(fields, C::MEMBERS)?;
    let output = cx.perform(C::read(&mut parameters)?).await?;
    if let Some(result) = C::RESULT {
        xml.element(&format!("{name}Result"), |xml| result(&output, xml));
    }
    Ok(())
}

/// An action that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    Iam(Action),
    /// Nobody's permission is asked for it, so it is no action of a policy.
    CallerIdentity,
}

pub fn find(version: Option<&str>, action: Option<&str>) -> Result<Called, ApiError> {
    let Some(action) = action else {
        return Err(ApiError::new(400, "MissingAction", "The request must contain the parameter Action."));
    };
    let called = match Service::of_version(version) {
        Some(Service::Iam) => Action::ALL.iter().find(|known| known.event_name() == action).copied().map(Called::Iam),
        Some(Service::Sts) if action == "GetCallerIdentity" => Some(Called::CallerIdentity),
        _ => None,
    };
    called.ok_or_else(|| {
        let short = |text: &str| text.chars().take(64).filter(char::is_ascii_graphic).collect::<String>();
        let version = version.map_or_else(|| "NO_VERSION_SPECIFIED".to_owned(), short);
        ApiError::new(400, "InvalidAction", format!("Could not find operation {} for version {version}", short(action)))
    })
}

impl Called {
    pub fn name(self) -> &'static str {
        match self {
            Self::Iam(action) => action.event_name(),
            Self::CallerIdentity => GetCallerIdentity::NAME,
        }
    }

    /// AWS's names tell: what neither gets nor lists changes something.
    pub fn changes(self) -> bool {
        !self.name().starts_with("Get") && !self.name().starts_with("List")
    }

    pub async fn run(self, cx: &Context, fields: Fields, xml: &mut Xml) -> Result<(), ApiError> {
        let name = self.name();
        match self {
            Self::CallerIdentity => call::<GetCallerIdentity>(cx, fields, name, xml).await,
            Self::Iam(action) => run(action, cx, fields, xml).await,
        }
    }
}

/// A match without a rest: an action that is added stops the compiler here. By the file of `operations` that has it.
macro_rules! dispatch {
    ($($file:ident: $($action:ident)*;)*) => {
        async fn run(action: Action, cx: &Context, fields: Fields, xml: &mut Xml) -> Result<(), ApiError> {
            match action {
                $($(Action::$action => {
                    call::<crate::operations::$file::$action>(cx, fields, stringify!($action), xml).await
                })*)*
            }
        }
    };
}

dispatch! {
    access_key: CreateAccessKey DeleteAccessKey ListAccessKeys UpdateAccessKey;
    access_key_last_used: GetAccessKeyLastUsed;
    account: GetAccountSummary;
    account_alias: CreateAccountAlias DeleteAccountAlias ListAccountAliases;
    attached_policy: AttachGroupPolicy AttachUserPolicy DetachGroupPolicy DetachUserPolicy ListAttachedGroupPolicies ListAttachedUserPolicies;
    create_user: CreateUser;
    delete_user: DeleteUser;
    group: CreateGroup DeleteGroup GetGroup ListGroups UpdateGroup;
    group_member: AddUserToGroup ListGroupsForUser RemoveUserFromGroup;
    inline_policy: DeleteGroupPolicy DeleteUserPolicy GetGroupPolicy GetUserPolicy ListGroupPolicies ListUserPolicies PutGroupPolicy PutUserPolicy;
    list_policies: ListEntitiesForPolicy ListPolicies;
    login_profile: CreateLoginProfile DeleteLoginProfile GetLoginProfile UpdateLoginProfile;
    managed_policy: CreatePolicy DeletePolicy GetPolicy GetPolicyVersion ListPolicyVersions;
    password: ChangePassword;
    password_policy: DeleteAccountPasswordPolicy GetAccountPasswordPolicy UpdateAccountPasswordPolicy;
    user: GetUser ListUsers UpdateUser;
    user_tag: ListUserTags TagUser UntagUser;
}
