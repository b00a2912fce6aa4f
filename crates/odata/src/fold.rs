//! Text without its letter case, the one way in which text is compared regardless of case.
//!
//! Every store and every function of the query language uses this and nothing else, so that all
//! of them agree. Must not know what is folded or why.

/// Names the mapping that [`fold()`] applies. Whoever stores folded text stores this number beside
/// it, and rebuilds the folded text when the number differs.
///
/// Raise it whenever the mapping changes, which is when `unicode-case-mapping` moves to another
/// version of Unicode; the assertion below stops the build until that has been done.
pub const FOLD_VERSION: u32 = 1;

const _: () = {
    let (major, minor, update) = unicode_case_mapping::UNICODE_VERSION;
    assert!(
        major == 16 && minor == 0 && update == 0,
        "Unicode's folding changed: raise FOLD_VERSION and name the new version here"
    );
};

/// Folds every character of `text` by [`fold_char`].
///
/// The result has as many characters as `text` (though perhaps not as many bytes), so positions
/// counted in characters stay true; folding it again changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(fold_char).collect() }
}

/// Unicode's simple case folding of one character: the mappings of status C and S in
/// `CaseFolding.txt`, of Unicode 16.0.
///
/// It depends on no language: `I` becomes `i` and `İ` stays as it is, in Turkish too. It never
/// makes two characters of one: `ß` stays `ß` and is not `ss`. Nothing is normalised: an accent
/// that is a character of its own stays one.
pub fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(character)
        .and_then(|folded| char::from_u32(folded.get()))
        .unwrap_or(character)
}

/// Puts every character of `text` in upper case by [`upper_char`].
pub fn upper(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(upper_char).collect() }
}

/// The upper case of a character's folded form, if that is one character; else the folded form.
///
/// It depends on the folded form alone, so texts that fold alike have one upper case, and whoever
/// holds only folded text can tell it.
pub fn upper_char(character: char) -> char {
    let folded = fold_char(character);
    match unicode_case_mapping::to_uppercase(folded) {
        [upper, 0, 0] => char::from_u32(upper).filter(|upper| *upper != '\0').unwrap_or(folded),
        _ => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_goes_and_all_else_stays() {
        assert_eq!(fold("SN-09 aZ"), "sn-09 az");
        assert_eq!(fold("ÄÖÜ ÀÉ"), "äöü àé");
        assert_eq!(fold("ΣΊΣΥΦΟΣ σίσυφος"), "σίσυφοσ σίσυφοσ");
        assert_eq!(fold("\u{212a}"), "k", "the Kelvin sign is a k");
    }

    #[test]
    fn one_character_stays_one_character() {
        assert_eq!(fold("Straße STRAẞE"), "straße straße");
        assert_eq!(fold("İstanbul"), "İstanbul");
    }

    #[test]
    fn upper_case_is_one_character_for_one() {
        assert_eq!(upper("sn-09 Az"), "SN-09 AZ");
        assert_eq!(upper("àéß ﬁ σίσυφος"), "ÀÉß ﬁ ΣΊΣΥΦΟΣ");
        assert_eq!(upper("\0"), "\0");
    }

    #[test]
    fn folding_any_character_twice_is_folding_it_once() {
        for character in '\0'..=char::MAX {
            let once = fold_char(character);
            assert_eq!(fold_char(once), once, "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn text_folds_character_by_character(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(folded.chars().count(), text.chars().count());
            prop_assert!(folded.chars().eq(text.chars().map(fold_char)));
            prop_assert_eq!(upper(&folded), upper(&text));
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
