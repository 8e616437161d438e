//! Where an engine is: `redis://`, `rediss://`, and the same for clusters and for sentinels.

use percent_encoding::percent_decode_str;
use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError, io::tcp::TcpSettings,
};
use std::fmt;

/// The port of an engine where none is named.
const PORT: u16 = 6379;
/// The port of a sentinel where none is named.
const SENTINEL_PORT: u16 = 26379;
/// The forms of an address, for whoever has written another.
const FORMS: &str = "expected `redis://[user:password@]host[:port][/database]`, `redis-cluster://host:port,host:port`, `redis-sentinel://host:port,host:port/name[/database]`, or the same with `rediss` for TLS";

/// Where an engine is. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    kind: Kind,
    tls: bool,
    login: Option<(String, String)>,
    hosts: Vec<(String, u16)>,
    database: i64,
}

/// What stands at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// One server.
    One,
    /// Some nodes of a cluster.
    Cluster,
    /// Sentinels, who know which server is the master of this name.
    Sentinel { master: String },
}

/// A text is no address of an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(String);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// The text is none; it is not repeated, for it may hold a password.
    pub fn read(text: &str) -> Result<Self, BadAddress> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("no engine"))?;
        let (tls, form) = match scheme.strip_prefix("rediss") {
            Some(form) => (true, form),
            None => (false, scheme.strip_prefix("redis").ok_or_else(|| bad("no engine"))?),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match hosts.rsplit_once('@') {
            Some((login, hosts)) => (Some(read_login(login)), hosts),
            None => (None, hosts),
        };
        let (kind, path, port) = match form {
            "" => (Kind::One, path, PORT),
            "-cluster" => (Kind::Cluster, path, PORT),
            "-sentinel" => {
                let (master, database) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(bad("the name of the master is missing"));
                }
                (Kind::Sentinel { master: master.into() }, database, SENTINEL_PORT)
            }
            _ => return Err(bad("no engine")),
        };
        let hosts: Vec<_> = hosts.split(',').map(|host| read_host(host, port)).collect::<Result<_, _>>()?;
        if kind == Kind::One && hosts.len() > 1 {
            return Err(bad("one server, but several hosts"));
        }
        let database = match path {
            "" => 0,
            number => number.parse::<u16>().map_err(|_| bad("the database is no number"))?.into(),
        };
        if kind == Kind::Cluster && database != 0 {
            return Err(bad("a cluster has no databases"));
        }
        Ok(Self { kind, tls, login, hosts, database })
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(super) fn tls(&self) -> bool {
        self.tls
    }

    /// The one server.
    pub(super) fn node(&self) -> Result<ConnectionInfo, RedisError> {
        let none = || RedisError::from((redis::ErrorKind::InvalidClientConfig, "no host"));
        self.nodes()?.into_iter().next().ok_or_else(none)
    }

    /// Every host, as one to be logged in at.
    pub(super) fn nodes(&self) -> Result<Vec<ConnectionInfo>, RedisError> {
        let infos = self.addresses().map(IntoConnectionInfo::into_connection_info);
        let tcp = TcpSettings::default().set_nodelay(true);
        infos
            .map(|info| Ok(info?.set_redis_settings(self.credentials()).set_tcp_settings(tcp.clone())))
            .collect()
    }

    /// Every host, as a sentinel, which asks for no password.
    pub(super) fn sentinels(&self) -> Result<Vec<ConnectionInfo>, RedisError> {
        self.addresses().map(IntoConnectionInfo::into_connection_info).collect()
    }

    /// Who we are to a server.
    pub(super) fn credentials(&self) -> RedisConnectionInfo {
        let login = RedisConnectionInfo::default().set_db(self.database);
        match &self.login {
            None => login,
            Some((user, password)) if user.is_empty() => login.set_password(password),
            Some((user, password)) => login.set_username(user).set_password(password),
        }
    }

    fn addresses(&self) -> impl Iterator<Item = ConnectionAddr> {
        self.hosts.iter().cloned().map(|(host, port)| match self.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        })
    }
}

/// `user:password`, `:password`.
fn read_login(text: &str) -> (String, String) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    (decoded(user), decoded(password))
}

/// `host`, `host:port`, `[::1]:port`.
fn read_host(text: &str, port: u16) -> Result<(String, u16), BadAddress> {
    let (host, after) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => (host, after),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match after.strip_prefix(':') {
        Some(number) => number.parse().map_err(|_| bad("a port is no number from 1 to 65535"))?,
        None if after.is_empty() => port,
        None => return Err(bad("a host is none")),
    };
    match host.is_empty() || port == 0 {
        true => Err(bad("a host or its port is missing")),
        false => Ok((host.to_owned(), port)),
    }
}

fn bad(why: &str) -> BadAddress {
    BadAddress(format!("{why}: {FORMS}"))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.kind {
            Kind::One => "",
            Kind::Cluster => "-cluster",
            Kind::Sentinel { .. } => "-sentinel",
        };
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .map(|(host, port)| match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            })
            .collect();
        write!(f, "redis{}{form}://{}", if self.tls { "s" } else { "" }, hosts.join(","))?;
        if let Kind::Sentinel { master } = &self.kind {
            write!(f, "/{master}")?;
        }
        match self.database {
            0 => Ok(()),
            number => write!(f, "/{number}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown_without_its_password() {
        for (text, shown) in [
            ("redis://h", "redis://h:6379"),
            ("rediss://u:p@h:1/3", "rediss://h:1/3"),
            ("redis://:p%40@[::1]:7", "redis://[::1]:7"),
            ("redis-cluster://a:1,b", "redis-cluster://a:1,b:6379"),
            ("rediss-sentinel://:p@a,b:5/main/2", "rediss-sentinel://a:26379,b:5/main/2"),
        ] {
            let address = Address::read(text).unwrap();
            assert_eq!((address.to_string(), format!("{address:?}")), (shown.into(), shown.into()));
        }
        assert_eq!(Address::read("redis://:p%40@h").unwrap().login, Some((String::new(), "p@".into())));
    }

    #[test]
    fn what_is_no_address_is_told_without_its_text() {
        for text in [
            "",
            "redis",
            "http://secret",
            "redis-x://h",
            "redis://",
            "redis://a,b",
            "redis://h:0",
            "redis://h:x",
            "redis://h/x",
            "redis-cluster://h/1",
            "redis-sentinel://h",
            "redis://[::1]x",
        ] {
            let why = Address::read(text).unwrap_err().to_string();
            assert!(why.contains("expected `redis://"), "{text}: {why}");
            assert!(!why.contains("secret"));
        }
    }
}
