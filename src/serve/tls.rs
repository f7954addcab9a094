//! TLS of the process itself.
//!
//! In: a certificate with those of its issuers, and its key, as files in PEM. Out: what the server speaks TLS with.

use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};

/// Reads certificate and key.
///
/// # Errors
/// Configuration, where one of them is none, or they do not belong together.
pub(crate) fn config(certificate: &Path, key: &Path) -> Result<RustlsConfig> {
    Ok(RustlsConfig::from_config(server(certificate, key)?))
}

/// The same for servers that speak another protocol over TLS.
///
/// # Errors
/// As [`config`].
pub(crate) fn server(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let wrong = |file: &Path, what: &dyn std::fmt::Display| {
        Error::config(format!("{} is no such file: {what}", file.display()))
            .hint("name a certificate and its key in PEM under `tls` in the settings")
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(|e| wrong(certificate, &e))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|e| wrong(certificate, &e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
