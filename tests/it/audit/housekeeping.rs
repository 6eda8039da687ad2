//! What has expired goes, and nothing else; on one node at a time.

use super::*;
use crate::support::database::Database;
use crate::support::server::ACCOUNT_ID;
use my_security_credentials::operations::housekeeping::{AuditRetention, Housekeeper, Shipping as Shipped};

each_engine! {
    what_has_expired_goes_and_nothing_else,
    one_node_keeps_house_until_it_dies_or_ends,
    records_that_were_not_shipped_stay_where_they_are_to_be,
    a_large_backlog_goes_in_one_round,
    who_was_refused_the_turn_asks_again_after_a_third_of_the_lease,
    a_walk_through_passwords_goes_on_where_it_failed,
}

const YEAR: Duration = Duration::days(365);

fn keeper(server: &TestServer, kept: Option<Duration>, shipping: Shipped) -> Housekeeper {
    Housekeeper::new(server.app.clone(), AuditRetention { kept, shipping })
}

async fn rows(server: &TestServer, table: &str) -> i64 {
    server.database.number(&format!("SELECT COUNT(*) FROM {table}")).await
}

async fn spend_a_signature(server: &TestServer, expires: Duration) {
    let expires_at = (server.clock.now() + expires).unix_timestamp_nanos() / 1000;
    let values = format!("('signature-{expires_at}', {expires_at})");
    server
        .database
        .execute(&format!("INSERT INTO spent_signatures (signature_hash, expires_at) VALUES {values}"))
        .await;
}

async fn what_has_expired_goes_and_nothing_else(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", None).await;
    server.signed_in("alice").await;
    spend_a_signature(&server, Duration::minutes(30)).await;
    let old = rows(&server, "audit_records").await;
    let mut house = keeper(&server, Some(YEAR), Shipped::Unknown);
    assert_eq!(house.keep().await, 0, "nothing has expired yet");
    server.clock.advance(Duration::hours(1));
    spend_a_signature(&server, Duration::minutes(30)).await;
    server.signed_in("alice").await;
    assert_eq!(house.keep().await, 2);
    assert_eq!((rows(&server, "console_sessions").await, rows(&server, "spent_signatures").await), (1, 1));

    server.clock.advance(YEAR - Duration::hours(1));
    let young = rows(&server, "audit_records").await - old;
    assert_eq!(
        house.keep().await,
        3,
        "a session, a signature and a count of tries; a record of exactly that age stays"
    );
    assert_eq!(rows(&server, "sign_in_throttle").await, 0);
    server.clock.advance(Duration::MICROSECOND);
    assert_eq!(house.keep().await, u64::try_from(old).expect("a number"));
    assert_eq!(rows(&server, "audit_records").await, young);
    server.clock.advance(YEAR * 20);
    assert_eq!(keeper(&server, None, Shipped::Over).keep().await, 0, "kept for ever");
}

async fn one_node_keeps_house_until_it_dies_or_ends(database: Database) {
    let server = TestServer::start_on(database).await;
    let retention = AuditRetention { kept: Some(YEAR), shipping: Shipped::Unknown };
    let mut first = Housekeeper::new(server.app.clone(), retention);
    let mut second = Housekeeper::new(server.second_app().await, retention);
    first.keep().await;
    spend_a_signature(&server, Duration::ZERO).await;
    assert_eq!(second.keep().await, 0, "it is the first one's turn");
    assert_eq!(first.keep().await, 1);
    spend_a_signature(&server, -Duration::SECOND).await;
    drop(first);
    server.clock.advance(Duration::minutes(2));
    assert_eq!(second.keep().await, 0, "the first one may still live");
    assert_eq!(keeper(&server, None, Shipped::Unknown).keep().await, 0, "as another one learns");
    server.clock.advance(Duration::minutes(1) - Duration::SECOND);
    assert_eq!(keeper(&server, None, Shipped::Unknown).keep().await, 0, "to the last second");
    server.clock.advance(Duration::SECOND);
    assert_eq!(second.keep().await, 1);
    spend_a_signature(&server, Duration::ZERO).await;
    second.rest().await;
    assert_eq!(keeper(&server, None, Shipped::Unknown).keep().await, 1, "who ends leaves its turn to the next");
}

