//! TLS by rustls, where a certificate and a key are configured: TLS 1.2 and 1.3. What is served with it is HTTP/1.1, which
//! actix names in the handshake (ALPN) by itself.
//!
//! A renewed certificate is served without a restart: the files are read every few seconds, and a pair that is whole and
//! fits is what the next handshakes get. Why their content is compared and not their times: a renewal may swap a link
//! (Kubernetes, certbot), write in place or copy a file with its old date, and all of these count.

use crate::config::TlsFiles;
use crate::crypto::root_secret::read_file_with_key;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// How often the files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The certificate that is served, and the files that it comes from.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    served: RwLock<Arc<CertifiedKey>>,
    /// What was found at the last look, good or bad, so that each finding is acted on and told once.
    found: Mutex<[u8; 32]>,
}

impl Certificate {
    /// One clear line names the setting and the file that cannot be used.
    pub fn load(files: &TlsFiles) -> Result<Arc<Self>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pem = Pem::read(files)?;
        Ok(Arc::new(Self {
            served: RwLock::new(Arc::new(pem.certified(files, &provider)?)),
            found: Mutex::new(pem.digest()),
            files: files.clone(),
            provider,
        }))
    }

    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, String> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| format!("MSC_TLS_CERTIFICATE: {error}"))?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self.clone()))
    }

    /// Looks at the files as long as the process lives.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let certificate = self.clone();
            // A disk may be slow, and a folder of secrets may be on a network.
            match tokio::task::spawn_blocking(move || certificate.look()).await {
                Ok(Found::Renewed) => tracing::info!("a changed TLS certificate is served from now on"),
                Ok(Found::Unusable(why)) => tracing::error!("{why}; the TLS certificate of before is still served"),
                Ok(Found::Same) => {}
                Err(error) => tracing::error!(%error, "the TLS certificate could not be looked at"),
            }
        }
    }

    /// What has changed is served from now on, if it can be. The same finding is found once.
    fn look(&self) -> Found {
        let pem = Pem::read(&self.files);
        let digest = match &pem {
            Ok(pem) => pem.digest(),
            Err(problem) => Sha256::digest(problem).into(),
        };
        if std::mem::replace(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner), digest) == digest {
            return Found::Same;
        }
        match pem.and_then(|pem| pem.certified(&self.files, &self.provider)) {
            Ok(certified) => {
                *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                Found::Renewed
            }
            Err(why) => Found::Unusable(why),
        }
    }
}

/// At a look at the files.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Same,
    Renewed,
    Unusable(String),
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.served.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The two files as they were read.
struct Pem {
    certificate: Vec<u8>,
    key: Zeroizing<String>,
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, String> {
        let certificate = std::fs::read(&files.certificate);
        let certificate =
            certificate.map_err(|error| format!("MSC_TLS_CERTIFICATE: {}: {error}", files.certificate.display()))?;
        let key = read_file_with_key(&files.key).map_err(|error| format!("MSC_TLS_KEY: {error}"))?;
        let key = key.ok_or_else(|| format!("MSC_TLS_KEY: {}: there is no such file", files.key.display()))?;
        Ok(Self { certificate, key })
    }

    fn digest(&self) -> [u8; 32] {
        let length = (self.certificate.len() as u64).to_be_bytes();
        Sha256::new().chain_update(length).chain_update(&self.certificate).chain_update(&*self.key).finalize().into()
    }

