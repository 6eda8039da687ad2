//! `application/x-www-form-urlencoded`, strictly: two different texts never decode to the same one, because one of them may
//! be a password. Why not the library's: it lets a bad escape pass and puts U+FFFD where the bytes are not UTF-8.

use zeroize::Zeroizing;

/// Names with their values, in order. Both may be clear passwords until somebody has looked at them.
pub type Pairs = Vec<(Zeroizing<String>, Zeroizing<String>)>;

/// Why the text cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecodable {
    BadEscape,
    NotUtf8,
}

impl Undecodable {
    pub fn words(self) -> &'static str {
        match self {
            Self::BadEscape => "a bad percent escape",
            Self::NotUtf8 => "text that is not valid UTF-8",
        }
    }
}

pub fn decode(body: &[u8]) -> Result<Pairs, Undecodable> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = text(halves.next().unwrap_or_default())?;
            Ok((name, text(halves.next().unwrap_or_default())?))
        })
        .collect()
}

fn text(encoded: &[u8]) -> Result<Zeroizing<String>, Undecodable> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => escaped(bytes.next(), bytes.next())?,
            other => *other,
        });
    }
    let text = std::str::from_utf8(&decoded).map_err(|_| Undecodable::NotUtf8)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn escaped(high: Option<&u8>, low: Option<&u8>) -> Result<u8, Undecodable> {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => Err(Undecodable::BadEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(body: &str) -> Option<String> {
        decode(body.as_bytes()).ok().map(|pairs| pairs[0].1.to_string())
    }

    #[test]
    fn text_is_decoded_once_and_strictly() {
        assert_eq!(value("a=%2541").unwrap(), "%41");
        assert_eq!(value("a=x+y%20z%2B&b=").unwrap(), "x y z+");
        assert_eq!(value("a=b=c").unwrap(), "b=c");
        assert_eq!(value("a").unwrap(), "");
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%ED%A0%80", "a=\u{0}%C0%80", "%=a"] {
            assert!(value(wrong).is_none(), "{wrong}");
        }
    }

    /// Bodies that are nearly right.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let pieces: Vec<&[u8]> = vec![
            b"a",
            b"b",
            b"=",
            b"&",
            b"+",
            b"%41",
            b"%2b",
            b"%26",
            b"%C3%A9",
            b"%C3",
            b"\xc3\xa9",
            b"%ED%A0%80",
            b"%",
            b"%4",
            b"\0",
        ];
        proptest::collection::vec(proptest::sample::select(pieces), 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_a_browser_encodes_comes_back_as_it_was(text in any::<String>()) {
            let encoded = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            prop_assert_eq!(value(&format!("a={encoded}")), Some(text));
        }

        /// The URL Standard's decoder forgives everything: where nothing has to be forgiven, it says the same.
        #[test]
        fn what_is_taken_reads_as_the_url_standard_has_it_and_what_is_refused_is_wrong(
            body in prop_oneof![any::<Vec<u8>>(), pieces()],
        ) {
            let escaped = |at: usize| body.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            let is_badly_escaped = body.iter().enumerate().any(|(at, byte)| *byte == b'%' && !escaped(at));
            let mut texts = body.split(|byte| *byte == b'&').flat_map(|pair| pair.splitn(2, |byte| *byte == b'='));
            let is_other_than_utf8 = texts.any(|text| percent_encoding::percent_decode(text).decode_utf8().is_err());
            match decode(&body) {
                Ok(pairs) => {
                    prop_assert!(!is_badly_escaped && !is_other_than_utf8);
                    let read = pairs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
                    prop_assert!(read.eq(url::form_urlencoded::parse(&body)), "{:?}", body);
                }
                Err(Undecodable::BadEscape) => prop_assert!(is_badly_escaped, "{:?}", body),
                Err(Undecodable::NotUtf8) => prop_assert!(is_other_than_utf8, "{:?}", body),
            }
        }
    }
}
