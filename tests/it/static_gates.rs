//! What must not stand in the sources, whatever they do: the security rules that are seen by reading. The layering is in
//! `architecture.rs`.

use crate::support::sources::without_tests;
use regex::Regex;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&Path::new(ROOT).join(folder), extension, &mut found);
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<(String, String)>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            let text = std::fs::read_to_string(&path).expect("a text");
            found.push((path.strip_prefix(ROOT).expect("below the root").display().to_string(), text));
        }
    }
}

/// The sources without their tests and comments, one line each.
fn code() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (path, text) in files("src", "rs") {
        if path.ends_with("/tests.rs") || path.contains("/tests/") {
            continue;
        }
        let own = without_tests(&text);
        lines.extend(
            own.lines().filter(|line| !line.trim_start().starts_with("//")).map(|l| (path.clone(), l.to_owned())),
        );
    }
    let is_read =
        |file: &str, words: &str| lines.iter().any(|(path, line)| path.ends_with(file) && line.contains(words));
    assert!(lines.len() > 5_000 && is_read("crypto/stored_hash.rs", "fn equals"), "the sources are read to their ends");
    lines
}

#[track_caller]
fn nowhere_in(lines: &[(String, String)], forbidden: &[&str]) {
    for (path, line) in lines {
        for word in forbidden {
            assert!(!line.contains(word), "{path}: {line}");
        }
    }
}

/// Name and text of a section of `Cargo.toml`.
fn manifest(section: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("the manifest");
    let (_, rest) = text.split_once(&format!("[{section}]\n")).expect("the section");
    rest.split("\n[").next().unwrap_or_default().to_owned()
}

#[test]
fn no_command_is_run_and_nothing_is_connected_to_but_the_database() {
    let all = code();
    nowhere_in(
        &all,
        &["process::Command", "Command::new(\"", "TcpStream::connect", "UdpSocket", "UnixStream", "lookup_host"],
    );
    let dependencies = manifest("dependencies");
    for client in ["reqwest", "hyper", "ureq", "awc", "curl", "isahc", "aws-sdk", "lettre", "ldap3"] {
        assert!(
            !dependencies.contains(&format!("{client} =")) && !dependencies.contains(&format!("{client}-")),
            "{client}"
        );
    }
}

#[test]
fn no_xml_and_no_yaml_is_read_and_no_pattern_or_template_is_made_at_run_time() {
    let all = code();
    nowhere_in(&all, &["quick_xml::Reader", "quick_xml::reader", "quick_xml::de", "NsReader", "serde_yaml"]);
    nowhere_in(&all, &["Regex::new", "RegexBuilder", "regex::", "fancy_regex", "Template::from", "add_template"]);
    let dependencies = manifest("dependencies");
    for package in [
        "regex",
        "fancy-regex",
        "tera",
        "handlebars",
        "minijinja",
        "liquid",
        "rhai",
        "mlua",
        "wasmtime",
        "xmlparser",
        "roxmltree",
        "serde-xml-rs",
    ] {
        assert!(!dependencies.contains(&format!("\n{package} =")), "{package}");
    }
    // What the XML library is compiled with writes and reads events; no deserialiser is in it.
    assert!(dependencies.contains("quick-xml = { version = \"0.42\", default-features = false }"));
}

#[test]
fn unsafe_code_is_forbidden_and_sums_are_checked_in_what_is_shipped() {
    assert!(manifest("lints.rust").contains("unsafe_code = \"forbid\""));
    assert!(manifest("lints.clippy").contains("all = { level = \"deny\", priority = -1 }"));
    assert!(manifest("profile.release").contains("overflow-checks = true"));
    // A panic ends one request and not the process.
    assert!(!manifest("profile.release").contains("panic = \"abort\""));
    nowhere_in(&code(), &["allow(unsafe_code)", "unsafe {", "unsafe fn", "unsafe impl"]);
}

