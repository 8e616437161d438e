//! Where routes, versions, deployments, keys and tokens are kept, and where route documents come from.

mod error;
mod folder;
mod key;
mod people;
mod published;
mod route;

pub use error::StoreError;
pub use folder::{Document, Folder};
pub use key::{ClientKey, KeySecret, Terms};
pub use people::{Actor, Event, Role, Session, Token};
pub use published::{Published, PublishedRoute, PublishedVersion};
pub use route::{Canary, Deployment, Draft, Route, Version};
