//! Starts on a data folder where something is missing, damaged, foreign or open to others: one clear line, a status that is
//! not 0, and every file as it was. Nothing new is made over what is old.

use crate::command_line::{Folder, folder, program, refused, run, text};
use crate::support::disk::SmallDisk;
use crate::support::record;
use sqlx::{Connection, Executor, SqliteConnection};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DATABASE: &str = "my-security-credentials.db";
const SECRET: &str = "root-secret";

/// Everything below a folder: what it is, its mode, and what is in it. A journal that SQLite begins and writes nothing into
/// is nothing.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (String, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, about) = (entry.path(), entry.metadata().expect("an entry"));
        let kind = about.file_type();
        let content = if kind.is_file() { std::fs::read(&path).expect("a file") } else { Vec::new() };
        if kind.is_dir() {
            found.extend(everything(&path));
        }
        let special = kind.is_fifo() || kind.is_socket();
        let name = path.to_string_lossy();
        if name.ends_with("-shm") || name.ends_with("-wal") && content.is_empty() {
            continue;
        }
        found.insert(path, (format!("{kind:?} {special}"), about.permissions().mode(), content));
    }
    found
}

/// With an account, and closed in good order.
fn with_an_account() -> Folder {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    data
}

fn within_a_minute(command: &mut Command) -> Output {
    let limited = Command::new("timeout")
        .arg("60")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .expect("it runs");
    record::command(&limited);
    limited
}

/// Neither the server nor a command starts; the line has these words, and not one byte is another one.
#[track_caller]
fn refuses(case: &str, data: &Path, settings: &[(&str, &str)], words: &[&str]) {
    let before = everything(data);
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["account", "list"], &["migrate"]] {
        // Commands serve nothing: a certificate is none of theirs.
        if settings.iter().any(|(name, _)| name.starts_with("MSC_TLS")) && arguments[0] != "serve" {
            continue;
        }
        let output = within_a_minute(program(data, arguments).envs(settings.iter().copied()));
        assert_eq!(output.status.code(), Some(1), "{case}, {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let said = refused(&output);
        for word in words {
            assert!(said.contains(word), "{case}, {arguments:?}: {word:?} is not in: {said}");
        }
        let after = everything(data);
        let changed: Vec<_> =
            after.iter().filter(|(path, now)| before.get(*path) != Some(now)).map(|(path, _)| path).collect();
        assert!(
            changed.is_empty() && after.len() == before.len(),
            "{case}, {arguments:?}: other than before: {changed:?}"
        );
    }
}

fn replace(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("a file");
}

/// Nothing that means anything, and the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

#[test]
fn a_database_file_that_is_not_whole_is_refused_and_left_as_it_is() {
    let data = with_an_account();
    let file = data.path().join(DATABASE);
    let whole = std::fs::read(&file).expect("a database");
    assert!(whole.len() > 5 * 4096 && !data.path().join(format!("{DATABASE}-wal")).exists());
    let mut damaged = whole.clone();
    damaged[4096..].fill(0xa5);
    let mut without_a_header = whole.clone();
    without_a_header[..100].fill(0);
    for (case, bytes, words) in [
        ("no bytes", Vec::new(), "is empty"),
        ("one byte", whole[..1].to_vec(), "damaged"),
        ("half a header", whole[..50].to_vec(), "damaged"),
        ("one page", whole[..4096].to_vec(), "damaged"),
        ("half of it", whole[..whole.len() / 2].to_vec(), "damaged"),
        ("random bytes", noise(whole.len()), "damaged"),
        ("zeros", vec![0; whole.len()], "damaged"),
        ("pages of something else", damaged, "damaged"),
        ("no header", without_a_header, "damaged"),
    ] {
        replace(&file, &bytes);
        refuses(case, data.path(), &[], &["MSC_DATABASE_URL: ", words]);
    }
    replace(&file, &whole);
    assert!(text(&run(data.path(), &["account", "list"])).contains("example-corp"), "whole again");
}

