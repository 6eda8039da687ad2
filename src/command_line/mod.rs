//! The operator's door: whoever may run this program with its database and root secret. What a command does to accounts
//! and users goes through the same operations as what the pages do, and leaves the same records; `migrate` and `backup`
//! are about the database as a whole and leave none.

mod account;
mod audit;
mod chores;
mod keys;
mod output;
mod password;
mod user;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, GlobalFlags};
use crate::crypto::identifier::{Random, request_id};
use crate::domain::account::{AccountId, AccountName};
use crate::domain::error::{Code, Error, told};
use crate::domain::principal::Caller;
use crate::first_account;
use crate::metrics_listener::MetricsListener;
use crate::operations::{Context, RequestFacts, housekeeping};
use crate::server::Server;
use crate::start;
use crate::telemetry;
use chores::Chores;
use clap::{Parser, Subcommand};
use output::Format;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A self-hosted console for My Security Credentials, with the semantics of AWS IAM.
#[derive(Parser)]
#[command(
    name = "my-security-credentials",
    version,
    after_help = "`--help` after the name alone also lists every setting."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: GlobalFlags,
    /// How a command answers
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    output: Format,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the console (the default)
    Serve,
    /// Bring the database up to date and stop
    Migrate,
    /// Copy the SQLite database into a new file, also while the server runs
    Backup { file: PathBuf },
    /// Seal with the current root secret what is sealed with a previous one; say what previous secrets are still needed for
    #[command(
        long_about = "Seals every secret of an access key that is sealed with a previous root secret with the current one, \
        also while servers run; it may be stopped at any time and run again. Says how many are left, and how many passwords \
        are still hashed with another pepper than the current one."
    )]
    RotateKeys,
    /// Go on after the root secret was lost: access keys are deleted, everybody is signed out, passwords stay
    #[command(
        long_about = "Goes on with another root secret after that of the database was lost: the one that is given, or a new one. \
        The access keys that only the lost one opens are deleted and have to be made anew, everybody is signed out, and \
        remembered users are forgotten. Passwords, users and permissions stay. Stop every node first."
    )]
    ReplaceLostRootSecret {
        /// That their access keys stop working is what their owners have to be told
        #[arg(long, required = true)]
        delete_access_keys: bool,
    },
    /// Accounts and their password policies
    #[command(subcommand)]
    Account(account::Command),
    /// IAM users, their passwords and permissions
    #[command(subcommand)]
    User(user::Command),
    /// What happened
    #[command(subcommand)]
    Audit(audit::Command),
}

/// For the database to be left in good order at the end of the server. Requests end within 8 seconds and the chores within 1:
/// 10 are promised for all.
const CLOSING: Duration = Duration::from_millis(500);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::from_environment(&cli.settings) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    telemetry::start(&config);
    match actix_web::rt::System::new().block_on(run(cli, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&told(error.as_ref())),
    }
}

fn refuse(error: &dyn std::fmt::Display) -> ExitCode {
    // Where it cannot be said, the status says it.
    drop(writeln!(std::io::stderr(), "my-security-credentials: {error}"));
    ExitCode::FAILURE
}

async fn run(cli: Cli, config: Config) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(Command::Migrate) = cli.command {
        let config = Config { migrate: true, ..config };
        let app = start::open(&config, Clock::system(), Random::system()).await?;
        app.store.close().await;
        return Ok(output::say("The database is up to date.")?);
    }
    if let Some(Command::ReplaceLostRootSecret { .. }) = cli.command {
        return replace_lost_root_secret(config, cli.output).await;
    }
    let app = start::open(&config, Clock::system(), Random::system()).await?;
    let door = Door { app: app.clone(), output: cli.output };
    let done = match cli.command {
        None | Some(Command::Serve) => return serve(app, config).await,
        Some(Command::Backup { file }) => backup(&app, &file).await,
        Some(Command::Account(command)) => account::run(&door, command).await,
        Some(Command::User(command)) => user::run(&door, command).await,
        Some(Command::Audit(command)) => audit::run(&door, command).await,
        Some(Command::RotateKeys) => keys::rotate(&door).await,
        Some(Command::Migrate | Command::ReplaceLostRootSecret { .. }) => Ok(()),
    };
    app.store.close().await;
    done.map_err(Into::into)
}

