//! Those who work at the nodes by way of the proxy, each with an address of its own for each thing that it does: what was
//! acknowledged to them has to hold at every node from then on.

use super::load::Load;
use crate::faults::people::{Person, next_password};
use crate::support::browser::Browser;
use crate::support::html::Page;
use crate::support::record;
use crate::support::server::{ALIAS, PASSWORD};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const CREDENTIALS: &str = "/console/security-credentials";
const WRONG: &str = "not-The-password-1";
const DENIED: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:GetUser","Resource":"*"}]}"#;
/// For the database to finish what a process that is gone had sent to it.
const SETTLED: Duration = Duration::from_secs(1);

/// One that nobody has come from.
pub fn address() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, second, third, fourth] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 9 + second, third, fourth).into()
}

/// Changes the password and makes or deletes an access key.
pub async fn change(load: &Load, person: &mut Person, browser: &mut Browser) -> Option<()> {
    person.address = address();
    browser.move_to(person.address);
    if browser.cookies.is_empty() {
        person.sign_in(browser).await?;
    }
    person.change(browser).await?;
    load.count();
    person.exchange_spare_key(&load.url).await
}

/// What became of what was not answered.
pub async fn find_out(load: &Load, person: &mut Person) {
    tokio::time::sleep(SETTLED).await;
    person.address = address();
    person.find_out(&load.url).await;
}

fn answered(answer: reqwest::Result<Page>) -> Option<Page> {
    answer.ok().filter(|page| !crate::faults::people::is_of_the_proxy(page.status))
}

async fn get(browser: &mut Browser, path: &str) -> Option<Page> {
    answered(browser.try_send(browser.request("GET", path)).await)
}

/// What comes of the password.
async fn signs_in(browser: &mut Browser, name: &str, password: &str) -> Option<Page> {
    let path = format!("/signin/{ALIAS}");
    get(browser, &path).await?;
    answered(browser.try_send(browser.form(&path, &[("user_name", name), ("password", password)])).await)
}

/// Only signs in.
pub async fn come(load: &Load, name: &str) -> Option<()> {
    let page = signs_in(&mut Browser::at(&load.url, address()), name, PASSWORD).await?;
    assert_eq!(page.status, 303, "{name}: {}", page.body);
    Some(())
}

/// Signs in, looks around, looks whether what was over is over and what was open is open, and signs out every other time.
pub async fn visit(load: &Load, name: &str, number: usize) -> Option<()> {
    let mut browser = Browser::at(&load.url, address());
    let page = signs_in(&mut browser, name, PASSWORD).await?;
    assert_eq!(page.status, 303, "{name}: {}", page.body);
    let page = get(&mut browser, CREDENTIALS).await?;
    assert!(page.status == 200 && page.says(name), "{name}: {} {}", page.status, page.location());
    for (cookies, status) in load.sessions(number) {
        browser.cookies.clone_from(&cookies);
        assert_eq!(get(&mut browser, "/console").await?.status, status, "a session of the run");
    }
    Some(())
}

/// Signs in, and out again unless the session is to stay.
pub async fn stay_or_leave(load: &Load, name: &str, number: usize) -> Option<()> {
    let mut browser = Browser::at(&load.url, address());
    assert_eq!(signs_in(&mut browser, name, PASSWORD).await?.status, 303, "{name}");
    let page = get(&mut browser, "/console").await?;
    assert_eq!(page.status, 200, "{name}: {}", page.location());
    let cookies = browser.cookies.clone();
    if number.is_multiple_of(3) {
        load.stays_open(cookies);
        return Some(());
    }
    let page = answered(browser.try_send(browser.form("/signout", &[])).await)?;
    assert_eq!(page.status, 303, "{}", page.body);
    browser.cookies.clone_from(&cookies);
    load.has_ended(cookies);
    is_over(&mut browser).await
}

/// At either node: they take turns, more or less.
async fn is_over(browser: &mut Browser) -> Option<()> {
    for _ in 0..3 {
        assert_eq!(get(browser, "/console").await?.status, 303, "what has ended is over everywhere");
    }
    Some(())
}

/// An administrator sets the password of somebody who is signed in.
pub async fn reset(load: &Load, administrator: &mut Person, other: &mut Person) -> Option<()> {
    (administrator.address, other.address) = (address(), address());
    let mut browser = Browser::at(&load.url, other.address);
    assert_eq!(signs_in(&mut browser, &other.name, &other.password).await?.status, 303, "{}", other.name);
    let new = next_password();
    record::secret("password", &new);
    other.sent = Some(new.clone());
    let parameters = [("UserName", &*other.name), ("Password", &*new)];
    administrator.call(&load.url, "UpdateLoginProfile", &parameters).await?.assert_done();
    (other.password, other.sent) = (new, None);
    load.count();
    load.has_ended(browser.cookies.clone());
    is_over(&mut browser).await
}

/// An administrator takes something away from somebody, and gives it back.
pub async fn deny(load: &Load, administrator: &Person, other: &Person) -> Option<()> {
    let policy = [("UserName", &*other.name), ("PolicyName", "denied")];
    let put = [&policy[..], &[("PolicyDocument", DENIED)]].concat();
    administrator.call(&load.url, "PutUserPolicy", &put).await?.assert_done();
    for _ in 0..2 {
        let answer = other.call(&load.url, "GetUser", &[]).await?;
        assert_eq!(answer.status, 403, "what is denied is denied everywhere: {}", answer.body);
    }
    administrator.call(&load.url, "DeleteUserPolicy", &policy).await?.assert_done();
    for _ in 0..2 {
        other.call(&load.url, "GetUser", &[]).await?.assert_done();
    }
    Some(())
}

/// Reads, signed.
pub async fn read(load: &Load, person: &mut Person) -> Option<()> {
    person.address = address();
    let answer = person.call(&load.url, "GetUser", &[]).await?;
    assert_eq!(answer.assert_done().text("UserName").as_ref(), Some(&person.name));
    person.call(&load.url, "ListAccessKeys", &[]).await?.assert_done();
    Some(())
}

/// A wrong password for somebody, from a device that nobody knows.
pub async fn guess(load: &Load, name: &str) -> Option<()> {
    let mut browser = Browser::at(&load.url, address());
    let path = format!("/signin/{ALIAS}");
    get(&mut browser, &path).await?;
    let (began, fields) = (Instant::now(), [("user_name", name), ("password", WRONG)]);
    let page = answered(browser.try_send(browser.form(&path, &fields)).await)?;
    match page.status {
        422 => load.failed(began),
        429 => {}
        status => panic!("a wrong password: {status} {}", page.body),
    }
    Some(())
}
