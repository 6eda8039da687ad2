//! `tests/asvs.md` says which test shows which requirement of OWASP ASVS 5.0 and which attack case. Here the table is held against the tests: a
//! name that is not there, a test that is not run, a requirement without a row and a wrong count each fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE: &str = include_str!("../asvs.md");
const REQUIREMENTS: &str = include_str!("../data/asvs-requirements.txt");
const CASES: &str = include_str!("../data/attack-cases.txt");
const STATES: [&str; 4] = ["shown", "deviates", "does not apply", "open"];

struct Row<'a> {
    id: &'a str,
    level: &'a str,
    state: &'a str,
    by: &'a str,
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn rows() -> Vec<Row<'static>> {
    let (_, requirements) = TABLE.split_once("\n## The requirements\n").expect("the table");
    let requirements = requirements.split("\n## ").next().unwrap_or_default();
    let lines = requirements.lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| match cells(line)[..] {
            [id, level, _, state, by] => Row { id, level, state, by },
            _ => panic!("a row has five cells: {line}"),
        })
        .collect()
}

/// Case, state and proof of each attack.
fn attacks() -> Vec<[&'static str; 3]> {
    let (_, attacks) = TABLE.split_once("\n## The attacks\n").expect("the table");
    let lines = attacks.lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| match cells(line)[..] {
            [case, _, state, by] => [case, state, by],
            _ => panic!("a row has four cells: {line}"),
        })
        .collect()
}

fn requirements() -> BTreeMap<&'static str, &'static str> {
    REQUIREMENTS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect()
}

/// What stands between backticks.
fn names(by: &str) -> impl Iterator<Item = &str> {
    by.split('`').skip(1).step_by(2)
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .map_err(|error| format!("{path}: {error}"))
}

/// Why a name proves nothing; none where the test is there and is run, or the line stands in its file.
fn objection(name: &str) -> Option<String> {
    let found = if let Some((path, test)) = name.split_once("::") {
        read(path).map(|text| is_run(path, &text, test))
    } else if let Some((path, line)) = name.split_once(": ") {
        read(path).map(|text| text.contains(line))
    } else {
        return Some(format!("{name} names neither a test nor a line"));
    };
    match found {
        Ok(true) => None,
        Ok(false) => Some(format!("{name} is not there, or is not run")),
        Err(error) => Some(error),
    }
}

fn is_run(path: &str, text: &str, name: &str) -> bool {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => {
            is_run_rust(text, name) && (!text.contains(&format!("#[ignore = \"{ALONE}\"]")) || is_run_alone(path))
        }
        Some("py") => text.contains(&format!("    def {name}(self")),
        Some("mjs") => ['"', '`'].iter().any(|quote| text.contains(&format!("test({quote}{name}{quote},"))),
        _ => false,
    }
}

/// The reason for which a test is left out of the others and run after them.
const ALONE: &str = "alone: tests/run";

/// Whether `tests/run` names the file's module.
fn is_run_alone(path: &str) -> bool {
    let module = path.trim_start_matches("tests/it/").trim_end_matches(".rs").replace('/', "::");
    read("tests/run").is_ok_and(|runner| runner.contains(&format!(" {module}::")))
}

/// With an attribute of a test right above it and none that leaves it out; or listed for both engines.
fn is_run_rust(text: &str, name: &str) -> bool {
    let listed =
        [("each_engine!(", ");"), ("each_engine! {", "}"), ("on_both_engines! {", "}")].iter().any(|(begin, end)| {
            let mut lists = text.split(begin).skip(1).filter_map(|rest| rest.split(end).next());
            lists.any(|list| list.split(',').any(|listed| listed.trim() == name))
        });
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let declared = ["fn ", "async fn "].iter().any(|head| line.starts_with(&format!("{head}{name}(")));
        let attributes: Vec<&&str> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
        let is_test = attributes.iter().any(|line| {
            ["#[test]", "#[tokio::test", "#[actix_web::test"].iter().any(|attribute| line.starts_with(attribute))
        });
        let left_out = attributes.iter().any(|line| line.contains("ignore") && !line.contains(ALONE));
        declared && (listed || is_test) && !left_out
    })
}

