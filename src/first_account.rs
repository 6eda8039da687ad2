//! The first start on a server without an account: an account, its administrator, and how a person learns the password.
//! On a terminal it is shown once. Without one it goes into a file that only its owner reads, before the account exists,
//! and the file goes when the password was used or the account could not be made.

use crate::app::App;
use crate::config::Config;
use crate::domain::error::{Error, Failure, Outcome, told as told_in_full};
use crate::domain::principal::Caller;
use crate::operations::first_account::CreateFirstAccount;
use crate::operations::{Context, RequestFacts};
use crate::start_error::StartError;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const FILE_NAME: &str = "first-sign-in.txt";
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Makes account and administrator where there is none.
pub async fn ensure(app: &Arc<App>, config: &Config, url: &str) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError(format!("the first account could not be made: {error}"));
    if app.store.any_account().await.map_err(|error| failed(&error))? {
        return take_up(app, &config.data_dir).await;
    }
    let cx = operator(app);
    let first = CreateFirstAccount::planned(&cx, config.first_account_alias.clone()).map_err(|error| failed(&error))?;
    let told = told(&first, url);
    let draft = if std::io::stdout().is_terminal() { None } else { Some(Draft::write(config, &first, &told)?) };
    let made = cx.perform(first).await;
    match (&made, draft) {
        (Ok(true), None) => println!("{told}"),
        (Ok(true), Some(draft)) => draft.settle()?,
        (Err(Error::Failed(Failure { outcome: Outcome::Unknown, .. })), Some(draft)) => {
            tracing::error!(file = %draft.path.display(), "whether the first account was made is not known; the file says how to sign in if it was");
        }
        (_, Some(draft)) => remove(&draft.path),
        (_, None) => {}
    }
    made.map_err(|error| failed(&error))?;
    take_up(app, &config.data_dir).await
}

/// A start may have been cut off between the account and the name of its file: the draft of the account that was made
/// gets that name, and drafts of accounts that never were go.
async fn take_up(app: &Arc<App>, folder: &Path) -> Result<(), StartError> {
    let made = app.store.installation_value("first_account").await.map_err(|error| StartError(told_in_full(&error)))?;
    let own = made.map(|id| format!("{FILE_NAME}.{id}"));
    let entries = std::fs::read_dir(folder).map_err(|error| StartError(format!("{}: {error}", folder.display())))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if Some(&name) == own.as_ref() {
            Draft { path: entry.path(), file: folder.join(FILE_NAME) }.settle()?;
        } else if name.starts_with(&format!("{FILE_NAME}.")) {
            remove(&entry.path());
        }
    }
    Ok(())
}

fn operator(app: &Arc<App>) -> Context {
    let request = RequestFacts {
        request_id: crate::crypto::identifier::request_id(&app.random),
        door: "first-start",
        ..RequestFacts::default()
    };
    Context::new(app.clone(), Caller::Operator, None, app.clock.now(), request)
}

fn told(first: &CreateFirstAccount, url: &str) -> String {
    format!(
        "Open          {url}/signin/{alias}\nAccount alias {alias}\nAccount ID    {id}\nUser name     {user}\nPassword      {password}\n\
         The password is temporary: you choose your own at the first sign-in.\n",
        alias = first.account_alias,
        id = first.account_id,
        user = first.user_name,
        password = first.password.expose(),
    )
}

/// The file under a name of its own, until the account is made: of two processes that start at once, the one that came
/// too late takes away its own draft and nothing else.
struct Draft {
    path: PathBuf,
    file: PathBuf,
}

impl Draft {
    /// Synced, with its folder: an account whose password nobody can read is worse than none.
    fn write(config: &Config, first: &CreateFirstAccount, text: &str) -> Result<Self, StartError> {
        let folder = &config.data_dir;
        let path = folder.join(format!("{FILE_NAME}.{}", first.account_id));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            File::open(folder)?.sync_all()
        };
        match write() {
            Ok(()) => Ok(Self { path, file: folder.join(FILE_NAME) }),
            Err(error) => {
                remove(&path);
                let problem = format!("the password of the first account cannot be written to {}", path.display());
                Err(StartError(format!("{problem}: {error}")))
            }
        }
    }

    fn settle(self) -> Result<(), StartError> {
        match std::fs::rename(&self.path, &self.file) {
            // Another process found it first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|error| {
                StartError(format!("{} says how to sign in, but cannot be renamed: {error}", self.path.display()))
            })?,
        }
        tracing::info!(file = %self.file.display(), "the first account is made; the file says how to sign in");
        Ok(())
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), %error, "a file with a password could not be removed");
        }
        _ => {}
    }
}

/// Removes the file once its password is no longer of use. Ends when there is no file.
pub async fn forget_used_password(app: Arc<App>, data_dir: PathBuf) {
    let path = data_dir.join(FILE_NAME);
    while path.exists() {
        let chosen = app.password_chosen.notified();
        match crate::operations::housekeeping::awaits_first_sign_in(&app).await {
            Ok(false) => remove(&path),
            // Another process may have changed it: then nobody tells us.
            Ok(true) => drop(tokio::time::timeout(LOOK_AGAIN, chosen).await),
            Err(error) => {
                tracing::warn!(%error, "whether the first password was used is not known");
                drop(tokio::time::timeout(LOOK_AGAIN, chosen).await);
            }
        }
    }
}
