//! The form of an answer that a client takes: `Accept`, and `$format`, which wins over it (OData
//! 4.01 Part 1, 11.2.11). Must not know operations.

use http::HeaderMap;
use http::header::ACCEPT;
use model::render::{Form, Metadata};
use odata::{Options, SystemOption};

use super::super::error::{ApiError, ErrorKind};
use super::unquoted_split;

/// What the client takes of JSON and of text.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Format {
    /// Where the client says so.
    place: &'static str,
    json: Option<Form>,
    text: bool,
}

impl Format {
    /// The form of an answer in JSON.
    pub(in super::super) fn json(self) -> Result<Form, ApiError> {
        self.json.ok_or_else(|| {
            self.unacceptable("application/json;odata.metadata=minimal, 'full' or 'none'")
        })
    }

    /// Whether an answer may be a bare number.
    pub(in super::super) fn text(self) -> Result<(), ApiError> {
        if self.text { Ok(()) } else { Err(self.unacceptable("text/plain")) }
    }

    fn unacceptable(self, offered: &str) -> ApiError {
        let message = format!("Nothing in '{}' fits: this answer comes as {offered}.", self.place);
        ApiError::new(ErrorKind::NotAcceptable, message)
    }
}

/// Reads `$format`, or else `Accept` (RFC 9110, 12.5.1). Without them, everything is taken.
pub(in super::super) fn format(headers: &HeaderMap, options: &Options) -> Result<Format, ApiError> {
    if let Some(value) = options.get(SystemOption::Format) {
        return Ok(of_option(value));
    }
    let Some(ranges) = ranges(headers)? else {
        return Ok(Format { place: "Accept", json: Some(Form::default()), text: true });
    };
    let mut wishes = Wishes::default();
    ranges.iter().for_each(|range| wishes.hear(range));
    // A bare number is JSON, too, with whatever metadata: it does for those who do not speak of
    // text.
    let text = if wishes.text.exactness == 0 { wishes.number } else { wishes.text };
    Ok(Format { place: "Accept", json: wishes.form(), text: text.is_taken() })
}

/// The ranges of `Accept`; `None` where it names none. Elements that are empty mean nothing
/// (RFC 9110, 5.6.1.2).
///
/// # Errors
/// It cannot be read.
pub(in super::super) fn ranges(headers: &HeaderMap) -> Result<Option<Vec<Range<'_>>>, ApiError> {
    let mut ranges: Option<Vec<Range<'_>>> = None;
    for value in headers.get_all(ACCEPT) {
        let value = value.to_str().map_err(|_| {
            ApiError::bad_request("The header 'Accept' holds characters that are not ASCII.")
        })?;
        for range in unquoted_split(value, ',').filter(|range| !range.trim().is_empty()) {
            ranges.get_or_insert_default().push(Range::read(range));
        }
    }
    Ok(ranges)
}

