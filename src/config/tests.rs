use super::*;
use crate::crypto::password_hash::Parameters;
use crate::crypto::password_hash::{OWASP_FLOOR, Pepper};
use clap::{CommandFactory, Parser};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn load(env: Pairs<'_>) -> Result<Config, ConfigError> {
    Config::load(&GlobalFlags::default(), env.iter().copied())
}

/// The one line that the operator reads.
fn refusal(env: Pairs<'_>) -> String {
    let line = load(env).expect_err(&format!("{env:?} must be refused")).to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

fn path_of(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

const NO_PROXY: (&str, &str) = ("MSC_TRUSTED_PROXIES", "");
const PUBLIC: (&str, &str) = ("MSC_PUBLIC_URL", "https://console.example.com");

#[test]
fn without_any_setting_the_defaults_hold() {
    let config = load(&[("PATH", "/bin"), ("HOME", "/root"), NO_PROXY]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url.expose(), "sqlite://./data/my-security-credentials.db");
    assert_eq!(config.root_secret_file, Path::new("./data/root-secret"));
    assert_eq!(config.session_idle, Duration::from_hours(1));
    assert_eq!(config.session_absolute, Duration::from_hours(12));
    assert_eq!(config.temporary_password_lifetime, Duration::from_hours(7 * 24));
    assert_eq!(config.hashing.parameters(), Parameters { memory_kib: 19_456, passes: 2, lanes: 1 });
    assert_eq!((config.brand_name.as_str(), config.first_account_alias.as_str()), ("Identity Console", "my-account"));
    assert!(config.migrate && !config.is_https());
    assert_eq!(config.log_format, LogFormat::Text);
}

#[test]
fn the_tables_defaults_are_those_of_the_hasher() {
    let (config, defaults) = (load(&[]).unwrap().hashing, HashingSettings::default());
    assert_eq!(config.parameters(), defaults.parameters());
    assert_eq!((config.threads, config.queue, config.patience), (defaults.threads, defaults.queue, defaults.patience));
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file = file("listen = '127.0.0.1:1'\nbrand_name = 'File'\nlog_format = 'json'\n", 0o644);
    let env = [("MSC_CONFIG", path_of(&file)), ("MSC_LISTEN", "127.0.0.1:2"), ("MSC_BRAND_NAME", "Environment")];
    let flags = GlobalFlags::default().with("listen", "127.0.0.1:3");
    let config = Config::load(&flags, env).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.brand_name, "Environment");
    assert_eq!(config.log_format, LogFormat::Json);
    let config =
        Config::load(&GlobalFlags::default().with("config", path_of(&file)), [("MSC_CONFIG", "/nowhere")]).unwrap();
    assert_eq!(config.listen.port(), 1);
}

#[test]
fn a_file_takes_numbers_switches_and_lists() {
    let text = "argon2_passes = 3\nmigrate = false\ntrusted_proxies = ['10.0.0.0/8', '::1']\n";
    let file = file(text, 0o644);
    let config = load(&[("MSC_CONFIG", path_of(&file))]).unwrap();
    assert_eq!((config.hashing.passes, config.migrate, config.trusted_proxies.len()), (3, false, 2));
}

#[test]
fn a_bad_value_is_named_with_its_source() {
    assert_eq!(
        refusal(&[("MSC_SESSION_IDLE", "abc")]),
        "MSC_SESSION_IDLE=abc (environment): is not a duration such as 500ms, 30s, 15m, 12h or 7d"
    );
    let flags = GlobalFlags::default().with("session_idle", "abc");
    let line = Config::load(&flags, [("", "")]).unwrap_err().to_string();
    assert!(line.starts_with("--session-idle=abc (command line): is not a duration"), "{line}");
    let file = file("session_idle = 60\n", 0o644);
    let line = refusal(&[("MSC_CONFIG", path_of(&file))]);
    assert!(line.starts_with(&format!("session_idle=60 (file {}): is not a duration", path_of(&file))), "{line}");
    assert!(refusal(&[("MSC_BRAND_NAME", "two\nlines")]).starts_with("MSC_BRAND_NAME=two lines (environment)"));
}

#[test]
fn a_typo_is_named_with_what_was_meant() {
    assert_eq!(refusal(&[("MSC_LISTNE", "x")]), "MSC_LISTNE (environment): no such setting; did you mean MSC_LISTEN?");
    assert_eq!(refusal(&[("MSC_COLOUR_OF_THE_SKY", "x")]), "MSC_COLOUR_OF_THE_SKY (environment): no such setting");
    let file = file("sesion_idle = '1h'\n", 0o644);
    let line = refusal(&[("MSC_CONFIG", path_of(&file))]);
    assert!(line.ends_with("no such setting; did you mean session_idle?"), "{line}");
    assert!(line.contains(path_of(&file)));
}

#[test]
fn what_kubernetes_puts_into_the_environment_is_no_typo() {
    let links =
        [("MSC_SERVICE_HOST", "10.0.0.1"), ("MSC_PORT", "tcp://10.0.0.1:80"), ("MSC_PORT_80_TCP_ADDR", "10.0.0.1")];
    assert!(load(&links).is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_its_lines_are_not_quoted() {
    assert!(
        refusal(&[("MSC_CONFIG", "/nowhere/msc.toml")]).starts_with("MSC_CONFIG=/nowhere/msc.toml (environment): ")
    );
    let file = file("pepper = 'do-not-print-me\n", 0o600);
    let line = refusal(&[("MSC_CONFIG", path_of(&file))]);
    assert!(line.contains("line 1") && !line.contains("do-not-print-me"), "{line}");
}

#[test]
fn every_setting_refuses_nonsense_in_one_line_that_names_it() {
    // Any text is a path, and any short text a name.
    let anything_goes = ["data_dir", "brand_name", "root_secret_file", "audit_log"];
    for setting in SETTINGS.iter().filter(|setting| !anything_goes.contains(&setting.key)) {
        let name = setting.variable();
        let line = refusal(&[(&name, "\u{1}?? nonsense ??")]);
        assert!(line.starts_with(&name), "{line}");
        assert_eq!(setting.care == Care::Open, line.contains("nonsense"), "{line}");
    }
}

#[test]
fn off_loopback_a_public_url_and_a_way_to_https_are_needed() {
    let everywhere = ("MSC_LISTEN", "0.0.0.0:8080");
    assert!(refusal(&[everywhere]).contains("needs MSC_PUBLIC_URL"));
    assert!(refusal(&[everywhere, PUBLIC]).contains("plain HTTP is for loopback only"));
    assert!(refusal(&[("MSC_LISTEN", "[::]:8080"), PUBLIC]).contains("plain HTTP"));
    assert!(load(&[everywhere, PUBLIC, ("MSC_TRUSTED_PROXIES", "10.0.0.1")]).unwrap().is_https());
    let tls = [("MSC_TLS_CERTIFICATE", "c.pem"), ("MSC_TLS_KEY", "k.pem")];
    assert!(load(&[&[everywhere, PUBLIC], &tls[..]].concat()).unwrap().is_https());
    for near in ["127.0.0.2:0", "[::1]:0", "localhost:0", "[::ffff:127.0.0.1]:0"] {
        assert!(load(&[("MSC_LISTEN", near)]).is_ok(), "{near}");
    }
}

#[test]
fn a_public_url_is_an_https_origin() {
    let url = load(&[("MSC_PUBLIC_URL", "https://Console.Example.com:443/")]).unwrap().public_url.unwrap();
    let expected =
        PublicUrl { origin: "https://console.example.com".into(), host: "console.example.com".into(), https: true };
    assert_eq!(url, expected);
    assert!(!load(&[("MSC_PUBLIC_URL", "http://localhost:8080")]).unwrap().is_https());
    for wrong in [
        "http://console.example.com",
        "https://console.example.com/iam",
        "https://console.example.com/?x",
        "https://me@console.example.com",
        "ftp://localhost",
        "console.example.com",
    ] {
        assert!(refusal(&[("MSC_PUBLIC_URL", wrong)]).starts_with("MSC_PUBLIC_URL="), "{wrong}");
    }
    let tls = [("MSC_TLS_CERTIFICATE", "c"), ("MSC_TLS_KEY", "k"), ("MSC_PUBLIC_URL", "http://localhost")];
    assert!(refusal(&tls).contains("is http, but a TLS certificate is configured"));
}

#[test]
fn a_certificate_and_its_key_go_together() {
    assert!(refusal(&[("MSC_TLS_CERTIFICATE", "c.pem")]).contains("needs MSC_TLS_KEY"));
    assert!(refusal(&[("MSC_TLS_KEY", "k.pem")]).contains("needs MSC_TLS_CERTIFICATE"));
}

#[test]
fn only_known_hosts_are_known() {
    let near = load(&[]).unwrap();
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:8080"] {
        assert!(near.knows_host(host), "{host}");
    }
    let public = load(&[PUBLIC]).unwrap();
    assert!(public.knows_host("console.example.com") && public.knows_host("Console.Example.com:443"));
    for host in [
        "",
        "localhost",
        "evil.example",
        "console.example.com.evil.example",
        "console.example.com:x",
        ":443",
        "evil.example:1:console.example.com",
        "[console.example.com]",
        "console.example.com@evil.example",
    ] {
        assert!(!public.knows_host(host), "{host}");
    }
    assert!(!near.knows_host("[::1]evil.example"));
}

#[test]
fn a_database_elsewhere_needs_a_verified_certificate() {
    for right in [
        "sqlite:msc.db",
        "sqlite:///var/lib/msc.db",
        "postgres://me:x@localhost/msc",
        "postgresql://127.0.0.1/msc",
        "postgres://[::1]/msc",
        "postgres://%2Fvar%2Frun%2Fpostgresql/msc",
        "postgres:///msc?host=/var/run/postgresql",
        "postgres://db.example.com/msc?sslmode=verify-full",
    ] {
        assert_eq!(load(&[("MSC_DATABASE_URL", right)]).unwrap().database_url.expose(), right);
    }
    for wrong in [
        "postgres://db.example.com/msc",
        "postgres://db.example.com/msc?sslmode=require",
        "postgres://db.example.com/msc?sslmode=verify-full&ssl-mode=disable",
        "postgres://localhost/msc?host=db.example.com",
        "postgres://localhost/msc?hostaddr=192.0.2.1",
        "postgres:///msc",
        "mysql://localhost/msc",
        "msc.db",
    ] {
        assert!(refusal(&[("MSC_DATABASE_URL", wrong)]).starts_with("MSC_DATABASE_URL (environment): "), "{wrong}");
    }
}

#[test]
fn an_authority_is_named_where_it_is_the_only_one_and_nowhere_else() {
    let url = "postgres://db.example.com/msc?sslmode=verify-full";
    let with = |name: &str, value: &str| refusal(&[("MSC_DATABASE_URL", url), (name, value)]);
    for adds in ["sslrootcert", "ssl-root-cert", "ssl-ca"] {
        let line = refusal(&[("MSC_DATABASE_URL", &format!("{url}&{adds}=/etc/ca.pem"))]);
        assert!(
            line.starts_with("MSC_DATABASE_URL (environment): ") && line.contains("SSL_CERT_FILE instead"),
            "{line}"
        );
    }
    assert!(with("PGSSLROOTCERT", "/etc/ca.pem").contains("SSL_CERT_FILE instead"));
    let empty = file("nobody", 0o644);
    assert!(with("SSL_CERT_FILE", path_of(&empty)).ends_with("(environment): holds no certificate in PEM"));
    assert!(
        with("SSL_CERT_FILE", "/nowhere/ca.pem").starts_with("SSL_CERT_FILE=/nowhere/ca.pem (environment): cannot")
    );
    assert!(with("SSL_CERT_FILE", "").starts_with("SSL_CERT_FILE= (environment): cannot be read"));
    // A file has no authority: whoever keeps another library's settings on the machine is not stopped by them.
    assert!(load(&[("SSL_CERT_FILE", "/nowhere/ca.pem"), ("PGSSLROOTCERT", "/nowhere/ca.pem")]).is_ok());
}

#[test]
fn the_key_of_a_certificate_for_the_database_is_for_its_owner_only() {
    let (private, open) = (file("key", 0o600), file("key", 0o644));
    let with = |key: &str| format!("postgres://db.example.com/msc?sslmode=verify-full&sslcert=/x&sslkey={key}");
    assert!(load(&[("MSC_DATABASE_URL", &with(path_of(&private)))]).is_ok());
    assert!(refusal(&[("MSC_DATABASE_URL", &with(path_of(&open)))]).contains("sslkey: "));
    assert!(refusal(&[("MSC_DATABASE_URL", &with(path_of(&open)))]).contains("others can use it (mode 0644)"));
    assert!(refusal(&[("MSC_DATABASE_URL", &with("/nowhere"))]).contains("sslkey: there is no such file"));
}

#[test]
fn argon2_below_owasps_floor_or_beyond_reason_is_refused() {
    let with = |memory: u32, passes: u32| {
        let (memory, passes) = (memory.to_string(), passes.to_string());
        load(&[("MSC_ARGON2_MEMORY_KIB", &memory), ("MSC_ARGON2_PASSES", &passes)])
    };
    for (memory, passes) in OWASP_FLOOR {
        assert!(with(memory, passes).is_ok());
        let line = with(memory - 1, passes).unwrap_err().to_string();
        assert!(line.contains("below OWASP's floor for Argon2id"), "{line}");
    }
    assert!(with(4_194_304, 1).is_err() && with(262_144, 64).is_err());
}

#[test]
fn peppers_come_with_ids_from_settings_or_private_files() {
    let (one, two) = ("ab".repeat(32), "cd".repeat(32));
    let previous = format!("old:{two}, older:{one}");
    let config = load(&[("MSC_PEPPER", &one), ("MSC_PREVIOUS_PEPPERS", &previous)]).unwrap().hashing;
    let ids: Vec<&str> = config.pepper.iter().chain(&config.previous_peppers).map(Pepper::id).collect();
    assert_eq!(ids, ["1", "old", "older"]);

    let (pepper, many) = (file(&format!("{one}\n"), 0o600), file(&format!("old:{two}\n\nolder:{one}\n"), 0o600));
    let env =
        [("MSC_PEPPER_FILE", path_of(&pepper)), ("MSC_PEPPER_ID", "k2"), ("MSC_PREVIOUS_PEPPERS_FILE", path_of(&many))];
    let config = load(&env).unwrap().hashing;
    assert_eq!((config.pepper.unwrap().id(), config.previous_peppers.len()), ("k2", 2));

    let open = file(&one, 0o644);
    assert!(refusal(&[("MSC_PEPPER_FILE", path_of(&open))]).contains("chmod 600"));
    assert!(refusal(&[("MSC_PEPPER_FILE", "/nowhere")]).contains("there is no such file"));
    assert!(refusal(&[("MSC_PEPPER", &one), ("MSC_PEPPER_FILE", path_of(&pepper))]).contains("either this or"));
    assert!(refusal(&[("MSC_PEPPER_ID", "k1")]).contains("needs MSC_PEPPER"));
    assert!(refusal(&[("MSC_PEPPER", &one), ("MSC_PEPPER_ID", "too long an id")]).contains("1 to 8"));
    assert!(refusal(&[("MSC_PEPPER", &one), ("MSC_PREVIOUS_PEPPERS", &format!("1:{two}"))]).contains("two peppers"));
    let line = refusal(&[("MSC_PEPPER", "hunter2hunter2")]);
    assert_eq!(line, "MSC_PEPPER (environment): has to be at least 32 bytes, written in hex or base64");
}

#[test]
fn the_root_secret_comes_from_one_place() {
    let secret = "ab".repeat(32);
    assert!(load(&[("MSC_ROOT_SECRET", &secret)]).unwrap().root_secret.is_some());
    assert!(refusal(&[("MSC_ROOT_SECRET", &secret), ("MSC_ROOT_SECRET_FILE", "x")]).contains("either this or"));
    let (one, two) = ("cd".repeat(32), "ef".repeat(32));
    let listed = load(&[("MSC_PREVIOUS_ROOT_SECRETS", &format!("{one}, {two}"))]).unwrap().previous_root_secrets;
    let kept = file(&format!("{one}\n\n{two}\n"), 0o600);
    let filed = load(&[("MSC_PREVIOUS_ROOT_SECRETS_FILE", path_of(&kept))]).unwrap().previous_root_secrets;
    let values = |secrets: &[RootSecret]| secrets.iter().map(RootSecret::check_value).collect::<Vec<_>>();
    assert_eq!((values(&listed), listed.len()), (values(&filed), 2));
    let open = file(&one, 0o640);
    assert!(refusal(&[("MSC_PREVIOUS_ROOT_SECRETS_FILE", path_of(&open))]).contains("chmod 600"));
    let both = [("MSC_PREVIOUS_ROOT_SECRETS", one.as_str()), ("MSC_PREVIOUS_ROOT_SECRETS_FILE", path_of(&kept))];
    assert!(refusal(&both).contains("either this or"));
    assert!(!refusal(&[("MSC_PREVIOUS_ROOT_SECRETS", "hunter2")]).contains("hunter2"));
    let elsewhere = load(&[("MSC_DATA_DIR", "/var/lib/msc")]).unwrap();
    assert_eq!(elsewhere.root_secret_file, Path::new("/var/lib/msc/root-secret"));
    assert_eq!(elsewhere.database_url.expose(), "sqlite:///var/lib/msc/my-security-credentials.db");
}

#[test]
fn a_file_with_a_secret_in_it_has_to_be_private() {
    let secret = "ab".repeat(32);
    for text in [format!("root_secret = '{secret}'"), "database_url = 'postgres://me:word@localhost/msc'".to_owned()] {
        let open = file(&text, 0o640);
        let line = refusal(&[("MSC_CONFIG", path_of(&open))]);
        assert!(line.contains("chmod 600") && !line.contains(&secret) && !line.contains("word"), "{line}");
        assert!(load(&[("MSC_CONFIG", path_of(&file(&text, 0o600)))]).is_ok());
    }
}

#[test]
fn proxies_are_networks_that_do_not_hold_everybody() {
    let config = load(&[("MSC_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7 2001:db8::/32")]).unwrap();
    assert_eq!(config.trusted_proxies.len(), 3);
    for wrong in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "proxy.example.com"] {
        assert!(refusal(&[("MSC_TRUSTED_PROXIES", wrong)]).contains(wrong));
    }
}

#[test]
fn a_log_filter_is_a_level_or_names_its_targets() {
    for right in ["info", "WARN", "info,my_security_credentials=debug", "off"] {
        assert!(load(&[("MSC_LOG", right)]).is_ok(), "{right}");
    }
    for wrong in ["inof", "info,debgu", "x=loud"] {
        assert!(refusal(&[("MSC_LOG", wrong)]).starts_with("MSC_LOG="), "{wrong}");
    }
}

#[test]
fn a_session_does_not_idle_longer_than_it_lives() {
    assert!(refusal(&[("MSC_SESSION_IDLE", "13h")]).contains("longer than MSC_SESSION_ABSOLUTE"));
    assert!(refusal(&[("MSC_SESSION_IDLE", "59s")]).contains("has to be from"));
    assert!(refusal(&[("MSC_SESSION_IDLE", "99999999999999999999d")]).contains("not a duration"));
    assert!(refusal(&[("MSC_SESSION_IDLE", "9999999999999999999d")]).contains("has to be from"));
}

#[test]
fn a_name_that_is_not_utf_8_is_not_ours_and_a_value_that_is_not_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let broken = || OsString::from_vec(vec![0xff, 0xfe]);
    let none = GlobalFlags::default();
    assert!(Config::load(&none, [(broken(), broken())]).is_ok());
    let line = Config::load(&none, [(OsString::from("MSC_LISTEN"), broken())]).unwrap_err().to_string();
    assert_eq!(line, "MSC_LISTEN (environment): is not valid UTF-8");
}

