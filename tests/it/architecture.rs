//! The sources are read and held against the map in `lib.rs`: who may name whom, which package stands where, how long a
//! file may be. A house whose rules nobody checks does not have them.

use crate::support::sources::without_tests;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Each room and the rooms that it may name.
const MAY_NAME: [(&str, &[&str]); 30] = [
    ("domain", &[]),
    // Counting is nothing that a rule depends on, so that rooms far down may do it; domain does not.
    ("metrics", &["clock"]),
    ("metrics_listener", &["app", "connections", "metrics", "sockets", "start_error"]),
    ("stopping", &[]),
    ("guarded", &["stopping"]),
    ("crypto", &["domain", "metrics"]),
    ("clock", &[]),
    ("address_limit", &[]),
    ("turns", &[]),
    ("sockets", &[]),
    ("connections", &[]),
    ("store", &["domain", "metrics"]),
    ("wire", &[]),
    ("app", &["address_limit", "clock", "crypto", "domain", "stopping", "store", "turns"]),
    ("audit_log", &[]),
    ("operations", &["app", "audit_log", "crypto", "domain", "metrics", "store"]),
    ("pages", &[]),
    ("query_api", &["app", "domain", "metrics", "operations", "wire"]),
    ("console", &["app", "config", "crypto", "domain", "operations", "pages", "store", "wire"]),
    ("config", &["audit_log", "crypto", "domain"]),
    ("telemetry", &["config"]),
    ("tls", &["config", "crypto"]),
    ("request", &["config", "console", "crypto", "operations"]),
    (
        "server",
        &[
            "app",
            "config",
            "connections",
            "console",
            "guarded",
            "metrics",
            "metrics_listener",
            "operations",
            "query_api",
            "request",
            "sockets",
            "start_error",
            "stopping",
            "tls",
            "wire",
        ],
    ),
    ("start", &["address_limit", "app", "clock", "config", "crypto", "domain", "operations", "start_error", "store"]),
    ("first_account", &["app", "config", "crypto", "domain", "operations", "start_error"]),
    (
        "command_line",
        &[
            "app",
            "clock",
            "config",
            "crypto",
            "domain",
            "first_account",
            "metrics_listener",
            "operations",
            "server",
            "start",
            "telemetry",
        ],
    ),
    ("start_error", &[]),
    ("main", &["command_line"]),
    ("lib", &[]),
];

/// The files of the console that may name the store's records: what a session's row is made of.
const CONSOLE_FILES_WITH_RECORDS: [&str; 1] = ["console/session_row.rs"];

/// A package and the rooms or files that may name it.
const PACKAGES: [(&str, &[&str]); 15] = [
    ("sqlx", &["store"]),
    (
        "actix_web",
        &["console", "query_api", "wire", "server", "request", "command_line", "connections", "metrics_listener"],
    ),
    ("governor", &["address_limit"]),
    ("prometheus_client", &["metrics"]),
    ("posix", &["connections"]),
    ("socket2", &["sockets"]),
    ("quick_xml", &["query_api/xml.rs"]),
    ("actix_session", &["console"]),
    ("askama", &["pages", "console/page.rs", "console/error_response.rs"]),
    ("argon2", &["crypto"]),
    ("chacha20poly1305", &["crypto"]),
    ("figment", &["config"]),
    ("clap", &["command_line", "config"]),
    ("validator", &["console"]),
    ("std::env", &["config"]),
];

struct Source {
    /// Below `src/`, with slashes.
    path: String,
    room: String,
    /// Without its tests.
    code: String,
    whole: String,
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let src = Path::new(ROOT).join("src");
    files(&src, "rs")
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| {
            let whole = std::fs::read_to_string(&path).expect("a source");
            let path = path.strip_prefix(&src).expect("below src").to_str().expect("a path").to_owned();
            let room = path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
            let code = without_tests(&whole);
            Source { path, room, code, whole }
        })
        .collect()
}

