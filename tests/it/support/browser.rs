//! A browser without a screen: cookies, forms with their tokens, no redirect that the test does not follow itself.

use super::html::Page;
use super::record;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use std::collections::BTreeMap;
use std::net::IpAddr;

#[derive(Clone)]
pub struct Browser {
    client: Client,
    pub url: String,
    pub cookies: BTreeMap<String, String>,
    /// The token of the form that was seen last.
    pub csrf: String,
}

impl Browser {
    pub fn new(url: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, url: url.to_owned(), cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// One whose connections come from this address of the machine.
    pub fn at(url: &str, address: IpAddr) -> Self {
        let mut browser = Self::new(url);
        browser.move_to(address);
        browser
    }

    /// From now on its connections come from there.
    pub fn move_to(&mut self, address: IpAddr) {
        let client = Client::builder().redirect(Policy::none()).local_address(address);
        self.client = client.build().expect("a client");
    }

    /// The same one with an empty jar, for requests that bring cookies of the test's own.
    pub fn without_cookies(&self) -> Self {
        Self { cookies: BTreeMap::new(), ..self.clone() }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.url));
        self.send(request).await
    }

    /// Submits the form that was seen last, to `path`.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.form(path, fields)).await
    }

    /// Any body, as a form.
    pub async fn post_raw(&mut self, path: &str, body: &str) -> Page {
        self.send(self.raw_form(path, body)).await
    }

    /// The form that was seen last, filled in.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let all = [("csrf", &*self.csrf)].into_iter().chain(fields.iter().copied());
        let body: Vec<String> = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        self.raw_form(path, &body.join("&"))
    }

    fn raw_form(&self, path: &str, body: &str) -> RequestBuilder {
        self.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().expect("a method"), format!("{}{path}", self.url))
    }

    pub async fn send(&mut self, request: RequestBuilder) -> Page {
        self.try_send(request).await.expect("an answer")
    }

    /// The same where the server may be gone.
    pub async fn try_send(&mut self, request: RequestBuilder) -> reqwest::Result<Page> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let request = request.build().expect("a request");
        record::request(&request);
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let page = Page { status, headers, body: response.text().await? };
        self.keep_cookies(&page.headers);
        record::answer(page.status, &page.headers, &page.body);
        if let Some(token) = page.csrf() {
            self.csrf = token;
        }
        Ok(page)
    }

    /// As a person does it: opens the account's page, fills it in, submits.
    pub async fn sign_in(&mut self, account: &str, user: &str, password: &str) -> Page {
        let path = format!("/signin/{account}");
        self.get(&path).await;
        self.post(&path, &[("user_name", user), ("password", password), ("remember", "on")]).await
    }

    /// Opens the form, fills it in, submits.
    pub async fn change_password(&mut self, old: &str, new: &str) -> Page {
        let path = "/console/security-credentials/password";
        self.get(path).await;
        self.submit_change(path, old, new, new).await
    }

    pub async fn submit_change(&mut self, path: &str, old: &str, new: &str, confirm: &str) -> Page {
        self.post(
            path,
            &[("username", ""), ("old_password", old), ("new_password", new), ("confirm_password", confirm)],
        )
        .await
    }

    /// Whether the console opens.
    pub async fn is_signed_in(&mut self) -> bool {
        self.get("/console").await.status == 200
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie of plain text");
            let (name, rest) = cookie.split_once('=').expect("a name and a value");
            let value = rest.split(';').next().unwrap_or_default();
            if cookie.contains("Max-Age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded + &char::from(byte).to_string()
        } else {
            encoded + &format!("%{byte:02X}")
        }
    })
}
