//! People who work on the real server, which may go at any moment: each remembers what was acknowledged to them, and what
//! they asked for last and had no answer to.

use crate::support::api::{Answer, Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::record;
use crate::support::server::{ALIAS, PASSWORD, TestServer};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;
const PASSWORD_PAGE: &str = "/console/security-credentials/password";

/// What a hash costs least, no limit for one address, and time for a machine that has something else to do.
pub const SETTINGS: [(&str, &str); 4] = [
    ("MSC_ARGON2_MEMORY_KIB", "7168"),
    ("MSC_ARGON2_PASSES", "5"),
    ("MSC_ADDRESS_LIMIT", "off"),
    ("MSC_HASHING_PATIENCE", "30s"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Console,
    Api,
}

#[derive(Clone)]
pub struct Person {
    pub name: String,
    /// Where the connections come from.
    pub address: IpAddr,
    door: Door,
    key_id: String,
    secret: String,
    /// The last one that was acknowledged.
    pub password: String,
    /// Asked for, and not answered.
    pub sent: Option<String>,
    /// Acknowledged changes of the password.
    pub changes: i64,
    /// An access key beside the one that is signed with.
    spare: Option<String>,
    /// A change of the access keys was asked for and not answered.
    keys_unknown: bool,
}

/// That no two of are alike.
pub fn next_password() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(
        "Quiet-{:x}-harbour-{}",
        now().unix_timestamp_nanos() % 0xff_ffff_ffff,
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Of the machine, which the server in its own process goes by.
pub fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the server is another process, with the clock of the machine")]
    OffsetDateTime::now_utc()
}

/// The people of a database that nobody has open any more.
pub async fn people(database: Database, doors: &[(&str, Door)]) -> (Database, Vec<Person>) {
    let server = TestServer::start_on(database).await;
    let mut people = Vec::new();
    for (name, door) in doors {
        server.user(name, Some(EVERYTHING)).await;
        let api = Api::of(&server, name).await;
        people.push(Person {
            name: (*name).to_owned(),
            address: Ipv4Addr::LOCALHOST.into(),
            door: *door,
            key_id: api.access_key_id,
            secret: api.secret_access_key,
            password: PASSWORD.to_owned(),
            sent: None,
            changes: 0,
            spare: None,
            keys_unknown: false,
        });
    }
    server.app.store.close().await;
    let TestServer { database, .. } = server;
    database.store.close().await;
    (database, people)
}

/// Whether this password opens the console.
pub async fn opens(url: &str, name: &str, password: &str) -> bool {
    opens_to(Browser::new(url), name, password).await
}

async fn opens_to(mut browser: Browser, name: &str, password: &str) -> bool {
    let page = browser.sign_in(ALIAS, name, password).await;
    assert!([303, 422].contains(&page.status), "{}: {}", page.status, page.body);
    page.status == 303
}

/// What a proxy says where the server is gone.
pub fn is_of_the_proxy(status: u16) -> bool {
    [502, 504].contains(&status)
}

impl Person {
    pub fn api(&self, url: &str) -> Api {
        Api::with(url, &self.key_id, &self.secret).at(self.address)
    }

    /// Works until the server is gone; counts what was acknowledged.
    pub async fn work(mut self, url: String, acknowledged: Arc<AtomicU64>) -> Self {
        let mut browser = Browser::new(&url);
        if self.door == Door::Console && self.sign_in(&mut browser).await.is_none() {
            return self;
        }
        loop {
            if self.change(&mut browser).await.is_none() {
                return self;
            }
            acknowledged.fetch_add(1, Ordering::Relaxed);
            if self.exchange_spare_key(&url).await.is_none() {
                return self;
            }
        }
    }

    /// Changes the password by the door of this person. Nothing where no answer came.
    pub async fn change(&mut self, browser: &mut Browser) -> Option<()> {
        match self.door {
            Door::Console => self.change_in_console(browser).await,
            Door::Api => self.change_by_api(&browser.url).await,
        }
    }

    pub async fn sign_in(&self, browser: &mut Browser) -> Option<()> {
        let path = format!("/signin/{ALIAS}");
        self.open(browser, &path).await?;
        let fields = [("user_name", &*self.name), ("password", &*self.password)];
        let page = browser.try_send(browser.form(&path, &fields)).await.ok()?;
        if is_of_the_proxy(page.status) {
            return None;
        }
        assert_eq!(page.status, 303, "{}", page.body);
        Some(())
    }

    /// A form that did not come is not filled in: the one before may be over.
    async fn open(&self, browser: &mut Browser, path: &str) -> Option<()> {
        let page = browser.try_send(browser.request("GET", path)).await.ok()?;
        if is_of_the_proxy(page.status) {
            return None;
        }
        assert_eq!(page.status, 200, "{} at {path}: {} {}", self.name, page.location(), page.body);
        Some(())
    }

    async fn change_in_console(&mut self, browser: &mut Browser) -> Option<()> {
        self.open(browser, PASSWORD_PAGE).await?;
        let new = self.asks();
        let fields =
            [("username", ""), ("old_password", &*self.password), ("new_password", &*new), ("confirm_password", &*new)];
        let page = browser.try_send(browser.form(PASSWORD_PAGE, &fields)).await.ok()?;
        if is_of_the_proxy(page.status) {
            return None;
        }
        let unchanged = page.status == 503 && page.says("Nothing was changed.");
        self.settle(page.status == 303, unchanged, &page.body)
    }

    async fn change_by_api(&mut self, url: &str) -> Option<()> {
        let new = self.asks();
        let passwords = [("OldPassword", &*self.password), ("NewPassword", &*new)];
        let answer = self.call(url, "ChangePassword", &passwords).await?;
        self.settle(answer.status == 200, answer.status == 503, &answer.body)
    }

    fn asks(&mut self) -> String {
        let new = next_password();
        record::secret("password", &new);
        self.sent = Some(new.clone());
        new
    }

    /// What was answered to the change that was asked for last.
    fn settle(&mut self, done: bool, unchanged: bool, said: &str) -> Option<()> {
        assert!(done || unchanged, "{said}");
        let new = self.sent.take()?;
        if done {
            self.password = new;
            self.changes += 1;
        }
        Some(())
    }

    /// Makes a key, or deletes the one that it made before.
    pub async fn exchange_spare_key(&mut self, url: &str) -> Option<()> {
        self.keys_unknown = true;
        let answer = match &self.spare {
            Some(id) => self.call(url, "DeleteAccessKey", &[("AccessKeyId", &**id)]).await?,
            None => self.call(url, "CreateAccessKey", &[]).await?,
        };
        self.keys_unknown = false;
        // Within the second of the one before, it has the same signature, and makes nothing.
        let is_too_soon = answer.status == 409 && answer.code() == "EntityTemporarilyUnmodifiable";
        if answer.status != 503 && !is_too_soon {
            self.spare = answer.assert_done().text("AccessKeyId");
        }
        Some(())
    }

    /// Nothing where the server is gone.
    pub async fn call(&self, url: &str, action: &str, parameters: &[(&str, &str)]) -> Option<Answer> {
        let api = self.api(url);
        let answer = api.try_send(api.signed(now(), "iam", &form(action, parameters))).await.ok()?;
        (!is_of_the_proxy(answer.status)).then_some(answer)
    }

    async fn opens(&self, url: &str, password: &str) -> bool {
        opens_to(Browser::at(url, self.address), &self.name, password).await
    }

    /// Finds out what became of what was not answered. The old or the new password opens the console, never neither and
    /// never both; whether it was the new one.
    pub async fn find_out(&mut self, url: &str) -> bool {
        let old = self.opens(url, &self.password).await;
        let Some(sent) = self.sent.take() else {
            assert!(old, "{}: the password of change {} is lost", self.name, self.changes);
            return false;
        };
        let new = self.opens(url, &sent).await;
        assert!(old != new, "{}: of the old and the new password {old} and {new} open the console", self.name);
        if new {
            self.password = sent;
            self.changes += 1;
        }
        new
    }

    /// The same for the access keys, of which only the one that is signed with is left in the end.
    pub async fn find_out_keys(&mut self, url: &str, database: &Database) {
        let own = format!(
            "SELECT access_key_id FROM access_keys WHERE access_key_id <> '{}' AND user_id = \
             (SELECT user_id FROM users WHERE user_name = '{}')",
            self.key_id, self.name
        );
        let found = database.texts(&own).await;
        let known: Vec<String> = self.spare.take().into_iter().collect();
        assert!(found == known || self.keys_unknown, "{}: {found:?} are there instead of {known:?}", self.name);
        self.keys_unknown = false;
        for id in found {
            let answer = self.call(url, "DeleteAccessKey", &[("AccessKeyId", &id)]).await;
            answer.expect("an answer").assert_done();
        }
    }
}
