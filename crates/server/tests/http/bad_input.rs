//! Whatever is wrong with a body gets the contract's error: nothing is lost, nothing half done,
//! and nothing is the service's fault.

use crate::support::{Answer, COLLECTION, Method, Service, Value, item, json, serial};

const BAD_REQUEST: &str = "BadRequest";
const INVALID: &str = "ModelValidationFailure";

/// A service with one row, to which every bad body is sent by every operation that takes one.
struct Target<'a> {
    service: &'a Service,
    row: Value,
}

impl<'a> Target<'a> {
    async fn new(service: &'a Service) -> Self {
        Self { service, row: service.create(&serial("A-1")).await }
    }

    /// The requests that take an entity: method and path.
    fn entities(&self) -> [(Method, String); 2] {
        let row = format!("{COLLECTION}{}", item(&self.row));
        [(Method::POST, COLLECTION.to_owned()), (Method::PATCH, row)]
    }

    /// The requests that take parameters of an action.
    fn actions() -> [(Method, String); 2] {
        ["importDeviceIdentityList", "searchExistingIdentities"]
            .map(|action| (Method::POST, format!("{COLLECTION}/{action}")))
    }

    async fn send(&self, method: Method, path: &str, body: &[u8]) -> Answer {
        let call = self.service.call(method, path);
        call.header("content-type", "application/json").body(body).await
    }

    /// Sends an entity to create and update, and this entity as a row of both actions.
    async fn refuses_entity(&self, entity: &str, code: &str, says: &str) {
        for (method, path) in self.entities() {
            let answer = self.send(method, &path, entity.as_bytes()).await;
            check(&answer, code, says, entity);
        }
        let body = format!(r#"{{"importedDeviceIdentities": [{entity}]}}"#);
        for (method, path) in Self::actions() {
            let answer = self.send(method, &path, body.as_bytes()).await;
            check(&answer, code, says, entity);
        }
        self.is_as_it_was().await;
    }

    /// Sends bytes to every operation that takes a body.
    async fn refuses_body(&self, body: &[u8], says: &str) {
        for (method, path) in self.entities().into_iter().chain(Self::actions()) {
            let answer = self.send(method, &path, body).await;
            check(&answer, BAD_REQUEST, says, &String::from_utf8_lossy(body));
            assert!(answer.message().starts_with("Unable to read JSON request payload."));
        }
        self.is_as_it_was().await;
    }

    /// Nothing was stored or changed, and the service goes on.
    async fn is_as_it_was(&self) {
        let mut row = self.row.clone();
        row.as_object_mut().unwrap().remove("@odata.context").unwrap();
        assert_eq!(self.service.rows().await, [row]);
    }
}

#[track_caller]
fn check(answer: &Answer, code: &str, says: &str, sent: &str) {
    let shown: String = sent.chars().take(200).collect();
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{shown}");
    assert!(answer.message().contains(says), "{shown}: {}", answer.message());
}

each_engine!(bodies_that_are_no_json, async |service: &Service| {
    let target = Target::new(service).await;
    for (body, says) in [
        ("{", "EOF"),
        ("", "empty"),
        (" \n ", "EOF"),
        ("nonsense", "line 1 column"),
        ("{\"platform\": \"ios\",}", "trailing comma"),
        ("{'platform': 'ios'}", "key must be a string"),
        ("{\"platform\": ios}", "expected value"),
        ("{\"platform\": \"ios\"} {}", "trailing characters"),
        ("{\"platform\": \"ios\"}x", "trailing characters"),
        ("{\"platform\": \"i\nos\"}", "control character"),
        ("// a comment\n{}", "expected value"),
        ("{\"platform\": NaN}", "expected value"),
        ("{\"platform\": 01}", "invalid number"),
        ("{\"platform\": \"\\x\"}", "invalid escape"),
        ("{\"platform\": \"\\ud83d\"}", ""),
        ("{\"platform\": \"\\udc4d\\ud83d\"}", ""),
        ("\u{feff}\u{feff}{}", "expected value"),
    ] {
        target.refuses_body(body.as_bytes(), says).await;
    }
});

each_engine!(bodies_that_are_no_text, async |service: &Service| {
    let target = Target::new(service).await;
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        b"{\"description\": \"\xff\"}".as_slice(),
        b"{\"description\": \"\xc3\"}",
        b"{\"description\": \"\xed\xa0\x80\"}",
        b"{\"description\": \"\xc0\xaf\"}",
        b"{\"description\xff\": null}",
        b"{\"description\": \"\0\"}",
        b"\0",
        b"\xff\xfe",
        &utf16,
    ] {
        target.refuses_body(body, "").await;
    }
});

