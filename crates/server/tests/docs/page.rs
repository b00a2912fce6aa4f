//! A page of the documentation, taken apart into its fenced blocks. Must not know what they mean.

use std::path::{Path, PathBuf};

/// One fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    /// The line of the page that it begins at, from 1.
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The blocks of a page below a heading, up to the next heading of the same depth, or of the
/// whole page.
pub(crate) fn blocks(page: &str, heading: Option<&str>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut is_inside = heading.is_none();
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|_| is_inside)),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                let language = language.to_owned();
                open = Some(Block { line: index + 1, language, text: String::new() });
            }
            (None, None) if line.starts_with("## ") => {
                is_inside = heading.is_none_or(|heading| line == heading);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    blocks
}
