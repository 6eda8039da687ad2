//! A stored password hash, taken apart: Argon2id, version 19, its parameters, salt, output and the id of its pepper.
//! A row may be hostile: parameters are bounded here, before a hash is computed with them.

use super::password_hash::HashingError;
use crate::domain::password_hash::PasswordHash;
use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Params, ParamsBuilder, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::{Choice, ConstantTimeEq};

#[cfg(test)]
mod bounds;

/// Bytes of every hash that we make.
pub(super) const OUTPUT_LENGTH: usize = 32;
/// What a stored hash may cost at most: a quarter of a gibibyte, and a hundred times the default in memory times passes.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;
const MAX_WORK: u64 = 4 * 1024 * 1024;
/// Shorter outputs are easier to hit by chance; shorter salts are no longer made.
const MIN_OUTPUT: usize = 16;
const SALT_LENGTH: usize = Salt::RECOMMENDED_LENGTH;

/// OWASP's sets of equal strength, as (memory in KiB, passes), one lane or more.
/// Source: OWASP Password Storage Cheat Sheet, "Argon2id".
pub const OWASP_FLOOR: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// What an Argon2id hash costs: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameters {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Parameters {
    /// Those of a stored hash; an error for a string that is not one of ours or asks for more than a hash may cost.
    pub fn of(hash: &PasswordHash) -> Result<Self, HashingError> {
        StoredHash::parse(hash).map(|stored| stored.parameters())
    }

    /// Those that the parameter part of a PHC string names, as `m=19456,t=2,p=1`.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| text.split(',').find_map(|part| part.strip_prefix(name)?.parse().ok());
        let parameters = Self { memory_kib: value("m=")?, passes: value("t=")?, lanes: value("p=")? };
        parameters.are_bounded().then_some(parameters)
    }

    /// At or above one of OWASP's sets. The configuration insists on it; the hasher does not.
    pub fn meet_owasp_floor(self) -> bool {
        let above = |(memory, passes)| self.memory_kib >= memory && self.passes >= passes;
        self.lanes >= 1 && OWASP_FLOOR.into_iter().any(above)
    }

    /// Argon2 can compute it, within what a hash may cost.
    pub fn are_bounded(self) -> bool {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        (1..=MAX_LANES).contains(&self.lanes)
            && (1..=MAX_PASSES).contains(&self.passes)
            && (8 * self.lanes..=MAX_MEMORY_KIB).contains(&self.memory_kib)
            && work <= MAX_WORK
    }

    fn read(params: &Params) -> Self {
        Self { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }
}

/// The id of the pepper that a hash with such a parameter part was made with; none for one without.
pub fn pepper_id(parameters: &str) -> Option<String> {
    let id = parameters.split(',').find_map(|part| part.strip_prefix("keyid="))?;
    // What is no base64 is no pepper of ours; it is shown as it stands.
    let bytes = STANDARD_NO_PAD.decode(id).unwrap_or_else(|_| id.as_bytes().to_vec());
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What has to be equal for one hash of a candidate to be comparable with several stored ones.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) params: Params,
    pub(super) salt: Salt,
}

impl Recipe {
    /// A fresh salt. Salts come from the system and not from `Random`: no test has a use for one that it can foretell.
    pub(super) fn fresh(params: &Params) -> Self {
        Self { params: params.clone(), salt: Salt::generate() }
    }

    /// The PHC string of what this recipe gave.
    pub(super) fn phc(&self, output: &[u8]) -> Result<PasswordHash, HashingError> {
        let broken = |_| HashingError::Corrupt("a hash of ours has no PHC form");
        let phc = phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params)
                .map_err(|_| HashingError::Corrupt("parameters have no PHC form"))?,
            salt: Some(self.salt),
            hash: Some(Output::new(output).map_err(broken)?),
        };
        Ok(PasswordHash::from_phc(phc.to_string()))
    }
}

/// The parameters with which new hashes are made.
pub(super) fn current_params(parameters: Parameters, pepper_id: Option<&[u8]>) -> Result<Params, HashingError> {
    let refused = |_| HashingError::Corrupt("Argon2 does not take these parameters");
    let mut builder = ParamsBuilder::new();
    builder.m_cost(parameters.memory_kib).t_cost(parameters.passes).p_cost(parameters.lanes).output_len(OUTPUT_LENGTH);
    if let Some(id) = pepper_id {
        builder.keyid(id.try_into().map_err(refused)?);
    }
    builder.build().map_err(refused)
}

pub(super) struct StoredHash {
    pub(super) recipe: Recipe,
    output: Output,
}

impl StoredHash {
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, HashingError> {
        let corrupt = |_| HashingError::Corrupt("a stored password hash is not a PHC string");
        let phc = phc::PasswordHash::new(hash.as_phc()).map_err(corrupt)?;
        if phc.algorithm != ARGON2ID_IDENT || phc.version != Some(Version::V0x13.into()) {
            return Err(HashingError::Corrupt("a stored password hash is not Argon2id version 19"));
        }
        let params = Params::try_from(&phc)
            .map_err(|_| HashingError::Corrupt("a stored password hash has unknown parameters"))?;
        if !Parameters::read(&params).are_bounded() || !params.data().is_empty() {
            return Err(HashingError::Corrupt("a stored password hash has parameters out of bounds"));
        }
        let (Some(salt), Some(output)) = (phc.salt, phc.hash) else {
            return Err(HashingError::Corrupt("a stored password hash lacks its salt or its hash"));
        };
        if output.len() < MIN_OUTPUT {
            return Err(HashingError::Corrupt("a stored password hash is cut short"));
        }
        Ok(Self { recipe: Recipe { params, salt }, output })
    }

    pub(super) fn parameters(&self) -> Parameters {
        Parameters::read(&self.recipe.params)
    }

    /// Made in another way than `current`: to be replaced when the password is next known.
    pub(super) fn is_outdated(&self, current: &Params) -> bool {
        self.recipe.params != *current || self.recipe.salt.len() < SALT_LENGTH
    }

    /// In constant time. Lengths are no secret.
    pub(super) fn equals(&self, computed: &[u8]) -> Choice {
        self.output.as_bytes().ct_eq(computed)
    }
}

#[cfg(test)]
mod tests;
