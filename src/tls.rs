//! TLS by rustls, where a certificate and a key are configured: TLS 1.2 and 1.3, as rustls chooses them.

use crate::config::TlsFiles;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// One clear line names the setting and the file that cannot be used.
pub fn server_config(files: &TlsFiles) -> Result<ServerConfig, String> {
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| format!("MSC_TLS_CERTIFICATE: {}: {error}", files.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|error| format!("MSC_TLS_KEY: {}: {error}", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("MSC_TLS_CERTIFICATE and MSC_TLS_KEY do not go together: {error}"))
}
