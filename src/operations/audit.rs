//! Audit records in CloudTrail's shape: who, what, when, from where, and how it ended. Never a secret, and never a
//! user name that fits no user: people type passwords into the wrong field.
//! Source: AWS IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"; AWS CloudTrail User Guide, "AWS
//! Management Console sign-in events".

use super::context::{Context, RequestFacts};
use super::refusal::HIDDEN;
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::error::Refusal;
use crate::domain::principal::{Caller, Credentials, IamUser};
use crate::domain::user::UserId;
use crate::store::audit::AuditRecord;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

impl Context {
    /// A record of what the caller does now.
    pub(super) fn audit_record(&self, event_name: &str) -> AuditRecord {
        let user = self.caller.user();
        AuditRecord {
            account_id: self.account_id.clone(),
            user_id: user.map(|user| user.user_id.clone()),
            user_name: user.map(|user| user.user_name.as_str().to_owned()),
            event_source: "iam.amazonaws.com".to_owned(),
            event_type: "AwsApiCall".to_owned(),
            user_identity: identity(&self.caller).to_string(),
            ..blank(&self.app, &self.request, self.now, event_name)
        }
    }

    /// The same in an operation that takes long: at the time of its step, since whoever ships records follows them by their
    /// times and looks back a little only.
    pub(super) fn audit_record_of_step(&self, event_name: &str) -> AuditRecord {
        AuditRecord { event_time: self.app.clock.now(), ..self.audit_record(event_name) }
    }

    /// The session that the caller acts in, where there is one.
    pub(super) fn session_hash(&self) -> Option<String> {
        self.caller.session().map(|session| session.session_hash.clone())
    }
}

impl AuditRecord {
    pub(super) fn with_parameters(mut self, parameters: &Value) -> Self {
        self.request_parameters = Some(parameters.to_string());
        self
    }

    /// What was made, where the caller is told of it. Never a secret.
    pub(super) fn with_response(mut self, response: &Value) -> Self {
        self.response_elements = Some(response.to_string());
        self
    }

    /// The record is also about this user, who is not the one who acts.
    pub(super) fn about(mut self, user_id: &UserId) -> Self {
        self.user_id = Some(user_id.clone());
        self
    }

    pub(super) fn refused(mut self, refusal: &Refusal) -> Self {
        self.error_code = Some(refusal.code.name().to_owned());
        let message = refusal.details.recorded.clone().unwrap_or_else(|| refusal.message.clone());
        self.error_message = Some(message);
        self
    }
}

/// The record of a sign-in; CloudTrail keeps these apart from calls of the API. `login_to`: the page that it leads to.
pub(super) fn console_login(
    app: &App,
    request: &RequestFacts,
    now: OffsetDateTime,
    user: Option<&IamUser>,
    login_to: &str,
) -> AuditRecord {
    let data = json!({ "LoginTo": login_to, "MobileVersion": "No", "MFAUsed": "No", "door": request.door });
    AuditRecord {
        account_id: user.map(|user| user.account_id.clone()),
        user_id: user.map(|user| user.user_id.clone()),
        user_name: user.map(|user| user.user_name.as_str().to_owned()),
        event_source: "signin.amazonaws.com".to_owned(),
        event_type: "AwsConsoleSignIn".to_owned(),
        user_identity: user.map(user_identity).unwrap_or_default().to_string(),
        response_elements: Some(json!({ "ConsoleLogin": "Success" }).to_string()),
        additional_event_data: Some(data.to_string()),
        ..blank(app, request, now, "ConsoleLogin")
    }
}

/// The same for a sign-in that was refused. Nobody has proved to be the user: as in AWS's records of failures, the
/// identity has no ARN, and an access key that is empty.
pub(super) fn failed_console_login(
    record: AuditRecord,
    account: Option<&AccountId>,
    user: Option<&IamUser>,
    message: &str,
) -> AuditRecord {
    let mut identity = json!({ "type": "IAMUser", "accessKeyId": "" });
    identity["userName"] = json!(user.map_or(HIDDEN, |user| user.user_name.as_str()));
    if let Some(user) = user {
        identity["principalId"] = json!(user.user_id.as_str());
    }
    if let Some(account) = user.map(|user| &user.account_id).or(account) {
        identity["accountId"] = json!(account.as_str());
    }
    AuditRecord {
        account_id: record.account_id.or_else(|| account.cloned()),
        user_identity: identity.to_string(),
        response_elements: Some(json!({ "ConsoleLogin": "Failure" }).to_string()),
        error_message: Some(message.to_owned()),
        ..record
    }
}

fn blank(app: &App, request: &RequestFacts, now: OffsetDateTime, event_name: &str) -> AuditRecord {
    AuditRecord {
        event_id: crate::crypto::identifier::event_id(&app.random, now),
        account_id: None,
        user_id: None,
        event_time: now,
        event_name: event_name.to_owned(),
        event_source: String::new(),
        event_type: String::new(),
        user_name: None,
        user_identity: String::new(),
        source_ip_address: request.source_address.map(|address| address.to_string()),
        user_agent: request.user_agent.clone(),
        request_id: Some(request.request_id.clone()),
        error_code: None,
        error_message: None,
        request_parameters: None,
        response_elements: None,
        additional_event_data: Some(json!({ "door": request.door }).to_string()),
    }
}

fn identity(caller: &Caller) -> Value {
    let Caller::User { user, credentials } = caller else {
        return json!({ "type": "Operator" });
    };
    let mut identity = user_identity(user);
    match credentials {
        Credentials::Console(session) => {
            identity["sessionContext"] = json!({ "attributes": {
                "mfaAuthenticated": session.mfa_at.is_some().to_string(),
                "creationDate": whole_seconds(session.signed_in_at),
            }});
        }
        Credentials::AccessKey { access_key_id, .. } => identity["accessKeyId"] = json!(access_key_id.as_str()),
    }
    identity
}

/// `2022-11-10T16:24:34Z`, as all of AWS's records say times.
pub(super) fn whole_seconds(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    moment.replace_nanosecond(0).unwrap_or(moment).format(&Rfc3339).unwrap_or_default()
}

fn user_identity(user: &IamUser) -> Value {
    json!({
        "type": "IAMUser",
        "principalId": user.user_id.as_str(),
        "arn": user.arn().as_str(),
        "accountId": user.account_id.as_str(),
        "userName": user.user_name.as_str(),
    })
}