each_engine!(bodies_that_are_no_object, async |service: &Service| {
    let target = Target::new(service).await;
    for body in ["[]", "[{}]", "null", "true", "7", "\"text\"", "1e999"] {
        target.refuses_body(body.as_bytes(), "").await;
    }
});

each_engine!(bodies_that_nest_without_end, async |service: &Service| {
    let target = Target::new(service).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let body = format!("{{\"description\": {deep}}}");
        for (method, path) in target.entities() {
            let answer = target.send(method, &path, body.as_bytes()).await;
            check(&answer, INVALID, "of property 'description' is not Edm.String", &body);
        }
        for (method, path) in Target::actions() {
            let answer = target.send(method, &path, body.as_bytes()).await;
            check(&answer, INVALID, "has no parameter 'description'", &body);
        }
        target.refuses_body(open.repeat(100_000).as_bytes(), "").await;
    }
});

each_engine!(names_that_stand_twice, async |service: &Service| {
    let target = Target::new(service).await;
    for body in [
        r#"{"platform": "ios", "platform": "ios"}"#,
        r#"{"description": null, "\u0064escription": "x"}"#,
        r#"{"@odata.etag": "x", "@odata.etag": "x"}"#,
    ] {
        target.refuses_entity(body, BAD_REQUEST, "stands twice").await;
    }
    for (method, path) in Target::actions() {
        let twice = br#"{"importedDeviceIdentities": [], "importedDeviceIdentities": []}"#;
        check(&target.send(method, &path, twice).await, BAD_REQUEST, "stands twice", "");
    }
});

each_engine!(objects_with_too_many_members, async |service: &Service| {
    let target = Target::new(service).await;
    let members: Vec<String> = (0..100).map(|n| format!("\"@note.{n}\": 1")).collect();
    let body = format!("{{{}}}", members.join(", "));
    target.refuses_entity(&body, BAD_REQUEST, "more than 64 members").await;
});

each_engine!(values_of_a_wrong_type, async |service: &Service| {
    let target = Target::new(service).await;
    let names = [
        ("importedDeviceIdentifier", "Edm.String"),
        ("importedDeviceIdentityType", "microsoft.graph.importedDeviceIdentityType"),
        ("lastContactedDateTime", "Edm.DateTimeOffset"),
        ("description", "Edm.String"),
        ("enrollmentState", "microsoft.graph.enrollmentState"),
        ("platform", "microsoft.graph.platform"),
    ];
    for (name, type_name) in names {
        for value in ["true", "7", "-1.5e3", "[]", "[\"ios\"]", "{}", "{\"a\": {\"b\": 1}}"] {
            let body = format!("{{\"{name}\": {value}}}");
            let says = format!("of property '{name}' is not {type_name}");
            target.refuses_entity(&body, INVALID, &says).await;
        }
    }
});

each_engine!(numbers_past_every_size, async |service: &Service| {
    let target = Target::new(service).await;
    let digits = "9".repeat(400);
    for number in ["18446744073709551616", "-9223372036854775809", "1e308", digits.as_str()] {
        let body = format!("{{\"description\": {number}}}");
        for (method, path) in target.entities() {
            let answer = target.send(method, &path, body.as_bytes()).await;
            assert_eq!(answer.status.as_u16(), 400, "{number}");
        }
    }
    target.refuses_body(b"{\"description\": 1e999}", "number out of range").await;
    target.is_as_it_was().await;
});

each_engine!(nulls_where_there_is_none, async |service: &Service| {
    let target = Target::new(service).await;
    for name in [
        "importedDeviceIdentifier",
        "importedDeviceIdentityType",
        "lastContactedDateTime",
        "enrollmentState",
        "platform",
    ] {
        let body = format!("{{\"{name}\": null}}");
        target.refuses_entity(&body, INVALID, "cannot be null").await;
    }
});

