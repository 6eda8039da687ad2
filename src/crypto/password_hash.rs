//! Hashing and verifying passwords: Argon2id on a bounded pool of own threads.
//!
//! Why one salt for all of a user's remembered passwords: one hash of a candidate is then compared with every one of them,
//! so that preventing the reuse of 24 passwords costs what preventing the reuse of one does. The login hash has its own.

use super::hashing_pool::{Pool, Workbench};
use super::stored_hash::{OUTPUT_LENGTH, Recipe, StoredHash, current_params};
use crate::domain::password::Password;
use crate::domain::password_hash::PasswordHash;
use argon2::password_hash::phc::{Output, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use subtle::Choice;
use zeroize::Zeroizing;

pub use super::hashing_pool::Place;
pub use super::stored_hash::{OWASP_FLOOR, Parameters, pepper_id};

/// A secret that stays out of the database, mixed into every hash. Its id stands in the hash as PHC's `keyid`.
#[derive(Clone)]
pub struct Pepper {
    id: String,
    secret: Zeroizing<Vec<u8>>,
}

impl Pepper {
    /// The id has 1 to 8 letters, digits, `-` or `_` (a PHC `keyid` holds 8 bytes); the secret at least 32 bytes.
    pub fn new(id: &str, secret: Vec<u8>) -> Result<Self, &'static str> {
        let secret = Zeroizing::new(secret);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=Params::MAX_KEYID_LEN).contains(&id.len()) || !id.bytes().all(fits) {
            return Err("a pepper's id has 1 to 8 letters, digits, hyphens or underscores");
        }
        if secret.len() < 32 {
            return Err("a pepper has at least 32 bytes");
        }
        Ok(Self { id: id.to_owned(), secret })
    }

    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({:?}, ..)", self.id)
    }
}

#[derive(Debug, Clone)]
pub struct HashingSettings {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
    /// Each takes `memory_kib` from its first hash on.
    pub threads: usize,
    /// How many may wait beside those that are being hashed.
    pub queue: usize,
    /// How long one may wait before it is told that there is too much to do.
    pub patience: Duration,
    pub pepper: Option<Pepper>,
    /// Hashes made with these are still verified, and outdated.
    pub previous_peppers: Vec<Pepper>,
}

impl Default for HashingSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
            patience: Duration::from_secs(2),
            pepper: None,
            previous_peppers: Vec::new(),
        }
    }
}

impl HashingSettings {
    pub fn parameters(&self) -> Parameters {
        Parameters { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }
}

/// Why there is no answer. Only `Busy` is worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashingError {
    /// The queue is full, or the turn did not come in time: 503 with Retry-After.
    Busy,
    /// A stored hash cannot be what this program wrote.
    Corrupt(&'static str),
    /// The pepper of a stored hash is not configured any more; here its id.
    UnknownPepper(String),
    /// A defect; the thread goes on.
    Panicked,
}

impl fmt::Display for HashingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("more passwords are waiting to be hashed than the machine can do in time"),
            Self::Corrupt(what) => f.write_str(what),
            Self::UnknownPepper(id) => {
                write!(f, "a stored password hash needs the pepper {id:?}, which is not configured")
            }
            Self::Panicked => f.write_str("the hashing of a password panicked"),
        }
    }
}

impl std::error::Error for HashingError {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub matches: bool,
    /// Other parameters or another pepper than today's: hash again when the password is known to be right.
    pub outdated: bool,
}

/// What became of a candidate among the remembered passwords.
#[derive(Debug)]
pub struct Remembered {
    /// Which entries it equals, in the order they were given.
    pub matches: Vec<bool>,
    /// The candidate's own entry, to be kept beside the others.
    pub entry: PasswordHash,
}

/// Cheap to clone; its threads end with the last clone.
#[derive(Clone)]
pub struct Hasher {
    pool: Arc<Pool>,
    argon: Arc<Argon>,
}

impl Hasher {
    /// # Panics
    /// With parameters that Argon2 cannot compute, or when the system gives no threads: at the start, never later.
    pub fn start(settings: HashingSettings) -> Self {
        let (threads, queue, patience) = (settings.threads, settings.queue, settings.patience);
        let argon = Argon::new(settings).expect("the configuration has checked the parameters");
        let pool = Pool::start(threads, queue, patience, argon.current.block_count());
        Self { pool: Arc::new(pool), argon: Arc::new(argon) }
    }

    /// For one password that is about to be looked at; none where it would be sent away as [`HashingError::Busy`].
    pub fn place(&self) -> Option<Place> {
        self.pool.place()
    }

    /// For a second password beside one's own; none where it would only stand in a queue.
    pub fn spare_place(&self) -> Option<Place> {
        self.pool.spare_place()
    }