/// How much ranges want a media type: between 0, for not at all, and 1.
pub(in super::super) fn weight(ranges: &[Range<'_>], kind: &str, name: &str) -> f32 {
    let mut wish = Wish::default();
    for range in ranges.iter().filter(|range| range.is_offered) {
        wish.hear(range.exactness(kind, name), 0, range.weight);
    }
    wish.weight
}

/// `$format` names one media type, or JSON by its short name (OData 4.01 Part 2, 5.1.9).
fn of_option(value: &str) -> Format {
    let mut wishes = Wishes::default();
    let mut range = Range::read(value);
    if range.media.eq_ignore_ascii_case("json") {
        range.media = "application/json";
    }
    if !range.media.is_empty() && !range.media.contains('*') {
        wishes.hear(&range);
    }
    Format { place: "$format", json: wishes.form(), text: wishes.text.is_taken() }
}

/// The forms of JSON. Where a client does not mind, it gets the first.
const FORMS: [Form; 6] = [
    Form { metadata: Metadata::Minimal, ieee754_compatible: false },
    Form { metadata: Metadata::Minimal, ieee754_compatible: true },
    Form { metadata: Metadata::Full, ieee754_compatible: false },
    Form { metadata: Metadata::Full, ieee754_compatible: true },
    Form { metadata: Metadata::None, ieee754_compatible: false },
    Form { metadata: Metadata::None, ieee754_compatible: true },
];

/// What all ranges together say of everything that there is.
#[derive(Default)]
struct Wishes {
    /// Of the form of JSON in the same place.
    forms: [Wish; FORMS.len()],
    /// Of JSON with whatever parameters.
    number: Wish,
    text: Wish,
}

impl Wishes {
    fn hear(&mut self, range: &Range<'_>) {
        let exactness = range.exactness("application", "json");
        for (form, wish) in FORMS.iter().zip(&mut self.forms) {
            if let Some(named) = range.names(*form) {
                wish.hear(exactness, named, range.weight);
            }
        }
        self.number.hear(exactness, 0, range.weight);
        self.text.hear(range.exactness("text", "plain"), 0, range.weight);
    }

    /// The form with the most weight; of several, the one that is named most exactly.
    fn form(&self) -> Option<Form> {
        let taken = FORMS.iter().zip(&self.forms).filter(|(_, wish)| wish.is_taken());
        let best = taken.reduce(|best, next| if next.1.outdoes(*best.1) { next } else { best });
        best.map(|(form, _)| *form)
    }
}

/// What the ranges say of one form.
#[derive(Clone, Copy, Default)]
struct Wish {
    /// How exactly the media type is named.
    exactness: u8,
    /// How many parameters name the form.
    named: u8,
    weight: f32,
}

impl Wish {
    /// The range that names the form most exactly decides (RFC 9110, 12.5.1).
    fn hear(&mut self, exactness: u8, named: u8, weight: f32) {
        if exactness == 0 {
            return;
        }
        let (heard, known) = ((exactness, named), (self.exactness, self.named));
        if heard > known || (heard == known && weight > self.weight) {
            *self = Self { exactness, named, weight };
        }
    }

    fn is_taken(self) -> bool {
        self.weight > 0.0
    }

    fn outdoes(self, other: Self) -> bool {
        let exactness = |wish: Self| (wish.named, wish.exactness);
        self.weight > other.weight
            || (self.weight >= other.weight && exactness(self) > exactness(other))
    }
}

/// How exactly a range names the media type that it is.
const EXACT: u8 = 3;

/// One range of media types, with what its parameters ask for.
pub(in super::super) struct Range<'a> {
    pub(in super::super) media: &'a str,
    weight: f32,
    metadata: Option<Metadata>,
    ieee754_compatible: Option<bool>,
    /// Whether an answer can be as the parameters ask.
    pub(in super::super) is_offered: bool,
}

impl<'a> Range<'a> {
    pub(in super::super) fn read(text: &'a str) -> Self {
        let mut parts = unquoted_split(text, ';').map(str::trim);
        let mut range = Self {
            media: parts.next().unwrap_or_default(),
            weight: 1.0,
            metadata: None,
            ieee754_compatible: None,
            is_offered: true,
        };
        for parameter in parts {
            range.is_offered &= range.add(parameter);
        }
        range
    }

    /// Takes a parameter, and gives whether it can be met. Those that JSON of OData does not have
    /// leave the answer as it is.
    fn add(&mut self, parameter: &str) -> bool {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("q") {
            self.weight = value.parse().map_or(1.0, |weight: f32| weight.clamp(0.0, 1.0));
            true
        } else if is("odata.metadata") || is("metadata") {
            self.metadata = metadata(value);
            self.metadata.is_some()
        } else if is("IEEE754Compatible") {
            self.ieee754_compatible = boolean(value);
            self.ieee754_compatible.is_some()
        } else if is("odata.streaming") || is("streaming") || is("ExponentialDecimals") {
            // The order of what is written is that of streaming always, and decimals there are
            // none.
            boolean(value).is_some()
        } else if is("charset") {
            value.eq_ignore_ascii_case("utf-8")
        } else {
            true
        }
    }

    /// By how many parameters the range names a form; `None` if it does not fit.
    fn names(&self, form: Form) -> Option<u8> {
        let metadata = self.metadata.is_none_or(|asked| asked == form.metadata);
        let numbers = self.ieee754_compatible.is_none_or(|asked| asked == form.ieee754_compatible);
        let named = u8::from(self.metadata.is_some()) + u8::from(self.ieee754_compatible.is_some());
        (self.is_offered && metadata && numbers).then_some(named)
    }

    /// Whether the range is this media type.
    pub(in super::super) fn is(&self, kind: &str, name: &str) -> bool {
        self.exactness(kind, name) == EXACT
    }

    /// How exactly the range names a media type: not at all, by everything, by its kind, by its
    /// name.
    fn exactness(&self, kind: &str, name: &str) -> u8 {
        match self.media.split_once('/') {
            Some(("*", "*")) => 1,
            Some((given, "*")) if given.eq_ignore_ascii_case(kind) => 2,
            Some((given, last))
                if given.eq_ignore_ascii_case(kind) && last.eq_ignore_ascii_case(name) =>
            {
                EXACT
            }
            _ => 0,
        }
    }
}

fn metadata(value: &str) -> Option<Metadata> {
    let all = [Metadata::None, Metadata::Minimal, Metadata::Full];
    all.into_iter().find(|metadata| metadata.name().eq_ignore_ascii_case(value))
}

