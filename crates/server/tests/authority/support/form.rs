//! Forms in the making. Must not know what fields mean.

/// The fields of a form or a query.
#[derive(Clone, Debug)]
pub(crate) struct Form(Vec<(String, String)>);

/// A form of these fields.
pub(crate) fn form(fields: &[(&str, &str)]) -> Form {
    Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

impl Form {
    /// With another value of a field, or with one more field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.and(name, value)
    }

    /// With one more field, though it may be there.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}
