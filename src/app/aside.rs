//! Work that requests shall not notice: a thread that steps back for all others.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// How far a thread steps back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Somebody waits for it: of a core that has too much to do it gets about a tenth.
    Soon,
    /// Nobody does: of such a core it gets about a hundredth.
    Leisure,
}

impl Pace {
    /// As `nice` counts, 0 to 19.
    fn nice(self) -> i32 {
        match self {
            Self::Soon => 10,
            Self::Leisure => 19,
        }
    }
}

/// The thread; it ends with its handle.
#[derive(Debug)]
pub(super) struct Aside(mpsc::Sender<Job>);

impl Aside {
    pub(super) fn start(pace: Pace) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new().name("aside".into()).spawn(move || {
            step_back(pace);
            for job in queue {
                // what a job breaks is its own; whoever waits for it is told by a result that never comes
                drop(catch_unwind(AssertUnwindSafe(job)));
            }
        })?;
        Ok(Self(jobs))
    }

    /// What `job` gives, after those before it; `None` where it gives nothing.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(move || drop(tell.send(job())));
        self.0.send(job).ok()?;
        told.await.ok()
    }
}

fn step_back(pace: Pace) {
    // elsewhere than on Linux it would be the whole process
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::setpriority_process(None, pace.nice())
    {
        tracing::debug!(%error, ?pace, "a thread for work beside requests keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_breaks_takes_no_other_with_it() {
        let aside = Aside::start(Pace::Soon).unwrap();
        let broken = aside.run(|| -> u8 { std::panic::panic_any("a job that breaks") });
        assert_eq!(broken.await, None);
        assert_eq!(aside.run(|| 7).await, Some(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_alone_steps_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let here = nice();
        for pace in [Pace::Soon, Pace::Leisure] {
            assert_eq!(Aside::start(pace).unwrap().run(nice).await, Some(pace.nice()));
        }
        assert_eq!(nice(), here);
    }
}