async fn records_that_were_not_shipped_stay_where_they_are_to_be(database: Database) {
    let server = TestServer::start_on(database).await;
    let lines = Shipping::new();
    let shipped = rows(&server, "audit_records").await;
    server.clock.advance(YEAR + Duration::SECOND);
    let keep = async |shipping| {
        let mut house = keeper(&server, Some(YEAR), shipping);
        let deleted = house.keep().await;
        house.rest().await;
        deleted
    };
    assert_eq!(keep(Shipped::ByThisNode).await, 0, "nothing was shipped yet");
    let mut other = lines.shipper(&server);
    other.ship().await;
    server.user("alice", None).await;
    let unshipped = rows(&server, "audit_records").await - shipped;
    server.clock.advance(YEAR + Duration::SECOND);
    let shipped = u64::try_from(shipped).expect("a number");
    assert_eq!(keep(Shipped::Unknown).await, shipped, "another node may ship");
    assert_eq!(keep(Shipped::ByThisNode).await, 0);
    assert_eq!(rows(&server, "audit_records").await, unshipped);
    assert_eq!(keep(Shipped::Over).await, u64::try_from(unshipped).expect("a number"));
}

async fn a_large_backlog_goes_in_one_round(database: Database) {
    let server = TestServer::start_on(database).await;
    let records: Vec<String> =
        (0..1201).map(|n| format!("('old-{n:04}', {n}, 'Old', 'iam.amazonaws.com', 'AwsApiCall', '{{}}')")).collect();
    let columns = "(event_id, event_time, event_name, event_source, event_type, user_identity)";
    server.database.execute(&format!("INSERT INTO audit_records {columns} VALUES {}", records.join(","))).await;
    let young = rows(&server, "audit_records").await - 1201;
    assert_eq!(keeper(&server, Some(YEAR), Shipped::Unknown).keep().await, 1201);
    assert_eq!(rows(&server, "audit_records").await, young);
}

/// Until then it does not even ask, which would be to write.
async fn who_was_refused_the_turn_asks_again_after_a_third_of_the_lease(database: Database) {
    let server = TestServer::start_on(database).await;
    let mut first = keeper(&server, None, Shipped::Unknown);
    let mut second = keeper(&server, None, Shipped::Unknown);
    first.keep().await;
    spend_a_signature(&server, Duration::ZERO).await;
    assert_eq!(second.keep().await, 0, "it is the first one's turn");
    first.rest().await;
    server.clock.advance(Duration::minutes(1) - Duration::SECOND);
    assert_eq!(second.keep().await, 0, "it remembers");
    assert_eq!(rows(&server, "leases").await, 0, "and has not asked");
    server.clock.advance(Duration::SECOND);
    assert_eq!(second.keep().await, 1);
    assert_eq!(rows(&server, "leases").await, 1);
}

async fn a_walk_through_passwords_goes_on_where_it_failed(database: Database) {
    const USERS: u32 = 101;
    let server = TestServer::start_on(database).await;
    let users: Vec<String> = (0..USERS)
        .map(|n| format!("('AIDAXXXXXXXXXXXX{n:05}', '{ACCOUNT_ID}', 'user{n}', 'user{n}', '/', 0, 1, 1)"))
        .collect();
    let columns = "user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, version";
    server.database.execute(&format!("INSERT INTO users ({columns}) VALUES {}", users.join(", "))).await;
    // Of the last one, whom the first hundred keep from the first round, one more than is remembered.
    let passwords: Vec<String> =
        (1..=25).map(|n| format!("('AIDAXXXXXXXXXXXX{:05}', {n}, 'hash-{n}', 0)", USERS - 1)).collect();
    let columns = "user_id, position, hash, set_at";
    server.database.execute(&format!("INSERT INTO password_history ({columns}) VALUES {}", passwords.join(", "))).await;
    let mut house = keeper(&server, None, Shipped::Unknown);
    assert_eq!(house.keep().await, 0, "a hundred users have nothing to forget");
    server.database.execute("ALTER TABLE users RENAME TO users_away").await;
    assert_eq!(house.keep().await, 0, "it fails");
    server.database.execute("ALTER TABLE users_away RENAME TO users").await;
    assert_eq!(house.keep().await, 1, "and goes on");
}