each_engine!(names_that_the_type_does_not_have, async |service: &Service| {
    let target = Target::new(service).await;
    for (name, meant) in [
        ("importedDeviceIdentifierType", "importedDeviceIdentityType"),
        ("importeddeviceidentifier", "importedDeviceIdentifier"),
        ("Platform", "platform"),
        ("platfrom", "platform"),
        ("desciption", "description"),
        ("enrolmentState", "enrollmentState"),
        ("lastContactDateTime", "lastContactedDateTime"),
    ] {
        let says = format!(
            "The property '{name}' does not exist on type \
             'microsoft.graph.importedDeviceIdentity'. Did you mean '{meant}'?"
        );
        target.refuses_entity(&format!("{{\"{name}\": \"x\"}}"), INVALID, &says).await;
    }
    for name in ["serialNumber", "", " ", "x", "💥", "status", "description "] {
        let body = json!({ name: "x" }).to_string();
        target.refuses_entity(&body, INVALID, "does not exist on type").await;
    }
    let long = "x".repeat(10_000);
    for (method, path) in target.entities() {
        let answer = target.send(method, &path, json!({ &long: 1 }).to_string().as_bytes()).await;
        check(&answer, INVALID, "does not exist", &long);
        assert!(answer.message().len() < 500, "what was sent is not echoed at length");
    }
});

each_engine!(types_that_are_another, async |service: &Service| {
    let target = Target::new(service).await;
    for value in ["\"#microsoft.graph.device\"", "\"\"", "null", "7"] {
        let body = format!("{{\"@odata.type\": {value}}}");
        target.refuses_entity(&body, INVALID, "does not belong here").await;
    }
});

each_engine!(times_that_are_none, async |service: &Service| {
    let target = Target::new(service).await;
    for (time, says) in [
        ("2026-01-31T07:25:18.12345678Z", "at most 7"),
        ("0000-01-01T00:00:00Z", "from 1 to 9999"),
        ("10000-01-01T00:00:00Z", ""),
        ("0001-01-01T00:00:00+01:00", "from 1 to 9999"),
        ("9999-12-31T23:59:59-00:01", "from 1 to 9999"),
        ("2026-02-30T00:00:00Z", "no day 2026-02-30"),
        ("2025-02-29T00:00:00Z", "no day"),
        ("2026-13-01T00:00:00Z", "no day"),
        ("2026-01-31T24:00:00Z", "24:00"),
        ("2026-01-31T23:60:00Z", ""),
        ("2026-01-31T23:59:60Z", ""),
        ("2026-01-31T07:25:18+14:01", "-14:00 to +14:00"),
        ("2026-01-31T07:25:18+0100", ""),
        ("2026-01-31 07:25:18Z", ""),
        ("31.01.2026", "write it like"),
        ("/Date(1769844318000)/", ""),
        ("1769844318", ""),
        ("now", ""),
        ("", "write it like"),
        ("2026-01-31T07:25:18Z\u{0}", ""),
    ] {
        let body = json!({ "lastContactedDateTime": time }).to_string();
        target.refuses_entity(&body, INVALID, says).await;
    }
});

each_engine!(members_that_there_are_not, async |service: &Service| {
    let target = Target::new(service).await;
    for (name, value, says) in [
        ("platform", "blackberry", "possible values are unknown, ios, android"),
        ("platform", "unknownFutureValue", "cannot be written"),
        ("platform", "ios,android", "possible values"),
        ("platform", "", "possible values"),
        ("platform", "1", "possible values"),
        ("platform", " ios", "did you mean 'ios'?"),
        ("enrollmentState", "enroled", "did you mean 'enrolled'?"),
        ("importedDeviceIdentityType", "serial", "possible values"),
    ] {
        let body = json!({ name: value }).to_string();
        target.refuses_entity(&body, INVALID, says).await;
    }
});

each_engine!(the_character_that_no_string_holds, async |service: &Service| {
    let target = Target::new(service).await;
    for name in ["description", "importedDeviceIdentifier"] {
        let body = format!("{{\"{name}\": \"a\\u0000b\"}}");
        target.refuses_entity(&body, INVALID, "U+0000").await;
    }
});

