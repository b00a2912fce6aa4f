//! The rules for identifiers and descriptions: the two sets, and what both have in common.

use crate::support::{Answer, Service, Value, identifiers, import, item, json, text, values};

const IMEI: &str = "imei";
const SERIAL: &str = "serialNumber";
const TUPLE: &str = "manufacturerModelSerial";
const UNKNOWN: &str = "unknown";
const TYPES: [&str; 4] = [UNKNOWN, IMEI, SERIAL, TUPLE];

fn row(identity_type: &str, identifier: &str) -> Value {
    json!({ "importedDeviceIdentifier": identifier, "importedDeviceIdentityType": identity_type })
}

/// Makes a row, sees that it came back as `stored`, and removes it again.
async fn taken(service: &Service, identity_type: &str, sent: &str, stored: &str) {
    let answer = service.post("", &row(identity_type, sent)).await;
    assert_eq!(answer.status, 201, "{identity_type} {sent:?}: {}", answer.text());
    let made = answer.json();
    assert_eq!(text(&made, "importedDeviceIdentifier"), stored);
    service.delete(&item(&made)).await.succeeds(204);
}

/// The message with which an identifier is refused: in a new row, in a row that stands, and in an
/// import, and nothing is stored.
async fn refused(service: &Service, identity_type: &str, identifier: &str) -> String {
    let bad = row(identity_type, identifier);
    let rows = service.identifiers().await;
    let told = |answer: &Answer| {
        let message = answer.fails(400, "BadRequest");
        assert_eq!(answer.targets(), ["importedDeviceIdentifier"], "{identifier:?}");
        message
    };
    let message = told(&service.post("", &bad).await);
    let standing = service.create(&row(UNKNOWN, "stands")).await;
    assert_eq!(told(&service.patch(&item(&standing), &bad).await), message);
    assert_eq!(service.get(&item(&standing)).await.succeeds(200), standing);
    service.delete(&item(&standing)).await.succeeds(204);
    let all = import(&[row(UNKNOWN, "good"), bad], false);
    let answer = service.post("/importDeviceIdentityList", &all).await;
    let whole = "Invalid Device Identifier parameter found for 1 import records!";
    assert_eq!(answer.fails(400, "BadRequest"), whole);
    let detail = answer.json()["error"]["details"][0].take();
    assert_eq!(text(&detail, "target"), "importedDeviceIdentities[1]");
    assert_eq!(text(&detail, "message"), message);
    assert_eq!(service.identifiers().await, rows);
    message
}

/// The outcome for a description of so many characters.
async fn describe(service: &Service, row: &Value, length: usize) -> Answer {
    // Four bytes each: characters are what is counted.
    service.patch(&item(row), &json!({ "description": "💻".repeat(length) })).await
}

each_engine!(documented_any_text_stands_under_any_type, async |service: &Service| {
    let longest = "💻".repeat(512);
    for identity_type in TYPES {
        for identifier in [
            "Imported Device Identifier value",
            "x",
            "0",
            "a,b",
            ",",
            "490154203237518",
            "49-015420-323751-8",
            "it's \"quoted\" %27 \\ </a> 💻 é",
            &longest,
        ] {
            taken(service, identity_type, identifier, identifier).await;
        }
    }
});

each_engine!(documented_an_identifier_has_1_to_512_characters, async |service: &Service| {
    for identity_type in TYPES {
        for empty in ["", " ", " \t\r\n ", "\u{a0}\u{3000}"] {
            let message = refused(service, identity_type, empty).await;
            assert_eq!(message, "The identifier is empty: give at least one character.");
        }
        let message = refused(service, identity_type, &"é".repeat(513)).await;
        let wanted = "The identifier has 513 characters; at most 512 are allowed.";
        assert_eq!(message, wanted);
    }
    let padded = format!("  {}  ", "é".repeat(512));
    taken(service, SERIAL, &padded, padded.trim()).await;
});

each_engine!(documented_no_control_character_is_stored, async |service: &Service| {
    for (identifier, name) in [
        ("a\tb", "U+0009"),
        ("a\r\nb", "U+000D"),
        ("a\u{1b}[31mb", "U+001B"),
        ("a\u{7f}", "U+007F"),
        ("a\u{85}b", "U+0085"),
        ("\u{1}", "U+0001"),
    ] {
        let message = refused(service, SERIAL, identifier).await;
        assert!(message.contains(name), "{message}");
    }
});

