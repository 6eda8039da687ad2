//! What holds for any bytes at all.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn changed() -> Request {
    let mut request = list_users().with("Accept", "text/xml").with("X-Amz-Target", "some target");
    request.method = "POST".to_owned();
    request.path = "/some/path".to_owned();
    request.body = b"Action=ChangePassword&OldPassword=a&NewPassword=b".to_vec();
    request.signed()
}

/// Each place where one byte can be changed: which part, and where in it.
fn places(request: &Request) -> Vec<(usize, usize)> {
    let mut parts = vec![request.method.len(), request.path.len(), request.query.len(), request.body.len()];
    for (name, value) in &request.headers {
        parts.extend([name.len(), value.len()]);
    }
    parts.into_iter().enumerate().flat_map(|(part, length)| (0..length).map(move |at| (part, at))).collect()
}

/// `None` where that would leave text that is none.
fn with_byte(request: &Request, (part, at): (usize, usize), byte: u8) -> Option<Request> {
    let mut request = request.clone();
    let text = |text: &mut String| {
        let mut bytes = std::mem::take(text).into_bytes();
        bytes[at] = byte;
        *text = String::from_utf8(bytes).ok()?;
        Some(())
    };
    match part {
        0 => text(&mut request.method)?,
        1 => text(&mut request.path)?,
        2 => text(&mut request.query)?,
        3 => request.body[at] = byte,
        _ if part % 2 == 0 => text(&mut request.headers[(part - 4) / 2].0)?,
        _ => request.headers[(part - 4) / 2].1[at] = byte,
    }
    Some(request)
}

#[test]
fn every_single_byte_of_a_signed_request_counts() {
    let request = changed();
    assert_eq!(request.accepted(), Ok(()));
    let names_and_values_before = 4 + 2 * (request.headers.len() - 1);
    let mut tried = 0;
    for place @ (part, at) in places(&request) {
        for flipped in [0x01_u8, 0x02, 0x10, 0x40] {
            let original = match part {
                0 => request.method.as_bytes()[at],
                1 => request.path.as_bytes()[at],
                2 => request.query.as_bytes()[at],
                3 => request.body[at],
                _ if part % 2 == 0 => request.headers[(part - 4) / 2].0.as_bytes()[at],
                _ => request.headers[(part - 4) / 2].1[at],
            };
            let Some(other) = with_byte(&request, place, original ^ flipped) else { continue };
            // Two things are not signed: which white space stands between the parameters, and whose secret it is, which
            // shows when the secret of that other key is held against it.
            let space = part == names_and_values_before + 1 && original == b' ';
            let other_key =
                other.read(|request| Authorization::read(request).is_ok_and(|read| read.access_key_id != KEY_ID));
            assert!(space || other_key || other.accepted().is_err(), "{place:?} with {flipped:#x}: {other:?}");
            tried += 1;
        }
    }
    assert!(tried > 1500, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_other_byte_in_what_is_signed_makes_a_request_refused(seed in any::<u32>(), byte in any::<u8>()) {
        let request = changed();
        // All but the Authorization header.
        let places: Vec<_> = places(&request).into_iter().filter(|(part, _)| *part < 4 + 2 * 5).collect();
        let place = places[usize::try_from(seed).expect("64 bits") % places.len()];
        if let Some(other) = with_byte(&request, place, byte) {
            let same = request.headers.iter().zip(&other.headers).all(|(a, b)| a.0.eq_ignore_ascii_case(&b.0) && a.1 == b.1)
                && (&request.method, &request.path, &request.query, &request.body)
                    == (&other.method, &other.path, &other.query, &other.body);
            // A tab for a space between two words is the same header in canonical form.
            let spaced = place.0 >= 4 && place.0 % 2 == 1 && {
                let value = |request: &Request| request.headers[(place.0 - 4) / 2].1[place.1];
                value(&request) == b' ' && matches!(value(&other), b'\t'..=b'\r' | 0x1c..=0x1f)
            };
            prop_assert_eq!(other.accepted().is_ok(), same || spaced, "{:?} {:#x}", place, byte);
        }
    }

    #[test]
    fn reading_never_panics_on_any_bytes(
        authorization in vec(any::<u8>(), 0..200),
        date in vec(any::<u8>(), 0..40),
        path in any::<String>(),
        query in any::<String>(),
        name in any::<String>(),
    ) {
        let request = Request { path, query, ..list_users().without("X-Amz-Date") };
        for header in [authorization.clone(), [b"AWS4-HMAC-SHA256 ".as_slice(), &authorization].concat()] {
            let mut request = request.clone().with(&name, "");
            request.headers.push(("Authorization".to_owned(), header));
            request.headers.push(("X-Amz-Date".to_owned(), date.clone()));
            prop_assert!(request.accepted().is_err());
        }
    }

    #[test]
    fn reading_never_panics_on_what_looks_like_a_signature(pieces in vec(select(vec![
        "AWS4-HMAC-SHA256 ", "Credential=", "SignedHeaders=", "Signature=", ",", " ", "=", "/", ";", "host", "x-amz-date",
        "content-type;host;x-amz-date", "AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/iam/aws4_request", "\u{e9}", "0",
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d8",
    ]), 0..16)) {
        let header = format!("AWS4-HMAC-SHA256 {}", pieces.concat());
        prop_assert!(list_users().with("Authorization", &header).accepted().is_err());
    }

    #[test]
    fn any_path_and_query_can_be_made_canonical(path in "[/.a%]{0,12}", query in any::<String>()) {
        let request = Request { path: path.clone(), query, ..list_users().signed() };
        request.read(|request| {
            let authorization = Authorization::read(request).ok().unwrap();
            let canonical = String::from_utf8(super::super::canonical::request(request, &authorization.signed_headers));
            let canonical = canonical.unwrap();
            let lines: Vec<_> = canonical.split('\n').collect();
            assert_eq!(lines.len(), 9, "{canonical}");
            assert!(!lines[1].contains("//") && !lines[1].contains("/./") && !lines[1].contains("/../"), "{canonical}");
        });
    }
}
