//! The operator's door: whoever may run this program with its database and root secret. What a command does to accounts
//! and users goes through the same operations as what the pages do, and leaves the same records; `migrate` and `backup`
//! are about the database as a whole and leave none.

mod account;
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
use crate::operations::{Context, RequestFacts, housekeeping};
use crate::server::Server;
use crate::start;
use crate::telemetry;
use clap::{Parser, Subcommand};
use output::Format;
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
    /// Accounts and their password policies
    #[command(subcommand)]
    Account(account::Command),
    /// IAM users, their passwords and permissions
    #[command(subcommand)]
    User(user::Command),
}

/// How often what has expired is looked for.
const HOUSEKEEPING: Duration = Duration::from_mins(1);

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
    eprintln!("my-security-credentials: {error}");
    ExitCode::FAILURE
}

async fn run(cli: Cli, config: Config) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(Command::Migrate) = cli.command {
        let config = Config { migrate: true, ..config };
        let app = start::open(&config, Clock::system(), Random::system()).await?;
        app.store.close().await;
        println!("The database is up to date.");
        return Ok(());
    }
    let app = start::open(&config, Clock::system(), Random::system()).await?;
    let door = Door { app: app.clone(), output: cli.output };
    let done = match cli.command {
        None | Some(Command::Serve) => return serve(app, config).await,
        Some(Command::Backup { file }) => backup(&app, &file).await,
        Some(Command::Account(command)) => account::run(&door, command).await,
        Some(Command::User(command)) => user::run(&door, command).await,
        Some(Command::Migrate) => Ok(()),
    };
    app.store.close().await;
    done.map_err(Into::into)
}

async fn serve(app: Arc<App>, config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::bind(app.clone(), config.clone())?;
    let url = server.url();
    first_account::ensure(&app, &config, &url).await?;
    actix_web::rt::spawn(first_account::forget_used_password(app.clone(), config.data_dir.clone()));
    actix_web::rt::spawn(keep_house(app.clone()));
    tracing::info!("open {url}/console");
    server.run().await?;
    app.store.close().await;
    Ok(())
}

async fn keep_house(app: Arc<App>) {
    loop {
        tokio::time::sleep(HOUSEKEEPING).await;
        housekeeping::delete_expired_sessions(&app).await;
        housekeeping::forget_spent_signatures(&app).await;
        housekeeping::forget_old_tries(&app).await;
        housekeeping::refresh_common_parameters(&app).await;
    }
}

async fn backup(app: &App, file: &std::path::Path) -> Result<(), Error> {
    app.store.backup(file).await.map_err(Error::failed)?;
    println!("The database is copied to {}. The root secret is not in it: keep a copy of that too.", file.display());
    Ok(())
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