each_engine!(no_string_holds_u_0000, async |service: &Service| {
    for name in ["importedDeviceIdentifier", "description"] {
        let mut body = row(SERIAL, "A-1");
        body[name] = json!("a\0b");
        let answer = service.post("", &body).await;
        let message = answer.fails(400, "ModelValidationFailure");
        assert!(message.contains("U+0000") && message.contains(name), "{message}");
        assert_eq!(answer.targets(), [name]);
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(documented_a_description_has_at_most_1024_characters, async |service: &Service| {
    let row = service.create(&row(SERIAL, "A-1")).await;
    describe(service, &row, 1_024).await.succeeds(200);
    let answer = describe(service, &row, 1_025).await;
    let message = answer.fails(400, "BadRequest");
    assert_eq!(message, "The description has 1025 characters; at most 1024 are allowed.");
    assert_eq!(answer.targets(), ["description"]);
});

each_engine!(
    strict_a_description_has_at_most_128_characters,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        let row = service.create(&row(SERIAL, "A-1")).await;
        describe(service, &row, 128).await.succeeds(200);
        let answer = describe(service, &row, 129).await;
        let message = answer.fails(400, "BadRequest");
        assert_eq!(message, "The description has 129 characters; at most 128 are allowed.");
        assert_eq!(answer.targets(), ["description"]);
    }
);

each_engine!(
    strict_an_imei_is_14_to_16_digits,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        for imei in [
            "49015420323751",
            "490154203237518",
            "4901542032375100",
            // A wrong check digit is found in real lists.
            "490154203237510",
            "00000000000000",
        ] {
            taken(service, IMEI, imei, imei).await;
        }
        taken(service, IMEI, " 490154203237518\n", "490154203237518").await;
        for bad in [
            "4901542032375",
            "49015420323751000",
            "49-015420-323751-8",
            "490154 203237518",
            "49015420323751X",
            "٤٩٠١٥٤٢٠٣٢٣٧٥١",
            "Imported Device Identifier value",
        ] {
            let message = refused(service, IMEI, bad).await;
            assert!(message.contains("14 to 16 digits"), "{message}");
        }
    }
);

each_engine!(
    strict_a_serial_number_is_letters_digits_and_few_signs,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        let longest = "9".repeat(128);
        for serial in ["C02XK1ZVJG5J", "a", "PF-2_3.4/5", "two words", "Ä-é-ß-7", &longest] {
            taken(service, SERIAL, serial, serial).await;
        }
        taken(service, SERIAL, "  PF 23 ", "PF 23").await;
        let message = refused(service, SERIAL, &"9".repeat(129)).await;
        assert!(message.contains("129 characters; at most 128"), "{message}");
        for sign in [",", ";", "#", "'", "\"", "\\", "(", "+", "*", "\u{a0}", "💻"] {
            let message = refused(service, SERIAL, &format!("A{sign}1")).await;
            assert!(message.contains(&format!("holds '{sign}' at character 2")), "{message}");
        }
    }
);

each_engine!(
    strict_a_tuple_has_three_parts,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        for tuple in ["Microsoft,Surface Pro 9,0123", "Contoso, Tablet, 42", "a;b,c\"d,é", "1,2,3"]
        {
            taken(service, TUPLE, tuple, tuple).await;
        }
        taken(service, TUPLE, "  Contoso , Tablet,42 ", "Contoso , Tablet,42").await;
        for bad in
            ["Contoso", "Contoso,Tablet", "a,b,c,d", "Contoso,,42", ",b,c", "a,b,", ", ,", ",,"]
        {
            let message = refused(service, TUPLE, bad).await;
            assert!(message.contains("exactly three non-empty parts"), "{message}");
            assert!(message.contains("no way to escape"), "{message}");
        }
    }
);

each_engine!(
    strict_what_is_of_unknown_type_is_any_text,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        taken(service, UNKNOWN, "any; text, at # all", "any; text, at # all").await;
        refused(service, UNKNOWN, &"é".repeat(513)).await;
        refused(service, UNKNOWN, "").await;
        refused(service, UNKNOWN, "a\tb").await;
    }
);

each_engine!(
    strict_an_identifier_is_judged_under_the_type_it_will_have,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        let made = service.create(&row(SERIAL, "C02XK1ZVJG5J")).await;
        let answer =
            service.patch(&item(&made), &json!({ "importedDeviceIdentityType": IMEI })).await;
        assert!(answer.fails(400, "BadRequest").contains("'C02XK1ZVJG5J' is not an IMEI"));
        assert_eq!(answer.targets(), ["importedDeviceIdentifier"]);
        let answer = service.patch(&item(&made), &row(IMEI, "490154203237518")).await;
        assert_eq!(answer.succeeds(200)["importedDeviceIdentifier"], "490154203237518");
    }
);