/// The code without comments.
fn statements(source: &Source) -> impl Iterator<Item = &str> {
    source.code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn each_room_names_only_the_rooms_below_it() {
    let mut wrong = Vec::new();
    for source in sources() {
        let (_, may) = MAY_NAME
            .iter()
            .find(|(room, _)| *room == source.room)
            .unwrap_or_else(|| panic!("{} is in no room of the map", source.path));
        for line in statements(&source) {
            // A group would hide its names from this test.
            assert!(!line.contains("crate::{"), "{}: {line}", source.path);
            for named in line.split("crate::").skip(1) {
                let named: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // A macro makes paths of pieces: there is no name to judge.
                if !named.is_empty() && named != source.room && !may.contains(&named.as_str()) {
                    wrong.push(format!("{} names {named}", source.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `tests/mutants` builds it alone, with its tests.
#[test]
fn domain_names_no_other_room_in_its_tests_either() {
    let mut wrong = Vec::new();
    for path in files(&Path::new(ROOT).join("src/domain"), "rs") {
        let text = std::fs::read_to_string(&path).expect("a source");
        for named in text.split("crate::").skip(1).filter(|named| !named.starts_with("domain::")) {
            wrong.push(format!("{} names {}", path.display(), named.lines().next().unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_door_calls_no_sentence_of_the_store() {
    for source in
        sources().into_iter().filter(|source| ["console", "command_line", "query_api"].contains(&source.room.as_str()))
    {
        for line in statements(&source) {
            assert!(
                !line.contains(".store.") || line.contains(".store.close()") || line.contains(".store.backup("),
                "{}: {line}",
                source.path
            );
            let names_records =
                line.contains("crate::store::") && !CONSOLE_FILES_WITH_RECORDS.contains(&source.path.as_str());
            assert!(!names_records, "{}: {line}", source.path);
        }
    }
}

#[test]
fn each_package_stays_in_its_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (package, places) in PACKAGES {
            let may = places.iter().any(|place| *place == source.room || *place == source.path);
            let names = |line: &str| {
                line.contains(&format!("{package}::")) || line.trim_start().starts_with(&format!("use {package}"))
            };
            if !may && statements(&source).any(names) {
                wrong.push(format!("{} names {package}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_engine_tells_the_two_databases_apart() {
    for source in sources().into_iter().filter(|source| !source.path.starts_with("store/engine")) {
        for line in statements(&source) {
            let told = [
                "SqlitePool",
                "PgPool",
                "SqliteConnection",
                "PgConnection",
                "Tx::Sqlite",
                "Tx::Postgres",
                "Engine::Sqlite",
                "Engine::Postgres",
            ];
            assert!(!told.iter().any(|name| line.contains(name)), "{}: {line}", source.path);
        }
    }
}

#[test]
fn the_two_migration_folders_hold_the_same_names_and_each_says_why() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(ROOT).join("migrations").join(engine);
        let files = files(&folder, "sql");
        for file in &files {
            let text = std::fs::read_to_string(file).expect("a migration");
            assert!(text.starts_with("-- "), "{} begins with no reason", file.display());
        }
        files.iter().map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn templates_escape_everything_and_hold_no_inline_style_or_script() {
    let templates = files(&Path::new(ROOT).join("templates"), "html");
    assert!(templates.len() > 10);
    for file in templates {
        let text = std::fs::read_to_string(&file).expect("a template");
        for forbidden in [
            "|safe",
            "| safe",
            "style=",
            "<style",
            "javascript:",
            " onclick",
            " onload",
            " onsubmit",
            "http://",
            "https://",
        ] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", file.display());
        }
        for script in text.split("<script").skip(1) {
            assert!(
                script.contains("src=") && script.split('>').nth(1).is_some_and(|body| body.starts_with("</script")),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn no_sql_and_no_html_is_put_together_from_pieces() {
    for source in sources() {
        for line in statements(&source) {
            let sql = ["format!(\"SELECT", "format!(\"INSERT", "format!(\"UPDATE", "format!(\"DELETE", "AssertSqlSafe"];
            let may = source.path.starts_with("store/engine");
            assert!(may || !sql.iter().any(|begin| line.contains(begin)), "{}: {line}", source.path);
            assert!(!line.contains("format!(\"<"), "{}: {line}", source.path);
            assert!(!line.contains("process::Command"), "{}: {line}", source.path);
        }
    }
}

#[test]
fn every_file_says_what_lives_in_it_and_none_is_too_long() {
    let sources = sources();
    let mut lengths: Vec<usize> = Vec::new();
    for source in &sources {
        assert!(source.whole.starts_with("//! "), "{} does not say what lives in it", source.path);
        let length = source.code.lines().count();
        assert!(length <= 400, "{} has {length} lines without its tests", source.path);
        lengths.push(length);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 100, "the median file has {median} lines");
}

#[test]
fn functions_are_short() {
    let mut lengths: Vec<(usize, String)> = Vec::new();
    for source in sources() {
        let mut open: Option<(usize, String, usize)> = None;
        for (number, line) in source.code.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let begins = line
                .trim_start()
                .split('(')
                .next()
                .is_some_and(|head| head.split_whitespace().any(|word| word == "fn"));
            match &open {
                None if begins && !line.trim_end().ends_with(';') && !line.trim_end().ends_with('}') => {
                    open = Some((number, line.trim().to_owned(), indent));
                }
                Some((start, name, depth)) if indent == *depth && line.trim() == "}" => {
                    lengths.push((number - start + 1, format!("{}: {name}", source.path)));
                    open = None;
                }
                _ => {}
            }
        }
    }
    lengths.sort();
    assert!(lengths.len() > 300, "the sources are read");
    let (longest, name) = &lengths[lengths.len() - 1];
    assert!(*longest <= 60, "{name} has {longest} lines");
    let (p90, name) = &lengths[lengths.len() * 9 / 10];
    assert!(*p90 <= 30, "{name} has {p90} lines");
}

#[test]
fn no_system_library_for_tls_comes_in() {
    let lock = include_str!("../../Cargo.lock");
    for package in ["openssl", "openssl-sys", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{package}\"\n")), "{package}");
    }
}
