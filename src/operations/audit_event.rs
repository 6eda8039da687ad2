//! An audit record as `CloudTrail` writes it: one JSON object, its members in the order of the AWS guide.
//! Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "AWS Management Console sign-in events".

use super::audit::whole_seconds;
use super::legible;
use crate::store::audit::AuditRecord;
use serde::Serialize;
use serde_json::Value;

/// The version whose members these are.
const EVENT_VERSION: &str = "1.08";
/// AWS records the events of IAM and of its sign-in here, wherever they were asked for. There are no regions in this server.
const REGION: &str = "us-east-1";

/// What is absent from a record of AWS's is absent here; what is null there is null here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent<'a> {
    event_version: &'static str,
    user_identity: Value,
    event_time: String,
    event_source: &'a str,
    event_name: &'a str,
    aws_region: &'static str,
    /// None for the command line.
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: Option<Value>,
    response_elements: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<Value>,
    #[serde(rename = "requestID")]
    request_id: Option<&'a str>,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    event_type: &'a str,
    /// None where the account that was asked for is not there, and for what concerns none.
    recipient_account_id: Option<&'a str>,
    management_event: bool,
    read_only: bool,
    event_category: &'static str,
}

impl<'a> AuditEvent<'a> {
    pub fn of(record: &'a AuditRecord) -> Self {
        Self {
            event_version: EVENT_VERSION,
            user_identity: json(&record.user_identity),
            event_time: whole_seconds(record.event_time),
            event_source: &record.event_source,
            event_name: &record.event_name,
            aws_region: REGION,
            source_ip_address: record.source_ip_address.as_deref(),
            user_agent: record.user_agent.as_deref(),
            error_code: record.error_code.as_deref(),
            error_message: record.error_message.as_deref(),
            request_parameters: record.request_parameters.as_deref().map(json),
            response_elements: record.response_elements.as_deref().map(json),
            additional_event_data: record.additional_event_data.as_deref().map(json),
            request_id: record.request_id.as_deref(),
            event_id: &record.event_id,
            event_type: &record.event_type,
            recipient_account_id: record.account_id.as_ref().map(crate::domain::account::AccountId::as_str),
            management_event: true,
            read_only: ["Get", "List"].iter().any(|reads| record.event_name.starts_with(reads)),
            event_category: "Management",
        }
    }

    /// One line, whatever stands in the record, and its line feed.
    pub fn line(&self) -> String {
        // What is made of strings, numbers and maps with strings as keys can always be written.
        legible::line(&serde_json::to_string(self).unwrap_or_default()) + "\n"
    }
}

/// What cannot be read as JSON is text: one record that makes no sense must not stop all after it.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
