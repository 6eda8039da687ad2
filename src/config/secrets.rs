//! What hashes and keys are made with: the cost of a password hash, peppers, and root secrets that are still read.

use super::read;
use super::source::{ConfigError, Values};
use crate::crypto::password_hash::{HashingSettings, OWASP_FLOOR, Pepper};
use crate::crypto::root_secret::RootSecret;
use std::collections::HashSet;
use std::time::Duration;

pub(super) fn hashing(values: &Values) -> Result<HashingSettings, ConfigError> {
    let defaults = HashingSettings::default();
    let settings = HashingSettings {
        memory_kib: values.required("argon2_memory_kib", read::number(8, u32::MAX))?,
        passes: values.required("argon2_passes", read::number(1, u32::MAX))?,
        lanes: values.required("argon2_lanes", read::number(1, 16))?,
        threads: values.optional("hashing_threads", read::number(1, 1024))?.unwrap_or(defaults.threads),
        queue: values.required("hashing_queue", read::number(1, 100_000))?,
        patience: values
            .required("hashing_patience", read::duration(Duration::from_millis(10), Duration::from_mins(1)))?,
        pepper: pepper(values)?,
        previous_peppers: previous_peppers(values)?,
    };
    if !settings.parameters().meet_owasp_floor() {
        let sets: Vec<String> =
            OWASP_FLOOR.iter().map(|(memory, passes)| format!("{memory} KiB and {passes}")).collect();
        let problem =
            format!("memory and passes are below OWASP's floor for Argon2id: at least {}", sets.join(", or "));
        return Err(values.error("argon2_memory_kib", problem));
    }
    if !settings.parameters().are_bounded() {
        return Err(values.error(
            "argon2_memory_kib",
            "memory and passes are more than a hash may cost: at most 262144 KiB, and 4194304 KiB times passes",
        ));
    }
    let mut seen = HashSet::new();
    let mut ids = settings.pepper.iter().chain(&settings.previous_peppers).map(Pepper::id);
    if let Some(twice) = ids.find(|id| !seen.insert(*id)) {
        return Err(values.error("pepper_id", format!("two peppers have the id {twice}")));
    }
    Ok(settings)
}

fn pepper(values: &Values) -> Result<Option<Pepper>, ConfigError> {
    values.at_most_one("pepper", "pepper_file")?;
    let from_file = |text: &str| read::secret(&read::secret_file(text)?);
    let secret = match values.optional("pepper", read::secret)? {
        Some(secret) => Some(secret),
        None => values.optional("pepper_file", from_file)?,
    };
    let id = values.text("pepper_id");
    match secret {
        None if id.is_some() => Err(values.error("pepper_id", "needs MSC_PEPPER or MSC_PEPPER_FILE")),
        None => Ok(None),
        Some(secret) => {
            let pepper = Pepper::new(id.unwrap_or("1"), secret.to_vec());
            pepper.map(Some).map_err(|problem| values.error("pepper_id", problem))
        }
    }
}

pub(super) fn previous_root_secrets(values: &Values) -> Result<Vec<RootSecret>, ConfigError> {
    let one = |text: &str| RootSecret::parse(text).map_err(str::to_owned);
    listed(values, "previous_root_secrets", "previous_root_secrets_file", one)
}

fn previous_peppers(values: &Values) -> Result<Vec<Pepper>, ConfigError> {
    let one = |text: &str| {
        let (id, secret) = text.split_once(':').ok_or("each has to be ID:SECRET")?;
        Pepper::new(id.trim(), read::secret(secret)?.to_vec()).map_err(str::to_owned)
    };
    listed(values, "previous_peppers", "previous_peppers_file", one)
}

/// Several secrets, in a setting with commas between them or in a file of lines.
fn listed<T>(
    values: &Values,
    setting: &str,
    file: &str,
    one: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ConfigError> {
    values.at_most_one(setting, file)?;
    let all = |text: &str| {
        let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
        parts.map(&one).collect::<Result<Vec<_>, String>>()
    };
    let given = match values.optional(setting, all)? {
        Some(secrets) => Some(secrets),
        None => values.optional(file, |text| all(&read::secret_file(text)?))?,
    };
    Ok(given.unwrap_or_default())
}
