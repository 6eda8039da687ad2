//! The canonical request: what of a request is signed, in the one form that client and server agree on. Byte for byte what
//! botocore's `SigV4Auth` makes of a request that it sends, and what AWS's test suite shows for requests that it would not.

use super::SignedRequest;
use super::hex;
use super::signed_headers::SignedHeaders;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The method is taken as it was sent: methods are case-sensitive, and no client sends `post`.
pub fn request(request: &SignedRequest<'_>, signed: &SignedHeaders<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + request.path.len() + request.query.len());
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    push_path(&mut out, request.path);
    out.push(b'\n');
    push_query(&mut out, request.query);
    out.push(b'\n');
    for name in signed.names() {
        out.extend_from_slice(name.as_bytes());
        push_values(&mut out, request.values(name));
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed.as_str().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(hex::encode(&Sha256::digest(request.body)).as_bytes());
    out
}

/// Without dot segments and repeated slashes, then encoded once more: a `%2F` that was sent is signed as `%252F`.
fn push_path(out: &mut Vec<u8>, path: &str) {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            named => kept.push(named),
        }
    }
    if path.is_empty() || path.starts_with('/') {
        out.push(b'/');
    }
    for (place, segment) in kept.iter().enumerate() {
        if place > 0 {
            out.push(b'/');
        }
        push_encoded(out, segment, |b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    }
    if path.ends_with('/') && !kept.is_empty() {
        out.push(b'/');
    }
}

/// As it was sent, its pairs in order of name, then value. What cannot be in a URL was sent by a client that left the
/// encoding to others, and is signed encoded.
fn push_query(out: &mut Vec<u8>, query: &str) {
    if query.is_empty() {
        return;
    }
    let query = encoded_where_it_must(query);
    let mut pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    for (place, (name, value)) in pairs.into_iter().enumerate() {
        if place > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
    }
}

fn encoded_where_it_must(query: &str) -> Cow<'_, str> {
    if query.bytes().all(|b| b.is_ascii_graphic()) {
        return Cow::Borrowed(query);
    }
    let mut encoded = Vec::with_capacity(query.len() * 3);
    push_encoded(&mut encoded, query, |b| b.is_ascii_graphic());
    Cow::Owned(String::from_utf8(encoded).expect("all that is not ASCII was encoded"))
}

fn push_encoded(out: &mut Vec<u8>, text: &str, plain: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if plain(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

/// Each trimmed, its inner runs of white space made one space; several joined with commas.
fn push_values<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a [u8]>) {
    let mut separator = b':';
    for value in values {
        out.push(separator);
        let words = value.split(|b| is_space(*b)).filter(|word| !word.is_empty());
        for (place, word) in words.enumerate() {
            if place > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
        separator = b',';
    }
}

/// What Python's `str.split` takes for white space, in ASCII.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ')
}
