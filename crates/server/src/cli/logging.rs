//! The log: structured lines on standard error. What may stand in a line is decided where it is
//! written; tokens and bodies never are.
//!
//! Lines are written by a thread of their own, as many at a time as have gathered: a system call
//! for each would cost more than a read from the register.

use std::io::{self, IsTerminal, Write};
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::Failure;
use super::serve::LogFormat;

/// Most bytes that wait to be written. Past that, those who log wait: no line is ever dropped.
const MAX_WAITING_BYTES: usize = 1024 * 1024;
/// Bytes that are worth writing at once.
const WORTH_WRITING: usize = 64 * 1024;
/// How long lines may gather before they are written.
const GATHER: Duration = Duration::from_millis(10);

/// Which lines are written.
#[derive(Clone, Debug)]
pub(crate) struct LogLevels(Targets);

impl FromStr for LogLevels {
    type Err = String;

    /// A word alone has to be a level: the library takes any other for the name of a part, and
    /// nothing else would be logged.
    fn from_str(levels: &str) -> Result<Self, String> {
        let unreadable = |why: &str| format!("{why}; give error, warn, info, debug or trace");
        let mut words = levels.split(',').filter(|part| !part.contains('='));
        if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
            return Err(unreadable(&format!("'{word}' is no level")));
        }
        levels.parse().map(Self).map_err(|error: ParseError| unreadable(&error.to_string()))
    }
}

/// Starts the log. It ends, with all lines written, when the value is dropped.
pub(super) fn start(levels: &LogLevels, format: LogFormat) -> Result<Log, Failure> {
    let log = Log::start(io::stderr())?;
    let ansi = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer::<Registry>()
        .with_writer(log.lines())
        .with_target(false)
        .with_ansi(ansi);
    let layer = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Pretty => lines.boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(levels.0.clone())).init();
    Ok(log)
}

/// The thread that writes lines.
pub(super) struct Log {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits, or the log ends.
    arrived: Condvar,
    /// There is room again.
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let full =
            |waiting: &mut Waiting| !waiting.ended && waiting.bytes.len() >= MAX_WAITING_BYTES;
        let guard = self.written.wait_while(self.lock(), full);
        let mut waiting = guard.unwrap_or_else(PoisonError::into_inner);
        let before = waiting.bytes.len();
        waiting.bytes.extend_from_slice(line);
        let after = waiting.bytes.len();
        drop(waiting);
        if before == 0 || (before < WORTH_WRITING && after >= WORTH_WRITING) {
            self.arrived.notify_one();
        }
    }

    fn write_to(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let empty = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.ended;
            let guard = self.arrived.wait_while(self.lock(), empty);
            let waiting = guard.unwrap_or_else(PoisonError::into_inner);
            let few = |waiting: &mut Waiting| waiting.bytes.len() < WORTH_WRITING && !waiting.ended;
            let gathered = self.arrived.wait_timeout_while(waiting, GATHER, few);
            let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
            if waiting.bytes.is_empty() {
                return;
            }
            std::mem::swap(&mut batch, &mut waiting.bytes);
            drop(waiting);
            self.written.notify_all();
            // Where standard error has gone, there is nobody to tell.
            out.write_all(&batch).ok();
            batch.clear();
        }
    }
}

impl Log {
    fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let thread = thread.spawn(move || theirs.write_to(out))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    fn lines(&self) -> Lines {
        Lines(Arc::clone(&self.shared))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only panics where standard error does.
            thread.join().ok();
        }
    }
}

/// Where lines go: the formatter hands over each of them whole, in one call.
#[derive(Clone)]
struct Lines(Arc<Shared>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_lost_or_torn_and_each_thread_keeps_its_order() {
        let sink = Sink::default();
        let log = Log::start(sink.clone()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut lines = log.lines();
                scope.spawn(move || {
                    for number in 0..20_000 {
                        let line = format!("{thread} {number} {}\n", "x".repeat(40));
                        lines.write_all(line.as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(log);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let mut next = [0; 4];
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let thread: usize = words[0].parse().unwrap();
            assert_eq!(words[1].parse::<usize>().unwrap(), next[thread]);
            assert_eq!(words[2].len(), 40);
            next[thread] += 1;
        }
        assert_eq!(next, [20_000; 4]);
    }
}
