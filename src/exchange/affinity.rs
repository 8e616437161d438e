//! Turns that belong together: a turn finds what its session keeps, and leaves what the next one shall find.

use super::{
    ask::Ask,
    hearing::{Heard, Hearing},
    life::Exchange,
    world::{Live, World},
};
use crate::{
    dialect::Shape,
    graph::Choice,
    session::{Choices, Key, Owner, Session, Unopened, millis},
    snapshot::{Route, Version},
    telemetry::{Kept, SessionRecord},
};
use std::sync::Arc;

/// The header by which a session's token goes to the client and comes back.
pub(super) const TOKEN: &str = "x-attache-session";
/// What a client writes there to begin anew.
const NEW: &str = "new";
/// What a path says of the model that answered where the one that the session kept did not.
pub(super) const REPINNED: &str = "!repinned";

/// An exchange's place in its session.
#[derive(Debug)]
pub(super) struct Affinity {
    owner: Owner,
    /// The session's id among tokens.
    id: Key,
    /// By what the next turn may find it.
    keys: Vec<Key>,
    /// How the conversation began, where this is its first turn: it finds nothing, and is found.
    opening: Option<Key>,
    hearing: Option<Hearing>,
    record: SessionRecord,
    /// What is kept from now on, once a model has answered.
    kept: Option<Arc<Session>>,
    sealed: Option<String>,
}

/// What is known of a request's session before its version is chosen.
struct Known {
    affinity: Affinity,
    found: Option<Arc<Session>>,
    /// The die that a session of this name begins with, the same on every pair.
    dice: Option<u64>,
}

/// The version that answers this turn: the one that its session began with, while it is remembered; else the route's choice,
/// or `asked`, the version that the request names.
pub(super) async fn version(
    ask: &mut Ask,
    (route, asked): (&Route, Option<&Arc<Version>>),
    (live, world): (&Live, &World),
) -> (Arc<Version>, Option<Affinity>) {
    let choose = |ask: &Ask| Arc::clone(asked.unwrap_or_else(|| route.choose(ask)));
    if !live.settings.sessions.enabled || !route.has_choice() {
        return (choose(ask), None);
    }
    let Known { mut affinity, found, dice } = known(ask, owner(client(ask), route, asked), world).await;
    let kept = found.as_ref().and_then(|session| route.remembered(&session.version, &session.hash));
    let kept =
        kept.filter(|version| asked.is_none_or(|asked| asked.number == version.number)).map(Arc::clone);
    affinity.record.kept = match (&found, &kept) {
        (Some(_), Some(_)) => Kept::Pinned,
        (Some(_), None) => Kept::Repinned,
        (None, _) => Kept::New,
    };
    ask.dice = dice.unwrap_or(ask.dice);
    ask.session = found.filter(|_| kept.is_some());
    (kept.unwrap_or_else(|| choose(ask)), Some(affinity))
}

fn owner(client: Option<&str>, route: &Route, asked: Option<&Arc<Version>>) -> Owner {
    // no route has such names
    let name = match asked {
        Some(asked) => format!("{}@{}", route.name, asked.number),
        None if route.live.logical => format!("{} of the key", route.name),
        None => route.name.clone(),
    };
    Owner::new(client, &name)
}

async fn known(ask: &Ask, owner: Owner, world: &World) -> Known {
    let now = ask.head.now;
    let header = ask.head.headers.text(TOKEN);
    let anew = header == Some(NEW);
    let opened = header.filter(|_| !anew).map(|token| world.sessions.open(&owner, token, now));
    let token =
        opened.as_ref().map(|opened| opened.as_ref().map_or_else(|why| why.name(), |_| Unopened::NOT));
    let brought = opened.and_then(Result::ok);
    let named = ask.session().map(|name| owner.named(&name));
    let nameless = named.is_none() && brought.is_none();
    let opening = nameless.then(|| ask.opening(&owner)).flatten();
    let mut keys: Vec<Key> = brought.iter().map(|session| session.id.identified()).collect();
    keys.extend(named);
    keys.extend(opening.as_ref().and_then(|opening| opening.answered));
    let mut look = keys.clone();
    // of several conversations that began alike, the latest
    look.extend(opening.as_ref().filter(|opening| opening.answered.is_some()).map(|opening| opening.begun));
    let remembered = match &brought {
        _ if anew => None,
        // it says what an engine would, but for what this process knows better
        Some(_) => world.sessions.known(&look, now),
        None => world.sessions.recall(&look, now).await,
    };
    let found = match (brought.map(Arc::new), remembered) {
        (Some(brought), Some(known)) if known.changed_at >= brought.changed_at => Some(known),
        (brought, known) => brought.or(known),
    };
    let found = found.filter(|session| !session.ended);
    let random = || Key::random([world.dice(), world.dice()]);
    let id = found.as_ref().map(|session| session.id).or(named).unwrap_or_else(random);
    let hears_id = ask.head.endpoint.shape == Shape::Responses
        && (nameless || ask.body.raw("previous_response_id").is_some());
    let opening = opening.filter(|opening| opening.answered.is_none()).map(|opening| opening.begun);
    let hearing = (opening.is_some() || hears_id).then(|| Hearing::of(ask.head.endpoint.shape));
    let record = SessionRecord { kept: Kept::New, token };
    let dice = named.filter(|_| found.is_none() && !anew).map(|key| key.dice());
    let affinity = Affinity { owner, id, keys, opening, hearing, record, kept: None, sealed: None };
    Known { affinity, found, dice }
}

