//! How far the reading of a seed has come, on a terminal: one line, written over and over.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use crate::app::Progress;

/// How often the line is written.
const PAUSE: Duration = Duration::from_millis(100);

/// What has been shown. The line goes with the value.
#[derive(Debug)]
pub(super) struct Shown {
    is_terminal: bool,
    last: Option<Instant>,
}

impl Default for Shown {
    fn default() -> Self {
        Self { is_terminal: stderr().is_terminal(), last: None }
    }
}

impl Shown {
    /// Shows how far it has come, if there is somebody to see it.
    pub(super) fn hear(&mut self, progress: Progress) {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= PAUSE);
        if self.is_terminal && is_due {
            self.last = Some(Instant::now());
            write!(stderr(), "\r\x1b[K{}", line(progress)).ok();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if self.last.is_some() {
            write!(stderr(), "\r\x1b[K").ok();
        }
    }
}

fn line(progress: Progress) -> String {
    let Progress { is_storing, rows, bytes, bytes_in_all } = progress;
    let done = if is_storing { "stored" } else { "checked" };
    let percent = bytes.saturating_mul(100).checked_div(bytes_in_all).unwrap_or(100);
    format!("seed: {rows} identities {done}, {percent} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_done_and_how_much() {
        let progress = Progress { is_storing: false, rows: 5_000, bytes: 1, bytes_in_all: 3 };
        assert_eq!(line(progress), "seed: 5000 identities checked, 33 %");
        let nothing = Progress { is_storing: true, rows: 0, bytes: 0, bytes_in_all: 0 };
        assert_eq!(line(nothing), "seed: 0 identities stored, 100 %");
    }
}
