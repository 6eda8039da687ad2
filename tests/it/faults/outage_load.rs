//! Requests while the database goes and comes: sign-ins, pages, calls of the API and changes of passwords.
//! What may be answered when, and what has to be true of the passwords afterwards.

use crate::support::api::{Answer, Api};
use crate::support::browser::Browser;
use crate::support::html::Page;
use crate::support::record;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::task::JoinSet;

const CREDENTIALS: &str = "/console/security-credentials";
const PASSWORD_PAGE: &str = "/console/security-credentials/password";
const OWNERS: usize = 8;
/// Of one user, who signs in again and again, one try waits for the other.
const VISITORS: usize = 8;

/// While the database could not answer.
pub type Outage = (Instant, Instant);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Good,
    /// Not now, nothing was changed, and when to come again.
    NotNow,
    /// Whether it was done is not known.
    Unknown,
    Wrong(String),
}

struct Seen {
    what: &'static str,
    began: Instant,
    ended: Instant,
    said: Said,
}

/// Whoever changes a password again and again, and what it may be now.
struct Owner {
    name: String,
    browser: Browser,
    passwords: Vec<String>,
    changes: u32,
    acknowledged: u32,
}

#[derive(Clone)]
pub struct Load {
    url: String,
    api: Api,
    /// When calls are signed.
    at: OffsetDateTime,
    visitor: Browser,
    owners: Arc<Vec<tokio::sync::Mutex<Owner>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

fn of_page(page: &Page, good: u16) -> Said {
    match page.status {
        status if status == good => Said::Good,
        503 if page.header("retry-after").is_empty() => Said::Wrong("503 without Retry-After".to_owned()),
        503 if page.says("Nothing was changed.") => Said::NotNow,
        503 if page.says("Check your credentials before you try again.") => Said::Unknown,
        status => Said::Wrong(format!("{status} {} {}", page.location(), page.title())),
    }
}

fn of_call(answer: &Answer) -> Said {
    match answer.status {
        200 => Said::Good,
        503 if answer.retry_after.is_some() && answer.message().contains("Nothing was changed") => Said::NotNow,
        500 if answer.message().contains("is not known") => Said::Unknown,
        status => Said::Wrong(format!("{status} {}", answer.body)),
    }
}

impl Load {
    pub async fn on(server: &TestServer) -> Self {
        for number in 0..VISITORS {
            server.user(&format!("visitor-{number}"), Some(PASSWORD_ONLY)).await;
        }
        let list = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#;
        server.put_policy("visitor-0", "calls", list).await;
        let mut owners = Vec::new();
        for number in 0..OWNERS {
            let name = format!("owner-{number}");
            server.user(&name, Some(PASSWORD_ONLY)).await;
            let browser = server.signed_in(&name).await;
            let passwords = vec![PASSWORD.to_owned()];
            owners.push(tokio::sync::Mutex::new(Owner { name, browser, passwords, changes: 0, acknowledged: 0 }));
        }
        Self {
            url: server.url.clone(),
            at: server.clock.now(),
            api: Api::of(server, "visitor-0").await,
            visitor: server.signed_in("visitor-0").await,
            owners: Arc::new(owners),
            seen: Arc::default(),
        }
    }

    /// For so long, and until all is answered.
    pub async fn run(self, per_second: u32, length: Duration) {
        let (mut tick, began) = (tokio::time::interval(Duration::from_secs(1) / per_second), Instant::now());
        let mut requests = JoinSet::new();
        for number in 0.. {
            tick.tick().await;
            if began.elapsed() >= length {
                break;
            }
            requests.spawn(self.clone().request(number));
        }
        while let Some(answered) = requests.join_next().await {
            answered.expect("every request is answered");
        }
    }

    async fn request(self, number: usize) {
        match number % 4 {
            0 => self.sign_in(number / 4 % VISITORS).await,
            1 => {
                let (began, mut browser) = (Instant::now(), self.on_a_new_connection(&self.visitor));
                let page = browser.get(CREDENTIALS).await;
                self.note("page", began, of_page(&page, 200));
            }
            2 => {
                let began = Instant::now();
                let api = Api::with(&self.url, &self.api.access_key_id, &self.api.secret_access_key);
                let answer = api.call_at(self.at, "GetUser", &[]).await;
                self.note("call", began, of_call(&answer));
            }
            _ => {
                // Who is still at it does one thing at a time.
                if let Ok(mut owner) = self.owners[number / 4 % OWNERS].try_lock() {
                    self.change(&mut owner).await;
                }
            }
        }
    }

