//! Tables, for the terminal and for a document.
//!
//! It must not know what stands in them.

/// One line of a table.
pub(crate) type Line<const COLUMNS: usize> = [String; COLUMNS];

/// A table of so many columns.
pub(crate) struct Table<const COLUMNS: usize> {
    pub(crate) headings: [&'static str; COLUMNS],
    /// Columns of words stand left, those of figures right.
    pub(crate) words: [bool; COLUMNS],
    pub(crate) lines: Vec<Line<COLUMNS>>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Aligned columns, for a terminal.
    pub(crate) fn text(&self) -> String {
        self.put_together(false, ["", "  ", ""])
    }

    /// The same as a Markdown table.
    pub(crate) fn markdown(&self) -> String {
        self.put_together(true, ["| ", " | ", " |"])
    }

    fn put_together(&self, has_rule: bool, [before, between, after]: [&str; 3]) -> String {
        let widths = self.widths();
        let headings = self.headings.map(str::to_owned);
        let rule = has_rule.then(|| self.rule(&widths));
        let mut text = String::new();
        for line in std::iter::once(&headings).chain(&rule).chain(&self.lines) {
            let cells = line.iter().zip(widths).zip(self.words).map(|((cell, width), word)| {
                if word { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            let cells = cells.collect::<Vec<_>>().join(between);
            text.push_str(format!("{before}{cells}{after}").trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> [usize; COLUMNS] {
        let mut widths = self.headings.map(str::len);
        for line in &self.lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.len().max(*width);
            }
        }
        widths
    }

    /// Markdown's line below the headings, with the colon at the side on which a column stands.
    fn rule(&self, widths: &[usize; COLUMNS]) -> Line<COLUMNS> {
        let mut rule: Line<COLUMNS> = widths.map(|width| "-".repeat(width));
        for (cell, word) in rule.iter_mut().zip(self.words) {
            cell.pop();
            if word { cell.insert(0, ':') } else { cell.push(':') }
        }
        rule
    }
}

/// The cores that servers and load share, and the system: without these, no figure can be compared
/// with another.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    format!(
        "muster {}, {} {}, {cores} cores shared by servers and load",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}
