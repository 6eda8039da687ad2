//! What SECURITY.md and README list of our parts is all that there is: cryptography, risky libraries, dangerous functions,
//! waits and retries, secrets and when they are exchanged. What is listed is looked for in the sources and in the tree of
//! dependencies, so that a list by hand cannot lag behind.

use crate::support::sources::without_tests;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading} is missing"));
    rest.split("\n## ").next().unwrap_or_default().split("\n### ").next().unwrap_or_default()
}

/// The cells of each row of the first table of a section.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let rows = section(document, heading).lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands between backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(ROOT).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What the program is built of and with, as Cargo describes each.
fn packages() -> Vec<Value> {
    let tree =
        cargo(&["tree", "--locked", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let built: BTreeSet<String> =
        tree.lines().filter_map(|line| Some(line.split(" (").next()?.replace(" v", " "))).collect();
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let all = cargo(&["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &platform]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let packages = all["packages"].as_array().expect("packages").iter();
    let packages: Vec<Value> = packages
        .filter(|package| {
            let (name, version) = (package["name"].as_str(), package["version"].as_str());
            built.contains(&format!("{} {}", name.unwrap_or_default(), version.unwrap_or_default()))
        })
        .cloned()
        .collect();
    assert!(packages.len() > 100, "{} packages", packages.len());
    packages
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

/// Library or not: by the categories and keywords that its authors gave it.
fn is_cryptography(package: &Value) -> bool {
    let has = |member: &str, words: &[&str]| {
        let all = package[member].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.map(str::to_lowercase).any(|own| words.contains(&own.as_str()))
    };
    has("categories", &["cryptography", "authentication"])
        || has("keywords", &["crypto", "cryptography", "encryption", "tls", "password", "random", "rng"])
}

#[test]
fn every_library_of_cryptography_that_is_built_in_is_in_the_inventory_and_no_other() {
    let found: BTreeSet<String> =
        packages().iter().filter(|package| is_cryptography(package)).map(|package| name(package).to_owned()).collect();
    assert!(found.contains("argon2") && found.contains("ring"), "{found:?}");
    let direct = table(SECURITY, "## Cryptography");
    let mut listed: BTreeSet<String> =
        direct.iter().flat_map(|row| names(&row[2]).map(str::to_owned).collect::<Vec<_>>()).collect();
    listed.extend(
        table(SECURITY, "### Beneath it").iter().flat_map(|row| names(&row[0]).map(str::to_owned).collect::<Vec<_>>()),
    );
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "cryptography that the inventory does not name: {missing:?}");
    // Libraries that are about something else and do cryptography within.
    let others = ["actix-session", "cookie", "getrandom", "sqlx"].map(str::to_owned);
    let surplus: Vec<_> = listed.iter().filter(|name| !found.contains(*name) && !others.contains(name)).collect();
    assert!(surplus.is_empty(), "the inventory names what is not there: {surplus:?}");
}

/// Path below the root and code of each source, without its tests and comments.
fn sources() -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(ROOT).join("src")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|own| own == "rs") && !path.ends_with("tests.rs") {
                let code = without_tests(&std::fs::read_to_string(&path).expect("a source"));
                let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.push((path.strip_prefix(ROOT).expect("below").display().to_string(), code.join("\n")));
            }
        }
    }
    found
}

/// Whether a path of the table is this source, or a folder that it stands in.
fn covers(listed: &str, source: &str) -> bool {
    source == listed || listed.ends_with('/') && source.starts_with(listed)
}

/// OWASP ASVS 15.1.5. A file that begins to do one of these things has to be named under it.
#[test]
fn every_source_with_a_dangerous_function_is_named_with_what_holds_it() {
    let rows = table(SECURITY, "### Dangerous functions");
    let kinds = [
        ("Cryptography", r"\b(argon2|chacha20poly1305|hkdf|hmac|sha2|subtle|rand|rustls)::"),
        (
            "Reads what others send",
            r"serde_json::from_|form_urlencoded::|percent_decode|web::Payload|Multipart|\bpayload\b.*await",
        ),
        ("Files", r"std::fs|File::|OpenOptions|fs::read|fs::write"),
        ("SQL", r"sqlx::|raw_sql"),
        ("Sockets", r"socket2::|TcpListener|TcpStream"),
    ];
    let sources = sources();
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), kinds.map(|(kind, _)| kind));
    for ((kind, pattern), row) in kinds.iter().zip(&rows) {
        assert!(row.len() == 3 && !row[2].is_empty(), "{kind} says what holds it");
        let listed: Vec<&str> = names(&row[1]).collect();
        let pattern = Regex::new(pattern).expect("a pattern");
        let doing: Vec<&String> =
            sources.iter().filter(|(_, code)| pattern.is_match(code)).map(|(path, _)| path).collect();
        let unnamed: Vec<_> = doing.iter().filter(|path| !listed.iter().any(|listed| covers(listed, path))).collect();
        assert!(unnamed.is_empty(), "{kind}: {unnamed:?} are not named");
        let idle: Vec<_> =
            listed.iter().filter(|listed| !sources.iter().any(|(path, _)| covers(listed, path))).collect();
        assert!(idle.is_empty(), "{kind}: {idle:?} are not there");
    }
}

