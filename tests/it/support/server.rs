//! The same server as in production, on port 0, with a clock that the test holds and password hashes that cost little.

use super::browser::Browser;
use super::database::Database;
use super::record;
use my_security_credentials::app::App;
use my_security_credentials::clock::Clock;
use my_security_credentials::config::{Config, Deadlines, GlobalFlags};
use my_security_credentials::crypto::identifier::{Random, request_id};
use my_security_credentials::crypto::password_hash::HashingSettings;
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::domain::arn::PolicyArn;
use my_security_credentials::domain::error::Error;
use my_security_credentials::domain::name::PolicyName;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::domain::principal::Caller;
use my_security_credentials::domain::user::{Path, UserName};
use my_security_credentials::operations::account::CreateAccount;
use my_security_credentials::operations::attached_policy::AttachUserPolicy;
use my_security_credentials::operations::create_user::{CreateUser, FirstPassword};
use my_security_credentials::operations::inline_policy::PutUserPolicy;
use my_security_credentials::operations::login_profile::UpdateLoginProfile;
use my_security_credentials::operations::password_policy::UpdateAccountPasswordPolicy;
use my_security_credentials::operations::{Context, Operation, RequestFacts};
use my_security_credentials::server::Server;
use my_security_credentials::start;
use my_security_credentials::start_error::StartError;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub const ACCOUNT_ID: &str = "123456789012";
pub const ALIAS: &str = "example-corp";
pub const PASSWORD: &str = "Correct-horse-1";
pub const NEW_PASSWORD: &str = "Battery-staple-2";
/// The seed's permission policy.
pub const PASSWORD_ONLY: &str = include_str!("../../data/my-sec-creds-self-manage-password-only.json");
/// Of every server of the tests, so that two of them can share a database.
pub const ROOT_SECRET: &str = "5b0f6c1d92e7384ab1c04d7e6f9a2358c7d10b94e25f83a6d9b7402c1e685fa3";
/// When every test begins.
pub const BEGINNING: OffsetDateTime = datetime!(2026-11-23 18:41 UTC);

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<OffsetDateTime>>, Arc<AtomicBool>, Arc<AtomicI64>);

