//! A client of the Query API that signs by hand, so that a test can also sign what no client would.

use super::browser::encoded;
use super::record;
use super::server::TestServer;
use super::signing::{self, Key};
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::access_key::CreateAccessKey;
use reqwest::{Client, RequestBuilder};
use std::net::IpAddr;
use time::OffsetDateTime;

/// An access key, and where it is used.
#[derive(Clone)]
pub struct Api {
    pub client: Client,
    pub url: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub region: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub request_id: String,
    pub content_type: String,
    pub retry_after: Option<String>,
    pub body: String,
}

impl Answer {
    /// The text of the first element of that name.
    pub fn text(&self, element: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("<{element}>"))?;
        let (text, _) = rest.split_once(&format!("</{element}>"))?;
        Some(
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&"),
        )
    }

    pub fn code(&self) -> String {
        self.text("Code").unwrap_or_default()
    }

    pub fn message(&self) -> String {
        self.text("Message").unwrap_or_default()
    }

    #[track_caller]
    pub fn assert_done(&self) -> &Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str, message: &str) {
        assert_eq!(
            (self.status, self.code().as_str(), self.message().as_str()),
            (status, code, message),
            "{}",
            self.body
        );
        assert_eq!(self.text("RequestId").as_deref(), Some(self.request_id.as_str()));
    }
}

/// The version of the service that an action belongs to.
fn version(action: &str) -> &'static str {
    if action == "GetCallerIdentity" { "2011-06-15" } else { "2010-05-08" }
}

pub fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let all = [("Action", action), ("Version", version(action))].into_iter().chain(parameters.iter().copied());
    let pairs: Vec<String> = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

impl Api {
    /// With a new key of this user.
    pub async fn of(server: &TestServer, user: &str) -> Self {
        let user_name = UserName::parse(user).ok();
        let key = server.perform(CreateAccessKey { user_name }).await.expect("a key");
        Self::with(&server.url, key.access_key_id.as_str(), key.secret_access_key.expose())
    }

    pub fn with(url: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        record::secret("secret access key", secret_access_key);
        Self {
            client: Client::builder().build().expect("a client"),
            url: url.to_owned(),
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            region: "eu-central-1".to_owned(),
        }
    }

    /// The same with connections that come from this address of the machine.
    pub fn at(self, address: IpAddr) -> Self {
        Self { client: Client::builder().local_address(address).build().expect("a client"), ..self }
    }

    pub async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call_at(super::server::BEGINNING, action, parameters).await
    }

    /// Signed at a moment of the test's.
    pub async fn call_at(&self, at: OffsetDateTime, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let service = if action == "GetCallerIdentity" { "sts" } else { "iam" };
        self.send(self.signed(at, service, &form(action, parameters))).await
    }

    pub fn request(&self, method: &str, target: &str) -> RequestBuilder {
        self.client.request(method.parse().expect("a method"), format!("{}{target}", self.url))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// The same where the server may be gone.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build().expect("a request");
        record::request(&request);
        let response = self.client.execute(request).await?;
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (request_id, content_type) = (header("x-amzn-requestid"), header("content-type"));
        let retry_after = Some(header("retry-after")).filter(|value| !value.is_empty());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await?;
        record::answer(status, &headers, &body);
        Ok(Answer { status, request_id, content_type, retry_after, body })
    }

    /// `POST /` with the three headers that botocore signs.
    pub fn signed(&self, at: OffsetDateTime, service: &str, body: &str) -> RequestBuilder {
        let host = self.url.trim_start_matches("http://");
        let key = Key { id: &self.access_key_id, secret: &self.secret_access_key, region: &self.region };
        let headers = signing::headers(&key, host, service, at, body);
        let request = self.request("POST", "/").body(body.to_owned());
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}
