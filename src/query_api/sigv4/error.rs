//! Why a signature is not accepted, in AWS's codes and, where they are known, AWS's words.
//!
//! AWS repeats the whole Authorization header in some of them. Here only short, harmless pieces come back: a message may
//! be logged, and a signature is as good as a password for 15 minutes.

/// A refusal for the caller: the code of the wire and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureError {
    /// `MissingAuthenticationToken`, `IncompleteSignature`, `SignatureDoesNotMatch` or `InvalidClientTokenId`.
    pub code: &'static str,
    pub message: String,
}

impl SignatureError {
    pub(in crate::query_api) fn missing_token() -> Self {
        Self { code: "MissingAuthenticationToken", message: "Request is missing Authentication Token".to_owned() }
    }

    pub(in crate::query_api) fn invalid_token() -> Self {
        Self {
            code: "InvalidClientTokenId",
            message: "The security token included in the request is invalid.".to_owned(),
        }
    }

    /// For what cannot be read as the signature of one request.
    pub(in crate::query_api) fn incomplete(message: String) -> Self {
        Self { code: "IncompleteSignature", message }
    }

    /// For what can be read and does not hold.
    pub(in crate::query_api) fn does_not_match(message: String) -> Self {
        Self { code: "SignatureDoesNotMatch", message }
    }

    pub(in crate::query_api) fn mismatch() -> Self {
        Self::does_not_match(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }
}

/// A piece of the request that may stand in a message: short and printable.
pub(in crate::query_api) fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 40;
    let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
    let mut shown: String = text.iter().take(LONGEST).map(printable).collect();
    if text.len() > LONGEST {
        shown.push_str("...");
    }
    shown
}