each_engine!(identifiers_that_break_a_rule, async |service: &Service| {
    let target = Target::new(service).await;
    let long = "x".repeat(513);
    for (identifier, says) in [
        ("", "is empty"),
        (" \t ", "is empty"),
        ("\u{a0}", "is empty"),
        (long.as_str(), "513 characters; at most 512"),
        ("a\u{7}b", "U+0007 at character 2"),
    ] {
        let body = json!({ "importedDeviceIdentifier": identifier });
        for (method, path) in target.entities() {
            let answer = target.send(method, &path, body.to_string().as_bytes()).await;
            check(&answer, BAD_REQUEST, says, identifier);
            assert_eq!(answer.targets(), ["importedDeviceIdentifier"]);
        }
    }
    target.is_as_it_was().await;
});

each_engine!(bodies_that_are_not_sent_as_json, async |service: &Service| {
    let target = Target::new(service).await;
    let body = serial("A-2").to_string();
    for (method, path) in target.entities().into_iter().chain(Target::actions()) {
        let none = service.call(method.clone(), &path).body(body.as_bytes()).await;
        check(&none, BAD_REQUEST, "Content-Type is missing", &path);
        for media in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x"] {
            let call = service.call(method.clone(), &path).header("content-type", media);
            let answer = call.body(body.as_bytes()).await;
            check(&answer, BAD_REQUEST, &format!("Content-Type is '{media}'"), &path);
        }
    }
    target.is_as_it_was().await;
});

each_engine!(bodies_past_the_limit, ["--max-body-bytes", "1000"], async |service: &Service| {
    let target = Target::new(service).await;
    let mut body = serial("A-2");
    body["description"] = json!("x".repeat(1_000));
    for (method, path) in target.entities().into_iter().chain(Target::actions()) {
        let answer = target.send(method, &path, body.to_string().as_bytes()).await;
        let message = answer.fails(413, "RequestEntityTooLarge");
        assert!(message.contains("at most 1000 bytes"), "{message}");
    }
    target.is_as_it_was().await;
});

each_engine!(a_mark_before_the_json_is_no_fault, async |service: &Service| {
    let body = format!("\u{feff}{}", serial("A-1"));
    let call = service.call(Method::POST, COLLECTION).body(body);
    let answer = call.header("content-type", "application/json; charset=utf-8").await;
    answer.succeeds(201);
});

each_engine!(every_fault_is_told_at_once, async |service: &Service| {
    let target = Target::new(service).await;
    let body = json!({ "platfrom": "ios", "enrollmentState": 7, "lastContactedDateTime": "now" });
    for (method, path) in target.entities() {
        let answer = target.send(method, &path, body.to_string().as_bytes()).await;
        let mut targets = answer.targets();
        targets.sort();
        assert_eq!(targets, ["enrollmentState", "lastContactedDateTime", "platfrom"]);
    }
    target.is_as_it_was().await;
});

each_engine!(what_cannot_be_read_as_http, async |service: &Service| {
    let target = Target::new(service).await;
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = "a".repeat(200_000);
    for (bytes, status) in [
        ("NONSENSE\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n".to_owned(), 400),
        (format!("GET {COLLECTION}/<> HTTP/1.1\r\nHost: x\r\n\r\n"), 400),
        (format!("GET {COLLECTION} HTTP/9.9\r\nHost: x\r\n\r\n"), 400),
        (format!("GET {COLLECTION} HTTP/1.1\r\nno colon\r\n\r\n"), 400),
        (format!("G(T {COLLECTION} HTTP/1.1\r\nHost: x\r\n\r\n"), 400),
        (format!("GET {COLLECTION} HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431),
        (format!("GET {COLLECTION} HTTP/1.1\r\nHost: x\r\ny: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
    ] {
        let answer = service.exchange(bytes.as_bytes()).await;
        let shown: String = bytes.chars().take(80).collect();
        assert_eq!(answer.status.as_u16(), status, "{shown}");
        assert_eq!(answer.header("connection"), "close", "{shown}");
    }
    target.is_as_it_was().await;
});