/// What could be compared byte by byte until the first that differs, printed, or sent out by mistake.
#[test]
fn a_secret_can_be_neither_compared_nor_printed_nor_serialised() {
    let secrets =
        ["TypedPassword", "Password", "SecretAccessKey", "RootSecret", "Key32", "Pepper", "TokenKey", "Sealer"];
    let sources = files("src", "rs");
    for secret in secrets {
        let heads = [format!("pub struct {secret}("), format!("pub struct {secret} {{")];
        let (path, text) = sources
            .iter()
            .find(|(_, text)| heads.iter().any(|head| text.contains(head)))
            .unwrap_or_else(|| panic!("{secret} is nowhere"));
        let before = heads.iter().find_map(|head| text.split_once(head)).expect("found above").0;
        let attributes: Vec<&str> =
            before.lines().rev().take_while(|line| line.starts_with("#[") || line.starts_with("///")).collect();
        for derived in ["PartialEq", "Eq", "Hash", "Ord", "Debug", "Display", "Serialize", "Deserialize"] {
            let derives = attributes.iter().any(|line| line.split(['(', ')', ',', ' ']).any(|word| word == derived));
            assert!(!derives, "{path}: {secret} derives {derived}");
            if derived != "Debug" {
                let by_hand = format!("{derived} for {secret} ");
                assert!(sources.iter().all(|(_, text)| !text.contains(&by_hand)), "{by_hand}");
            }
        }
    }
    // A string that is the secret is compared by nobody either.
    nowhere_in(
        &code(),
        &["expose() ==", "== secret", "signature ==", "== signature", "expose() !=", "csrf ==", "== csrf"],
    );
    for place in ["src/query_api/sigv4/signature.rs", "src/crypto/root_secret.rs", "src/crypto/stored_hash.rs"] {
        let text = &sources.iter().find(|(path, _)| path == place).expect("a source").1;
        assert!(text.contains("ct_eq") || text.contains("verify_slice"), "{place} compares in constant time");
    }
}

/// The library's own threads keep the memory of every hash that they have computed.
#[test]
fn no_hash_is_computed_outside_of_the_pool() {
    let all = code();
    nowhere_in(&all, &["web::block"]);
    // Files are read there, no passwords.
    nowhere_in(&all.iter().filter(|(path, _)| path != "src/tls.rs").cloned().collect::<Vec<_>>(), &["spawn_blocking"]);
    for (path, line) in &all {
        let computes = ["hash_password_into", "Argon2::new"].iter().any(|word| line.contains(word));
        assert!(!computes || path.starts_with("src/crypto/"), "{path}: {line}");
    }
}

#[test]
fn no_digest_is_used_that_is_broken() {
    nowhere_in(&code(), &["md5::", "Md5", "sha1::", "Sha1", "md4", "rc4", "Des::", "Ecb"]);
    let dependencies = manifest("dependencies");
    for package in ["md-5", "md5", "sha1", "sha-1", "rc4", "des", "blowfish", "bcrypt"] {
        assert!(!dependencies.contains(&format!("\n{package} =")), "{package}");
    }
}

#[test]
fn what_is_shipped_holds_nothing_that_is_for_tests() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("the manifest");
    assert!(!text.contains("[features]"), "no switch turns a check off");
    nowhere_in(&code(), &["todo!(", "unimplemented!(", "dbg!(", "danger_accept_invalid", "cfg(debug_assertions)"]);
}

#[test]
fn our_script_makes_no_markup_runs_no_text_and_keeps_nothing() {
    let scripts = files("static", "js");
    for (path, text) in scripts {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "eval(",
            "new Function",
            "setTimeout(\"",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
            "postMessage",
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "sendBeacon",
            "import(",
            "http://",
            "https://",
            "onpaste",
            "\"paste\"",
            "srcdoc",
            "window.name",
            "location.hash",
            "location.search",
        ] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
    }
    for (path, text) in files("templates", "html") {
        for forbidden in [
            "onpaste",
            "onfocus",
            "onerror",
            "autocomplete=\"off\"",
            "<iframe",
            "<object",
            "<embed",
            "<base",
            "srcdoc",
            "target=\"_blank\"",
        ] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
        // An element that a page takes for one of its own variables would have to be named like it.
        for name in text.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(
                !["submit", "action", "method", "dataset", "children", "elements", "location"].contains(&name),
                "{path}: {name}"
            );
        }
    }
}

