//! Somebody who signs in again and again, looks around, changes a little, and knows what each answer has to be.

use crate::support::browser::encoded;
use crate::support::keep_alive::{KeepAlive, request};
use crate::support::raw::Raw;
use crate::support::record;
use crate::support::server::ALIAS;
use crate::support::signing::{self, Key};
use my_security_credentials::clock::Clock;
use std::collections::BTreeMap;

/// As behind a proxy, so that everybody has an address.
pub const HOST: &str = "console.example.com";
const PASSWORD_PAGE: &str = "/console/security-credentials/password";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// Every so many rounds the password is changed, and an access key is made and deleted.
const SELDOM: u64 = 16;

/// Why a round ended early.
pub enum Broken {
    /// 503: too much at once, which is no defect.
    Busy,
    /// Anything else that should not have been.
    Wrong(String),
}

pub struct Person {
    browser: KeepAlive,
    pub name: String,
    pub password: String,
    /// The other password that it may be, where the answer to a change was 503.
    maybe: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: String,
    cookies: BTreeMap<String, String>,
    csrf: String,
    address: String,
    /// How many rounds were begun; the last one may have left a wrong password counted.
    rounds: u64,
    broke_off: bool,
    /// How many requests were answered.
    pub answered: u64,
}

fn change<'a>(old: &'a str, new: &'a str) -> [(&'static str, &'a str); 4] {
    [("username", ""), ("old_password", old), ("new_password", new), ("confirm_password", new)]
}

impl Person {
    pub fn new(url: &str, name: &str, password: &str, key: (String, String)) -> Self {
        Self {
            browser: KeepAlive::to(url),
            name: name.to_owned(),
            password: password.to_owned(),
            maybe: None,
            access_key_id: key.0,
            secret_access_key: key.1,
            cookies: BTreeMap::new(),
            csrf: String::new(),
            address: String::new(),
            rounds: 0,
            broke_off: false,
            answered: 0,
        }
    }

    /// What one visit is. `number` is of this round alone, over all people.
    pub fn round(&mut self, number: u64) -> Result<(), Broken> {
        self.rounds += 1;
        let is_seldom = self.rounds.is_multiple_of(SELDOM);
        let done = self.visit(number, is_seldom);
        self.broke_off = done.is_err();
        done
    }

    fn visit(&mut self, number: u64, is_seldom: bool) -> Result<(), Broken> {
        self.arrive(number);
        if number.is_multiple_of(2) {
            self.sign_in(&format!("ghost-{number}"), "not-Its-password-1", 422)?;
        }
        // A second wrong one after one that was not made good would be a step towards a wait.
        if !self.broke_off {
            self.sign_in(&self.name.clone(), "not-My-password-1", 422)?;
        }
        self.sign_in_rightly()?;
        self.get("/console", 200, &self.name.clone())?;
        self.get("/console/security-credentials", 200, &self.name.clone())?;
        self.get(PASSWORD_PAGE, 200, "name=\"old_password\"")?;
        if is_seldom {
            self.change_password(number)?;
        }
        self.use_key(number, is_seldom)?;
        // The others leave a session that expires.
        if number % 2 == 1 {
            self.sign_out()?;
        }
        Ok(())
    }

    /// From a new address, without cookies.
    fn arrive(&mut self, number: u64) {
        self.cookies.clear();
        let [.., second, third, fourth] = number.to_be_bytes();
        self.address = format!("10.{second}.{third}.{fourth}");
    }

    fn sign_in(&mut self, name: &str, password: &str, status: u16) -> Result<(), Broken> {
        let path = format!("/signin/{ALIAS}");
        self.get(&path, 200, "name=\"password\"")?;
        self.post(&path, &[("user_name", name), ("password", password)], status).map(drop)
    }

    fn sign_in_rightly(&mut self) -> Result<(), Broken> {
        let (name, password) = (self.name.clone(), self.password.clone());
        let Some(other) = self.maybe.take() else { return self.sign_in(&name, &password, 303) };
        if self.sign_in(&name, &other, 303).is_ok() {
            self.password = other;
            return Ok(());
        }
        self.sign_in(&name, &password, 303)
    }

    fn change_password(&mut self, number: u64) -> Result<(), Broken> {
        let (old, new) = (self.password.clone(), format!("Meadow-{number}-gate"));
        record::secret("password", &new);
        self.post(PASSWORD_PAGE, &change("not-My-password-1", &new), 422)?;
        self.maybe = Some(new.clone());
        self.post(PASSWORD_PAGE, &change(&old, &new), 303)?;
        self.maybe = None;
        self.password = new;
        self.get("/console/security-credentials", 200, "Your password was changed")
    }