async fn replace_lost_root_secret(config: Config, output: Format) -> Result<(), Box<dyn std::error::Error>> {
    let app = start::open_without_its_secret(&config, Clock::system(), Random::system()).await?;
    let done = keys::replace_lost(&Door { app: app.clone(), output }).await;
    app.store.close().await;
    done?;
    Ok(start::settle_secret(&config)?)
}

async fn serve(app: Arc<App>, config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let done = serve_to_the_end(&app, config).await;
    // A database that does not answer keeps nobody from going.
    if tokio::time::timeout(CLOSING, app.store.close()).await.is_err() {
        tracing::warn!("the database was not closed in time");
    }
    done
}

async fn serve_to_the_end(app: &Arc<App>, config: Config) -> Result<(), Box<dyn std::error::Error>> {
    chores::check(&config)?;
    let server = Server::bind(app.clone(), config.clone())?;
    let metrics = config.metrics_listen.map(MetricsListener::bind).transpose()?;
    let url = server.url();
    housekeeping::tell_of_missing_peppers(app).await;
    housekeeping::tell_of_settings_that_lose_changes(app).await;
    first_account::ensure(app, &config, &url).await?;
    actix_web::rt::spawn(first_account::forget_used_password(app.clone(), config.data_dir.clone()));
    let chores = Chores::begin(app, &config);
    if let Some(listener) = metrics {
        tracing::info!("metrics at http://{}/metrics", listener.address());
        actix_web::rt::spawn(serve_metrics(listener, app.clone()));
    }
    tracing::info!("open {url}/console");
    let end = server.run().await;
    chores.end().await;
    Ok(end?)
}

/// The console goes on without its figures.
async fn serve_metrics(listener: MetricsListener, app: Arc<App>) {
    if let Err(error) = listener.run(app).await {
        tracing::error!(%error, "metrics are served no more");
    }
}

async fn backup(app: &App, file: &std::path::Path) -> Result<(), Error> {
    app.store.backup(file).await.map_err(Error::failed)?;
    let file = file.display();
    output::say(&format!("The database is copied to {file}. The root secret is not in it: keep a copy of that too."))
}

/// What every command of an operator needs.
struct Door {
    app: Arc<App>,
    output: Format,
}

impl Door {
    /// A context of the operator, about no account yet.
    fn context(&self) -> Context {
        let request = RequestFacts {
            request_id: request_id(&self.app.random),
            user_agent: Some(concat!("my-security-credentials/", env!("CARGO_PKG_VERSION")).to_owned()),
            door: "command-line",
            ..RequestFacts::default()
        };
        Context::new(self.app.clone(), Caller::Operator, None, self.app.clock.now(), request)
    }

    /// The same, about the account that was named by its ID or alias.
    async fn about(&self, account: &AccountName) -> Result<Context, Error> {
        let account_id = self.account_id(account).await?;
        let mut cx = self.context();
        cx.account_id = Some(account_id);
        Ok(cx)
    }

    async fn account_id(&self, name: &AccountName) -> Result<AccountId, Error> {
        let accounts = self.context().perform(crate::operations::account::ListAccounts).await?;
        let found = accounts.into_iter().find(|account| match name {
            AccountName::Id(id) => account.account_id == *id,
            AccountName::Alias(alias) => account.alias.as_ref() == Some(alias),
        });
        let none = || Error::refused(Code::NoSuchEntity, format!("--account: there is no account {}.", name.as_str()));
        found.map(|account| account.account_id).ok_or_else(none)
    }
}

/// For clap: a text that the domain parses.
macro_rules! parsed {
    ($name:ident, $kind:ty) => {
        fn $name(text: &str) -> Result<$kind, crate::domain::error::ParseError> {
            <$kind>::parse(text)
        }
    };
}
use parsed;