#[test]
fn what_is_in_the_place_of_the_database_and_is_none_is_refused() {
    let data = with_an_account();
    let file = data.path().join(DATABASE);
    let whole = std::fs::read(&file).expect("a database");
    std::fs::remove_file(&file).expect("gone");
    refuses("no file", data.path(), &[], &["there is no database at", "back-up"]);
    std::fs::create_dir(&file).expect("a folder");
    refuses("a folder", data.path(), &[], &["MSC_DATABASE_URL: ", "is a directory"]);
    std::fs::remove_dir(&file).expect("gone");
    let socket = UnixListener::bind(&file).expect("a socket");
    refuses("a socket", data.path(), &[], &["MSC_DATABASE_URL: ", "is not a file"]);
    drop(socket);
    std::fs::remove_file(&file).expect("gone");
    assert!(Command::new("mkfifo").arg(&file).status().expect("it runs").success());
    refuses("a pipe", data.path(), &[], &["MSC_DATABASE_URL: ", "is not a file"]);
    std::fs::remove_file(&file).expect("gone");
    replace(&file, &whole);
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a mode");
    refuses("open to others", data.path(), &[], &["MSC_DATABASE_URL: ", "others can use (mode 0644); chmod 600"]);
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    assert!(text(&run(data.path(), &["account", "list"])).contains("example-corp"));
}

#[tokio::test]
async fn the_database_of_another_program_is_not_even_told_to_keep_another_journal() {
    let data = with_an_account();
    let file = data.path().join(DATABASE);
    for journal in ["DELETE", "WAL"] {
        std::fs::remove_file(&file).expect("gone");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut other = SqliteConnection::connect(&url).await.expect("a database");
        let tables = format!(
            "PRAGMA journal_mode = {journal}; CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('dear')"
        );
        other.execute(sqlx::AssertSqlSafe(tables)).await.expect("tables");
        other.close().await.expect("closed");
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
        refuses(journal, data.path(), &[], &["MSC_DATABASE_URL: ", "belongs to another program"]);
        let own = SECRET_OF_AN_OPERATOR;
        refuses(
            journal,
            data.path(),
            &[("MSC_ROOT_SECRET", own)],
            &["MSC_DATABASE_URL: ", "belongs to another program"],
        );
    }
}

const SECRET_OF_AN_OPERATOR: &str = "c1d7e6f9a23585b0f6c1d92e7384ab1c04d7b94e25f83a6d9b7402c1e685fa30";

#[test]
fn a_disk_that_can_only_be_read_is_refused() {
    let (disk, data) = (SmallDisk::new("8m"), with_an_account());
    for name in [DATABASE, SECRET] {
        std::fs::copy(data.path().join(name), disk.path().join(name)).expect("a copy");
    }
    assert!(text(&run(disk.path(), &["account", "list"])).contains("example-corp"));
    disk.allow_reading_only();
    refuses(
        "a disk that can only be read",
        disk.path(),
        &[],
        &["MSC_DATABASE_URL: ", "cannot be opened", "Read-only file system"],
    );
}

#[test]
fn a_root_secret_that_is_not_the_one_is_refused_and_none_is_made_in_its_place() {
    let (data, other) = (with_an_account(), with_an_account());
    let file = data.path().join(SECRET);
    let own = std::fs::read(&file).expect("a secret");
    let foreign = std::fs::read(other.path().join(SECRET)).expect("a secret");
    for (case, bytes, words) in [
        ("no bytes", Vec::new(), "32 bytes"),
        ("half of it", own[..32].to_vec(), "32 bytes"),
        ("twice", [&own[..], &own].concat(), "32 bytes"),
        ("random bytes", [&[0xff][..], &noise(64)].concat(), "UTF-8"),
        ("another one's", foreign, "does not belong to this database"),
    ] {
        replace(&file, &bytes);
        refuses(case, data.path(), &[], &["MSC_ROOT_SECRET", words]);
    }
    std::fs::remove_file(&file).expect("gone");
    refuses("no file", data.path(), &[], &["MSC_ROOT_SECRET_FILE: ", "restore it"]);
    std::fs::create_dir(&file).expect("a folder");
    refuses("a folder", data.path(), &[], &["MSC_ROOT_SECRET_FILE: ", "is not a file"]);
    std::fs::remove_dir(&file).expect("gone");
    replace(&file, &own);
    std::fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("a mode");
    refuses("open to its group", data.path(), &[], &["MSC_ROOT_SECRET_FILE: ", "others can use it (mode 0640)"]);
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    assert!(text(&run(data.path(), &["account", "list"])).contains("example-corp"));
}

