//! Source files, taken apart as far as the rules need: code without comments and strings, the
//! strings, the paths that the code names. Must not know the rules.

use std::fs;
use std::path::Path;

/// A source file. Lines count from 1.
pub(crate) struct Source {
    /// Where it is, from the folder of the crates, or of those beside them.
    pub(crate) file: String,
    pub(crate) lines: usize,
    /// The code, line by line: comments and unit tests are gone, strings are empty.
    pub(crate) code: Vec<String>,
    /// As `code`, with the unit tests.
    pub(crate) whole: Vec<String>,
    /// The strings of `code`, each with the line where it begins.
    pub(crate) strings: Vec<(usize, String)>,
    /// Those of `whole`.
    pub(crate) all_strings: Vec<(usize, String)>,
}

/// A path in the code, as `a::b::c`; the names of a group each make one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// Crates beside the product, which only tests use.
const BESIDE: [&str; 2] = ["fuzz", "testbed"];

/// All that is compiled into the product.
pub(crate) fn of_the_crates() -> Vec<Source> {
    let is_product = |source: &Source| {
        let mut parts = source.file.split('/');
        parts.next().is_some_and(|part| !BESIDE.contains(&part)) && parts.next() == Some("src")
    };
    of_everything().into_iter().filter(is_product).collect()
}

/// All that we wrote, tests and benchmarks included.
pub(crate) fn of_everything() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = Vec::new();
    collect(root, root, &mut sources);
    let root = root.parent().unwrap();
    BESIDE.iter().for_each(|name| collect(root, &root.join(name), &mut sources));
    assert!(sources.len() > 50, "only {} files in {}", sources.len(), root.display());
    sources
}

fn collect(root: &Path, directory: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(root).unwrap().to_str().unwrap();
            sources.push(Source::new(file, &fs::read_to_string(&path).unwrap()));
        }
    }
}

impl Source {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let (code, strings) = take_apart(text);
        let whole: Vec<String> = code.lines().map(str::to_owned).collect();
        let is_test = unit_tests(file, &whole);
        let code = whole.iter().zip(&is_test);
        let code = code.map(|(line, is_test)| if *is_test { String::new() } else { line.clone() });
        Self {
            file: file.to_owned(),
            lines: text.lines().count(),
            code: code.collect(),
            strings: strings.iter().filter(|(line, _)| !is_test[line - 1]).cloned().collect(),
            all_strings: strings,
            whole,
        }
    }

    /// The paths that the code names, with more than one segment or in a `use`.
    pub(crate) fn named(&self) -> Vec<Named> {
        let tokens = tokens(&self.code);
        let mut named = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if !tokens[at].1.starts_with(is_name) {
                at += 1;
                continue;
            }
            let in_use = at > 0 && tokens[at - 1].1 == "use";
            let first = named.len();
            at = path(&tokens, at, &[], &mut named);
            if !in_use && named[first..].iter().all(|path| path.segments.len() < 2) {
                named.truncate(first);
            }
        }
        named
    }
}

/// Which lines belong to unit tests: all of a file of that name, and each item that is marked.
fn unit_tests(file: &str, code: &[String]) -> Vec<bool> {
    let mut is_test = vec![file.ends_with("/tests.rs"); code.len()];
    for (index, line) in code.iter().enumerate() {
        if line.trim() == "#[cfg(test)]" {
            is_test[index..=index + item(&code[index + 1..])].fill(true);
        }
    }
    is_test
}

/// The lines of an item, from the first to its last brace or semicolon.
pub(crate) fn item(code: &[String]) -> usize {
    let mut depth = 0;
    for (index, line) in code.iter().enumerate() {
        for sign in line.chars() {
            match sign {
                '{' => depth += 1,
                '}' => depth -= 1,
                // A declaration without a body.
                ';' if depth == 0 => {}
                _ => continue,
            }
            if depth == 0 {
                return index + 1;
            }
        }
    }
    code.len()
}

