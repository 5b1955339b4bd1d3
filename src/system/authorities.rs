//! Edge. TLS as a client, with the authorities that this machine trusts: those of its `ca-certificates`, or of
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`. They are read each time, so that an update of them counts at once.

use rustls::crypto::ring;
use rustls_native_certs::load_native_certs;
use std::sync::Arc;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// A client for `url`; by TLS one of them must vouch for the server.
pub fn client(settings: ConfigBuilder<AgentScope>, url: &str) -> Result<Agent, String> {
    let settings = if is_by_tls(url) { settings.tls_config(tls()?) } else { settings };
    Ok(settings.build().new_agent())
}

fn tls() -> Result<TlsConfig, String> {
    let loaded = load_native_certs();
    if loaded.certs.is_empty() {
        let cause = loaded.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(format!("no certificate of an authority was found{cause}; install `ca-certificates`"));
    }
    let trusted: Vec<_> = loaded.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let provider = Arc::new(ring::default_provider());
    let settings = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted));
    Ok(settings.unversioned_rustls_crypto_provider(provider).build())
}

/// `true` for a URL that needs TLS.
pub fn is_by_tls(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}