each_engine!(
    strict_every_broken_rule_of_a_row_is_told,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        let mut body = row(IMEI, "12");
        body["description"] = json!("a".repeat(129));
        let answer = service.post("", &body).await;
        answer.fails(400, "BadRequest");
        assert_eq!(answer.targets(), ["importedDeviceIdentifier", "description"]);
        let rows = import(&[row(SERIAL, "A-1"), body, row(TUPLE, "a"), row(SERIAL, "A-2")], true);
        let answer = service.post("/importDeviceIdentityList", &rows).await;
        let message = "Invalid Device Identifier parameter found for 2 import records!";
        assert_eq!(answer.fails(400, "BadRequest"), message);
        let targets = ["importedDeviceIdentities[1]", "importedDeviceIdentities[2]"];
        assert_eq!(answer.targets(), targets);
        let first = answer.json()["error"]["details"][0]["message"].take();
        let first = first.as_str().unwrap();
        assert!(first.contains("IMEI") && first.contains("description"), "{first}");
        assert!(service.rows().await.is_empty());
    }
);

/// Pairs of one type that are the same identifier.
const SAME: [(&str, &str, &str); 9] = [
    (SERIAL, "C02XK1ZVJG5J", "c02xk1zvjg5j"),
    (SERIAL, "ÄÖÜ-Σ", "äöü-σ"),
    (SERIAL, "A-1", "  A-1\t"),
    (UNKNOWN, "Abc", "aBC"),
    (IMEI, "490154203237518", " 490154203237518 "),
    (TUPLE, "Contoso,Tablet,42", "contoso,TABLET,42"),
    (TUPLE, "Contoso,Tablet,42", "Contoso, Tablet, 42"),
    (TUPLE, "Contoso,Tablet Pro,42", " Contoso ,  Tablet Pro , 42 "),
    (TUPLE, "Contoso , Tablet,42", "Contoso, Tablet,42"),
];

/// Pairs of one type that are not.
const DIFFERENT: [(&str, &str, &str); 6] = [
    (SERIAL, "A-1", "A1"),
    (SERIAL, "A 1", "A1"),
    (SERIAL, "A 1", "A  1"),
    (SERIAL, "Straße", "Strasse"),
    (SERIAL, "e\u{301}", "\u{e9}"),
    (TUPLE, "Contoso,Tablet Pro,42", "Contoso,TabletPro,42"),
];

async fn rules_of_sameness(service: &Service) {
    for (identity_type, first, second) in SAME {
        let made = service.create(&row(identity_type, first)).await;
        service.post("", &row(identity_type, second)).await.fails(409, "Conflict");
        let results = service.import(&[row(identity_type, second)]).await;
        assert_eq!((&results[0]["status"], &results[0]["id"]), (&json!(false), &made["id"]));
        let found = service.search(&[row(identity_type, second)]).await;
        assert_eq!(identifiers(&found), [first], "as it was sent first");
        service.delete(&item(&made)).await.succeeds(204);
    }
    for (identity_type, first, second) in DIFFERENT {
        let rows = [row(identity_type, first), row(identity_type, second)];
        let results = service.import(&rows).await;
        for result in &results {
            assert_eq!(result["status"], true, "{first:?} {second:?}");
            service.delete(&item(result)).await.succeeds(204);
        }
    }
}

each_engine!(documented_case_and_outer_blanks_make_no_difference, async |service: &Service| {
    rules_of_sameness(service).await;
    let made = service.create(&row(SERIAL, "a, b")).await;
    service.post("", &row(SERIAL, "a,b")).await.succeeds(201);
    assert_eq!(made["importedDeviceIdentifier"], "a, b", "a comma means something in a tuple only");
});

each_engine!(
    strict_compares_in_the_same_way,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        for (identity_type, first, second) in SAME {
            let made = service.create(&row(identity_type, first)).await;
            service.post("", &row(identity_type, second)).await.fails(409, "Conflict");
            service.delete(&item(&made)).await.succeeds(204);
        }
    }
);

each_engine!(the_same_text_under_another_type_is_another_row, async |service: &Service| {
    let rows: Vec<Value> = TYPES.iter().map(|kind| row(kind, "490154203237518")).collect();
    for row in &rows {
        service.create(row).await;
    }
    for row in &rows {
        service.post("", row).await.fails(409, "Conflict");
        assert_eq!(service.search(std::slice::from_ref(row)).await.len(), 1);
    }
    assert_eq!(service.rows().await.len(), 4);
});

each_engine!(a_patch_trims_as_a_create_does, async |service: &Service| {
    let made = service.create(&row(SERIAL, "A-1")).await;
    let body = json!({ "importedDeviceIdentifier": "\t B-2 \u{a0}" });
    let updated = service.patch(&item(&made), &body).await.succeeds(200);
    assert_eq!(updated["importedDeviceIdentifier"], "B-2");
    let listed = values(service.get("").await.succeeds(200));
    assert_eq!(identifiers(&listed), ["B-2"]);
});
