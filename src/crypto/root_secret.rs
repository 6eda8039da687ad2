//! The root secret, from which every key is derived by HKDF, one for each purpose, so that no two uses share a key.
//! Here are the derivation and the file; when a secret may be made at all is decided at the start of the program.
//!
//! Why there may be several: a root secret is exchanged while the program serves. Everything new is made with the current
//! one; what was made with another one that is given is still read.

use super::identifier::{Random, hex};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Keeps our keys apart from those that another program derives from the same secret.
const SALT: &[u8] = b"my-security-credentials";
/// A file with a secret is short: what is longer is not one.
const MAX_FILE: u64 = 16 * 1024;
/// Whatever the group and everybody else may do with a file.
const OTHERS: u32 = 0o077;

/// 32 random bytes.
#[derive(Clone)]
pub struct RootSecret(Zeroizing<[u8; 32]>);

impl RootSecret {
    pub fn generate(random: &Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&mut *bytes);
        Self(bytes)
    }

    /// 32 bytes in hex or base64 (either alphabet, padded or not), with white space around.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "it has to be 32 bytes, written in hex (64 digits) or base64";
        let bytes = decode_secret(text).ok_or(wrong)?;
        let exact: [u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong)?;
        Ok(Self(Zeroizing::new(exact)))
    }

    /// The key of one purpose. The same purpose gives the same key on every node and after every start.
    pub fn derive(&self, purpose: &str) -> Key32 {
        let mut key = Zeroizing::new([0; 32]);
        self.expand(purpose, &mut *key);
        Key32(key)
    }

    /// 64 bytes, which the cookie libraries want.
    pub fn derive_long(&self, purpose: &str) -> Zeroizing<[u8; 64]> {
        let mut key = Zeroizing::new([0; 64]);
        self.expand(purpose, &mut *key);
        key
    }

    /// Kept in the database, so that a secret that does not belong to it is noticed before anything is sealed or opened with
    /// it. One more derived value: it tells nothing about the keys.
    pub fn check_value(&self) -> String {
        let mut value = [0; 16];
        self.expand("check value", &mut value);
        hex(&value)
    }

    pub fn fits(&self, check_value: &str) -> bool {
        self.check_value().as_bytes().ct_eq(check_value.as_bytes()).into()
    }

    fn expand(&self, purpose: &str, out: &mut [u8]) {
        Hkdf::<Sha256>::new(Some(SALT), &*self.0)
            .expand(purpose.as_bytes(), out)
            .expect("HKDF-SHA-256 gives up to 8160 bytes");
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(..)")
    }
}

/// The root secret of today, and others whose work is still read: those of before, and, while an exchange is prepared,
/// the one to come.
#[derive(Clone, Debug)]
pub struct RootSecrets {
    pub current: RootSecret,
    pub previous: Vec<RootSecret>,
}

impl RootSecrets {
    /// The current one may stand in the list too: the same list then does for every node throughout an exchange.
    pub fn new(current: RootSecret, mut previous: Vec<RootSecret>) -> Self {
        let own = current.check_value();
        previous.retain(|secret| !secret.fits(&own));
        Self { current, previous }
    }

    /// The current one first.
    pub fn all(&self) -> impl Iterator<Item = &RootSecret> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    pub fn any_fits(&self, check_value: &str) -> bool {
        self.all().any(|secret| secret.fits(check_value))
    }
}

impl From<RootSecret> for RootSecrets {
    fn from(current: RootSecret) -> Self {
        Self { current, previous: Vec::new() }
    }
}

/// The key of one purpose.
#[derive(Clone)]
pub struct Key32(Zeroizing<[u8; 32]>);

impl Key32 {
    /// One that is kept, and belongs to no root secret.
    pub fn generate(random: &Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(&mut *key);
        Self(key)
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256. Each part goes in with its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.started(parts).finalize().into_bytes().into()
    }

