//! Passwords on the command line: generated, or read from the standard input; never an argument, which every process
//! of the machine can read.

use super::Door;
use crate::domain::error::{Code, Error};
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::operations::Context;
use crate::operations::login_profile::generated_password;
use crate::operations::password_policy::GetAccountPasswordPolicy;
use clap::Args;
use std::io::Read;
use zeroize::Zeroizing;

/// More than any password needs.
const LONGEST_INPUT: u64 = 4096;

#[derive(Args)]
pub struct PasswordOptions {
    /// Read the password from the standard input; one line end at its end is not part of it
    #[arg(long, conflicts_with = "generate_password")]
    password_stdin: bool,
    /// Make a random password and show it once
    #[arg(long)]
    generate_password: bool,
    /// The password is to stay: its owner need not change it at the first sign-in
    #[arg(long)]
    pub no_password_reset: bool,
}

/// A password, and whether it has to be shown.
pub struct Given {
    pub password: TypedPassword,
    pub shown: Option<String>,
}

impl PasswordOptions {
    pub fn is_given(&self) -> bool {
        self.password_stdin || self.generate_password
    }

    pub async fn password(&self, door: &Door, cx: &mut Context) -> Result<Given, Error> {
        if self.password_stdin {
            let password = read(std::io::stdin().lock())?;
            // However long a person takes to type: what happens next happens now.
            cx.now = door.app.clock.now();
            return Ok(Given { password, shown: None });
        }
        let rules = match cx.perform(GetAccountPasswordPolicy).await {
            Ok(policy) => PasswordRules::of(Some(&policy)),
            Err(Error::Refused(refusal)) if refusal.code == Code::NoSuchEntity => PasswordRules::of(None),
            Err(other) => return Err(other),
        };
        let password = generated_password(&door.app, &rules);
        let shown = Some(password.expose().to_owned());
        Ok(Given { password, shown })
    }
}

fn read(input: impl Read) -> Result<TypedPassword, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    input.take(LONGEST_INPUT).read_to_end(&mut bytes).map_err(Error::failed)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::refused(Code::ValidationError, "--password-stdin: the password is not valid UTF-8."))?;
    let line = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text);
    if line.is_empty() {
        return Err(Error::refused(
            Code::ValidationError,
            "--password-stdin: there is no password on the standard input.",
        ));
    }
    Ok(TypedPassword::new(line))
}

/// The refusal, with what AWS's sentence does not say.
pub fn with_detail(error: Error) -> Error {
    let Error::Refused(mut refusal) = error else { return error };
    if let Some(detail) = refusal.details.detail.take() {
        refusal.message = format!("{}: {detail}.", refusal.message);
    }
    Error::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(input: &[u8]) -> Option<String> {
        read(input).ok().map(|typed| typed.expose().to_owned())
    }

    #[test]
    fn exactly_one_line_end_is_not_part_of_a_password_from_the_standard_input() {
        assert_eq!(password(b" a b \n").unwrap(), " a b ");
        assert_eq!(password(b"a\r\n").unwrap(), "a");
        assert_eq!(password(b"a\n\n").unwrap(), "a\n");
        assert_eq!(password(b"a").unwrap(), "a");
        assert_eq!(password(b"\n"), None);
        assert_eq!(password(b"a\xff"), None);
    }
}
