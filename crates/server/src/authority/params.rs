//! The parameters of a request, from a form or a query. Must not know what they mean.

use std::collections::HashSet;

use super::error::{Fault, Refusal};

/// Parameters as they were sent, without those that have no value: they count as omitted (RFC 6749,
/// 3.1 and 3.2).
#[derive(Debug)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    /// A parameter that came more than once.
    repeated: Option<String>,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let (mut seen, mut repeated, mut pairs) = (HashSet::new(), None, Vec::new());
        for (name, value) in form_urlencoded::parse(bytes) {
            if !seen.insert(name.clone()) {
                repeated = Some(name.clone().into_owned());
            }
            if !value.is_empty() {
                pairs.push((name.into_owned(), value.into_owned()));
            }
        }
        Self { pairs, repeated }
    }

    /// A parameter's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that has to be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            let message = format!("The request must contain the following parameter: '{name}'.");
            Refusal::new(Fault::MissingParameter, message)
        })
    }

    /// The name of a parameter that came more than once.
    pub(super) fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// Refuses parameters that came more than once.
    pub(super) fn once_each(&self) -> Result<(), Refusal> {
        match self.repeated() {
            None => Ok(()),
            Some(name) => {
                let message = format!("The parameter '{name}' came more than once.");
                Err(Refusal::new(Fault::Malformed, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_is_omitted_and_counts_as_sent() {
        let params = Params::parse(b"a=&b=x%20y+z&a=1");
        assert_eq!((params.get("a"), params.get("b")), (Some("1"), Some("x y z")));
        assert_eq!(params.repeated(), Some("a"));
        assert!(Params::parse(b"a=").required("a").is_err());
    }

    #[test]
    fn bytes_that_are_no_form_do_no_harm() {
        for bytes in [&b"\xff\xfe=%zz&&&="[..], b"%", b"", b"{\"grant_type\":1}"] {
            assert_eq!(Params::parse(bytes).get("grant_type"), None);
        }
    }
}
