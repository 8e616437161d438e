//! Every integration test, in one binary: so helpers are shared and linking is paid once.
#[cfg(test)]
mod answers;
#[cfg(test)]
mod attempts;
#[cfg(test)]
mod bootstrap;
#[cfg(test)]
mod broken_streams;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod cancelled;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod control;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faithful;
#[cfg(test)]
mod health;
#[cfg(test)]
mod house;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logical_names;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod providers_page;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shared_limits;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod spoofing;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod store;
#[cfg(test)]
mod swaps;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod versions;
