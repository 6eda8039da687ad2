//! Where the root secret is kept, and what may be done about one that is not there.
//!
//! Why the secret has a first name: it is written beside its place, the database takes its check value, and then it is
//! moved there. A start that was cut off in between is taken up where it ended.

use crate::config::Config;
use crate::crypto::identifier::Random;
use crate::crypto::root_secret::{RootSecret, create_root_secret, read_root_secret, remove_drafts};
use crate::start_error::StartError;
use std::path::{Path, PathBuf};

/// Where the root secret is kept.
pub(super) struct SecretPlace {
    given: Option<RootSecret>,
    file: PathBuf,
    /// Where it is until the database has its check value.
    fresh: PathBuf,
}

/// What is there.
pub(super) enum KeptSecret {
    Given(RootSecret),
    InPlace(RootSecret),
    /// Of a first start that was cut off.
    Fresh(RootSecret),
    Nowhere,
}

impl SecretPlace {
    pub(super) fn of(config: &Config) -> Self {
        let file = config.root_secret_file.clone();
        let mut fresh = file.clone().into_os_string();
        fresh.push(".new");
        Self { given: config.root_secret.clone(), file, fresh: fresh.into() }
    }

    pub(super) fn read(&self) -> Result<KeptSecret, StartError> {
        if let Some(given) = &self.given {
            return Ok(KeptSecret::Given(given.clone()));
        }
        let read =
            |path: &Path| read_root_secret(path).map_err(|error| StartError(format!("MSC_ROOT_SECRET_FILE: {error}")));
        // In this order a secret that is just being moved is not missed.
        let fresh = read(&self.fresh)?;
        Ok(match (read(&self.file)?, fresh) {
            (Some(secret), _) => KeptSecret::InPlace(secret),
            (None, Some(secret)) => KeptSecret::Fresh(secret),
            (None, None) => KeptSecret::Nowhere,
        })
    }

    pub(super) fn choose(&self, kept: KeptSecret, is_new: bool, random: &Random) -> Result<RootSecret, StartError> {
        match kept {
            KeptSecret::Given(secret) | KeptSecret::Fresh(secret) => Ok(secret),
            KeptSecret::InPlace(secret) if !is_new => Ok(secret),
            KeptSecret::InPlace(_) => Err(StartError(format!(
                "MSC_DATABASE_URL: the database is empty, but {} holds a root secret; restore its database, or move the secret away",
                self.file.display()
            ))),
            KeptSecret::Nowhere if is_new => self.create(random),
            KeptSecret::Nowhere => match self.read()? {
                // Another first start has made it, and then its database, since we looked.
                KeptSecret::InPlace(secret) | KeptSecret::Fresh(secret) => Ok(secret),
                _ => Err(StartError(format!(
                    "MSC_ROOT_SECRET_FILE: the database is in use, but its root secret is not at {}; restore it, or give it as MSC_ROOT_SECRET; if it is lost, see `my-security-credentials replace-lost-root-secret --help`",
                    self.file.display()
                ))),
            },
        }
    }

    /// In the place of a secret that is lost: whatever is given, or a new one.
    pub(super) fn choose_anew(&self, kept: KeptSecret, random: &Random) -> Result<RootSecret, StartError> {
        match kept {
            KeptSecret::Given(secret) | KeptSecret::InPlace(secret) | KeptSecret::Fresh(secret) => Ok(secret),
            KeptSecret::Nowhere => self.create(random),
        }
    }

    fn create(&self, random: &Random) -> Result<RootSecret, StartError> {
        create_root_secret(&self.fresh, random).or_else(|error| match self.read()? {
            // Another process begins at the same moment: its secret is ours. It may have taken our draft for one that was left.
            KeptSecret::InPlace(secret) | KeptSecret::Fresh(secret) => Ok(secret),
            _ => Err(StartError(format!("MSC_ROOT_SECRET_FILE: {error}"))),
        })
    }

    /// The database holds the check value: the fresh secret gets its name, which is nobody's yet. What other starts have left
    /// is of no use then.
    pub(super) fn settle(&self, is_fresh: bool) -> Result<(), StartError> {
        if is_fresh {
            self.move_there()?;
        }
        if self.given.is_none() {
            remove_drafts(&self.fresh);
        }
        Ok(())
    }

    fn move_there(&self) -> Result<(), StartError> {
        // Unlike a renaming, a link never replaces what is there. Another process may have done the same.
        let linked = match std::fs::hard_link(&self.fresh, &self.file) {
            Err(_) if self.file.exists() => Ok(()),
            other => other,
        };
        let removed = linked.and_then(|()| match std::fs::remove_file(&self.fresh) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        });
        removed.map_err(|error| StartError(format!("MSC_ROOT_SECRET_FILE: {}: {error}", self.file.display())))
    }
}
