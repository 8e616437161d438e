//! A provider's base URL, taken apart.

use http::Uri;
use std::{net::Ipv6Addr, str::FromStr};

/// `https://api.openai.com/v1`, checked and in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether the scheme is https.
    pub tls: bool,
    /// Host name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Port, the scheme's own where the URL names none.
    pub port: u16,
    /// The path, without a slash at its end; empty for the root.
    pub path: String,
    /// The `:authority`: the host, with the port where it is not the scheme's own.
    pub authority: String,
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (uri, tls) = parse(text)?;
        let authority = uri.authority().ok_or("it names no host")?.as_str();
        if authority.contains('@') {
            return Err("it carries a user name: credentials belong into `api_key` or `headers`".into());
        }
        if uri.query().is_some() || text.contains('#') {
            return Err("a base URL ends with its path: leave out `?` and `#` and what follows".into());
        }
        let written = uri.host().unwrap_or_default();
        let default = if tls { 443 } else { 80 };
        let port = port(authority.strip_prefix(written).unwrap_or_default(), default)?;
        Ok(Self {
            tls,
            host: host(written)?,
            port,
            path: uri.path().trim_end_matches('/').into(),
            authority: if port == default { written.into() } else { format!("{written}:{port}") },
        })
    }
}

fn parse(text: &str) -> Result<(Uri, bool), String> {
    let wanted = "expected `http://` or `https://`, a host and perhaps a port and a path";
    let uri: Uri = text.parse().map_err(|e| format!("not a URL ({e}); {wanted}"))?;
    match uri.scheme_str() {
        Some("https") => Ok((uri, true)),
        Some("http") => Ok((uri, false)),
        Some(other) => Err(format!("the scheme `{other}` is not spoken here; {wanted}")),
        None => Err(format!("it has no scheme; {wanted}")),
    }
}

fn host(written: &str) -> Result<String, String> {
    if let Some(v6) = written.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
        return v6.parse::<Ipv6Addr>().map(|a| a.to_string()).map_err(|e| format!("`{v6}`: {e}"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !written.is_empty() && written.chars().all(allowed) {
        true => Ok(written.to_ascii_lowercase()),
        false => Err(format!("`{written}` is no host name")),
    }
}

/// The port in `:8080`, or the scheme's own where there is nothing.
fn port(written: &str, default: u16) -> Result<u16, String> {
    match written.strip_prefix(':') {
        None => Ok(default),
        Some(digits) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| format!("`{digits}` is no port; expected 1 to 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_url() {
        for (text, tls, host, port, path, authority) in [
            ("https://api.openai.com/v1", true, "api.openai.com", 443, "/v1", "api.openai.com"),
            ("https://api.openai.com:443/v1/", true, "api.openai.com", 443, "/v1", "api.openai.com"),
            ("http://127.0.0.1:9100", false, "127.0.0.1", 9100, "", "127.0.0.1:9100"),
            ("http://[::1]:8000/v1", false, "::1", 8000, "/v1", "[::1]:8000"),
            ("https://[2001:db8::7]", true, "2001:db8::7", 443, "", "[2001:db8::7]"),
            ("http://vllm.models.svc/", false, "vllm.models.svc", 80, "", "vllm.models.svc"),
            ("http://h:443", false, "h", 443, "", "h:443"),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            let authority = authority.to_string();
            assert_eq!(url, BaseUrl { tls, host: host.into(), port, path: path.into(), authority }, "{text}");
        }
    }

    #[test]
    fn what_is_no_base_url_says_why() {
        for (text, why) in [
            ("api.openai.com/v1", "not a URL"),
            ("/v1", "no scheme"),
            ("ftp://h", "`ftp` is not spoken"),
            ("https://user:pw@h/v1", "user name"),
            ("https://h/v1?key=1", "leave out"),
            ("https://h/v1#x", "leave out"),
            ("https://h:0/v1", "`0` is no port"),
            ("https://h:99999/v1", "`99999` is no port"),
            ("https://h:/v1", "`` is no port"),
            ("https://[zz]/v1", "`zz`"),
            ("https://a b/v1", "not a URL"),
            ("https://h!x/v1", "no host name"),
            ("", "not a URL"),
        ] {
            let error = text.parse::<BaseUrl>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
