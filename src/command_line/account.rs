//! `account create | list | password-policy get | set | delete`.

use super::{Door, parsed};
use crate::domain::account::{AccountAlias, AccountId, AccountName};
use crate::domain::error::Error;
use crate::domain::password_policy::PasswordPolicy;
use crate::operations::account::{CreateAccount, ListAccounts};
use crate::operations::password_policy::{
    DeleteAccountPasswordPolicy, GetAccountPasswordPolicy, UpdateAccountPasswordPolicy,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

parsed!(alias, AccountAlias);
parsed!(id, AccountId);
parsed!(account_name, AccountName);

#[derive(Subcommand)]
pub enum Command {
    /// Make an account without users
    Create {
        /// 3 to 63 lowercase letters, digits and single hyphens
        #[arg(long, value_parser = alias)]
        alias: AccountAlias,
        /// 12 digits; random without it
        #[arg(long, value_parser = id)]
        account_id: Option<AccountId>,
    },
    /// List the accounts
    List,
    /// The rules for the passwords of an account's users
    #[command(subcommand)]
    PasswordPolicy(PolicyCommand),
}

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Show the account's own policy
    Get(Target),
    /// Replace the whole policy: what is left out goes back to its default
    Set(Box<NewPolicy>),
    /// Go back to the default policy
    Delete(Target),
}

#[derive(Args)]
pub struct Target {
    /// Account ID or alias
    #[arg(long, value_name = "ID|ALIAS", value_parser = account_name)]
    pub account: AccountName,
}

/// The members of `UpdateAccountPasswordPolicy`.
#[derive(Args)]
pub struct NewPolicy {
    #[command(flatten)]
    target: Target,
    /// 6 to 128
    #[arg(long, value_name = "N", default_value_t = 6)]
    minimum_password_length: u32,
    #[arg(long)]
    require_symbols: bool,
    #[arg(long)]
    require_numbers: bool,
    #[arg(long)]
    require_uppercase_characters: bool,
    #[arg(long)]
    require_lowercase_characters: bool,
    /// Every user of the account may change the own password, without a policy of the user's
    #[arg(long)]
    allow_users_to_change_password: bool,
    /// In days, 1 to 1095
    #[arg(long, value_name = "DAYS")]
    max_password_age: Option<u32>,
    /// How many passwords must not be used again, 1 to 24
    #[arg(long, value_name = "N")]
    password_reuse_prevention: Option<u32>,
    /// Only an administrator can reset an expired password
    #[arg(long)]
    hard_expiry: bool,
}

impl NewPolicy {
    fn policy(&self) -> PasswordPolicy {
        PasswordPolicy {
            minimum_password_length: self.minimum_password_length,
            require_symbols: self.require_symbols,
            require_numbers: self.require_numbers,
            require_uppercase_characters: self.require_uppercase_characters,
            require_lowercase_characters: self.require_lowercase_characters,
            allow_users_to_change_password: self.allow_users_to_change_password,
            max_password_age: self.max_password_age,
            password_reuse_prevention: self.password_reuse_prevention,
            hard_expiry: self.hard_expiry,
        }
    }
}

pub async fn run(door: &Door, command: Command) -> Result<(), Error> {
    match command {
        Command::Create { alias, account_id } => create(door, alias, account_id).await,
        Command::List => list(door).await,
        Command::PasswordPolicy(PolicyCommand::Get(target)) => {
            show(door, &door.about(&target.account).await?.perform(GetAccountPasswordPolicy).await?)
        }
        Command::PasswordPolicy(PolicyCommand::Set(new)) => {
            let (cx, policy) = (door.about(&new.target.account).await?, new.policy());
            cx.perform(UpdateAccountPasswordPolicy { policy: policy.clone() }).await?;
            show(door, &policy)
        }
        Command::PasswordPolicy(PolicyCommand::Delete(target)) => {
            door.about(&target.account).await?.perform(DeleteAccountPasswordPolicy).await?;
            door.output.show(&[("PasswordPolicy", json!("default"))])
        }
    }
}

async fn create(door: &Door, alias: AccountAlias, account_id: Option<AccountId>) -> Result<(), Error> {
    let cx = door.context();
    let account_id = cx.perform(CreateAccount { account_alias: alias.clone(), account_id }).await?;
    door.output.show(&[("AccountId", json!(account_id.as_str())), ("AccountAlias", json!(alias.as_str()))])
}

async fn list(door: &Door) -> Result<(), Error> {
    let accounts = door.context().perform(ListAccounts).await?;
    let rows: Vec<Vec<Value>> = accounts
        .iter()
        .map(|account| {
            vec![json!(account.account_id.as_str()), json!(account.alias.as_ref().map(AccountAlias::as_str))]
        })
        .collect();
    door.output.list(&["AccountId", "AccountAlias"], &rows)
}

fn show(door: &Door, policy: &PasswordPolicy) -> Result<(), Error> {
    door.output.show(&[
        ("MinimumPasswordLength", json!(policy.minimum_password_length)),
        ("RequireSymbols", json!(policy.require_symbols)),
        ("RequireNumbers", json!(policy.require_numbers)),
        ("RequireUppercaseCharacters", json!(policy.require_uppercase_characters)),
        ("RequireLowercaseCharacters", json!(policy.require_lowercase_characters)),
        ("AllowUsersToChangePassword", json!(policy.allow_users_to_change_password)),
        ("ExpirePasswords", json!(policy.max_password_age.is_some())),
        ("MaxPasswordAge", json!(policy.max_password_age)),
        ("PasswordReusePrevention", json!(policy.password_reuse_prevention)),
        ("HardExpiry", json!(policy.hard_expiry)),
    ])
}
