//! The pieces of the Authorization header and the dates, each against its plain definition.

use super::*;
use crate::query_api::sigv4::credential::Credential;
use crate::query_api::sigv4::parameters::Parameters;
use crate::query_api::sigv4::signature::Signature;
use crate::query_api::sigv4::signed_headers::SignedHeaders;
use crate::query_api::sigv4::signing_time;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use time::PrimitiveDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

const BASIC: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
const HTTP: &[FormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Any second of the years that four digits write.
fn moment() -> impl Strategy<Value = OffsetDateTime> {
    (-62_167_219_200_i64..253_402_300_800).prop_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_second_is_read_as_it_is_written_in_each_form(at in moment()) {
        let (basic, http) = (at.format(BASIC).unwrap(), at.format(HTTP).unwrap());
        prop_assert_eq!(signing_time::stamp(at), basic.as_str());
        for text in [&basic, &http, &http.replace("GMT", "-0000"), &http.replace("GMT", "+0000"), &format!("  {basic}\t")] {
            prop_assert_eq!(signing_time::parse(text.as_bytes()), Ok(at), "{}", text);
        }
    }

    /// The library is an oracle for which dates there are; what it forgives beyond the form is no part of it.
    #[test]
    fn what_is_no_date_is_refused_and_what_is_one_is_the_librarys(
        text in "[0-9]{8}T[0-9]{6}Z|[0-9]{4}[01][0-9][0-3][0-9]T[0-2][0-9][0-6][0-9][0-6][0-9]Z|2015083[01]T1[0-9]3[0-9]5[0-9][0-9A-Za-z]|[0-9TZ]{14,18}|\\PC{0,30}",
        bytes in vec(any::<u8>(), 0..32),
    ) {
        let expected = PrimitiveDateTime::parse(&text, BASIC).ok().filter(|_| text.len() == 16).map(PrimitiveDateTime::assume_utc);
        prop_assert_eq!(signing_time::parse(text.as_bytes()).ok(), expected, "{}", text);
        if let Err(error) = signing_time::parse(&bytes) {
            prop_assert_eq!(error.code, "IncompleteSignature");
            prop_assert!(error.message.starts_with("Date must be in ISO-8601 'basic format'. Got '") && error.message.is_ascii());
        }
    }

    #[test]
    fn a_date_of_http_with_another_character_is_another_date_or_none(
        at in moment(), place in any::<proptest::sample::Index>(), other in "[ -~]",
    ) {
        let text = at.format(HTTP).unwrap();
        let place = place.index(text.len());
        let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
        if let Ok(read) = signing_time::parse(changed.as_bytes()) {
            // The name of the day is not held against the date; all else is as it stands there.
            let written = read.format(HTTP).unwrap();
            prop_assert_eq!(&written[3..], &changed[3..]);
        }
    }

    #[test]
    fn a_credential_is_five_parts_and_comes_back_as_it_was(parts in prop_oneof![
            vec("[a-z0-9-]{0,9}|aws4_request|[A-Z]{20}|\\PC{0,6}", 0..8),
            ("[A-Z]{4,8}", "[0-9]{8}", "[a-zA-Z0-9-]{0,66}", "iam|s[a-z0-9A-Z]{0,2}").prop_map(|(id, date, region, service)| vec![id, date, region, service, "aws4_request".to_owned()]),
        ]) {
        let text = parts.join("/");
        let parts: Vec<&str> = text.split('/').collect();
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = |part: &str| (1..=64).contains(&part.len()) && part.bytes().all(is_plain);
        let is_one = parts.len() == 5 && fits(parts[2]) && fits(parts[3]) && parts[4] == "aws4_request";
        match Credential::parse(&text) {
            Ok(credential) => {
                let Credential { text: whole, scope, access_key_id, date, region, service } = credential;
                prop_assert!(is_one, "{}", text);
                prop_assert_eq!([access_key_id, date, region, service, "aws4_request"].join("/"), whole);
                prop_assert_eq!(format!("{access_key_id}/{scope}"), text);
            }
            Err(error) => prop_assert!(!is_one && error.message.len() < 200, "{}: {}", text, error.message),
        }
    }

    #[test]
    fn the_three_parameters_are_read_in_any_order_with_any_space_around(
        values in ("[!-+.-~]{1,20}", "[!-+.-~]{1,20}", "[!-+.-~]{1,20}"), order in Just([0, 1, 2]).prop_shuffle(), space in "[ \t]{0,3}",
    ) {
        let (credential, signed_headers, signature) = &values;
        let all = [format!("Credential={credential}"), format!("SignedHeaders={signed_headers}"), format!("Signature={signature}")];
        let header = format!("AWS4-HMAC-SHA256 {space}{}", order.map(|at| all[at].clone()).join(&format!("{space},{space}")));
        let read = Parameters::parse(header.as_bytes(), true).ok().unwrap();
        prop_assert_eq!((read.credential, read.signed_headers, read.signature), (&**credential, &**signed_headers, &**signature));
        // Without one of them, or with one twice, it is none.
        for at in order {
            let others = order.into_iter().filter(|other| *other != at).map(|other| all[other].clone()).collect::<Vec<_>>().join(",");
            for parameters in [others, format!("{},{}", all.join(","), all[at])] {
                let refused = Parameters::parse(format!("AWS4-HMAC-SHA256 {parameters}").as_bytes(), true).err().unwrap();
                prop_assert_eq!(refused.code, "IncompleteSignature");
            }
        }
        prop_assert!(Parameters::parse(header.as_bytes(), false).is_err());
    }

    #[test]
    fn signed_headers_are_small_names_in_order_each_once(names in vec("[a-z0-9-]{0,6}|:authority|[A-Z]{1,2}|\\PC{0,2}", 0..6)) {
        let text = names.join(";");
        let token = |name: &str| name == ":authority" || !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase() && !b"\"(),/:;<=>?@[\\]{}".contains(&b));
        let split: Vec<&str> = text.split(';').collect();
        let fits = split.iter().all(|name| token(name)) && split.windows(2).all(|two| two[0] < two[1]);
        let read = SignedHeaders::parse(&text);
        prop_assert_eq!(read.is_ok(), fits, "{}", text);
        if let Ok(read) = read {
            prop_assert!(read.as_str() == text && read.names().eq(split));
        }
    }

    #[test]
    fn a_signature_is_64_small_hexadecimal_digits(bytes in any::<[u8; 32]>(), text in "[0-9a-f]{62,66}|[0-9a-fA-F]{64}|\\PC{0,64}|[0-9a-g]{64}") {
        prop_assert!(Signature::parse(&super::hex(&bytes)).is_ok_and(|signature| signature.bytes() == &bytes));
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match Signature::parse(&text) {
            Ok(signature) => prop_assert!(fits && super::hex(signature.bytes()) == text),
            Err(error) => prop_assert!(!fits && error.code == "SignatureDoesNotMatch"),
        }
    }

    #[test]
    fn any_header_is_read_or_refused_without_its_secrets(parts in vec(select(vec!["AWS4-HMAC-SHA256", "Credential=", "Signature=", "SignedHeaders=", ",", " ", SECRET, "\u{7f}"]), 0..9)) {
        if let Err(error) = Parameters::parse(parts.concat().as_bytes(), true) {
            prop_assert!(!error.message.contains(SECRET), "{}", error.message);
        }
    }
}
