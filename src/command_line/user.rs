//! `user create | list | delete | put-policy | attach-policy | create-access-key | reset-password`.

use super::password::{PasswordOptions, with_detail};
use super::{Door, account::Target, parsed};
use crate::domain::arn::PolicyArn;
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::{ADMINISTRATOR_ACCESS, AWS_MANAGED_POLICIES};
use crate::domain::name::PolicyName;
use crate::domain::page::Page;
use crate::domain::password::TypedPassword;
use crate::domain::user::{Path, UserName};
use crate::operations::Context;
use crate::operations::access_key::CreateAccessKey;
use crate::operations::attached_policy::AttachUserPolicy;
use crate::operations::create_user::{CreateUser, FirstPassword};
use crate::operations::delete_user::DeleteUser;
use crate::operations::inline_policy::PutUserPolicy;
use crate::operations::login_profile::{CreateLoginProfile, UpdateLoginProfile};
use crate::operations::user::ListUsers;
use crate::operations::user_details::GetUserDetails;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use time::format_description::well_known::Rfc3339;

parsed!(user_name, UserName);
parsed!(path, Path);

#[derive(Subcommand)]
pub enum Command {
    /// Make a user, with a password and permissions
    Create(Box<Create>),
    /// List the users of an account
    List(Target),
    /// Delete a user with password, policies and sessions
    Delete(User),
    /// Give a user an inline policy, or replace it
    PutPolicy {
        #[command(flatten)]
        user: User,
        #[arg(long, value_name = "NAME")]
        policy_name: String,
        /// File with the policy document
        #[arg(long, value_name = "FILE")]
        policy_document: PathBuf,
    },
    /// Attach a managed policy, by its ARN or its name
    AttachPolicy {
        #[command(flatten)]
        user: User,
        #[arg(long, value_name = "ARN|NAME")]
        policy_arn: String,
    },
    /// Make an access key, for the AWS CLI and the API; its secret is shown once
    CreateAccessKey(User),
    /// Set another password, or the first one: the way back in
    ResetPassword {
        #[command(flatten)]
        user: User,
        #[command(flatten)]
        password: PasswordOptions,
    },
}

#[derive(Args)]
pub struct User {
    #[command(flatten)]
    target: Target,
    /// Up to 64 letters, digits and +=,.@_-; in any case
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    user_name: UserName,
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    user: User,
    /// Begins and ends with a slash
    #[arg(long, default_value = "/", value_parser = path)]
    path: Path,
    /// File with a policy document, which becomes an inline policy named after the file
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Attach `AdministratorAccess`
    #[arg(long)]
    administrator: bool,
    /// Make an access key, too; its secret is shown once
    #[arg(long)]
    access_key: bool,
    #[command(flatten)]
    password: PasswordOptions,
}

pub async fn run(door: &Door, command: Command) -> Result<(), Error> {
    match command {
        Command::Create(create) => create.run(door).await,
        Command::List(target) => list(door, &target).await,
        Command::Delete(user) => {
            let operation = DeleteUser { user_name: user.user_name.clone(), with_belongings: true };
            user.context(door).await?.perform(operation).await?;
            user.say(door, "deleted")
        }
        Command::PutPolicy { user, policy_name, policy_document } => {
            let policy_name = named(&policy_name, "--policy-name")?;
            let policy_document = read(&policy_document)?;
            let operation = PutUserPolicy { holder: user.user_name.clone(), policy_name, policy_document };
            user.context(door).await?.perform(operation).await.map_err(with_detail)?;
            user.say(door, "policy put")
        }
        Command::AttachPolicy { user, policy_arn } => {
            let policy_arn = arn(&policy_arn)?;
            user.context(door).await?.perform(AttachUserPolicy { holder: user.user_name.clone(), policy_arn }).await?;
            user.say(door, "policy attached")
        }
        Command::CreateAccessKey(user) => {
            let key = create_access_key(&user.context(door).await?, &user.user_name).await?;
            let mut shown = vec![("UserName", json!(user.user_name.as_str()))];
            shown.extend(key);
            door.output.show(&shown)
        }
        Command::ResetPassword { user, password } => reset_password(door, &user, &password).await,
    }
}

impl User {
    async fn context(&self, door: &Door) -> Result<Context, Error> {
        door.about(&self.target.account).await
    }

    fn say(&self, door: &Door, done: &str) -> Result<(), Error> {
        door.output.show(&[("UserName", json!(self.user_name.as_str())), ("Done", json!(done))])
    }
}

/// A managed policy may be named in short.
fn arn(name: &str) -> Result<PolicyArn, Error> {
    let known = AWS_MANAGED_POLICIES.iter().find(|policy| policy.name == name);
    let arn = PolicyArn::parse(known.map_or(name, |policy| policy.arn));
    arn.map_err(|error| Error::refused(Code::ValidationError, format!("--policy-arn: {error}")))
}

