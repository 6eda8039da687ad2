//! The way to PostgreSQL: the server moves, its machine is gone without a word, the answer to a COMMIT is lost. Whoever asked
//! is never told that something was done, or was not, where that is not known.

use super::outage_load::Load;
use crate::support::api::{Api, form};
use crate::support::browser::Browser;
use crate::support::cluster::{Cluster, free_port};
use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::postgres_proxy::{Cut, PostgresProxy};
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use sqlx::{Connection, Executor, PgConnection};
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

const CREDENTIALS: &str = "/console/security-credentials";
const CUTS: [Cut; 2] = [Cut::AfterCommit, Cut::BeforeCommit];
/// One for each cut.
const USERS: [&str; 2] = ["alice", "bob"];
const PASSWORD_PAGE: &str = "/console/security-credentials/password";

/// The cluster ends last.
struct Place {
    server: TestServer,
    proxy: PostgresProxy,
    cluster: Cluster,
}

impl Place {
    async fn new() -> Self {
        let cluster = block_in_place(Cluster::start);
        let proxy = PostgresProxy::to(cluster.port).await;
        let database = Database::on_cluster(proxy.port).await;
        let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
        Self { server, proxy, cluster }
    }

    async fn with_users() -> Self {
        let place = Self::new().await;
        let all = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#;
        for user in USERS {
            place.server.user(user, Some(PASSWORD_ONLY)).await;
            place.server.put_policy(user, "calls", all).await;
        }
        place
    }

    /// Of the old and the new password, which one opens the door.
    async fn opens(&self, user: &str) -> [bool; 2] {
        let mut opens = [false; 2];
        for (opens, password) in opens.iter_mut().zip([PASSWORD, NEW_PASSWORD]) {
            let status = self.server.browser().sign_in(ALIAS, user, password).await.status;
            assert!(status == 303 || status == 422, "{status}");
            *opens = status == 303;
        }
        self.server.forget_failures().await;
        opens
    }
}

