//! Audit records: what is written is read, in order, and outlives what it is about.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::audit::AuditRecord;
use time::Duration;

on_both_engines! {
    a_record_is_read_as_it_was_written,
    records_are_read_on_from_a_cursor_in_order,
    records_younger_than_asked_for_are_left_for_later,
    the_recent_records_of_a_user_come_newest_first,
    a_record_is_written_once,
}

fn at(event_name: &str, minutes: i64) -> AuditRecord {
    AuditRecord { event_time: NOW + Duration::minutes(minutes), ..record(event_name) }
}

async fn a_record_is_read_as_it_was_written(database: &Database) {
    let some = |text: &str| Some(text.to_owned());
    let full = AuditRecord {
        user_name: some("Alice"),
        source_ip_address: some("192.0.2.7"),
        user_agent: some("agent"),
        request_id: some("request"),
        error_code: some("AccessDenied"),
        error_message: some("no"),
        request_parameters: some("{\"a\":\"é\"}"),
        response_elements: some("{}"),
        additional_event_data: some("[]"),
        ..at("Full", 1)
    };
    let bare = AuditRecord { account_id: None, user_id: None, ..record("Bare") };
    database.store.audit(&full).await.unwrap();
    database.store.audit(&bare).await.unwrap();
    let until = NOW + Duration::days(1);
    assert_eq!(database.store.audit_records_after(None, until, 10).await.unwrap(), [bare, full]);
}

async fn records_are_read_on_from_a_cursor_in_order(database: &Database) {
    let written = [at("One", 1), at("Two", 2), at("AlsoTwo", 2), at("Three", 3)];
    for record in written.iter().rev() {
        database.store.audit(record).await.unwrap();
    }
    let until = NOW + Duration::days(1);
    let mut read = Vec::new();
    loop {
        let cursor = read.last().map(AuditRecord::cursor);
        let more = database.store.audit_records_after(cursor.as_ref(), until, 1).await.unwrap();
        if more.is_empty() {
            break;
        }
        read.extend(more);
    }
    assert_eq!(read, written);
}

async fn records_younger_than_asked_for_are_left_for_later(database: &Database) {
    for record in [at("Old", 0), at("Young", 5)] {
        database.store.audit(&record).await.unwrap();
    }
    let read = database.store.audit_records_after(None, NOW + Duration::minutes(1), 10).await.unwrap();
    assert_eq!(read.iter().map(|record| record.event_name.as_str()).collect::<Vec<_>>(), ["Old"]);
}

async fn the_recent_records_of_a_user_come_newest_first(database: &Database) {
    let others = AuditRecord { user_id: Some(user_id('B')), ..at("Others", 9) };
    for record in [at("One", 1), at("Three", 3), at("Two", 2), others] {
        database.store.audit(&record).await.unwrap();
    }
    let recent = database.store.recent_audit_records(&alice(), 2).await.unwrap();
    assert_eq!(recent.iter().map(|record| record.event_name.as_str()).collect::<Vec<_>>(), ["Three", "Two"]);
}

async fn a_record_is_written_once(database: &Database) {
    let record = record("Once");
    database.store.audit(&record).await.unwrap();
    assert_undone(database.store.audit(&record).await);
    assert_eq!(recorded(database, "Once").await, 1);
}
