//! The Authorization header taken apart: `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`, in any
//! order, each once and no other.

use super::error::SignatureError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

pub struct Parameters<'a> {
    pub credential: &'a str,
    pub signed_headers: &'a str,
    pub signature: &'a str,
}

/// Those that were found so far.
#[derive(Default)]
struct Found<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// `dated`: whether the request has a header that says when it was signed. AWS tells of all that is missing at once.
    pub fn parse(header: &'a [u8], dated: bool) -> Result<Self, SignatureError> {
        let text = str::from_utf8(header).unwrap_or_default().trim_ascii();
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme != ALGORITHM {
            return Err(missing(&Found::default(), dated, name_of_scheme(text)));
        }
        let mut found = Found::default();
        if !rest.trim_ascii().is_empty() {
            for parameter in rest.split(',') {
                found.take(parameter.trim_ascii())?;
            }
        }
        match found {
            Found {
                credential: Some(credential),
                signed_headers: Some(signed_headers),
                signature: Some(signature),
            } if dated => Ok(Self { credential, signed_headers, signature }),
            _ => Err(missing(&found, dated, ALGORITHM)),
        }
    }
}

impl<'a> Found<'a> {
    /// An empty value is as good as none and will be told as missing.
    fn take(&mut self, parameter: &'a str) -> Result<(), SignatureError> {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(malformed("has a part that is not a valid key=value pair (missing equal-sign)"));
        };
        let place = match name {
            "Credential" => &mut self.credential,
            "SignedHeaders" => &mut self.signed_headers,
            "Signature" => &mut self.signature,
            _ => return Err(malformed("has a parameter other than 'Credential', 'SignedHeaders' and 'Signature'")),
        };
        match place {
            Some(_) => Err(malformed(&format!("has more than one '{name}' parameter"))),
            None if value.is_empty() => Ok(()),
            None => {
                *place = Some(value);
                Ok(())
            }
        }
    }
}

fn malformed(what: &str) -> SignatureError {
    SignatureError::incomplete(format!("Authorization header {what}. Authorization={ALGORITHM}"))
}

fn missing(found: &Found<'_>, dated: bool, scheme: &str) -> SignatureError {
    let parameters =
        [("Credential", found.credential), ("Signature", found.signature), ("SignedHeaders", found.signed_headers)];
    let mut message: String = parameters
        .iter()
        .filter(|(_, value)| value.is_none())
        .flat_map(|(name, _)| ["Authorization header requires '", name, "' parameter. "])
        .collect();
    if !dated {
        message.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    SignatureError::incomplete(format!("{message}Authorization={scheme}"))
}

/// The scheme where it is plainly one. A lone word may be the secret itself, sent without a scheme.
fn name_of_scheme(text: &str) -> &str {
    match text.split_once(' ') {
        Some((scheme, _)) if scheme.len() <= 32 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            scheme
        }
        _ => "",
    }
}