#[track_caller]
fn promises_nothing(page: &Page) {
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.says("Check your credentials before you try again."), "{}", page.main());
    assert!(!page.says("Nothing was changed") && !page.says("was changed."), "{}", page.main());
    assert!(!page.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_whose_commit_was_lost_says_that_the_outcome_is_unknown_and_the_same_form_again_tells_the_truth() {
    let place = Place::with_users().await;
    for (cut, user) in CUTS.into_iter().zip(USERS) {
        let mut browser = place.server.signed_in(user).await;
        browser.get(PASSWORD_PAGE).await;
        let csrf = browser.csrf.clone();
        place.proxy.cut_at("ChangePassword", cut);
        promises_nothing(&browser.submit_change(PASSWORD_PAGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await);
        assert!(place.proxy.has_cut());
        assert_eq!(
            place.opens(user).await,
            [cut == Cut::BeforeCommit, cut == Cut::AfterCommit],
            "one works, whichever"
        );
        browser.csrf = csrf;
        let again = browser.submit_change(PASSWORD_PAGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
        assert_eq!(again.status, 303, "{}", again.body);
        if cut == Cut::BeforeCommit {
            assert_eq!(again.location(), CREDENTIALS, "now it is changed");
        } else {
            assert!(again.location().starts_with("/signin/"), "{}", again.location());
            assert!(browser.get(again.location()).await.says("Your password was changed"));
        }
        assert_eq!(place.opens(user).await, [false, true]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_commit_was_lost_says_so_and_sent_again_is_done_once() {
    let place = Place::with_users().await;
    for (cut, user) in CUTS.into_iter().zip(USERS) {
        let (api, was_made) = (Api::of(&place.server, user).await, cut == Cut::AfterCommit);
        let change = form("ChangePassword", &[("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)]);
        for (name, body) in [("ChangePassword", change), ("CreateAccessKey", form("CreateAccessKey", &[]))] {
            place.proxy.cut_at(name, cut);
            let answer = api.send(api.signed(BEGINNING, "iam", &body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (500, "ServiceFailure"), "{}", answer.body);
            assert!(answer.message().contains("is not known") && place.proxy.has_cut(), "{}", answer.body);
            let again = api.send(api.signed(BEGINNING, "iam", &body)).await;
            assert_eq!(again.status == 200, !was_made, "{}", again.body);
            assert!(again.status != 500 && again.status != 503, "{}", again.body);
        }
        assert_eq!(place.opens(user).await, [false, true]);
        let database = &place.server.database;
        assert_eq!(database.number("SELECT COUNT(*) FROM access_keys").await, 2, "one key, and one made with it");
        database.execute("DELETE FROM access_keys").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_whose_commit_was_lost_opens_nothing_and_the_next_one_does() {
    let place = Place::with_users().await;
    for (cut, user) in CUTS.into_iter().zip(USERS) {
        let mut browser = place.server.browser();
        place.proxy.cut_at("ConsoleLogin", cut);
        promises_nothing(&browser.sign_in(ALIAS, user, PASSWORD).await);
        assert!(place.proxy.has_cut() && !browser.is_signed_in().await);
        assert_eq!(browser.sign_in(ALIAS, user, PASSWORD).await.status, 303);
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_moves_is_followed_without_a_restart() {
    let mut place = Place::new().await;
    let load = Load::on(&place.server).await;
    let running = tokio::spawn(load.clone().run(10, Duration::from_secs(9)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let from = Instant::now();
    block_in_place(|| place.cluster.move_to_another_port());
    place.proxy.move_to(place.cluster.port);
    let moved = (from, Instant::now());
    running.await.expect("every request is answered");
    load.judge(&[moved], Duration::from_secs(5)).await;
}

/// As with a proxy that has no server: it hangs up on whoever comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_that_is_closed_at_once_is_a_database_that_is_away() {
    let place = Place::with_users().await;
    let mut browser = place.server.signed_in("alice").await;
    place.proxy.move_to(free_port());
    let mut direct = PgConnection::connect(&Cluster::url_at(place.cluster.port)).await.expect("a connection");
    let cut_off = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
    direct.execute(cut_off).await.expect("the others are cut off");
    for path in [CREDENTIALS, "/console"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{}", page.main());
        assert!(page.says("Nothing was changed.") && !page.header("retry-after").is_empty(), "{}", page.main());
    }
    assert_eq!(browser.get("/readyz").await.status, 503);
    place.proxy.move_to(place.cluster.port);
    assert_eq!(browser.get(CREDENTIALS).await.status, 200);
    assert_eq!(browser.get("/readyz").await.status, 200);
}

/// As when its machine loses its power: nothing is refused, nothing is closed. New connections lead to where it is now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_on_which_nothing_is_heard_any_more_are_given_up() {
    let (place, browser) = silent().await;
    pages(&browser).await;
    drop(place);
}

/// To ask each of them would take more time than anybody waits for a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_alone_does_not_wait_for_each_connection_on_which_nothing_is_heard() {
    let (place, mut browser) = silent().await;
    assert_eq!(browser.get(CREDENTIALS).await.status, 200);
    drop(place);
}

/// With eight connections that were open.
async fn silent() -> (Place, Browser) {
    let place = Place::with_users().await;
    let browser = place.server.signed_in("alice").await;
    pages(&browser).await;
    // Until nobody knows any more that they live.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    place.proxy.fall_silent();
    (place, browser)
}

/// Eight at once.
async fn pages(browser: &Browser) {
    let page = |mut browser: Browser| tokio::spawn(async move { browser.get(CREDENTIALS).await.status });
    let pages: Vec<_> = (0..8).map(|_| page(browser.clone())).collect();
    for page in pages {
        assert_eq!(page.await.expect("an answer"), 200);
    }
}

/// Also those on which an answer was waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_silent_server_takes_no_connection_of_ours_with_it() {
    let place = Place::new().await;
    let load = Load::on(&place.server).await;
    let running = tokio::spawn(load.clone().run(20, Duration::from_secs(24)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    place.proxy.fall_silent();
    let silence = Instant::now();
    running.await.expect("every request is answered");
    // Eight seconds for an answer, one for a rollback, two for a sign of life.
    load.judge(&[(silence, silence + Duration::from_secs(11))], Duration::from_secs(2)).await;
    let in_use = || place.server.app.store.connections().in_use;
    while in_use() > 0 {
        assert!(silence.elapsed() < Duration::from_mins(1), "{} connections are lent for ever", in_use());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
