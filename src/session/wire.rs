//! Sessions as bytes: the message of `proto/attache/session.proto`.

use super::{Key, Session};
use prost::Message;

mod message {
    #![expect(unreachable_pub, reason = "made of the proto file, which says what they are")]
    include!(concat!(env!("OUT_DIR"), "/attache.session.rs"));
}

/// A session that ends at this time, in milliseconds since the Unix epoch.
pub(super) fn write(session: &Session, expires_at: u64) -> Vec<u8> {
    let choice = |(element, output): &(Box<str>, Box<str>)| message::Choice {
        element: element.to_string(),
        output: output.to_string(),
    };
    let message = message::Session {
        id: session.id.0.to_vec(),
        changed_at: session.changed_at,
        expires_at,
        version: session.version.to_string(),
        hash: session.hash.to_string(),
        choices: session.choices.iter().map(choice).collect(),
        ended: session.ended,
    };
    message.encode_to_vec()
}

/// The session, and when it ends; `None` where the bytes are none.
pub(super) fn read(bytes: &[u8]) -> Option<(Session, u64)> {
    let message = message::Session::decode(bytes).ok()?;
    let choices = message.choices.into_iter();
    let session = Session {
        id: Key(message.id.try_into().ok()?),
        changed_at: message.changed_at,
        version: message.version.into(),
        hash: message.hash.into(),
        choices: choices.map(|choice| (choice.element.into(), choice.output.into())).collect(),
        ended: message.ended,
    };
    Some((session, message.expires_at))
}