/// What writes to a property, or copies properties, whose names come from elsewhere: `__proto__` would be one of them.
fn objections_to(script: &str) -> Vec<String> {
    let assigns = Regex::new(r"\](\.\w+)*\s*(=[^=>]|[-+*/%&|^?]+=|\+\+|--)|(\+\+|--)\s*[\w.]+\[").expect("a pattern");
    let words = [
        "__proto__",
        "prototype",
        "constructor",
        "Object.assign",
        "Object.fromEntries",
        "Object.define",
        "Object.setPrototypeOf",
        "Object.create",
        "Reflect.",
        "Proxy",
        "JSON.parse",
        "structuredClone",
        "URLSearchParams",
        "FormData",
        "location.",
        "{ ...",
        "{...",
        "[...target",
        " in ",
        "delete ",
    ];
    let lines = script.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines
        .filter(|line| assigns.is_match(line) || words.iter().any(|word| line.contains(word)))
        .map(str::to_owned)
        .collect()
}

/// OWASP ASVS 15.3.6. Every property that the script writes to has its name in the script.
#[test]
fn our_script_writes_to_no_property_whose_name_comes_from_elsewhere() {
    for harmful in [
        "settings[key] = value;",
        "a[b][c] += 1;",
        "count[name]++;",
        "++count[name];",
        "a[b] ??= {};",
        "seen[rule].shown = value;",
        "Object.assign(settings, given);",
        "const all = { ...given };",
        "const given = JSON.parse(text);",
        "for (const key in given) take(key);",
        "node.__proto__.shown = true;",
    ] {
        assert_eq!(objections_to(harmful), [harmful]);
    }
    for harmless in ["const met = classes[rule] ? 1 : judge[rule](text);", "if (a[b] === c) d();", "x = [1];"] {
        assert!(objections_to(harmless).is_empty(), "{harmless}");
    }
    let computed = Regex::new(r"[\w)\]]\[([^\]]+)\]").expect("a pattern");
    for (path, text) in files("static", "js") {
        let own: Vec<String> =
            objections_to(&text).into_iter().filter(|line| line != "delete form.dataset.sent;").collect();
        assert!(own.is_empty(), "{path}: {own:?}");
        // What is looked up by a name of the page is looked up in these two, and is only read or called.
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("classes = {"));
        for line in code {
            for found in computed.find_iter(line).map(|found| found.as_str()) {
                let may = ["s[rule]", "e[rule]"].contains(&found) && line.contains("classes[rule]");
                assert!(may, "{path}: {found} in {line}");
            }
        }
    }
}

#[test]
fn every_dependency_comes_from_the_one_registry_and_is_locked() {
    let lock = std::fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).expect("the lock file");
    let mut count = 0;
    for source in lock.lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(source, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
        count += 1;
    }
    let checksums = lock.lines().filter(|line| line.starts_with("checksum = ")).count();
    assert!(count > 100 && checksums == count, "{checksums} of {count}");
    let rules = std::fs::read_to_string(Path::new(ROOT).join("deny.toml")).expect("the rules");
    assert!(rules.contains("unknown-registry = \"deny\"") && rules.contains("unknown-git = \"deny\""));
}

#[test]
fn no_secret_stands_in_the_repository() {
    for (path, text) in [files("src", "rs"), files("static", "js"), files("templates", "html")].concat() {
        let own = without_tests(&text);
        if path.contains("/tests") {
            continue;
        }
        for begin in ["-----BEGIN", "postgres://postgres:", "AKIAI"] {
            assert!(!own.contains(begin), "{path}: {begin}");
        }
    }
}
