//! What a request says about itself, believed only as far as the peer is: forwarded headers count from configured
//! proxies alone.

use crate::config::Config;
use crate::console::{Console, cookies};
use crate::operations::RequestFacts;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{COOKIE, HOST, HeaderValue, USER_AGENT};
use actix_web::web;
use std::net::{IpAddr, SocketAddr};

/// User agents are kept in sessions and records; a longer one is cut.
const LONGEST_USER_AGENT: usize = 256;

/// `/healthz` and `/readyz`: a load balancer asks for them by address, in clear, and is told nothing that is not for
/// everybody.
pub fn is_probe(request: &ServiceRequest) -> bool {
    matches!(request.path(), "/healthz" | "/readyz")
}

/// Whether the request names a host that this server answers for, once.
pub fn is_for_us(request: &ServiceRequest) -> bool {
    let Some(config) = request.app_data::<web::Data<Config>>() else { return false };
    let mut hosts = request.headers().get_all(HOST);
    let in_target = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let host = host.to_str().unwrap_or_default();
            config.knows_host(host) && in_target.is_none_or(|target| target == host)
        }
        (None, _) => in_target.is_some_and(|target| config.knows_host(target)),
        _ => false,
    }
}

/// Takes away every cookie that is not ours, by its very bytes.
///
/// Why: the library that reads cookies decodes and trims their names, so that one called `__%48ost-msc-session`, which a
/// browser lets any sibling host set, would count as `__Host-msc-session`; and one cookie of a neighbour that is not UTF-8
/// would hide all the others.
pub fn keep_own_cookies(request: &mut ServiceRequest) {
    let Some(https) = request.app_data::<web::Data<Console>>().map(|console| console.https) else { return };
    let pairs = request.headers().get_all(COOKIE).flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let own = pairs.map(|pair| pair.strip_prefix(b" ").unwrap_or(pair)).filter(|pair| cookies::is_ours(pair, https));
    let own = HeaderValue::from_bytes(&own.collect::<Vec<_>>().join(&b"; "[..]));
    request.headers_mut().remove(COOKIE);
    if let Ok(own) = own {
        request.headers_mut().insert(COOKIE, own);
    }
}

/// Plain HTTP is for loopback and for the proxies that speak HTTPS: anybody else would send passwords in the clear.
pub fn came_safely(request: &ServiceRequest) -> bool {
    let Some(config) = request.app_data::<web::Data<Config>>() else { return false };
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    config.tls.is_some() || peer.is_some_and(|peer| peer.is_loopback() || is_trusted(config, peer))
}

pub fn facts(request: &ServiceRequest) -> RequestFacts {
    let config = request.app_data::<web::Data<Config>>();
    let random = request.app_data::<web::Data<Console>>().map(|console| console.app.random.clone());
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let through_proxy = config.is_some_and(|config| peer.is_some_and(|peer| is_trusted(config, peer)));
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // A proxy may append to the header or add another one: all of them, in order, are one chain.
    let chain: Vec<&str> =
        request.headers().get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or("?")).collect();
    let forwarded = Some(chain.join(",")).filter(|_| through_proxy);
    let user_agent = request.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    RequestFacts {
        request_id: random.map(|random| crate::crypto::identifier::request_id(&random)).unwrap_or_default(),
        source_address: config.and_then(|config| client(config, forwarded.as_deref(), peer)),
        user_agent: user_agent.map(|agent| agent.chars().take(LONGEST_USER_AGENT).collect()),
        secure: config.is_some_and(|config| config.tls.is_some())
            || through_proxy && header("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
        door: "",
        signature_hash: None,
    }
}

fn is_trusted(config: &Config, address: IpAddr) -> bool {
    config.trusted_proxies.iter().any(|network| network.contains(&address))
}

/// The last address in the chain that is no proxy of ours: what stands before it was written by anybody.
fn client(config: &Config, forwarded: Option<&str>, peer: Option<IpAddr>) -> Option<IpAddr> {
    let chain = forwarded.unwrap_or_default().split(',').rev().map(|part| address_in(part.trim()));
    let first_stranger = chain
        .map_while(|address| address)
        .map(|address| address.to_canonical())
        .find(|address| !is_trusted(config, *address));
    first_stranger.or(peer)
}

/// Some proxies write the port too, and brackets around an address of IPv6.
fn address_in(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GlobalFlags;
    use actix_web::test::TestRequest;

    fn from(peer: &str, settings: &[(&str, &str)]) -> ServiceRequest {
        let config = Config::load(&GlobalFlags::default(), settings.iter().copied()).unwrap();
        let peer = format!("{peer}:4711").parse().unwrap();
        TestRequest::default().peer_addr(peer).app_data(web::Data::new(config)).to_srv_request()
    }

    #[test]
    fn an_address_is_read_in_every_form_that_proxies_write() {
        for text in ["192.0.2.7", "192.0.2.7:4711"] {
            assert_eq!(address_in(text), "192.0.2.7".parse().ok(), "{text}");
        }
        for text in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:4711"] {
            assert_eq!(address_in(text), "2001:db8::7".parse().ok(), "{text}");
        }
        for text in ["", "unknown", "_hidden", "192.0.2.7:", "[192.0.2.7", "192.0.2.256"] {
            assert_eq!(address_in(text), None, "{text}");
        }
    }

    #[test]
    fn plain_http_is_taken_from_loopback_and_configured_proxies_alone() {
        let settings = [
            ("MSC_LISTEN", "0.0.0.0:8080"),
            ("MSC_PUBLIC_URL", "https://console.example.com"),
            ("MSC_TRUSTED_PROXIES", "192.0.2.7,10.0.0.0/8"),
        ];
        for peer in ["127.0.0.1", "192.0.2.7", "10.1.2.3"] {
            assert!(came_safely(&from(peer, &settings)), "{peer}");
        }
        for peer in ["192.0.2.8", "198.51.100.1"] {
            assert!(!came_safely(&from(peer, &settings)), "{peer}");
        }
    }
}