    /// Today's parameters and pepper, a fresh salt.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        self.run(move |argon, bench| {
            let recipe = Recipe::fresh(&argon.current);
            recipe.phc(argon.compute(&recipe, password.expose(), bench)?.as_bytes())
        })
        .await
    }

    /// Exactly one hash, with the stored parameters.
    pub async fn verify(&self, password: Password, stored: PasswordHash) -> Result<Verdict, HashingError> {
        self.run(move |argon, bench| {
            let stored = StoredHash::parse(&stored)?;
            let computed = argon.compute(&stored.recipe, password.expose(), bench)?;
            let matches = stored.equals(computed.as_bytes()).into();
            Ok(Verdict { matches, outdated: stored.is_outdated(&argon.current) })
        })
        .await
    }

    /// What a verification costs, for a user who has nothing to verify against. `text` is what was typed, which need not be
    /// a password at all; `like` are the parameters that most stored hashes have, if there are any.
    pub async fn verify_dummy(&self, text: String, like: Option<Parameters>) -> Result<(), HashingError> {
        let text = Zeroizing::new(text);
        self.run(move |argon, bench| {
            let recipe = argon.dummy_recipe(like)?;
            argon.compute(&recipe, cut(&text), bench).map(|_| ())
        })
        .await
    }

    /// Compares the candidate with `entries`, newest first, without stopping at one that is equal, and makes its own entry:
    /// under the newest entry's salt, or under a fresh one where there is none or it is outdated.
    /// One hash for each distinct salt and set of parameters: one, unless the parameters have changed.
    pub async fn remember(&self, password: Password, entries: Vec<PasswordHash>) -> Result<Remembered, HashingError> {
        self.run(move |argon, bench| {
            let stored = entries.iter().map(StoredHash::parse).collect::<Result<Vec<_>, _>>()?;
            let mut computed = Vec::<(Recipe, Option<Output>)>::new();
            let mut matches = Vec::with_capacity(stored.len());
            for entry in &stored {
                let known = computed.iter().position(|(recipe, _)| *recipe == entry.recipe);
                if known.is_none() {
                    let output = match argon.compute(&entry.recipe, password.expose(), bench) {
                        // A pepper that was taken away takes the memory of its passwords with it, and nothing else.
                        Err(HashingError::UnknownPepper(_)) => None,
                        computed => Some(computed?),
                    };
                    computed.push((entry.recipe.clone(), output));
                }
                let at = known.unwrap_or(computed.len() - 1);
                let equal = computed[at].1.as_ref().map(|output| entry.equals(output.as_bytes()));
                matches.push(equal.is_some_and(|equal: Choice| equal.into()));
            }
            let kept = stored.first().filter(|newest| !newest.is_outdated(&argon.current)).and(computed.first());
            let entry = if let Some((recipe, Some(output))) = kept {
                recipe.phc(output.as_bytes())?
            } else {
                let recipe = Recipe::fresh(&argon.current);
                recipe.phc(argon.compute(&recipe, password.expose(), bench)?.as_bytes())?
            };
            Ok(Remembered { matches, entry })
        })
        .await
    }

    /// The id of the pepper that new hashes are made with.
    pub fn current_pepper(&self) -> Option<&str> {
        self.argon.pepper.as_ref().map(Pepper::id)
    }

    /// Whether hashes made with this pepper, or without one, can be verified.
    pub fn knows_pepper(&self, id: Option<&str>) -> bool {
        let Some(id) = id else { return true };
        self.argon.pepper.iter().chain(&self.argon.previous).any(|pepper| pepper.id == id)
    }

    /// How many hashes have been computed since the start.
    pub fn hashes_done(&self) -> u64 {
        self.argon.done.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon, &mut Workbench) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let argon = Arc::clone(&self.argon);
        self.pool.run(move |bench| job(&argon, bench)).await
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("parameters", &self.argon.current).finish_non_exhaustive()
    }
}

/// A password has at most 512 bytes; of what cannot be one, no more is hashed.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(512)]
}

/// What every thread reads: today's parameters and the peppers.
struct Argon {
    current: Params,
    dummy_salt: Salt,
    pepper: Option<Pepper>,
    previous: Vec<Pepper>,
    done: AtomicU64,
}

impl Argon {
    fn new(settings: HashingSettings) -> Result<Self, HashingError> {
        let pepper = settings.pepper.as_ref().map(|pepper| pepper.id.as_bytes());
        let current = current_params(settings.parameters(), pepper)?;
        let dummy_salt = Recipe::fresh(&current).salt;
        Ok(Self {
            current,
            dummy_salt,
            pepper: settings.pepper,
            previous: settings.previous_peppers,
            done: AtomicU64::new(0),
        })
    }

    /// For a user without a hash: what a hash with these parameters costs, or one of today's.
    fn dummy_recipe(&self, like: Option<Parameters>) -> Result<Recipe, HashingError> {
        let pepper = self.pepper.as_ref().map(|pepper| pepper.id.as_bytes());
        let params = match like.filter(|parameters| parameters.are_bounded()) {
            Some(parameters) => current_params(parameters, pepper)?,
            None => self.current.clone(),
        };
        Ok(Recipe { params, salt: self.dummy_salt })
    }

    /// One hash.
    fn compute(&self, recipe: &Recipe, password: &str, bench: &mut Workbench) -> Result<Output, HashingError> {
        let refused = |_| HashingError::Corrupt("Argon2 does not take these parameters");
        let params = recipe.params.clone();
        let (count, length) = (params.block_count(), params.output_len().unwrap_or(OUTPUT_LENGTH));
        let argon2 = match self.pepper_of(&params)? {
            None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            Some(pepper) => {
                Argon2::new_with_secret(&pepper.secret, Algorithm::Argon2id, Version::V0x13, params).map_err(refused)?
            }
        };
        let mut output = Zeroizing::new([0; Output::MAX_LENGTH]);
        let output = output.get_mut(..length).ok_or(HashingError::Corrupt("a stored password hash is too long"))?;
        argon2
            .hash_password_into_with_memory(password.as_bytes(), &recipe.salt, output, bench.blocks(count))
            .map_err(refused)?;
        self.done.fetch_add(1, Ordering::Relaxed);
        Output::new(output).map_err(|_| HashingError::Corrupt("a stored password hash has an impossible length"))
    }

    fn pepper_of(&self, params: &Params) -> Result<Option<&Pepper>, HashingError> {
        if params.keyid().is_empty() {
            return Ok(None);
        }
        let has_id = |pepper: &&Pepper| pepper.id.as_bytes() == params.keyid();
        let unknown = || HashingError::UnknownPepper(String::from_utf8_lossy(params.keyid()).into_owned());
        self.pepper.iter().chain(&self.previous).find(has_id).map(Some).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests;
