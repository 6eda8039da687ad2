//! Every record goes out, at least once, whatever fails.

use super::*;
use crate::support::database::Database;
use crate::support::disk::SmallDisk;

each_engine! {
    every_record_goes_out_once_it_is_old_enough_and_none_twice,
    whoever_goes_on_begins_where_the_last_one_stopped,
    of_two_nodes_one_ships_and_the_other_follows_when_it_dies,
    two_nodes_that_ship_at_once_lose_and_repeat_nothing,
    a_crash_between_the_line_and_the_cursor_repeats_the_line_and_loses_none,
    what_cannot_be_written_goes_out_when_it_can,
}

async fn every_record_goes_out_once_it_is_old_enough_and_none_twice(database: Database) {
    let server = TestServer::start_on(database).await;
    let shipping = Shipping::new();
    let mut shipper = shipping.shipper(&server);
    server.user("alice", None).await;
    server.signed_in("alice").await;
    let_records_grow_old(&server);
    let old = recorded(&server).await;
    server.signed_in("alice").await;
    assert_eq!(shipper.ship().await, old.len() as u64);
    assert_eq!(ids(&shipping.events()), old, "the young one may have an older one after it");
    assert_eq!(shipper.ship().await, 0);
    let_records_grow_old(&server);
    assert_eq!(shipper.ship().await, 1);
    assert_eq!(ids(&shipping.events()), recorded(&server).await);
    let times: Vec<String> = shipping.events().iter().map(|event| event["eventTime"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

async fn whoever_goes_on_begins_where_the_last_one_stopped(database: Database) {
    let server = TestServer::start_on(database).await;
    let shipping = Shipping::new();
    let_records_grow_old(&server);
    let mut first = shipping.shipper(&server);
    assert!(first.ship().await > 0);
    first.rest().await;
    server.user("alice", None).await;
    let_records_grow_old(&server);
    shipping.shipper(&server).ship().await;
    assert_eq!(ids(&shipping.events()), recorded(&server).await);
}

async fn of_two_nodes_one_ships_and_the_other_follows_when_it_dies(database: Database) {
    let server = TestServer::start_on(database).await;
    let (one, two) = (Shipping::new(), Shipping::new());
    let mut first = one.shipper(&server);
    let mut second = Shipper::new(server.second_app().await, two.log());
    let_records_grow_old(&server);
    assert!(first.ship().await > 0);
    server.user("alice", None).await;
    let_records_grow_old(&server);
    // The first one's lease is over by now: it asks for it again and gets it.
    assert!(first.ship().await > 0);
    server.user("bob", None).await;
    server.clock.advance(BEHIND / 4);
    assert_eq!(second.ship().await, 0, "it is not its turn");
    assert!(!two.file.exists());
    drop(first);
    let_records_grow_old(&server);
    assert!(second.ship().await > 0);
    let all = [one.events(), two.events()].concat();
    assert_eq!(ids(&all), recorded(&server).await);
}

async fn two_nodes_that_ship_at_once_lose_and_repeat_nothing(database: Database) {
    let server = TestServer::start_on(database).await;
    let shipping = Shipping::new();
    for user in 0..5 {
        server.user(&format!("user-{user}"), None).await;
    }
    let_records_grow_old(&server);
    let mut first = shipping.shipper(&server);
    let mut second = Shipper::new(server.second_app().await, shipping.log());
    let shipped = tokio::join!(first.ship(), second.ship());
    assert_eq!(ids(&shipping.events()), recorded(&server).await);
    assert!(shipped.0 == 0 || shipped.1 == 0, "{shipped:?}");
}

/// The cursor cannot move, as if the process died just before.
async fn stop_the_cursor(server: &TestServer, on_postgres: bool) {
    let sql = if on_postgres {
        "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fault'; END $$; \
         CREATE TRIGGER fault BEFORE INSERT OR UPDATE ON audit_cursors FOR EACH ROW EXECUTE FUNCTION fault()"
    } else {
        "CREATE TRIGGER fault BEFORE INSERT ON audit_cursors BEGIN SELECT RAISE(ABORT, 'fault'); END"
    };
    server.database.execute(sql).await;
}

async fn a_crash_between_the_line_and_the_cursor_repeats_the_line_and_loses_none(database: Database) {
    let on_postgres = database.settings.url.starts_with("postgres");
    let server = TestServer::start_on(database).await;
    let shipping = Shipping::new();
    server.user("alice", None).await;
    let_records_grow_old(&server);
    let written = recorded(&server).await;
    stop_the_cursor(&server, on_postgres).await;
    let mut dying = shipping.shipper(&server);
    assert_eq!(dying.ship().await, 0);
    assert_eq!(ids(&shipping.events()), written, "the lines are there");
    drop(dying);
    let on = if on_postgres { " ON audit_cursors" } else { "" };
    server.database.execute(&format!("DROP TRIGGER fault{on}")).await;
    server.user("bob", None).await;
    let_records_grow_old(&server);
    shipping.shipper(&server).ship().await;
    let mut twice = [written, recorded(&server).await].concat();
    twice.sort_unstable();
    assert_eq!(ids(&shipping.events()), twice);
}

async fn what_cannot_be_written_goes_out_when_it_can(database: Database) {
    let server = TestServer::start_on(database).await;
    let shipping = Shipping::new();
    let mut shipper = shipping.shipper(&server);
    let_records_grow_old(&server);
    std::fs::create_dir(&shipping.file).expect("a folder in the file's place");
    assert_eq!(shipper.ship().await, 0);
    assert_eq!(server.app.store.shipped_audit_records().await.expect("an answer"), None);
    std::fs::remove_dir(&shipping.file).expect("it goes");
    assert!(shipper.ship().await > 0);
    assert_eq!(ids(&shipping.events()), recorded(&server).await);
}

#[tokio::test]
async fn a_full_disk_loses_no_record_and_heals_when_there_is_room() {
    let server = TestServer::start().await;
    let disk = SmallDisk::new("64k");
    let (file, ballast) = (disk.path().join("audit.log"), disk.path().join("ballast"));
    std::fs::write(&ballast, vec![0; 56 * 1024]).expect("room for ballast");
    for user in 0..12 {
        server.user(&format!("user-{user}"), Some(crate::support::server::PASSWORD_ONLY)).await;
    }
    let_records_grow_old(&server);
    let mut shipper = Shipper::new(server.app.clone(), AuditLog::File(file.clone()));
    assert_eq!(shipper.ship().await, 0);
    let torn = std::fs::read(&file).expect("a file");
    assert!(!torn.is_empty() && !torn.ends_with(b"\n"), "a part of the lines found room");
    assert_eq!(server.app.store.shipped_audit_records().await.expect("an answer"), None);
    std::fs::remove_file(&ballast).expect("room");
    assert!(shipper.ship().await > 0);
    let text = std::fs::read_to_string(&file).expect("a file");
    let whole: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut ids = ids(&whole);
    ids.dedup();
    assert_eq!(ids, recorded(&server).await);
    assert_eq!(text.lines().count() - whole.len(), 1, "one line was cut off");
}