    /// In constant time.
    pub fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.started(parts).verify_slice(tag).is_ok()
    }

    fn started(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl From<Zeroizing<[u8; 32]>> for Key32 {
    fn from(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }
}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key32(..)")
    }
}

/// Why a file with a secret cannot be used; one line that names it.
#[derive(Debug)]
pub struct SecretFileError {
    path: PathBuf,
    problem: String,
}

impl SecretFileError {
    fn new(path: &Path, problem: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for SecretFileError {}

/// The text of a file that only its owner can read; `None` if there is no such file.
pub fn read_secret_file(path: &Path) -> Result<Option<Zeroizing<String>>, SecretFileError> {
    read_private(path, |_| OTHERS)
}

/// The same for the key of a certificate, which other programs may use too: PostgreSQL's rule for such a file. Where it
/// belongs to root, its group may read it; that is how systems and orchestrators give a key to a service.
pub fn read_file_with_key(path: &Path) -> Result<Option<Zeroizing<String>>, SecretFileError> {
    read_private(path, kept_from_others)
}

/// What nobody but the owner of a key may do with it.
fn kept_from_others(owner: u32) -> u32 {
    if owner == 0 { OTHERS & !0o040 } else { OTHERS }
}

fn read_private(path: &Path, forbidden: impl Fn(u32) -> u32) -> Result<Option<Zeroizing<String>>, SecretFileError> {
    let failed = |error: std::io::Error| SecretFileError::new(path, error);
    // To open a pipe would wait for whoever writes into it.
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(SecretFileError::new(path, "is not a file"));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Asked of the open file, not of the path: it cannot be another one by now.
    let about = file.metadata().map_err(failed)?;
    let mode = about.permissions().mode() & 0o777;
    if !about.is_file() {
        return Err(SecretFileError::new(path, "is not a file"));
    }
    if mode & forbidden(about.uid()) != 0 {
        return Err(SecretFileError::new(path, format!("others can use it (mode {mode:04o}); chmod 600 it")));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// `None` if there is no such file.
pub fn read_root_secret(path: &Path) -> Result<Option<RootSecret>, SecretFileError> {
    let Some(text) = read_secret_file(path)? else { return Ok(None) };
    RootSecret::parse(&text).map(Some).map_err(|problem| SecretFileError::new(path, problem))
}

/// Makes a new secret and its file. The file appears under its name only when it is whole and on the disk, and never in the
/// place of another one: a first start that is killed leaves either nothing or all of it.
pub fn create_root_secret(path: &Path, random: &Random) -> Result<RootSecret, SecretFileError> {
    let failed = |error: std::io::Error| SecretFileError::new(path, error);
    let secret = RootSecret::generate(random);
    let draft = path.with_file_name(format!("{}{}{DRAFT}", draft_of(path), hex(&random.bytes::<8>())));
    let written = write_private(&draft, &secret).and_then(|()| std::fs::hard_link(&draft, path));
    // The draft is a second name of the same secret, or half a secret: in both cases it has to go.
    let removed = std::fs::remove_file(&draft);
    written.and(removed).map_err(failed)?;
    File::open(folder_of(path)).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(secret)
}

/// What the drafts of a file have in front of their random part, and behind it.
fn draft_of(path: &Path) -> String {
    format!("{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

const DRAFT: &str = ".new";

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What starts that were killed have left beside `path`: each is a second name of a secret, or a secret that nobody uses.
pub fn remove_drafts(path: &Path) {
    let beginning = draft_of(path);
    let is_draft = |name: &str| {
        let random = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(DRAFT));
        random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    for entry in std::fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_draft)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(file = %entry.path().display(), %error, "a draft of the root secret cannot be removed");
        }
    }
}

fn write_private(path: &Path, secret: &RootSecret) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // Whatever the umask has taken away.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let text = Zeroizing::new(format!("{}\n", &*Zeroizing::new(hex(&*secret.0))));
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The bytes of a secret that is written in hex or base64.
pub fn decode_secret(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    let is_hex = text.len() >= 64 && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
        return (0..text.len()).step_by(2).map(digits).collect::<Option<Vec<u8>>>().map(Zeroizing::new);
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decode = |alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok().map(Zeroizing::new);
    decode(&alphabet::STANDARD).or_else(|| decode(&alphabet::URL_SAFE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Random {
        Random::seeded(7)
    }

    fn mode_of(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_secret_is_read_from_hex_and_from_either_base64() {
        let hex_text = "00ff10".to_owned() + &"ab".repeat(29);
        let bytes = decode_secret(&hex_text).unwrap();
        let standard = base64::engine::general_purpose::STANDARD.encode(&*bytes);
        let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&*bytes);
        let expected = RootSecret::parse(&hex_text).unwrap().check_value();
        for text in [&standard, &url, &format!(" {standard}\n")] {
            assert_eq!(RootSecret::parse(text).unwrap().check_value(), expected, "{text}");
        }
        for wrong in ["", "secret", &"ab".repeat(31), &"ab".repeat(33), &"é".repeat(32)] {
            assert!(RootSecret::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own_and_always_the_same_one() {
        let secret = RootSecret::generate(&random());
        let again = RootSecret::parse(&hex(&*secret.0)).unwrap();
        assert_eq!(secret.derive("csrf").expose(), again.derive("csrf").expose());
        assert_ne!(secret.derive("csrf").expose(), secret.derive("remembered user").expose());
        assert_ne!(secret.derive("csrf").expose(), RootSecret::generate(&Random::seeded(8)).derive("csrf").expose());
        assert_ne!(secret.derive_long("csrf")[32..], [0; 32]);
    }

    /// RFC 5869, with our salt: PRK = HMAC(salt, secret), T(1) = HMAC(PRK, info || 1).
    #[test]
    fn keys_are_derived_as_rfc_5869_says() {
        let secret = RootSecret::generate(&random());
        let hmac = |key: &[u8], text: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes()
        };
        let prk = hmac(SALT, &*secret.0);
        let first = hmac(&prk, b"csrf\x01");
        assert_eq!(secret.derive("csrf").expose().as_slice(), first.as_slice());
        let second = hmac(&prk, &[first.as_slice(), b"csrf\x02"].concat());
        assert_eq!(secret.derive_long("csrf").as_slice(), [first.as_slice(), second.as_slice()].concat());
    }

    #[test]
    fn base64_is_not_taken_for_hex() {
        let longer: Vec<u8> = (0..48).map(|byte| byte * 5).collect();
        let text = base64::engine::general_purpose::STANDARD.encode(&longer);
        assert_eq!((text.len(), &*decode_secret(&text).unwrap()), (64, &longer));
        assert_eq!(decode_secret(&"abcd".repeat(11)).unwrap().len(), 33, "44 digits are too few for hex");
        assert!(decode_secret(&"a".repeat(65)).is_none(), "half a byte");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_not_taken_for_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        std::os::unix::fs::symlink(&path, &path).unwrap();
        assert!(read_secret_file(&path).is_err(), "a link that leads to itself");
        std::fs::remove_file(&path).unwrap();
        assert!(read_secret_file(&path).unwrap().is_none());
        std::fs::write(&path, "").unwrap();
        assert!(read_secret_file(&path.join("below")).is_err(), "a file where a folder should be");
    }

    #[test]
    fn a_file_with_secrets_is_read_whole_up_to_16_kib() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peppers");
        let text = "k".repeat(16 * 1024);
        std::fs::write(&path, &text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(*read_secret_file(&path).unwrap().unwrap() == text);
    }

    #[test]
    fn the_check_value_fits_its_own_secret_only() {
        let secret = RootSecret::generate(&random());
        assert!(secret.fits(&secret.check_value()));
        assert!(!secret.fits(&RootSecret::generate(&Random::seeded(8)).check_value()));
        assert!(!secret.fits(""));
        assert!(!secret.check_value().contains(&hex(&*secret.0)[..16]));
    }

    #[test]
    fn of_several_secrets_any_may_fit_and_none_stands_twice() {
        let [old, new, other] = [1, 2, 3].map(|seed| RootSecret::generate(&Random::seeded(seed)));
        let secrets = RootSecrets::new(new.clone(), vec![old.clone(), new.clone()]);
        assert_eq!(secrets.all().count(), 2);
        assert!(secrets.current.fits(&new.check_value()));
        assert!(secrets.any_fits(&new.check_value()) && secrets.any_fits(&old.check_value()));
        assert!(!secrets.any_fits(&other.check_value()));
        assert_eq!(format!("{secrets:?}"), "RootSecrets { current: RootSecret(..), previous: [RootSecret(..)] }");
    }

    #[test]
    fn a_mac_is_bound_to_where_its_parts_end() {
        let key = RootSecret::generate(&random()).derive("csrf");
        let tag = key.mac(&[b"ab", b"c"]);
        assert!(key.verifies(&[b"ab", b"c"], &tag));
        assert!(!key.verifies(&[b"a", b"bc"], &tag));
        assert!(!key.verifies(&[b"ab", b"c"], &tag[..16]));
        for bit in 0..256 {
            let mut forged = tag;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(&[b"ab", b"c"], &forged));
        }
    }

    #[test]
    fn a_made_file_is_private_and_holds_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        assert!(read_root_secret(&path).unwrap().is_none());
        let made = create_root_secret(&path, &Random::system()).unwrap();
        assert_eq!(mode_of(&path), 0o600);
        assert!(read_root_secret(&path).unwrap().unwrap().fits(&made.check_value()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the draft is gone");
    }

    #[test]
    fn a_made_file_never_replaces_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        let first = create_root_secret(&path, &Random::system()).unwrap();
        let error = create_root_secret(&path, &Random::system()).unwrap_err();
        assert!(error.to_string().contains("File exists"), "{error}");
        assert!(read_root_secret(&path).unwrap().unwrap().fits(&first.check_value()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = create_root_secret(&folder.path().join("no/such"), &Random::system()).unwrap_err();
        assert!(nowhere.to_string().contains("No such file"), "{nowhere}");
    }

    #[test]
    fn a_file_that_others_can_use_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        create_root_secret(&path, &Random::system()).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o610] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let line = read_root_secret(&path).unwrap_err().to_string();
            assert!(line.contains("root-secret: others can use it") && !line.contains('\n'), "{line}");
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(read_root_secret(&path).unwrap().is_some());
    }

    #[test]
    fn the_group_may_read_a_key_that_belongs_to_root_and_nobody_else_may() {
        for (mode, owner, may) in [
            (0o600, 0, true),
            (0o400, 1000, true),
            (0o640, 0, true),
            (0o440, 0, true),
            (0o640, 1000, false),
            (0o660, 0, false),
            (0o650, 0, false),
            (0o644, 0, false),
            (0o604, 0, false),
        ] {
            assert_eq!(mode & kept_from_others(owner) == 0, may, "{mode:o} of {owner}");
        }
    }

    #[test]
    fn the_key_of_a_certificate_is_read_whole_where_nobody_else_can_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        assert!(read_file_with_key(&path).unwrap().is_none());
        std::fs::write(&path, "a key\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(read_file_with_key(&path).is_err());
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(read_file_with_key(&path).unwrap().is_some_and(|text| text.contains("a key")));
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        for text in [&b""[..], b"\n", b"abc", b"\xff\xfe", "a".repeat(40_000).as_bytes()] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(read_root_secret(&path).is_err());
        }
        assert!(read_root_secret(folder.path()).unwrap_err().to_string().ends_with("is not a file"));
    }

    #[test]
    fn secrets_print_nothing_of_themselves() {
        let secret = RootSecret::generate(&random());
        assert_eq!(format!("{secret:?} {:?}", secret.derive("csrf")), "RootSecret(..) Key32(..)");
    }
}
