//! A response body as a list of steps: what is sent, where it waits, where it breaks.
use super::watch::Visit;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
    vec,
};
use tokio::time::{Sleep, sleep};

/// One step of a body.
#[derive(Debug)]
pub(super) enum Step {
    Send(Bytes),
    /// Writes out what was sent so far, and waits.
    Wait(Duration),
    /// Resets the connection.
    Break,
}

/// A response body that walks its steps, and tells its [`Visit`] when it is through.
#[derive(Debug)]
pub(super) struct Body {
    steps: vec::IntoIter<Step>,
    asleep: Option<Pin<Box<Sleep>>>,
    length: Option<u64>,
    visit: Option<Visit>,
}

impl Body {
    /// A body whose `length` in bytes is told in advance, or is sent in chunks.
    pub(super) fn new(steps: Vec<Step>, length: Option<usize>, visit: Option<Visit>) -> Self {
        let length = length.map(|n| n as u64);
        let mut body = Self { steps: steps.into_iter(), asleep: None, length, visit };
        body.note_end();
        body
    }

    fn note_end(&mut self) {
        if self.steps.as_slice().is_empty()
            && let Some(visit) = self.visit.take()
        {
            visit.done();
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if let Some(sleep) = &mut self.asleep {
                ready!(sleep.as_mut().poll(cx));
                self.asleep = None;
            }
            let step = self.steps.next();
            self.note_end();
            match step {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Break) => return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
                Some(Step::Wait(Duration::ZERO)) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Wait(time)) => self.asleep = Some(Box::pin(sleep(time))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