    fn certified(&self, files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
        let unusable = |problem: &str| format!("MSC_TLS_CERTIFICATE: {}: {problem}", files.certificate.display());
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable(&error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable("there is no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let key = key.map_err(|error| format!("MSC_TLS_KEY: {}: {error}", files.key.display()))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let (certificate, key) = (files.certificate.display(), files.key.display());
            format!("MSC_TLS_CERTIFICATE and MSC_TLS_KEY: {certificate} and {key} do not go together: {error}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn made() -> Made<KeyPair> {
        generate_simple_self_signed(["localhost".to_owned()]).unwrap()
    }

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn write_pair(folder: &Path, pair: &Made<KeyPair>) -> TlsFiles {
        let files = TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
        write(&files.certificate, &pair.cert.pem(), 0o644);
        write(&files.key, &pair.signing_key.serialize_pem(), 0o600);
        files
    }

    fn is_served(certificate: &Certificate, pair: &Made<KeyPair>) -> bool {
        certificate.served.read().unwrap().cert == [pair.cert.der().clone()]
    }

    #[test]
    fn a_changed_pair_is_served_and_told_once() {
        let (folder, [first, second]) = (tempfile::tempdir().unwrap(), [made(), made()]);
        let certificate = Certificate::load(&write_pair(folder.path(), &first)).unwrap();
        assert_eq!(certificate.look(), Found::Same);
        write_pair(folder.path(), &second);
        assert_eq!((certificate.look(), certificate.look()), (Found::Renewed, Found::Same));
        assert!(is_served(&certificate, &second));
    }

    #[test]
    fn a_swapped_link_is_a_change() {
        let (folder, [first, second]) = (tempfile::tempdir().unwrap(), [made(), made()]);
        let [one, two, current, next] = ["one", "two", "current", "next"].map(|name| folder.path().join(name));
        for (place, pair) in [(&one, &first), (&two, &second)] {
            std::fs::create_dir(place).unwrap();
            write_pair(place, pair);
        }
        symlink(&one, &current).unwrap();
        let files = TlsFiles { certificate: current.join("tls.crt"), key: current.join("tls.key") };
        let certificate = Certificate::load(&files).unwrap();
        symlink(&two, &next).unwrap();
        std::fs::rename(&next, &current).unwrap();
        assert_eq!(certificate.look(), Found::Renewed);
        assert!(is_served(&certificate, &second));
    }

    #[test]
    fn what_cannot_be_served_changes_nothing_and_is_told_once_by_setting_and_file() {
        let (folder, [first, second]) = (tempfile::tempdir().unwrap(), [made(), made()]);
        let files = write_pair(folder.path(), &first);
        let certificate = Certificate::load(&files).unwrap();
        let (key, other_key) = (first.signing_key.serialize_pem(), second.signing_key.serialize_pem());
        let unusable: [(&dyn Fn(), [&str; 3]); 6] = [
            (&|| write(&files.key, &other_key, 0o600), ["MSC_TLS_KEY", "tls.key", "do not go together"]),
            (&|| write(&files.key, &key, 0o644), ["MSC_TLS_KEY", "tls.key", "others can use it"]),
            (&|| write(&files.key, "no key", 0o600), ["MSC_TLS_KEY", "tls.key", "no items"]),
            (&|| std::fs::remove_file(&files.key).unwrap(), ["MSC_TLS_KEY", "tls.key", "no such file"]),
            (&|| write(&files.certificate, "", 0o644), ["MSC_TLS_KEY", "tls.key", "no such file"]),
            (&|| write(&files.key, &key, 0o600), ["MSC_TLS_CERTIFICATE", "tls.crt", "no certificate"]),
        ];
        for (step, (change, words)) in unusable.into_iter().enumerate() {
            change();
            match certificate.look() {
                Found::Unusable(why) => {
                    assert!(words.iter().all(|word| why.contains(word)) && !why.contains('\n'), "{words:?}: {why}");
                }
                // What keeps the file from being read has been told already.
                found => assert!(found == Found::Same && step == 4, "{words:?}: {found:?}"),
            }
            assert_eq!(certificate.look(), Found::Same, "{words:?}");
            assert!(is_served(&certificate, &first), "{words:?}");
        }
        write_pair(folder.path(), &second);
        assert_eq!(certificate.look(), Found::Renewed);
        assert!(is_served(&certificate, &second));
    }
}