fn boolean(value: &str) -> Option<bool> {
    [true, false].into_iter().find(|known| {
        let name = if *known { "true" } else { "false" };
        name.eq_ignore_ascii_case(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> Format {
        let headers = HeaderMap::from_iter([(ACCEPT, value.parse().unwrap())]);
        format(&headers, &Options::default()).unwrap()
    }

    /// The form in short: the metadata, and a sign where numbers may be strings.
    fn short(format: Format) -> String {
        format.json().map_or("406".to_owned(), |form| {
            let sign = if form.ieee754_compatible { "+" } else { "" };
            format!("{}{sign}", form.metadata.name())
        })
    }

    #[track_caller]
    fn accepts(value: &str, wanted: &str) {
        assert_eq!(short(accepted(value)), wanted, "{value}");
    }

    #[test]
    fn accept_is_read_with_weights_and_parameters() {
        accepts("application/json", "minimal");
        accepts("text/html, application/json;odata.metadata=minimal;q=0.5", "minimal");
        accepts("application/json;odata.streaming=true;IEEE754Compatible=false", "minimal");
        accepts("application/json;q=0, text/html", "406");
        accepts("application/json;q=0, */*", "406");
        accepts("*/*;q=0, application/json", "minimal");
        accepts("application/json;charset=utf-16", "406");
        accepts("application/json;profile=\"a,b;odata.metadata=full\"", "minimal");
        accepts("text/html", "406");
        accepts("text/html,", "406");
        accepts(", application/json;odata.metadata=full,", "full");
        accepts(" , ", "minimal");
    }

    #[test]
    fn parameters_name_the_form() {
        accepts("application/json;odata.metadata=full", "full");
        accepts("application/json;METADATA=None", "none");
        accepts("Application/JSON; odata.metadata = \"full\" ; IEEE754Compatible=TRUE", "full+");
        accepts("*/*;odata.metadata=none", "none");
        accepts("application/json;ExponentialDecimals=true", "minimal");
        accepts("application/json;odata.metadata=verbose", "406");
        accepts("application/json;odata.metadata=verbose, application/json;q=0.1", "minimal");
        accepts("application/json;IEEE754Compatible=yes", "406");
    }

    #[test]
    fn the_most_weight_decides_between_forms() {
        let both = |full: &str, none: &str| {
            let json = "application/json;odata.metadata";
            short(accepted(&format!("{json}=full;q={full}, {json}=none;q={none}")))
        };
        assert_eq!(both("0.5", "0.6"), "none");
        assert_eq!(both("0.6", "0.5"), "full");
        assert_eq!(both("0", "0.001"), "none");
        assert_eq!(both("0", "0"), "406");
        accepts("application/json;odata.metadata=full;q=0.5, application/json", "minimal");
        accepts("application/json;odata.metadata=minimal;q=0, */*", "full");
    }

    #[test]
    fn of_equal_weights_the_exact_name_decides() {
        accepts("*/*, application/json;odata.metadata=full", "full");
        accepts("application/json, application/json;odata.metadata=none", "none");
        accepts("application/json, application/json;IEEE754Compatible=true", "minimal+");
        let all = ["none", "full", "minimal"].map(|name| format!("*/*;odata.metadata={name}"));
        accepts(&all.join(","), "minimal");
    }

    #[test]
    fn the_option_wins_over_the_header() {
        let asked = |value: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, "image/png".parse().unwrap())]);
            let options = Options::parse(&format!("$format={value}")).unwrap();
            short(format(&headers, &options).unwrap())
        };
        for (value, wanted) in [
            ("json", "minimal"),
            ("JSON", "minimal"),
            ("json;odata.metadata=none", "none"),
            ("application/json;odata.metadata=full", "full"),
            ("Application%2FJson;Metadata=Full;ieee754compatible=true", "full+"),
            ("", "406"),
            ("atom", "406"),
            ("xml", "406"),
            ("*/*", "406"),
            ("application/*", "406"),
            ("application/xml", "406"),
            ("application/json;odata.metadata=some", "406"),
            ("application/json,application/xml", "406"),
        ] {
            assert_eq!(asked(value), wanted, "{value}");
        }
    }

    #[test]
    fn a_number_goes_to_all_who_take_json_or_text() {
        for (value, wanted) in [
            ("text/plain", true),
            ("application/json;odata.metadata=some", true),
            ("application/json, text/plain;q=0", false),
            ("application/xml", false),
        ] {
            assert_eq!(accepted(value).text().is_ok(), wanted, "{value}");
        }
    }
}
