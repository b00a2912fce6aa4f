//! Where this language rightly answers otherwise than the cases say.

/// Rules that other parts of the program read: raw values and names in paths, and headers.
pub(crate) const ELSEWHERE: &[&str] =
    &["primitiveValue", "entitySetName", "request-id", "includeAnnotationsPreference"];

/// Reasons, each with the rules and inputs it holds for.
pub(crate) const DIFFERENCES: &[(&str, &[(&str, &str)])] = &[
    (
        "Years are from 1 to 9999: others can be kept by no client's date type.",
        &[
            ("date", "0000-01-01"),
            ("date", "-10000-04-01"),
            ("dateTimeOffsetValue", "0000-01-01T00:00Z"),
            ("dateTimeOffsetValue", "-10000-04-01T00:00Z"),
        ],
    ),
    (
        "A leap second is no instant that could be kept and given back as it was sent.",
        &[("dateTimeOffsetValue", "1972-06-30T23:59:60Z")],
    ),
    (
        "Numbers are exact and of at most 28 digits; no property is a floating-point number.",
        &[
            ("decimalValue", "1e-101"),
            ("decimalValue", "-INF"),
            ("decimalValue", "INF"),
            ("decimalValue", "NaN"),
            ("doubleValue", "-INF"),
            ("doubleValue", "INF"),
            ("doubleValue", "NaN"),
        ],
    ),
    (
        "Arithmetic on properties is not offered, with constants it is.",
        &[
            ("commonExpr", "Price add 2.45"),
            ("commonExpr", "(Price add 2.45) mod 2"),
            ("commonExpr", "Price sub 0.55"),
            ("commonExpr", "-Price"),
            ("commonExpr", "Price mul 2"),
            ("commonExpr", "Price div 2"),
            ("commonExpr", "Price divby 2"),
            ("commonExpr", "Price mod 5"),
            ("boolCommonExpr", "Price add 2.45 eq 5.00"),
            ("boolCommonExpr", "Price sub 0.55 eq 2.00"),
            ("boolCommonExpr", "Price mul 2.0 eq 5.10"),
            ("boolCommonExpr", "Price div 2.55 eq 1"),
            ("boolCommonExpr", "Rating divby 2 eq 2.5"),
            ("boolCommonExpr", "Rating mod 5 eq 0"),
        ],
    ),
    (
        "Regular expressions are a denial of service, so this function is not offered.",
        &[("commonExpr", "matchesPattern(CompanyName,'%5EA.*e$')")],
    ),
    (
        "No property is a number or duration, which these functions are for.",
        &[
            ("commonExpr", "totalseconds(LifeTime)"),
            ("commonExpr", "ceiling(Price)"),
            ("commonExpr", "floor(Price)"),
            ("commonExpr", "round(Price)"),
        ],
    ),
    (
        "Expressions have types, of which the grammar knows nothing: Size is Boolean here, and \
         FirstName no collection.",
        &[("boolCommonExpr", "Size eq 4.0"), ("commonExpr", "FirstName in (FirstName)")],
    ),
    (
        "There are neither navigation properties nor functions or actions of an entity.",
        &[
            ("firstMemberExpr", "Product"),
            ("select", "$select=ActionName,MostPopularName(Location,Kind)"),
        ],
    ),
    (
        "Enumerations are no flags, so a value is one member.",
        &[("enumLiteral", "'Solid,Yellow,-42'"), ("enumValue", "Solid,Yellow,+42")],
    ),
    (
        "A member with the name of its type before it is offered.",
        &[
            ("enumLiteral", "Sales.Pattern'Yellow'"),
            ("filter", "$filter=style eq Sales.Pattern'Yellow'"),
        ],
    ),
    (
        "A value is decoded before it is read, so that it does not matter whether '#' or ';' was \
         sent encoded.",
        &[("queryOptions", "$search=#1"), ("queryOptions", "$search=a;b")],
    ),
    (
        "A custom option may have any name and needs no value; the cases know three names.",
        &[("queryOptions", "$search=more&more")],
    ),
    (
        "A system option given twice is refused, however it is spelt.",
        &[
            ("queryOptions", "$format=json&$Format=atom&$format=xml&$format=text/html"),
            ("queryOptions", "$format=JSON&$format=Atom&$format=XML&$format=text/html"),
        ],
    ),
    (
        "Text in double quotes stands in JSON literals, which are not offered.",
        &[("stringInUrl", "\"b%75g\"")],
    ),
];
