//! The small language in which a request, a model name or a script says how to answer.
use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use percent_encoding::percent_decode_str;
use std::{str::FromStr, time::Duration};

/// How one request is answered; the default answers whole and at once. The grammar is in the room's own page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    pub(super) status: Option<StatusCode>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) delay: Duration,
    pub(super) first: Duration,
    pub(super) gap: Option<Duration>,
    pub(super) tokens: Option<usize>,
    pub(super) no_usage: bool,
    pub(super) ending: Ending,
    pub(super) times: Option<usize>,
}

/// How an answer ends; the figures are content chunks that are sent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    #[default]
    Whole,
    /// Before the headers.
    Reset,
    Error(usize),
    Cut(usize),
    /// Clean to HTTP, but without a finish.
    Short(usize),
}

/// A word of a behaviour that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mock does not understand `{0}`")]
pub struct BadBehaviour(String);

impl FromStr for Behaviour {
    type Err = BadBehaviour;

    fn from_str(text: &str) -> Result<Self, BadBehaviour> {
        let mut behaviour = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            behaviour.learn(word).ok_or_else(|| BadBehaviour(word.into()))?;
        }
        Ok(behaviour)
    }
}

impl Behaviour {
    /// The behaviour in a model's name, if it tells one: `<name>!<behaviour>` or `fail-<status>`.
    pub(super) fn of_model(model: &str) -> Result<Option<Self>, BadBehaviour> {
        let text = match (model.split_once('!'), model.strip_prefix("fail-")) {
            (Some((_, text)), _) => text.to_owned(),
            (None, Some(status)) => format!("status={status}"),
            (None, None) => return Ok(None),
        };
        Self::once(&text).map(Some)
    }

    /// A behaviour of a single request, where counting makes no sense.
    pub(super) fn once(text: &str) -> Result<Self, BadBehaviour> {
        let behaviour: Self = text.parse()?;
        match behaviour.times {
            None => Ok(behaviour),
            Some(times) => Err(BadBehaviour(format!("times={times}"))),
        }
    }

    fn learn(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "status" => self.status = Some(error_status(value)?),
            "retry-after" => {
                self.headers.push((hyper::header::RETRY_AFTER, value.parse::<u32>().ok()?.into()));
            }
            "header" => self.headers.push(header(value)?),
            "delay" => self.delay = millis(value)?,
            "first" => self.first = millis(value)?,
            "gap" => self.gap = Some(millis(value)?),
            "tokens" => self.tokens = Some(value.parse().ok()?),
            "usage" if value == "none" => self.no_usage = true,
            "reset" if value.is_empty() => self.ending = Ending::Reset,
            "empty" if value.is_empty() => self.ending = Ending::Short(0),
            "error-event" if value.is_empty() => self.ending = Ending::Error(0),
            "error-after" => self.ending = Ending::Error(value.parse().ok()?),
            "cut" => self.ending = Ending::Cut(value.parse().ok()?),
            "end" => self.ending = Ending::Short(value.parse().ok()?),
            "times" => self.times = Some(value.parse().ok()?),
            _ => return None,
        }
        Some(())
    }
}

fn error_status(value: &str) -> Option<StatusCode> {
    let status = value.parse().ok()?;
    (300..=599).contains(&status).then(|| StatusCode::from_u16(status).ok())?
}

fn millis(value: &str) -> Option<Duration> {
    value.parse().ok().map(Duration::from_millis)
}

fn header(value: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = value.split_once(':')?;
    let name = percent_decode_str(name).collect::<Vec<_>>();
    let value = percent_decode_str(value).collect::<Vec<_>>();
    Some((HeaderName::from_bytes(&name).ok()?, HeaderValue::from_bytes(&value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_understood() {
        let text = "status=503, retry-after=2,header=x-a%2Db:1%2C2,delay=3,first=4,gap=0,tokens=6,usage=none,cut=7,times=8";
        let said: Behaviour = text.parse().unwrap();
        let expected = Behaviour {
            status: Some(StatusCode::SERVICE_UNAVAILABLE),
            headers: vec![
                (hyper::header::RETRY_AFTER, HeaderValue::from_static("2")),
                (HeaderName::from_static("x-a-b"), HeaderValue::from_static("1,2")),
            ],
            delay: Duration::from_millis(3),
            first: Duration::from_millis(4),
            gap: Some(Duration::ZERO),
            tokens: Some(6),
            no_usage: true,
            ending: Ending::Cut(7),
            times: Some(8),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn every_ending_is_understood() {
        let ending = |text: &str| text.parse::<Behaviour>().unwrap().ending;
        assert_eq!(ending(""), Ending::Whole);
        assert_eq!(ending("reset"), Ending::Reset);
        assert_eq!(ending("empty"), Ending::Short(0));
        assert_eq!(ending("end=2"), Ending::Short(2));
        assert_eq!(ending("error-event"), Ending::Error(0));
        assert_eq!(ending("error-after=3"), Ending::Error(3));
        assert_eq!(ending("reset,cut=1"), Ending::Cut(1), "the last one holds");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for bad in
            ["status=200", "status=600", "delay=soon", "reset=1", "header=x", "usage=some", "gap", "x=1"]
        {
            assert_eq!(format!("delay=1,{bad}").parse::<Behaviour>(), Err(BadBehaviour(bad.into())));
        }
    }

    #[test]
    fn a_model_name_tells_a_behaviour() {
        let delayed = Behaviour { delay: Duration::from_millis(5), ..Behaviour::default() };
        assert_eq!(Behaviour::of_model("m!delay=5"), Ok(Some(delayed)));
        assert_eq!(
            Behaviour::of_model("fail-429").unwrap().unwrap().status,
            Some(StatusCode::TOO_MANY_REQUESTS)
        );
        assert_eq!(Behaviour::of_model("gpt-4o"), Ok(None));
        assert_eq!(Behaviour::of_model("m!times=1"), Err(BadBehaviour("times=1".into())));
    }
}