#[test]
fn debug_output_holds_no_secret() {
    let secret = "ab".repeat(32);
    let env = [
        ("MSC_PEPPER", secret.as_str()),
        ("MSC_ROOT_SECRET", &secret),
        ("MSC_DATABASE_URL", "postgres://me:word@localhost/msc"),
    ];
    let text = format!("{:?}", load(&env).unwrap());
    assert!(!text.contains("abab") && !text.contains("171, 171") && !text.contains("word@"), "{text}");
    assert!(text.contains("DatabaseUrl(postgres:..)"));
}

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    flags: GlobalFlags,
    #[command(subcommand)]
    command: Option<Subcommand>,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    Serve,
}

#[test]
fn a_flag_is_taken_before_and_after_the_subcommand() {
    CommandLine::command().debug_assert();
    for line in [["msc", "--listen", "[::1]:9", "serve"], ["msc", "serve", "--listen", "[::1]:9"]] {
        let parsed = CommandLine::try_parse_from(line).ok().unwrap();
        assert!(matches!(parsed.command, Some(Subcommand::Serve)));
        let config = Config::load(&parsed.flags, [("MSC_LISTEN", "127.0.0.1:1")]).unwrap();
        assert_eq!(config.listen.port(), 9, "{line:?}");
    }
    assert!(CommandLine::try_parse_from(["msc", "--listne", "x"]).is_err());
}

