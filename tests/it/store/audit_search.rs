//! Audit records as they are looked up, and how far they were shipped.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::store::audit::{AuditCursor, AuditRecord};
use my_security_credentials::store::audit_search::RecordsOf;
use time::{Duration, OffsetDateTime};

on_both_engines! {
    records_are_looked_up_newest_first_and_a_piece_at_a_time,
    records_of_one_account_are_no_others,
    what_a_user_did_and_what_was_done_to_it_come_together_once_each,
    the_oldest_records_are_deleted_up_to_one_a_few_at_a_time,
    the_cursor_moves_from_where_it_was_seen_and_never_otherwise,
}

fn at(event_name: &str, minutes: i64) -> AuditRecord {
    AuditRecord { event_time: NOW + Duration::minutes(minutes), ..record(event_name) }
}

async fn write(database: &Database, records: &[AuditRecord]) {
    for record in records {
        database.store.audit(record).await.unwrap();
    }
}

fn names(records: &[AuditRecord]) -> Vec<&str> {
    records.iter().map(|record| record.event_name.as_str()).collect()
}

async fn before(
    database: &Database,
    of: &RecordsOf,
    before: &AuditCursor,
    since: OffsetDateTime,
    limit: u32,
) -> Vec<AuditRecord> {
    database.store.audit_records_before(of, before, since, limit).await.unwrap()
}

fn end() -> AuditCursor {
    AuditCursor::at(NOW + Duration::days(1))
}

async fn records_are_looked_up_newest_first_and_a_piece_at_a_time(database: &Database) {
    write(database, &[at("One", 1), at("Two", 2), at("AlsoTwo", 2), at("Three", 3)]).await;
    let mut seen = Vec::new();
    loop {
        let cursor = seen.last().map_or(end(), AuditRecord::cursor);
        let piece = before(database, &RecordsOf::Everybody, &cursor, NOW, 1).await;
        if piece.is_empty() {
            break;
        }
        seen.extend(piece);
    }
    assert_eq!(names(&seen), ["Three", "AlsoTwo", "Two", "One"]);
    let two = NOW + Duration::minutes(2);
    let since = before(database, &RecordsOf::Everybody, &end(), two, 9).await;
    assert_eq!(names(&since), ["Three", "AlsoTwo", "Two"], "its own moment is in it");
    let until = before(database, &RecordsOf::Everybody, &AuditCursor::at(two), NOW, 9).await;
    assert_eq!(names(&until), ["One"], "its own moment is not in it");
}

async fn records_of_one_account_are_no_others(database: &Database) {
    let other = AccountId::parse("210987654321").unwrap();
    let others = AuditRecord { account_id: Some(other.clone()), ..at("Others", 1) };
    write(database, &[others, AuditRecord { account_id: None, ..at("Nobodys", 2) }, at("Own", 3)]).await;
    for (of, expected) in [(account_id(), "Own"), (other, "Others")] {
        assert_eq!(names(&before(database, &RecordsOf::Account(of), &end(), NOW, 9).await), [expected]);
    }
    assert_eq!(before(database, &RecordsOf::Everybody, &end(), NOW, 9).await.len(), 3);
}

async fn what_a_user_did_and_what_was_done_to_it_come_together_once_each(database: &Database) {
    let by = |name: &str, record: AuditRecord| AuditRecord { user_name: Some(name.to_owned()), ..record };
    let to = |id: char, record: AuditRecord| AuditRecord { user_id: Some(user_id(id)), ..record };
    let elsewhere = AccountId::parse("210987654321").unwrap();
    write(
        database,
        &[
            by("Alice", to('A', at("ToItself", 1))),
            by("Alice", to('B', at("ToBob", 2))),
            by("Bob", to('A', at("ByBob", 3))),
            by("Bob", to('B', at("Bobs", 4))),
            AuditRecord { account_id: Some(elsewhere), ..by("Alice", to('C', at("AnotherAlice", 5))) },
            to('A', at("ByAnOperator", 6)),
        ],
    )
    .await;
    let of_alice = |user_id| RecordsOf::User { account_id: account_id(), user_name: "Alice".to_owned(), user_id };
    let whole = before(database, &of_alice(Some(alice())), &end(), NOW, 9).await;
    assert_eq!(names(&whole), ["ByAnOperator", "ByBob", "ToBob", "ToItself"]);
    let piece = before(database, &of_alice(Some(alice())), &whole[0].cursor(), NOW, 2).await;
    assert_eq!(names(&piece), ["ByBob", "ToBob"]);
    assert_eq!(names(&before(database, &of_alice(None), &end(), NOW, 9).await), ["ToBob", "ToItself"]);
}

async fn the_oldest_records_are_deleted_up_to_one_a_few_at_a_time(database: &Database) {
    let records = [at("One", 1), at("Two", 2), at("AlsoTwo", 2), at("Three", 3)];
    write(database, &records).await;
    let delete =
        async |last: &AuditCursor, limit| database.store.delete_audit_records_up_to(last, limit).await.unwrap();
    let left = async || names(&before(database, &RecordsOf::Everybody, &end(), NOW, 9).await).join(" ");
    assert_eq!(delete(&AuditCursor::at(NOW + Duration::minutes(1)), 9).await, 0, "not what is of this very moment");
    assert_eq!(delete(&records[1].cursor(), 1).await, 1);
    assert_eq!(left().await, "Three AlsoTwo Two");
    assert_eq!(delete(&records[1].cursor(), 9).await, 1);
    assert_eq!(delete(&records[1].cursor(), 9).await, 0);
    assert_eq!(left().await, "Three AlsoTwo");
}

async fn the_cursor_moves_from_where_it_was_seen_and_never_otherwise(database: &Database) {
    let (store, second) = (&database.store, &database.open_again().await);
    let (one, two, three) = (at("One", 1).cursor(), at("Two", 2).cursor(), at("Three", 3).cursor());
    assert_eq!(store.shipped_audit_records().await.unwrap(), None);
    assert_conflict(store.note_shipped_audit_records(Some(&one), &two).await);
    store.note_shipped_audit_records(None, &one).await.unwrap();
    assert_conflict(second.note_shipped_audit_records(None, &two).await);
    second.note_shipped_audit_records(Some(&one), &two).await.unwrap();
    assert_conflict(store.note_shipped_audit_records(Some(&one), &three).await);
    assert_eq!(store.shipped_audit_records().await.unwrap(), Some(two));
}