fn named(name: &str, what: &str) -> Result<PolicyName, Error> {
    PolicyName::parse(name).map_err(|error| Error::refused(Code::ValidationError, format!("{what}: {error}")))
}

fn read(file: &std::path::Path) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(|error| {
        Error::refused(Code::ValidationError, format!("{}: the policy cannot be read: {error}", file.display()))
    })
}

impl Create {
    async fn run(&self, door: &Door) -> Result<(), Error> {
        let mut cx = self.user.context(door).await?;
        let mut inline_policies = Vec::new();
        for file in &self.policy {
            let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("policy");
            inline_policies.push((named(name, &file.display().to_string())?, read(file)?));
        }
        let given = if self.password.is_given() { Some(self.password.password(door, &mut cx).await?) } else { None };
        let login_profile = given.as_ref().map(|given| FirstPassword {
            password: given.password.clone(),
            password_reset_required: !self.password.no_password_reset,
        });
        let created = cx
            .perform(CreateUser {
                user_name: self.user.user_name.clone(),
                path: self.path.clone(),
                tags: Vec::new(),
                login_profile,
                inline_policies,
                attached_policies: self
                    .administrator
                    .then(|| ADMINISTRATOR_ACCESS.arn.to_owned())
                    .into_iter()
                    .collect(),
            })
            .await
            .map_err(with_detail)?;
        let attached = created
            .change_password_attached
            .then_some("IAMUserChangePassword, so that the user can change the password");
        let mut shown = vec![
            ("UserName", json!(created.user.user_name.as_str())),
            ("UserId", json!(created.user.user_id.as_str())),
            ("Arn", json!(created.arn.as_str())),
            ("Password", json!(given.and_then(|given| given.shown))),
            ("Attached", json!(attached)),
        ];
        // The password is seen this once: it is shown also where the key fails.
        let key = if self.access_key { create_access_key(&cx, &created.user.user_name).await } else { Ok(Vec::new()) };
        shown.extend(key.as_ref().into_iter().flatten().cloned());
        door.output.show(&shown)?;
        key?;
        if !self.path.is_root() {
            eprintln!(
                "Note: policies whose Resource ends in user/${{aws:username}}, as those of the AWS guide do, do not match a user with a path."
            );
        }
        Ok(())
    }
}

/// The only time that the secret can be seen.
async fn create_access_key(cx: &Context, user_name: &UserName) -> Result<Vec<(&'static str, Value)>, Error> {
    let key = cx.perform(CreateAccessKey { user_name: Some(user_name.clone()) }).await?;
    Ok(vec![
        ("AccessKeyId", json!(key.access_key_id.as_str())),
        ("SecretAccessKey", json!(key.secret_access_key.expose())),
    ])
}

async fn list(door: &Door, target: &Target) -> Result<(), Error> {
    let cx = door.about(&target.account).await?;
    let (mut users, mut page) = (Vec::new(), Page::whole());
    loop {
        let piece = cx.perform(ListUsers { path_prefix: "/".to_owned(), page: page.clone() }).await?;
        users.extend(piece.items);
        match piece.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let rows: Vec<Vec<Value>> = users
        .iter()
        .map(|user| {
            let created = user.created_at.replace_nanosecond(0).unwrap_or(user.created_at).format(&Rfc3339);
            vec![
                json!(user.user_name.as_str()),
                json!(user.path.as_str()),
                json!(user.user_id.as_str()),
                json!(created.unwrap_or_default()),
            ]
        })
        .collect();
    door.output.list(&["UserName", "Path", "UserId", "CreateDate"], &rows)
}

async fn reset_password(door: &Door, user: &User, options: &PasswordOptions) -> Result<(), Error> {
    if !options.is_given() {
        let message = "Choose how the password is set: --generate-password or --password-stdin.";
        return Err(Error::refused(Code::ValidationError, message));
    }
    let mut cx = user.context(door).await?;
    let given = options.password(door, &mut cx).await?;
    set_password(&cx, user, given.password, !options.no_password_reset).await.map_err(with_detail)?;
    door.output.show(&[
        ("UserName", json!(user.user_name.as_str())),
        ("Password", json!(given.shown)),
        ("PasswordResetRequired", json!(!options.no_password_reset)),
    ])
}

/// Whether the user has a password already does not matter to who sets one.
async fn set_password(
    cx: &Context,
    user: &User,
    password: TypedPassword,
    password_reset_required: bool,
) -> Result<(), Error> {
    let user_name = user.user_name.clone();
    let found = cx.perform(GetUserDetails { user_name: Some(user_name.clone()) }).await?;
    if found.login_profile.is_some() {
        let password_reset_required = Some(password_reset_required);
        return cx.perform(UpdateLoginProfile { user_name, password: Some(password), password_reset_required }).await;
    }
    let user_name = Some(user_name);
    cx.perform(CreateLoginProfile { user_name, password, password_reset_required }).await.map(|_| ())
}