    fn sign_out(&mut self) -> Result<(), Broken> {
        self.post("/signout", &[], 303)?;
        self.get("/console", 303, "").map(drop)
    }

    fn use_key(&mut self, number: u64, is_seldom: bool) -> Result<(), Broken> {
        let (name, value) = (self.name.clone(), format!("round-{number}"));
        for _ in 0..4 {
            self.call("Action=GetUser", 200, &format!("<UserName>{name}</UserName>"))?;
        }
        self.call("Action=GetCallerIdentity", 200, &format!(":user/{name}</Arn>"))?;
        self.call("Action=ListAccessKeys", 200, &self.access_key_id.clone())?;
        let tag = format!("Action=TagUser&UserName={name}&Tags.member.1.Key=round&Tags.member.1.Value={value}");
        self.call(&tag, 200, "TagUserResponse")?;
        self.call(&format!("Action=ListUserTags&UserName={name}"), 200, &format!("<Value>{value}</Value>"))?;
        let right = std::mem::replace(&mut self.secret_access_key, "not-The-secret-of-this-key".to_owned());
        let refused = self.call("Action=GetUser", 403, "<Code>SignatureDoesNotMatch</Code>");
        self.secret_access_key = right;
        refused?;
        if is_seldom {
            let made = self.call(&format!("Action=CreateAccessKey&UserName={name}"), 200, "<SecretAccessKey>")?;
            let between =
                |before: &str| made.split(before).nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
            record::secret("secret access key", between("<SecretAccessKey>"));
            let id = between("<AccessKeyId>").to_owned();
            self.call(
                &format!("Action=DeleteAccessKey&UserName={name}&AccessKeyId={id}"),
                200,
                "DeleteAccessKeyResponse",
            )?;
        }
        Ok(())
    }

    /// The body of the answer, which has this status and holds these words.
    fn call(&mut self, action: &str, status: u16, words: &str) -> Result<String, Broken> {
        let (service, version) =
            if action.ends_with("GetCallerIdentity") { ("sts", "2011-06-15") } else { ("iam", "2010-05-08") };
        let body = format!("{action}&Version={version}");
        let key = Key { id: &self.access_key_id, secret: &self.secret_access_key, region: "eu-central-1" };
        let signed = signing::headers(&key, HOST, service, Clock::system().now(), &body);
        let lines: Vec<String> = signed.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.ask("POST", "/", lines, &body, status, words)
    }

    fn get(&mut self, path: &str, status: u16, words: &str) -> Result<(), Broken> {
        let lines = self.cookie();
        let body = self.ask("GET", path, lines, "", status, words)?;
        if let Some(token) = body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            token.clone_into(&mut self.csrf);
        }
        Ok(())
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)], status: u16) -> Result<String, Broken> {
        let fields = fields.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
        let body = fields.fold(format!("csrf={}", self.csrf), |body, field| body + &field);
        let lines = [self.cookie(), vec![FORM.to_owned()]].concat();
        self.ask("POST", path, lines, &body, status, "")
    }

    fn cookie(&self) -> Vec<String> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { Vec::new() } else { vec![format!("Cookie: {}", cookies.join("; "))] }
    }

    fn ask(
        &mut self,
        method: &str,
        path: &str,
        lines: Vec<String>,
        body: &str,
        status: u16,
        words: &str,
    ) -> Result<String, Broken> {
        let own = [
            format!("Host: {HOST}"),
            "X-Forwarded-Proto: https".to_owned(),
            format!("X-Forwarded-For: {}", self.address),
        ];
        let lines = [own.to_vec(), lines].concat();
        let what = format!("{method} {path} {}", body.split('&').next().filter(|_| path == "/").unwrap_or_default());
        let answer = self.browser.ask(&request(method, path, &lines, body));
        let answer = answer.map_err(|error| Broken::Wrong(format!("{what}: {error}")))?;
        self.answered += 1;
        self.keep_cookies(&answer);
        match answer.status {
            own if own == status && answer.body.contains(words) => Ok(answer.body),
            503 => Err(Broken::Busy),
            _ => Err(Broken::Wrong(format!("{what}, not {status} with {words:?}: {}", answer.text))),
        }
    }

    fn keep_cookies(&mut self, answer: &Raw) {
        for (name, cookie) in &answer.headers {
            let Some((own, rest)) = cookie.split_once('=').filter(|_| name.eq_ignore_ascii_case("set-cookie")) else {
                continue;
            };
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(own);
            } else {
                self.cookies.insert(own.to_owned(), value.to_owned());
            }
        }
    }
}
