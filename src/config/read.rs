//! How a text becomes a value: durations, addresses, URLs, switches. Each says in a few words what it wants instead.

use super::authorities::{ADDS_AN_AUTHORITY, INSTEAD};
use crate::crypto::root_secret::{decode_secret, read_file_with_key, read_secret_file};
use ipnet::IpNet;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};
use zeroize::Zeroizing;

/// `localhost` is 127.0.0.1 here, whatever the machine's resolver thinks.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "is not an address and port, as 127.0.0.1:8080 or [::]:8080".to_owned())
}

pub(super) fn duration(least: Duration, most: Duration) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err("is not a duration such as 500ms, 30s, 15m, 12h or 7d".to_owned()),
        };
        let number: u64 =
            number.parse().map_err(|_| "is not a duration such as 500ms, 30s, 15m, 12h or 7d".to_owned())?;
        let length = Duration::from_millis(number.saturating_mul(unit));
        if (least..=most).contains(&length) {
            return Ok(length);
        }
        Err(format!("has to be from {least:?} to {most:?}"))
    }
}

pub(super) fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| match text.parse() {
        Ok(number) if (&least..=&most).contains(&&number) => Ok(number),
        _ => Err(format!("has to be a number from {least} to {most}")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("has to be on or off".to_owned()),
    }
}

pub(super) fn short_text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err("has to be 1 to 64 characters on one line".to_owned());
    }
    Ok(text.to_owned())
}

/// `off`, or a number from 1.
pub(super) fn limit(text: &str) -> Result<Option<NonZeroU32>, String> {
    match text {
        "off" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "has to be off or a number from 1".to_owned()),
    }
}

/// A link for people: it goes into pages as it is.
pub(super) fn link(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url.into()),
        _ => Err("is not an http or https URL".to_owned()),
    }
}

/// A network or an address, separated by commas or blanks. One that holds every address would believe anybody.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let one = |part: &str| {
        let network = part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(network) if network.prefix_len() == 0 => Err(format!("{part} holds every address")),
            Ok(network) => Ok(network),
            Err(_) => Err(format!("{part} is not a network, as 10.0.0.0/8, nor an address")),
        }
    };
    text.split([',', ' ']).filter(|part| !part.is_empty()).map(one).collect()
}

/// `EnvFilter` takes any bare word for the name of a target and then logs nothing else: here it has to be a level.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |part: &str| levels.contains(&part.to_ascii_lowercase().as_str());
    let wrong_word = text.split(',').find(|part| !part.contains(['=', '[']) && !is_level(part.trim()));
    if wrong_word.is_some() || EnvFilter::builder().parse(text).is_err() {
        return Err("is not a level (off, error, warn, info, debug, trace) or a list of target=level".to_owned());
    }
    Ok(text.to_owned())
}

/// At least 32 bytes.
pub(super) fn secret(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let bytes = decode_secret(text).filter(|bytes| bytes.len() >= 32);
    bytes.ok_or_else(|| "has to be at least 32 bytes, written in hex or base64".to_owned())
}

pub(super) fn secret_file(text: &str) -> Result<Zeroizing<String>, String> {
    let content = read_secret_file(Path::new(text)).map_err(|error| error.to_string())?;
    content.ok_or_else(|| "there is no such file".to_owned())
}

/// Some hundred thousand passwords: as much as is worth the memory.
const LONGEST_LIST: u64 = 8 * 1024 * 1024;

pub(super) fn password_list(text: &str) -> Result<String, String> {
    let mut content = Vec::new();
    let file = std::fs::File::open(text).map_err(|error| format!("cannot be read: {error}"))?;
    file.take(LONGEST_LIST + 1).read_to_end(&mut content).map_err(|error| format!("cannot be read: {error}"))?;
    if content.len() as u64 > LONGEST_LIST {
        return Err("is longer than 8 MiB".to_owned());
    }
    String::from_utf8(content).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        format!("line {} is not valid UTF-8", before.split(|byte| *byte == b'\n').count())
    })
}

pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

/// A database elsewhere is spoken to over TLS, with its certificate checked against its name (OWASP ASVS 12.3).
/// The host has to stand in the URL: the driver would take it from `PGHOST` otherwise, unseen by this check.
pub(super) fn database_url(text: &str) -> Result<String, String> {
    if text.starts_with("sqlite:") {
        return Ok(text.to_owned());
    }
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("has to begin with sqlite: or postgres:".to_owned());
    }
    let mut hosts: Vec<String> =
        url.host_str().filter(|host| !host.is_empty()).map(str::to_owned).into_iter().collect();
    let mut mode = String::new();
    for (name, value) in url.query_pairs() {
        match &*name {
            "host" | "hostaddr" => hosts.push(value.into_owned()),
            "sslmode" | "ssl-mode" => mode = value.into_owned(),
            "sslkey" | "ssl-key" => key_file(&value).map_err(|problem| format!("{name}: {problem}"))?,
            adds if ADDS_AN_AUTHORITY.contains(&adds) => return Err(format!("{name} {INSTEAD}")),
            _ => {}
        }
    }
    if hosts.is_empty() {
        return Err("has to name its host".to_owned());
    }
    let is_socket = |host: &str| host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    let is_near = |host: &String| is_socket(host) || Host::parse(host).is_ok_and(|host| is_loopback(&borrowed(&host)));
    if mode != "verify-full" && !hosts.iter().all(is_near) {
        return Err("a database on another machine needs sslmode=verify-full".to_owned());
    }
    Ok(text.to_owned())
}

/// Of the certificate with which the database is signed in to: as private as that of our own.
fn key_file(path: &str) -> Result<(), String> {
    match read_file_with_key(Path::new(path)) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("there is no such file".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn borrowed(host: &Host<String>) -> Host<&str> {
    match host {
        Host::Domain(name) => Host::Domain(name),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    }
}

#[cfg(test)]
mod tests;