/// Of a clock that does not break down by itself.
const NEVER: i64 = -1;

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(BEGINNING)), Arc::default(), Arc::new(AtomicI64::new(NEVER)))
    }

    /// Whoever asks from now on meets a defect.
    pub fn break_down(&self, broken: bool) {
        self.1.store(broken, Ordering::Relaxed);
    }

    /// So many may still ask; the next one meets a defect, and whoever comes then does not.
    pub fn break_down_once_after(&self, looks: i64) {
        self.2.store(looks, Ordering::SeqCst);
    }

    /// Whether it has broken down in the meantime. It does not any more.
    pub fn mend(&self) -> bool {
        self.2.swap(NEVER, Ordering::SeqCst) == NEVER
    }

    pub fn now(&self) -> OffsetDateTime {
        let left = |looks: i64| (looks > NEVER).then_some(looks - 1);
        let breaks_down = self.2.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(0);
        assert!(!self.1.load(Ordering::Relaxed) && !breaks_down, "the clock broke down on purpose");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a server, whose threads are told by it which test they work for: nothing else of the test's runs on them.
    fn of_this_test(&self) -> Clock {
        let (clock, test) = (self.clone(), record::test());
        Clock::from_fn(move || {
            record::belongs_to(&test);
            clock.now()
        })
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

/// A server of a test's own, with the account `example-corp`.
pub struct TestServer {
    pub app: Arc<App>,
    pub url: String,
    pub clock: TestClock,
    pub database: Database,
    data: TempDir,
}

impl TestServer {
    /// On SQLite.
    pub async fn start() -> Self {
        Self::start_on(Database::sqlite().await).await
    }

    pub async fn start_on(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// With settings as in the environment.
    pub async fn start_with(database: Database, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let config = config(&database, &data, settings);
        Self::start_as(database, data, config).await
    }

    /// With password hashes that cost what they cost in production.
    pub async fn start_slow(database: Database, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut config = config(&database, &data, settings);
        config.hashing = HashingSettings { memory_kib: 19_456, passes: 2, ..config.hashing };
        Self::start_as(database, data, config).await
    }

    /// That waits for nobody as long as in production.
    pub async fn start_impatient(database: Database, deadlines: Deadlines) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut config = config(&database, &data, &[]);
        config.deadlines = deadlines;
        Self::start_as(database, data, config).await
    }

    async fn start_as(database: Database, data: TempDir, config: Config) -> Self {
        let clock = TestClock::new();
        let app = start::open(&config, clock.of_this_test(), Random::system()).await.expect("a start");
        let url = serve(app.clone(), config);
        let server = Self { app, url, clock, database, data };
        let account_alias = AccountAlias::parse(ALIAS).expect("an alias");
        let account_id = AccountId::parse(ACCOUNT_ID).ok();
        server.perform(CreateAccount { account_alias, account_id }).await.expect("an account");
        server
    }

    /// What only whoever runs the server may do, in the account.
    pub async fn perform<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.operator().perform(operation).await
    }

    pub fn operator(&self) -> Context {
        self.operator_of(&self.app)
    }

    /// The same on another node.
    pub fn operator_of(&self, app: &Arc<App>) -> Context {
        let request = RequestFacts { request_id: request_id(&app.random), door: "test", ..RequestFacts::default() };
        let account_id = AccountId::parse(ACCOUNT_ID).ok();
        Context::new(app.clone(), Caller::Operator, account_id, self.clock.now(), request)
    }

    /// A user with the password `PASSWORD`, which need not be changed, and an inline policy.
    pub async fn user(&self, name: &str, policy: Option<&str>) {
        self.create_user(name, Some((PASSWORD, false)), policy).await;
    }

    pub async fn create_user(&self, name: &str, password: Option<(&str, bool)>, policy: Option<&str>) {
        let user = new_user(name, password, policy);
        self.perform(user).await.expect("a user");
    }

    pub async fn put_policy(&self, user: &str, name: &str, document: &str) {
        let operation = PutUserPolicy {
            holder: UserName::parse(user).expect("a user name"),
            policy_name: policy_name(name),
            policy_document: document.to_owned(),
        };
        self.perform(operation).await.expect("a policy");
    }

    pub async fn attach_policy(&self, user: &str, arn: &str) {
        let holder = UserName::parse(user).expect("a user name");
        let policy_arn = PolicyArn::parse(arn).expect("an ARN");
        self.perform(AttachUserPolicy { holder, policy_arn }).await.expect("an attachment");
    }

    pub async fn set_password_policy(&self, policy: PasswordPolicy) {
        self.perform(UpdateAccountPasswordPolicy { policy }).await.expect("a password policy");
    }

    pub async fn reset_password(&self, user: &str, password: &str, password_reset_required: bool) {
        record::secret("password", password);
        let user_name = UserName::parse(user).expect("a user name");
        let (password, password_reset_required) = (Some(TypedPassword::new(password)), Some(password_reset_required));
        self.perform(UpdateLoginProfile { user_name, password, password_reset_required }).await.expect("a reset");
    }

    /// A second process's worth of server on the same database; its URL.
    pub async fn second_node(&self) -> String {
        serve(self.second_app().await, config(&self.database, &self.data, &[]))
    }

    /// What that process is made of, where it need not serve.
    pub async fn second_app(&self) -> Arc<App> {
        let config = config(&self.database, &self.data, &[]);
        start::open(&config, self.clock.of_this_test(), Random::system()).await.expect("a start")
    }

    /// The settings of a node on the same database.
    pub fn config(&self, settings: &[(&str, &str)]) -> Config {
        config(&self.database, &self.data, settings)
    }

    /// Another node on the same database, with settings of its own: what it shares with everybody, and its URL.
    pub async fn node_with(&self, settings: &[(&str, &str)]) -> Result<(Arc<App>, String), StartError> {
        let config = config(&self.database, &self.data, settings);
        let moving = self.clock.clone();
        let app = start::open(&config, Clock::from_fn(move || moving.now()), Random::system()).await?;
        Ok((app.clone(), serve(app, config)))
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser in which this user is signed in.
    pub async fn signed_in(&self, user: &str) -> Browser {
        self.signed_in_with(user, PASSWORD).await
    }

    pub async fn signed_in_with(&self, user: &str, password: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.sign_in(ALIAS, user, password).await;
        assert_eq!(page.status, 303, "{}", page.body);
        browser
    }

    /// For a test that fails again and again and is not about the waits which that brings.
    pub async fn forget_failures(&self) {
        self.database.execute("DELETE FROM sign_in_throttle").await;
    }

    /// Rows of the audit trail with this name; with `error`, those that ended with it.
    pub async fn records(&self, event_name: &str, error: Option<&str>) -> i64 {
        let error = error.map_or("IS NULL".to_owned(), |code| format!("= '{code}'"));
        self.database
            .number(&format!(
                "SELECT COUNT(*) FROM audit_records WHERE event_name = '{event_name}' AND error_code {error}"
            ))
            .await
    }
}

/// A user with a password and an inline policy, about to be made.
pub fn new_user(name: &str, password: Option<(&str, bool)>, policy: Option<&str>) -> CreateUser {
    record::secret("password", password.map_or("", |(password, _)| password));
    CreateUser {
        user_name: UserName::parse(name).expect("a user name"),
        path: Path::root(),
        tags: Vec::new(),
        login_profile: password.map(|(password, password_reset_required)| FirstPassword {
            password: TypedPassword::new(password),
            password_reset_required,
        }),
        inline_policies: policy.map(|document| (policy_name("test"), document.to_owned())).into_iter().collect(),
        attached_policies: Vec::new(),
    }
}

pub fn policy_name(text: &str) -> PolicyName {
    PolicyName::parse(text).expect("a policy name")
}

fn config(database: &Database, data: &TempDir, settings: &[(&str, &str)]) -> Config {
    let data_dir = data.path().display().to_string();
    let own = [
        ("MSC_LISTEN", "127.0.0.1:0"),
        ("MSC_DATA_DIR", data_dir.as_str()),
        ("MSC_DATABASE_URL", database.settings.url.as_str()),
        ("MSC_ROOT_SECRET", ROOT_SECRET),
    ];
    record::settings(own.iter().chain(settings).copied());
    let mut config = Config::load(&GlobalFlags::default(), own.into_iter().chain(settings.iter().copied()))
        .expect("a configuration");
    // Below the floor that the configuration insists on: tests are about what is done with a hash, not about its cost.
    config.hashing.memory_kib = 8;
    config.hashing.passes = 1;
    config
}

/// Ends with the process.
fn serve(app: Arc<App>, config: Config) -> String {
    let server = Server::bind(app, config).expect("a free port");
    let url = format!("http://{}", server.address());
    std::thread::spawn(move || actix_web::rt::System::new().block_on(server.run()));
    url
}
