//! Tables for terminals: columns as wide as their widest cell. Must not know what they hold.

use std::borrow::Cow;
use std::io::{self, Write};

/// Writes rows under a heading. The last column is not padded.
pub(super) fn write<const N: usize>(
    out: &mut impl Write,
    heading: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let rows: Vec<[Cow<'_, str>; N]> =
        rows.iter().map(|row| row.each_ref().map(|cell| in_one_line(cell))).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let heading = heading.get(column).map_or(0, |cell| cell.chars().count());
        cells.chain([heading]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut line = |cells: [&str; N]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(heading)?;
    for row in &rows {
        line(row.each_ref().map(AsRef::as_ref))?;
    }
    Ok(())
}

/// A cell as a terminal may show it. What the terminal would obey (the end of a line, an escape
/// sequence) is spelt out: clients wrote it.
fn in_one_line(cell: &str) -> Cow<'_, str> {
    if !cell.contains(char::is_control) {
        return Cow::Borrowed(cell);
    }
    let spelt = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    cell.chars().map(spelt).collect()
}