#[test]
fn every_requirement_has_one_row_with_its_level() {
    let mut seen = BTreeSet::new();
    let requirements = requirements();
    for row in rows() {
        assert!(seen.insert(row.id), "{} stands twice", row.id);
        assert_eq!(requirements.get(row.id), Some(&row.level), "{}", row.id);
    }
    let missing: Vec<_> = requirements.keys().filter(|id| !seen.contains(*id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(seen.len() > 150);
}

#[test]
fn every_test_and_line_that_the_table_names_is_there_and_is_run() {
    let objections: Vec<String> = rows()
        .iter()
        .flat_map(|row| names(row.by).filter_map(objection).map(|why| format!("{}: {why}", row.id)))
        .collect();
    assert!(objections.is_empty(), "{objections:#?}");
}

#[test]
fn every_row_shows_or_gives_its_reason() {
    for row in rows() {
        assert!(STATES.contains(&row.state), "{}: {}", row.id, row.state);
        let says = match row.state {
            "shown" => names(row.by).next().is_some(),
            "deviates" => row.by.starts_with("Deviates: ") && row.by.len() > 40,
            "open" => row.by.starts_with("Open: ") && row.by.len() > 20,
            _ => row.by.len() > 20,
        };
        assert!(says, "{}: {}", row.id, row.by);
        assert_eq!(row.by.matches('`').count() % 2, 0, "{}", row.id);
    }
}

#[test]
fn every_attack_case_has_one_row_and_every_test_that_it_names_is_run() {
    let attacks = attacks();
    let cases: Vec<&str> = attacks.iter().map(|[case, ..]| *case).collect();
    let wanted: Vec<&str> = CASES.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(cases, wanted);
    let objections: Vec<String> = attacks
        .iter()
        .flat_map(|[case, _, by]| names(by).filter_map(objection).map(move |why| format!("{case}: {why}")))
        .collect();
    assert!(objections.is_empty(), "{objections:#?}");
    for [case, state, by] in attacks {
        let proves = names(by).next().is_some();
        assert!(state == "shown" && proves || state == "open" && by.starts_with("Open: "), "{case}: {state}: {by}");
    }
}

#[test]
fn the_counts_at_the_head_are_those_of_the_rows() {
    let (head, _) = TABLE.split_once("\n## The requirements\n").expect("the table");
    let counts: Vec<&str> = head
        .lines()
        .filter(|line| line.starts_with("| 1 ") || line.starts_with("| 2 ") || line.starts_with("| 3 "))
        .collect();
    assert_eq!(counts.len(), 3);
    let rows = rows();
    for line in counts {
        let cells = cells(line);
        let of_level: Vec<&Row> = rows.iter().filter(|row| row.level == cells[0]).collect();
        let mut right = vec![of_level.len()];
        right.extend(STATES.map(|state| of_level.iter().filter(|row| row.state == state).count()));
        let written: Vec<usize> = cells[1..].iter().map(|cell| cell.parse().expect("a number")).collect();
        assert_eq!(written, right, "level {}", cells[0]);
    }
}

#[test]
fn a_name_that_proves_nothing_is_objected_to() {
    let own = "tests/it/asvs.rs::a_name_that_proves_nothing_is_objected_to";
    assert_eq!(objection(own), None);
    for wrong in [
        "tests/it/asvs.rs::no_such_test",
        // A function, and no test.
        "tests/it/asvs.rs::objection",
        "tests/it/no_such_file.rs::x",
        "tests/clients/test_wire.py::test_no_such_thing",
        "tests/browser/form.test.mjs::no such title",
        "Cargo.toml: unsafe_code = \"allow\"",
        "words alone",
    ] {
        assert!(objection(wrong).is_some(), "{wrong}");
    }
    assert!(!is_run_rust("#[test]\n#[ignore]\nfn left_out() {}", "left_out"));
    assert!(!is_run_rust("#[test]\n#[ignore = \"long: tests/run --long\"]\nfn left_out() {}", "left_out"));
    assert!(is_run_rust("#[test]\n#[ignore = \"alone: tests/run\"]\nfn alone() {}", "alone"));
    assert!(is_run_alone("tests/it/attacks/timing.rs") && !is_run_alone("tests/it/attacks/cookies.rs"));
    assert!(is_run_rust("each_engine!(\n    listed,\n);\nasync fn listed(database: Database) {}", "listed"));
    assert!(is_run_rust("each_engine! { listed }\nasync fn listed(database: Database) {}", "listed"));
    assert!(!is_run_rust("async fn listed(database: Database) {}", "listed"));
}
