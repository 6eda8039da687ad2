//! Whose certificates are believed when PostgreSQL is spoken to over TLS: those of the machine, or where `SSL_CERT_FILE` names
//! a file, those in it and no other (OWASP ASVS 12.3.4).
//!
//! Why there is no setting for it: the library that speaks TLS reads this variable itself. What it has of its own, the
//! parameter `sslrootcert` and `PGSSLROOTCERT`, adds an authority to those of the machine, so that any of them could still
//! vouch for a false server; both are refused. A file that cannot be used would leave nobody who is believed, and a
//! start that fails for a reason that nobody sees.

use super::source::{ConfigError, Values};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;

/// All spellings that the library takes.
pub(super) const ADDS_AN_AUTHORITY: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
pub(super) const INSTEAD: &str =
    "only adds an authority to those of the machine; name its file in SSL_CERT_FILE instead, and no other is believed";

pub(super) fn check(values: &Values, database_url: &str) -> Result<(), ConfigError> {
    if !database_url.starts_with("postgres") {
        return Ok(());
    }
    if values.foreign("PGSSLROOTCERT").is_some() {
        return Err(values.foreign_error("PGSSLROOTCERT", INSTEAD));
    }
    match values.foreign("SSL_CERT_FILE").map(Path::new).map(usable) {
        Some(Err(problem)) => Err(values.foreign_error("SSL_CERT_FILE", problem)),
        _ => Ok(()),
    }
}

fn usable(file: &Path) -> Result<(), String> {
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| format!("cannot be read: {error}"))?;
    match certificates.collect::<Result<Vec<_>, _>>() {
        Ok(found) if found.is_empty() => Err("holds no certificate in PEM".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}
