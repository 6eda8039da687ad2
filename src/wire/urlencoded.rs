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

    proptest! {
        #[test]
        fn whatever_a_browser_encodes_comes_back_as_it_was(text in any::<String>()) {
            let encoded = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            prop_assert_eq!(value(&format!("a={encoded}")), Some(text));
        }

        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
            drop(decode(&body));
        }
    }
}