/// Each setting that names a file with a secret, and what is in it.
#[test]
fn a_file_with_peppers_or_previous_secrets_that_cannot_be_used_is_named() {
    let data = with_an_account();
    let file = data.path().join("secrets");
    let path = file.to_str().expect("a path").to_owned();
    for setting in ["MSC_PEPPER_FILE", "MSC_PREVIOUS_PEPPERS_FILE", "MSC_PREVIOUS_ROOT_SECRETS_FILE"] {
        refuses("no file", data.path(), &[(setting, &path)], &[setting]);
        for (case, bytes) in [("short", b"1:3e9a".to_vec()), ("random bytes", [&[0xff][..], &noise(64)].concat())] {
            replace(&file, &bytes);
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
            refuses(case, data.path(), &[(setting, &path)], &[setting]);
        }
        std::fs::set_permissions(&file, Permissions::from_mode(0o604)).expect("a mode");
        refuses("open to others", data.path(), &[(setting, &path)], &[setting, "others can use it (mode 0604)"]);
        std::fs::remove_file(&file).expect("gone");
        std::fs::create_dir(&file).expect("a folder");
        refuses("a folder", data.path(), &[(setting, &path)], &[setting]);
        std::fs::remove_dir(&file).expect("gone");
    }
}

#[test]
fn a_certificate_or_a_key_that_cannot_be_used_is_named() {
    let data = with_an_account();
    let pair = |name: &str| {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let (certificate, key) = (data.path().join(format!("{name}.crt")), data.path().join(format!("{name}.key")));
        replace(&certificate, pair.cert.pem().as_bytes());
        replace(&key, pair.signing_key.serialize_pem().as_bytes());
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("a mode");
        [certificate, key].map(|path| String::from_utf8(path.as_os_str().as_bytes().to_vec()).expect("a path"))
    };
    let ([certificate, key], [_, other_key]) = (pair("one"), pair("two"));
    let bad = data.path().join("bad");
    let bad = bad.to_str().expect("a path");
    let whole = std::fs::read(&key).expect("a key");
    for (case, bytes) in
        [("no bytes", Vec::new()), ("half a key", whole[..whole.len() / 2].to_vec()), ("random bytes", noise(500))]
    {
        replace(Path::new(bad), &bytes);
        std::fs::set_permissions(bad, Permissions::from_mode(0o600)).expect("a mode");
        refuses(
            case,
            data.path(),
            &[("MSC_TLS_CERTIFICATE", bad), ("MSC_TLS_KEY", &key)],
            &["MSC_TLS_CERTIFICATE: ", "bad"],
        );
        refuses(
            case,
            data.path(),
            &[("MSC_TLS_CERTIFICATE", &certificate), ("MSC_TLS_KEY", bad)],
            &["MSC_TLS_KEY: ", "bad"],
        );
    }
    std::fs::remove_file(bad).expect("gone");
    refuses(
        "no certificate",
        data.path(),
        &[("MSC_TLS_CERTIFICATE", bad), ("MSC_TLS_KEY", &key)],
        &["MSC_TLS_CERTIFICATE: "],
    );
    refuses("no key", data.path(), &[("MSC_TLS_CERTIFICATE", &certificate), ("MSC_TLS_KEY", bad)], &["MSC_TLS_KEY: "]);
    refuses(
        "another key",
        data.path(),
        &[("MSC_TLS_CERTIFICATE", &certificate), ("MSC_TLS_KEY", &other_key)],
        &["MSC_TLS_"],
    );
}

/// A draft holds a secret, perhaps the one that is used: nobody should have to find and delete it.
#[test]
fn the_drafts_of_a_secret_that_killed_starts_have_left_go_with_the_next_start() {
    let drafts = ["root-secret.new.0123456789abcdef.new", "root-secret.new.fedcba9876543210.new"];
    let others = ["root-secret.new.my-own-copy-of-it.new", "root-secret.new.0123456789abcdef", "root-secret.old"];
    let data = folder();
    for _ in ["the first start", "a later one"] {
        for (name, content) in drafts.iter().chain(&others).zip(["", &"ab".repeat(32), "mine", "mine", "mine"]) {
            std::fs::write(data.path().join(name), content).expect("a file");
        }
        text(&run(data.path(), &["account", "list"]));
        let is_there = |name: &&&str| data.path().join(name).exists();
        assert_eq!(drafts.iter().filter(is_there).count(), 0);
        assert_eq!(others.iter().filter(is_there).count(), others.len(), "what was made by somebody else stays");
        assert!(data.path().join(SECRET).exists());
    }
}
