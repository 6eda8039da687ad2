//! Values of settings, of any text: read as what they say, or refused with what is wanted instead.

use super::*;
use crate::config::GlobalFlags;
use proptest::prelude::*;
use proptest::sample::select;

/// Every reader says in a few words, on one line, what it wants.
fn told<T>(read: Result<T, String>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(problem) => {
            assert!((5..400).contains(&problem.len()), "{problem}");
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_duration_is_its_number_of_its_unit_within_its_bounds(
        number in prop_oneof![0_u64..200, any::<u64>()], unit in select(vec![("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]),
    ) {
        let (least, most) = (Duration::from_secs(10), Duration::from_hours(48));
        let length = u128::from(number) * unit.1;
        let expected = (10_000..=172_800_000).contains(&length).then(|| u64::try_from(length).map(Duration::from_millis).unwrap());
        prop_assert_eq!(told(duration(least, most)(&format!("{number}{}", unit.0))), expected);
    }

    #[test]
    fn a_duration_in_another_form_is_refused(text in "\\PC{0,12}|[0-9]{0,3}[a-z]{0,3}|[ +-]?[0-9]{1,2}[smhd] ?") {
        if told(duration(Duration::ZERO, Duration::MAX)(&text)).is_some() {
            let number = text.trim_end_matches(char::is_alphabetic);
            prop_assert!(!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()), "{}", text);
            prop_assert!(["ms", "s", "m", "h", "d"].contains(&&text[number.len()..]), "{}", text);
        }
    }

    #[test]
    fn a_number_is_within_its_bounds(value in any::<i64>(), text in "\\PC{0,10}|[+-]?[0-9]{0,12}") {
        prop_assert_eq!(told(number(2_u32, 1000)(&value.to_string())), u32::try_from(value).ok().filter(|value| (2..=1000).contains(value)));
        let near = value.rem_euclid(1004);
        prop_assert_eq!(told(number(2_u32, 1000)(&near.to_string())).is_some(), (2..=1000).contains(&near));
        if let Some(number) = told(number(2_u32, 1000)(&text)) {
            prop_assert_eq!(text.trim_start_matches('+').trim_start_matches('0'), number.to_string());
        }
    }

    #[test]
    fn a_switch_is_one_of_four_words(text in "\\PC{0,8}|(on|off|true|false).?") {
        let expected = match text.as_str() { "on" | "true" => Some(true), "off" | "false" => Some(false), _ => None };
        prop_assert_eq!(told(switch(&text)), expected);
    }

    #[test]
    fn a_short_text_is_one_line_of_64_characters_at_most(text in "\\PC{0,70}|[ a\n\u{e9}]{0,70}| ?[a\u{e9}]{62,66}") {
        let expected = text.trim();
        let fits = !expected.is_empty() && expected.chars().count() <= 64 && !expected.chars().any(char::is_control);
        prop_assert_eq!(told(short_text(&text)), fits.then(|| expected.to_owned()));
    }

    #[test]
    fn an_address_is_read_as_the_library_reads_it(
        ip in any::<IpAddr>(), port in any::<u16>(), text in "\\PC{0,20}|(localhost|[0-9.]{1,12}|\\[[0-9a-f:]{2,8}\\]):[0-9]{0,6}",
    ) {
        let written = SocketAddr::new(ip, port);
        prop_assert_eq!(told(address(&written.to_string())), Some(written));
        prop_assert_eq!(told(address(&format!("localhost:{port}"))), Some(SocketAddr::new([127, 0, 0, 1].into(), port)));
        let plain = text.strip_prefix("localhost:").map_or(text.clone(), |port| format!("127.0.0.1:{port}"));
        prop_assert_eq!(told(address(&text)), plain.parse().ok());
    }

    #[test]
    fn networks_come_back_and_none_holds_every_address(
        addresses in proptest::collection::vec((any::<IpAddr>(), 1_u8..=32), 0..5), text in "\\PC{0,30}|[0-9a-f.:/, ]{0,30}",
    ) {
        let parts: Vec<IpNet> = addresses.iter().map(|(address, prefix)| IpNet::new(*address, *prefix).unwrap()).collect();
        let written = parts.iter().map(IpNet::to_string).collect::<Vec<_>>();
        prop_assert_eq!(told(networks(&written.join(", "))), Some(parts));
        prop_assert_eq!(told(networks(&[written, vec!["0.0.0.0/0".to_owned()]].concat().join(","))), None);
        prop_assert!(told(networks(&text)).is_none_or(|read| read.iter().all(|network| network.prefix_len() > 0)));
    }

    #[test]
    fn a_link_leads_over_http_and_nowhere_else(text in "\\PC{0,40}|(https?|javascript|data|file|HTTP)://?[a-z.:@/?#]{0,20}") {
        if let Some(link) = told(link(&text)) {
            prop_assert!(link.starts_with("http://") || link.starts_with("https://"), "{}", link);
            prop_assert!(!link.contains(['"', '<', '>', ' ', '\n']) && Url::parse(&link).is_ok(), "{}", link);
        }
    }

    #[test]
    fn a_log_filter_is_levels_of_targets(text in "\\PC{0,20}|(info|warn|off|inof|my_crate=debug|=|,|\\[|\\]|\\{){0,6}") {
        if let Some(filter) = told(log_filter(&text)) {
            prop_assert!(EnvFilter::builder().parse(&filter).is_ok());
            prop_assert!(!filter.split(',').any(|part| part.trim() == "inof"), "{}", filter);
        }
    }

    #[test]
    fn a_secret_comes_back_in_any_of_its_spellings_and_a_short_one_never(bytes in proptest::collection::vec(any::<u8>(), 0..48), text in "\\PC{0,60}") {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let spellings = [hex.clone(), hex.to_uppercase(), STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)];
        for (at, spelling) in spellings.iter().enumerate() {
            // A short secret in hex may be read as base64, and is then longer than it was; 24 bytes or more of it are.
            let is_short_hex = at < 2 && bytes.len() < 32;
            let read = told(secret(&format!(" {spelling}\n")));
            match read {
                Some(read) => prop_assert!(read.len() >= 32 && (is_short_hex || *read == bytes), "{}", spelling),
                None => prop_assert!(bytes.len() < 32, "{}", spelling),
            }
        }
        prop_assert!(told(secret(&text)).is_none_or(|read| read.len() >= 32));
    }

    #[test]
    fn a_database_elsewhere_is_never_taken_without_a_checked_certificate(
        host in select(vec!["db.example.com", "192.0.2.7", "[2001:db8::7]", "127.0.0.1.example.com", "localhost.example.com"]),
        near in select(vec!["localhost", "127.0.0.1", "[::1]", "%2Fvar%2Frun"]),
        query in select(vec!["", "?sslmode=require", "?sslmode=disable", "?host=127.0.0.1", "?sslmode=verify-full&sslmode=disable", "?ssl-mode=prefer", "?sslmode=VERIFY-FULL"]),
        text in "\\PC{0,40}|(sqlite|postgres|mysql|postgresql):/{0,3}[a-z0-9@:/?=&%.-]{0,40}",
    ) {
        prop_assert_eq!(told(database_url(&format!("postgres://msc:secret@{host}/msc{query}"))), None);
        let checked = format!("postgres://msc@{host}/msc?sslmode=verify-full");
        prop_assert_eq!(told(database_url(&checked)), Some(checked));
        let own = format!("postgres://{near}/msc");
        prop_assert_eq!(told(database_url(&own)), Some(own));
        prop_assert_eq!(told(database_url(&format!("postgres://{near}/msc?host={host}"))), None);
        if let Some(url) = told(database_url(&text)) {
            prop_assert!(url.starts_with("sqlite:") || url.starts_with("postgres"), "{}", url);
        }
    }

    #[test]
    fn a_host_is_one_of_ours_with_a_port_or_none(
        host in select(vec!["console.example.com", "CONSOLE.example.com", "evil", "console.example.com.", "console.example.com@evil", "[::1]", ""]),
        port in "(:[0-9]{0,6}|:[a-z]{1,3}|:1:2|)",
        text in "\\PC{0,40}|[a-z.:\\[\\]0-9@]{0,30}",
    ) {
        let config = crate::config::Config::load(&GlobalFlags::default(), [("MSC_PUBLIC_URL", "https://console.example.com")]).unwrap();
        let is_ours = host.eq_ignore_ascii_case("console.example.com") && port.trim_start_matches(':').bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(config.knows_host(&format!("{host}{port}")), is_ours);
        if config.knows_host(&text) {
            prop_assert!(text.to_ascii_lowercase().starts_with("console.example.com"));
        }
        let local = crate::config::Config::load(&GlobalFlags::default(), std::iter::empty::<(&str, &str)>()).unwrap();
        prop_assert_eq!(local.knows_host(&format!("[::1]{port}")), is_ours || port.trim_start_matches(':').bytes().all(|b| b.is_ascii_digit()));
        local.knows_host(&text);
    }
}