/// Reads a path with all that its groups hold; gives where it ends.
fn path(tokens: &[(usize, &str)], from: usize, before: &[String], to: &mut Vec<Named>) -> usize {
    let mut segments = before.to_vec();
    let mut at = from;
    loop {
        segments.push(tokens[at].1.to_owned());
        let is = |offset: usize, text: &str| tokens.get(at + offset).is_some_and(|t| t.1 == text);
        if !is(1, "::") {
            to.push(Named { line: tokens[from].0, segments });
            // What it is called from here on is no other thing.
            return if is(1, "as") { at + 3 } else { at + 1 };
        }
        if is(2, "{") {
            at += 3;
            while at < tokens.len() && tokens[at].1 != "}" {
                let is_item = tokens[at].1.starts_with(is_name);
                at = if is_item { path(tokens, at, &segments, to) } else { at + 1 };
            }
            return at + 1;
        }
        if !tokens.get(at + 2).is_some_and(|token| token.1.starts_with(is_name)) {
            // `a::<T>` or `a::*`
            to.push(Named { line: tokens[from].0, segments });
            return at + 2;
        }
        at += 2;
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Names, `::` and single signs, each with its line.
fn tokens(code: &[String]) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (number, line) in (1..).zip(code) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_name(first) {
                rest.find(|c| !is_name(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push((number, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The text with comments and what strings hold blanked out, and the strings.
fn take_apart(text: &str) -> (String, Vec<(usize, String)>) {
    let mut code = String::new();
    let mut strings = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = comment(rest).or_else(|| character(rest)).unwrap_or(0);
        if length > 0 {
            blank(&rest[..length], &mut code);
            rest = &rest[length..];
            continue;
        }
        if let Some(Quoted { open, content, close }) = quoted(rest, code.chars().last()) {
            let line = code.matches('\n').count() + 1;
            strings.push((line, rest[open..open + content].to_owned()));
            code.push_str("\"\"");
            blank(&rest[..open + content], &mut code);
            rest = &rest[open + content + close..];
            continue;
        }
        code.push(first);
        rest = &rest[first.len_utf8()..];
    }
    (code, strings)
}

/// Only the ends of lines, so that lines keep their numbers.
fn blank(text: &str, code: &mut String) {
    code.extend(text.chars().filter(|c| *c == '\n'));
}

/// The length of a comment that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut depth = 0;
    let mut at = 0;
    while text[at..].starts_with("/*") || depth > 0 {
        let rest = &text[at..];
        depth += i32::from(rest.starts_with("/*")) - i32::from(rest.starts_with("*/"));
        let is_sign = rest.starts_with("/*") || rest.starts_with("*/");
        at += if is_sign { 2 } else { rest.chars().next()?.len_utf8() };
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The length of a character literal that begins here. A lifetime is none.
fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    let first = rest.chars().next()?;
    let end = if first == '\\' { 2 + rest.get(2..)?.find('\'')? } else { first.len_utf8() };
    rest[end..].starts_with('\'').then_some(end + 2)
}

/// The lengths of what a string is made of.
struct Quoted {
    open: usize,
    content: usize,
    close: usize,
}

/// A string that begins here: `"…"`, `r#"…"#`, `b"…"` and so on.
fn quoted(text: &str, before: Option<char>) -> Option<Quoted> {
    let prefix = text.find(|c| !"brc".contains(c))?;
    if prefix > 0 && before.is_some_and(is_name) {
        return None;
    }
    let is_raw = text[..prefix].contains('r');
    let hashes = text[prefix..].find(|c| c != '#').filter(|_| is_raw).unwrap_or(0);
    let open = prefix + hashes + 1;
    let rest = text[prefix + hashes..].strip_prefix('"')?;
    let content =
        if is_raw { rest.find(&format!("\"{}", "#".repeat(hashes))) } else { plain(rest) };
    Some(Quoted { open, content: content?, close: hashes + 1 })
}

/// How much a string holds in which a backslash takes the next sign along.
fn plain(text: &str) -> Option<usize> {
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some(at),
            '\\' => drop(signs.next()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code_and_lines_keep_their_numbers() {
        let text = concat!(
            "let a = \"x // y\"; // use crate::b\n",
            "/* one /* two */\n three */ let c = '\"'; let d: &'a str = r#\"q\"\n\"#;\n",
            "let e = b\"\\\"f\"; let g = 'h';\n",
        );
        let source = Source::new("x/src/lib.rs", text);
        let code = ["let a = \"\"; ", "", " let c = ; let d: &'a str = \"\"", ";"];
        assert_eq!(source.code[..4], code);
        assert_eq!(source.code[4], "let e = \"\"; let g = ;");
        let strings = [(1, "x // y"), (3, "q\"\n"), (5, "\\\"f")];
        let found: Vec<_> =
            source.strings.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, strings);
    }

    #[test]
    fn paths_are_found_in_groups_and_in_the_middle_of_code() {
        let text = "use crate::{a::{self, B as C}, d};\nuse e;\nlet f = g::h::<I>(j)?.k::<L>();\n";
        let source = Source::new("x/src/lib.rs", text);
        let named: Vec<_> = source
            .named()
            .iter()
            .map(|n| format!("{} {}", n.line, n.segments.join("::")))
            .collect();
        assert_eq!(named, ["1 crate::a::self", "1 crate::a::B", "1 crate::d", "2 e", "3 g::h"]);
    }

    #[test]
    fn unit_tests_are_whole_code_only() {
        let text = "#[cfg(test)]\nmod tests {\nuse b; const C: &str = \"d\";\n}\n\
                    #[cfg(test)]\nmod more;\nuse e;\n";
        let source = Source::new("x/src/lib.rs", text);
        let named = Named { line: 7, segments: vec!["e".to_owned()] };
        assert_eq!((source.strings.len(), source.named()), (0, vec![named]));
        assert_eq!(source.whole[2], "use b; const C: &str = \"\";");
        assert!(Source::new("x/src/options/tests.rs", text).named().is_empty());
    }
}
