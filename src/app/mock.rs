//! `attache mock`: a provider to try with.

use super::{Failure, print, runtime};
use crate::{
    mock::{self, Script},
    telemetry::log,
};
use std::net::SocketAddr;
use tokio::net::TcpListener;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes any free one. The address is printed.
    #[arg(short, long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// How a model behaves, as `model=behaviour`; may be given again.
    #[arg(long = "script", value_name = "MODEL=BEHAVIOUR")]
    scripts: Vec<Script>,
    /// How many of the last requests are kept for `GET /_mock/requests`.
    #[arg(long, default_value_t = 0)]
    record: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    log::init(&log::Settings { format: log::Format::Text, filter: "warn".into() })
        .map_err(|error| Failure::Said(error.to_string()))?;
    let settings = mock::Settings { record: arguments.record, scripts: arguments.scripts.clone() };
    runtime()?.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        print(&format!("http://{}\n", listener.local_addr()?))?;
        mock::serve(listener, settings, std::future::pending()).await;
        Ok(())
    })
}