fn client(ask: &Ask) -> Option<&str> {
    ask.head.key.as_ref().map(|key| &*key.id)
}

impl World {
    /// The id of a session, by the name or the token that a client of this key (if there is one) has of it; `None` where
    /// there is no such route.
    pub fn session(&self, route: &str, key: Option<&str>, known_as: &str) -> Option<Key> {
        let live = self.live();
        let own = key.and_then(|key| live.snapshot.clients.of_id(key)?.logical.get(route));
        let owner = owner(key, own.or_else(|| live.snapshot.routes.get(route))?, None);
        let brought = self.sessions.open(&owner, known_as, self.now());
        Some(brought.map_or_else(|_no_token| owner.named(known_as), |session| session.id))
    }

    /// Ends a session: its next turn begins anew.
    pub fn end_session(&self, id: Key) {
        self.sessions.end(id, (self.now(), self.live().settings.sessions.ttl));
    }
}

impl Exchange {
    /// A model has answered: what the session keeps from now on.
    pub(super) fn keep(&mut self, world: &World) {
        let Some(affinity) = &mut self.affinity else { return };
        let now = self.ask.head.now;
        let before = self.ask.session.take();
        let choices = self.walk.choices(&self.route.program);
        let (choices, let_go) = kept(before.as_deref(), &choices);
        if let_go {
            affinity.record.kept = Kept::Repinned;
        }
        let kept = match before {
            Some(before) if before.choices == choices => before,
            _ => Arc::new(Session {
                id: affinity.id,
                changed_at: millis(now),
                version: self.route.number.as_str().into(),
                hash: self.route.hash.as_str().into(),
                choices,
                ended: false,
            }),
        };
        let term = (now, self.live.settings.sessions.ttl);
        world.sessions.remember(&affinity.keys, &kept, term);
        affinity.sealed = world.sessions.seal(&affinity.owner, &kept, term);
        affinity.kept = Some(kept);
    }

    /// A piece of the answer goes to the client.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if let Some(hearing) = self.affinity.as_mut().and_then(|affinity| affinity.hearing.as_mut()) {
            hearing.hear(bytes);
        }
    }

    /// The answer is whole: the next turn may be known by it.
    pub(super) fn remember_answer(&mut self, world: &World) {
        let Some(affinity) = &mut self.affinity else { return };
        let (Some(kept), Some(hearing)) = (&affinity.kept, affinity.hearing.take()) else { return };
        let Heard { words, id } = hearing.end();
        let mut keys = Vec::with_capacity(3);
        if let Some(begun) = affinity.opening {
            keys.push(begun);
            keys.extend(words.map(|words| begun.answered(&words)));
        }
        keys.extend(id.map(|id| affinity.owner.named(&id)));
        world.sessions.remember(&keys, kept, (world.now(), self.live.settings.sessions.ttl));
    }

    /// The token for the client, once a model has answered.
    pub(super) fn sealed(&self) -> Option<&str> {
        self.affinity.as_ref()?.sealed.as_deref()
    }

    /// The element that answered in the place of the one that the session kept.
    pub(super) fn repinned(&self) -> Option<&str> {
        let affinity = self.affinity.as_ref()?;
        let moved = affinity.kept.is_some() && affinity.record.kept == Kept::Repinned;
        moved.then(|| self.walk.answering(&self.route.program))?
    }

    /// What became of the session, for the record.
    pub(super) fn session_record(&self) -> Option<SessionRecord> {
        self.affinity.as_ref().map(|affinity| affinity.record)
    }
}

/// What is kept after these choices, and whether something was let go.
fn kept(before: Option<&Session>, choices: &[Choice<'_>]) -> (Choices, bool) {
    let mut kept = before.map(|session| session.choices.clone()).unwrap_or_default();
    let mut let_go = false;
    for Choice { element, output, lets_go } in choices {
        match kept.iter_mut().find(|(id, _)| **id == **element) {
            Some((_, kept)) if **kept == **output => {}
            Some((_, kept)) => {
                let_go |= *lets_go;
                *kept = (*output).into();
            }
            None => kept.push(((*element).into(), (*output).into())),
        }
    }
    (kept, let_go)
}

#[cfg(test)]
mod tests;
