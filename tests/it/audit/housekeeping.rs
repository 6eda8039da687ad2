//! What has expired goes, and nothing else; on one node at a time.

use super::*;
use crate::support::database::Database;
use my_security_credentials::operations::housekeeping::{AuditRetention, Housekeeper, Shipping as Shipped};

each_engine! {
    what_has_expired_goes_and_nothing_else,
    one_node_keeps_house_until_it_dies_or_ends,
    records_that_were_not_shipped_stay_where_they_are_to_be,
    a_large_backlog_goes_in_one_round,
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
    server.clock.advance(Duration::minutes(3) - Duration::SECOND);
    assert_eq!(second.keep().await, 0, "the first one may still live");
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
    let mut shipper = lines.shipper(&server);
    shipper.ship().await;
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