#[test]
fn the_help_text_has_every_setting_and_no_flag_for_a_secret() {
    let help = CommandLine::command().render_long_help().to_string();
    for setting in SETTINGS {
        assert!(help.contains(setting.help) && help.contains(&setting.variable()), "{}", setting.key);
        let flag = format!("--{} ", setting.key.replace('_', "-"));
        assert_eq!(help.contains(&flag), setting.care != Care::Secret, "{flag}");
    }
    assert!(CommandLine::try_parse_from(["msc", "--pepper", "x"]).is_err());
}

#[test]
fn the_list_of_common_passwords_is_on_and_can_be_turned_off_or_made_longer() {
    let empty = |env: Pairs<'_>| load(env).unwrap().common_passwords.is_empty();
    let list = file("marmalade-jars\n", 0o644);
    let own = ("MSC_COMMON_PASSWORDS_FILE", path_of(&list));
    assert!(!empty(&[]) && !empty(&[("MSC_COMMON_PASSWORDS", "on")]));
    assert!(empty(&[("MSC_COMMON_PASSWORDS", "off")]));
    assert!(!empty(&[("MSC_COMMON_PASSWORDS", "off"), own]), "the operator's own counts all the same");
    assert!(refusal(&[("MSC_COMMON_PASSWORDS", "some")]).ends_with("has to be on or off"));
}

#[test]
fn a_list_that_is_missing_empty_endless_or_not_text_is_refused_with_its_reason() {
    let refused = |path: &str| refusal(&[("MSC_COMMON_PASSWORDS_FILE", path)]);
    assert!(
        refused("/nowhere/list.txt")
            .contains("MSC_COMMON_PASSWORDS_FILE=/nowhere/list.txt (environment): cannot be read")
    );
    assert!(refused("/tmp").contains("cannot be read"));
    assert!(refused(path_of(&file("abc\n", 0o644))).ends_with("has no password of 5 characters or more, one a line"));
    let mut bytes = tempfile::NamedTempFile::new().unwrap();
    bytes.write_all(b"marmalade\nmarm\xff\n").unwrap();
    assert!(refused(path_of(&bytes)).ends_with("line 2 is not valid UTF-8"));
    let long = "marmalade\n".repeat(8 * 1024 * 1024 / 10 + 1);
    assert!(refused(path_of(&file(&long, 0o644))).ends_with("is longer than 8 MiB"));
    assert!(load(&[("MSC_COMMON_PASSWORDS_FILE", path_of(&file(&long[..8_000_000], 0o644)))]).is_ok());
}