/// OWASP ASVS 15.1.4. Whatever brings code that is not Rust is among them.
#[test]
fn every_risky_library_is_named_and_whatever_is_not_written_in_rust_is_one() {
    let packages = packages();
    let rows = table(SECURITY, "### Risky libraries");
    let listed: BTreeSet<&str> = rows.iter().flat_map(|row| names(&row[0])).collect();
    for row in &rows {
        assert!(row.len() == 3 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
    let built: BTreeSet<&str> = packages.iter().map(name).collect();
    let gone: Vec<_> = listed.difference(&built).collect();
    assert!(gone.is_empty(), "{gone:?} are not built in");
    let is_foreign = |package: &&Value| {
        let compiles = |of: &Value| of["kind"] == "build" && ["cc", "cmake"].iter().any(|tool| of["name"] == *tool);
        !package["links"].is_null() || package["dependencies"].as_array().expect("a list").iter().any(compiles)
    };
    let foreign: BTreeSet<&str> = packages.iter().filter(is_foreign).map(name).collect();
    assert!(foreign.contains("ring"), "{foreign:?}");
    let unnamed: Vec<_> = foreign.difference(&listed).collect();
    assert!(unnamed.is_empty(), "{unnamed:?} bring code that is not Rust");
}

/// The number that a constant of a source has.
fn constant(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
    let pattern = format!(r"const {name}: [\w:]+ = (?:[\w:]+\()?(\d+)\)?;");
    let found = Regex::new(&pattern).expect("a pattern").captures(&text).unwrap_or_else(|| panic!("{path}: {name}"));
    found[1].parse().expect("a number")
}

/// OWASP ASVS 13.1.3.
#[test]
fn the_readme_tells_every_wait_for_the_database_and_how_often_it_is_tried_again() {
    let table = squeezed(section(README, "### Waits and retries"));
    let says = |words: String| assert!(table.contains(&words), "README does not say: {words}");
    let tries = constant("src/store/engine/patience.rs", "TRIES");
    says(format!("{} times, {} s at most", tries - 1, constant("src/store/engine/patience.rs", "LIMIT")));
    let engine = std::fs::read_to_string(Path::new(ROOT).join("src/store/engine/patience.rs")).expect("the source");
    let most = Regex::new(r"10 << self\.tries\.min\((\d+)\)").expect("a pattern").captures(&engine).expect("the wait");
    says(format!("up to 20 ms, 40 ms and so on to {} ms", 10 << most[1].parse::<u32>().expect("a number")));
    says(format!(
        "| The answer of PostgreSQL to anything | {} s; {} s to a rollback |",
        constant("src/store/engine/statement.rs", "LAST_ANSWER"),
        constant("src/store/engine/statement.rs", "LAST_WORD")
    ));
    says(format!("| A free connection to the database | {} s |", constant("src/start.rs", "ACQUIRE_TIMEOUT")));
    says(format!(
        "| SQLite's lock, held by another process | {} s |",
        constant("src/store/engine/open.rs", "BUSY_TIMEOUT")
    ));
    let open = std::fs::read_to_string(Path::new(ROOT).join("src/store/engine/open.rs")).expect("the source");
    for (limit, words) in [
        ("statement_timeout", "| A statement of PostgreSQL |"),
        ("lock_timeout", "| A lock of PostgreSQL |"),
        ("idle_in_transaction_session_timeout", "| A transaction of PostgreSQL in which nothing is asked |"),
    ] {
        let found = Regex::new(&format!(r#""{limit}", "(\d+)s""#)).expect("a pattern").captures(&open);
        says(format!("{words} {} s |", &found.expect(limit)[1]));
    }
    let looks = constant("src/operations/context.rs", "ATTEMPTS") - 1;
    assert_eq!((looks, constant("src/operations/authenticate.rs", "ATTEMPTS") - 1), (3, 2));
    says("3 times (2 at a sign-in), at once".to_owned());
    says(format!("| every {} s |", constant("src/command_line/chores.rs", "SHIPPING")));
    says(format!("| every {} s |", constant("src/tls.rs", "LOOK_AGAIN")));
    assert_eq!(constant("src/command_line/chores.rs", "HOUSEKEEPING"), 1);
    says("| every minute |".to_owned());
    assert_eq!(constant("src/operations/readiness.rs", "PATIENCE"), 1);
    says("| The database, for `/readyz` | 1 s |".to_owned());
}

/// OWASP ASVS 13.1.4.
#[test]
fn the_readme_tells_of_every_secret_when_it_is_exchanged() {
    use my_security_credentials::config::{Care, SETTINGS};
    let keys: Vec<Vec<String>> = table(README, "## Keys");
    let schedule = table(README, "### When to exchange them");
    let first = |rows: &[Vec<String>]| -> BTreeSet<String> {
        rows.iter().map(|row| row[0].split(" (").next().unwrap_or_default().to_owned()).collect()
    };
    let mut wanted = first(&keys);
    wanted.insert("Database role".to_owned());
    wanted.insert("First password".to_owned());
    assert_eq!(first(&schedule), wanted);
    for row in &schedule {
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        let often = ["year", "months", "days", "Never", "first sign-in"];
        assert!(often.iter().any(|word| row[1].contains(word)), "{row:?}");
    }
    // Every setting that is a secret stands in the table of keys, as itself or as its file.
    let named: String = keys.iter().map(|row| row.join(" ")).collect();
    for setting in SETTINGS.iter().filter(|setting| setting.care == Care::Secret) {
        let variable =
            setting.variable().replace("_PREVIOUS", "").replace("SECRETS", "SECRET").replace("PEPPERS", "PEPPER");
        assert!(named.contains(&variable), "{variable}");
    }
}
