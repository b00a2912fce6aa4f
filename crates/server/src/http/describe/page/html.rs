//! Text as HTML. Must not know what it says.

use http::Method;

/// Text that stays text.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line of text in which code stands between backticks.
pub(super) fn line(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(index, piece)| match index % 2 {
        0 => escape(piece),
        _ => format!("<code>{}</code>", escape(piece)),
    });
    pieces.collect()
}

/// Paragraphs of such lines.
pub(super) fn prose(text: &str) -> String {
    text.split("\n\n").map(|paragraph| format!("<p>{}</p>", line(paragraph))).collect()
}

/// The mark of a method.
pub(super) fn method(method: &Method) -> String {
    format!("<b class=\"method {}\">{method}</b>", method.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_code_is_marked() {
        assert_eq!(line("a <b> \"&\""), "a &lt;b&gt; &quot;&amp;&quot;");
        assert_eq!(line("see `a<b>` now"), "see <code>a&lt;b&gt;</code> now");
        assert_eq!(prose("one\n\ntwo"), "<p>one</p><p>two</p>");
    }
}
