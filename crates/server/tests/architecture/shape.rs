//! How long a file and a function may be. What strings hold, such as the expectation of a test, is
//! not counted in a function.

use crate::Violation;
use crate::source::{Source, item};

const MOST_LINES_OF_A_FILE: usize = 600;
const MOST_LINES_OF_A_FUNCTION: usize = 70;

/// Files that may be longer, with the reason: tables, which nobody reads from end to end.
pub(crate) const LONG_FILES: [(&str, &str); 0] = [];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = long_functions(source);
    let is_exempt = LONG_FILES.iter().any(|(file, _)| *file == source.file);
    if source.lines > MOST_LINES_OF_A_FILE && !is_exempt {
        let rule = format!("the file has more than {MOST_LINES_OF_A_FILE} lines");
        let line = MOST_LINES_OF_A_FILE + 1;
        violations.push(Violation { file: source.file.clone(), line, rule });
    }
    violations
}

fn long_functions(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in source.whole.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let lines = index + 1..=index + item(&source.whole[index..]);
        let strings = source.all_strings.iter().filter(|(line, _)| lines.contains(line));
        let held: usize = strings.map(|(_, text)| text.matches('\n').count()).sum();
        let length = lines.count() - held;
        if length > MOST_LINES_OF_A_FUNCTION {
            let rule = format!(
                "the function {name} has {length} lines, more than {MOST_LINES_OF_A_FUNCTION}"
            );
            violations.push(Violation { file: source.file.clone(), line: index + 1, rule });
        }
    }
    violations
}

/// The name of the function that a line declares.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_declaration = before.is_empty() || before.ends_with([' ', '(']);
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    (is_declaration && end > 0).then(|| &after[..end])
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::violations;

    fn function(lines: usize) -> String {
        format!(
            "\n    pub const fn name(a: u8)\n    {{ if a {{\n{}}} }}\n",
            "    // {\n".repeat(lines - 3)
        )
    }

    #[test]
    fn a_long_function_is_caught() {
        let found = violations(check, "server/tests/x.rs", &function(71));
        assert_eq!(found, ["server/tests/x.rs:2: the function name has 71 lines, more than 70"]);
        assert!(violations(check, "server/tests/x.rs", &function(70)).is_empty());
        let with_text = format!("fn f() {{\n\"{}\"}}\n", "x\n".repeat(100));
        assert!(violations(check, "server/tests/x.rs", &with_text).is_empty());
        let declared = format!("trait T {{\n    fn f(&self);\n}}\n{}", "a;\n".repeat(100));
        assert!(violations(check, "server/src/x.rs", &declared).is_empty());
    }

    #[test]
    fn a_long_file_is_caught() {
        let found = violations(check, "store/src/x.rs", &"a;\n".repeat(601));
        assert_eq!(found, ["store/src/x.rs:601: the file has more than 600 lines"]);
        assert!(violations(check, "store/src/x.rs", &"a;\n".repeat(600)).is_empty());
    }
}