    /// One that was kept may be closed for its idleness in the very moment in which it is used again.
    fn on_a_new_connection(&self, browser: &Browser) -> Browser {
        let mut new = Browser::new(&self.url);
        new.cookies.clone_from(&browser.cookies);
        new.csrf.clone_from(&browser.csrf);
        new
    }

    async fn sign_in(&self, number: usize) {
        let (began, name) = (Instant::now(), format!("visitor-{number}"));
        let answer = Browser::new(&self.url).sign_in(ALIAS, &name, PASSWORD).await;
        self.note("sign-in", began, of_page(&answer, 303));
    }

    async fn change(&self, owner: &mut Owner) {
        if owner.passwords.len() > 1 {
            self.find_out(owner).await;
            return;
        }
        owner.browser = self.on_a_new_connection(&owner.browser);
        let began = Instant::now();
        let form = of_page(&owner.browser.get(PASSWORD_PAGE).await, 200);
        self.note("form", began, form.clone());
        if form != Said::Good {
            return;
        }
        owner.changes += 1;
        let (old, new) =
            (owner.passwords[0].clone(), format!("Tuesday-{}-Battery-{}", owner.changes, &owner.name[6..]));
        record::secret("password", &new);
        let began = Instant::now();
        let answer = owner.browser.submit_change(PASSWORD_PAGE, &old, &new, &new).await;
        let said = match of_page(&answer, 303) {
            Said::Good if answer.location() != CREDENTIALS => Said::Wrong(answer.location().to_owned()),
            said => said,
        };
        match said {
            Said::Good => {
                owner.acknowledged += 1;
                owner.passwords = vec![new];
            }
            Said::Unknown => owner.passwords = vec![old, new],
            Said::NotNow | Said::Wrong(_) => {}
        }
        self.note("change", began, said);
    }

    /// Which one of the passwords works: exactly one does, and the others are not right. Whether that could be found out.
    async fn find_out(&self, owner: &mut Owner) -> bool {
        let mut working = Vec::new();
        for password in &owner.passwords {
            let (began, mut browser) = (Instant::now(), Browser::new(&self.url));
            let answer = browser.sign_in(ALIAS, &owner.name, password).await;
            match of_page(&answer, 303) {
                Said::Good => working.push((password.clone(), browser)),
                Said::Wrong(_) if answer.status == 422 => {}
                said => {
                    self.note("sign-in", began, said);
                    return false;
                }
            }
        }
        assert_eq!(working.len(), 1, "of {:?} exactly one opens the door to {}", owner.passwords, owner.name);
        let (password, browser) = working.remove(0);
        (owner.passwords, owner.browser) = (vec![password], browser);
        true
    }

    fn note(&self, what: &'static str, began: Instant, said: Said) {
        let seen = Seen { what, began, ended: Instant::now(), said };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    /// Errors come of the outages alone, and of no longer than `grace` after them, and are honest; every password that was
    /// acknowledged opens the door.
    pub async fn judge(self, outages: &[Outage], grace: Duration) {
        let mut acknowledged = 0;
        for owner in self.owners.iter() {
            let mut owner = owner.lock().await;
            assert!(self.find_out(&mut owner).await, "the database is back");
            acknowledged += owner.acknowledged;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.iter().map(|seen| seen.began).min().expect("requests");
        let mut wrong = Vec::new();
        for Seen { what, began, ended, said } in seen.iter() {
            let is_excused = outages.iter().any(|(from, to)| *began < *to + grace && *ended > *from);
            if !(*said == Said::Good || is_excused && matches!(said, Said::NotNow | Said::Unknown)) {
                wrong.push(format!("{what} {:?} to {:?}: {said:?}", *began - first, *ended - first));
            }
        }
        let count = |said: &Said| seen.iter().filter(|seen| seen.said == *said).count();
        let outages: Vec<_> = outages.iter().map(|(from, to)| (*from - first, *to - first)).collect();
        let (good, not_now, unknown) = (count(&Said::Good), count(&Said::NotNow), count(&Said::Unknown));
        println!(
            "{} requests, {good} good, {not_now} sent away, {unknown} unknown; {acknowledged} changes; outages {outages:?}",
            seen.len()
        );
        assert!(wrong.is_empty(), "{outages:?}: {wrong:#?}");
        assert!(acknowledged > 0 && not_now + unknown > 0, "the outage was met in the middle of the work");
    }
}
