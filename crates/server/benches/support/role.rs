//! Who called the executable, by which it knows whether figures are wanted.
//!
//! It must not know any option of a benchmark.

/// What is wanted of the process.
pub(crate) enum Role {
    /// A test runner asks which tests there are: none.
    List,
    /// `cargo test` has no time for figures.
    Smoke,
    /// `cargo bench` wants figures, and a person may want help.
    Measure,
}

impl Role {
    /// Tells it by the arguments. A test runner's own mean nothing here.
    pub(crate) fn of(arguments: &[String]) -> Self {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        if has("--list") {
            Self::List
        } else if has("--bench") || has("--help") || has("-h") {
            Self::Measure
        } else {
            Self::Smoke
        }
    }
}
