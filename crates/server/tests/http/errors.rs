//! The table of errors (contract, section 4): statuses, codes, and the words of each.

use std::fmt::Write;

use muster::http::error::{ApiError, ErrorKind};

use crate::support::{
    COLLECTION, Call, Method, READ, Service, Token, Value, import, item, json, serial, text,
};

/// The error that a request has to get: status, code and the whole message.
async fn expect(call: Call, status: u16, code: &str, message: &str) {
    assert_eq!(call.await.fails(status, code), message);
}

#[test]
fn the_table_is_this() {
    let mut table = String::new();
    for kind in ErrorKind::ALL {
        let (status, code) = kind.row();
        writeln!(table, "{} {code} ({kind:?})", status.as_u16()).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    400 BadRequest (BadRequest)
    400 ModelValidationFailure (ModelValidation)
    401 InvalidAuthenticationToken (Unauthenticated)
    403 Forbidden (Forbidden)
    404 ResourceNotFound (NotFound)
    405 MethodNotAllowed (MethodNotAllowed)
    406 NotAcceptable (NotAcceptable)
    408 RequestTimeout (RequestTimeout)
    409 Conflict (Conflict)
    412 PreconditionFailed (PreconditionFailed)
    413 RequestEntityTooLarge (TooLarge)
    424 FailedDependency (FailedDependency)
    431 RequestHeaderFieldsTooLarge (HeadTooLarge)
    429 TooManyRequests (TooManyRequests)
    501 NotImplemented (NotImplemented)
    503 ServiceUnavailable (Unavailable)
    500 InternalError (Internal)
    ");
}

#[test]
fn a_query_past_its_deadline_is_not_to_be_repeated() {
    let error = ApiError::deadline(30_000);
    assert_eq!(error.kind.row().0, 400);
    let message = "The query was stopped at its deadline of 30000 ms; narrow it and try again.";
    assert_eq!(error.message, message);
}

#[test]
fn the_cause_of_our_own_fault_is_for_the_log_alone() {
    let error = ApiError::internal("disk on fire at /var/lib");
    assert_eq!(error.kind.row().0, 500);
    let message = "The service failed. The cause is in its log under the request-id.";
    assert_eq!(error.message, message);
}

#[test]
fn a_busy_service_has_stored_nothing() {
    for error in [store::WriteError::QueueFull, store::WriteError::Expired] {
        let error = ApiError::write(error, "");
        assert_eq!(error.kind.row().0, 503);
        let message = "The service is busy and has stored nothing; try again after the time in \
                       Retry-After.";
        assert_eq!(error.message, message);
    }
}

each_engine!(tokens_that_do_not_say_who_calls, async |service: &Service| {
    let ours = || Token::of(&service.tenant());
    let code = "InvalidAuthenticationToken";
    let failed = "Access token validation failure.";
    expect(service.get("").without_token(), 401, code, "Access token is empty.").await;
    expect(
        service.get("").token("nonsense"),
        401,
        code,
        "IDX14100: JWT is not well formed, there are no dots (.).",
    )
    .await;
    let expired = ours().time("exp", -3_600).time("nbf", -7_200).sign();
    let message = "Lifetime validation failed, the token is expired.";
    expect(service.get("").token(&expired), 401, code, message).await;
    for (token, check) in [
        (ours().sign_with_foreign_key(), "Invalid signature."),
        (ours().claim("iss", json!("https://evil.example/")).sign(), "Invalid issuer."),
        (ours().claim("aud", json!("https://evil.example")).sign(), "Invalid audience."),
        (ours().unsigned(), "The algorithm is not the one of the key."),
    ] {
        let message = format!("{failed} {check}");
        expect(service.get("").token(&token), 401, code, &message).await;
    }
});

each_engine!(tokens_that_do_not_do, async |service: &Service| {
    let reader = Token::of(&service.tenant()).roles(&[READ]).sign();
    expect(
        service.post("", &serial("A-1")).token(&reader),
        403,
        "Forbidden",
        "Insufficient privileges. Any one of these permissions would do: \
         DeviceManagementServiceConfig.ReadWrite.All, \
         DeviceManagementConfiguration.ReadWrite.All.",
    )
    .await;
    let personal = Token::of("9188040d-6c67-4c5b-b112-36a304b66dad").scopes(&[READ]).sign();
    expect(
        service.get("").token(&personal),
        403,
        "Forbidden",
        "Personal Microsoft accounts are not supported: sign in with a work or school account.",
    )
    .await;
    let unlicensed = Token::of(&service.add_tenant(false).await).sign();
    let message = "Request not applicable to target tenant.";
    expect(service.get("").token(&unlicensed), 400, "BadRequest", message).await;
});

each_engine!(addresses_that_name_nothing, async |service: &Service| {
    let nothing = service.call(Method::GET, "/beta/deviceManagement/managedDevices");
    let message = "Resource not found for the segment 'managedDevices'.";
    expect(nothing, 400, "BadRequest", message).await;
    let message = "The importedDeviceIdentity 'no-such-id' does not exist in this tenant.";
    for call in [
        service.get("/no-such-id"),
        service.patch("/no-such-id", &json!({})),
        service.delete("/no-such-id"),
    ] {
        expect(call, 404, "ResourceNotFound", message).await;
    }
    let message = "The method DELETE is not allowed here; these are: GET, HEAD, POST.";
    expect(service.delete(""), 405, "MethodNotAllowed", message).await;
    let all = service.call(Method::GET, "/beta/$all");
    let message = "The path segment '$all' is not offered by this service.";
    expect(all, 501, "NotImplemented", message).await;
    let message = "Nothing in 'Accept' fits: this answer comes as \
                   application/json;odata.metadata=minimal, 'full' or 'none'.";
    expect(service.get("").header("accept", "text/html"), 406, "NotAcceptable", message).await;
});

each_engine!(query_options_that_cannot_be_met, async |service: &Service| {
    for (query, status, code, message) in [
        (
            "?$compute=1%20as%20one",
            501,
            "NotImplemented",
            "The query option '$compute' of this operation is not offered by this service.",
        ),
        (
            "?$filter=platfrom%20eq%20'ios'",
            400,
            "BadRequest",
            "Invalid filter clause: at character 1 of $filter, 'platfrom' is not a property. Did \
             you mean 'platform'?",
        ),
        (
            "?$top=ten",
            400,
            "BadRequest",
            "The query option '$top' must be a whole number, 0 or more, but is 'ten'.",
        ),
        (
            "?fitler=a",
            400,
            "BadRequest",
            "'fitler' at character 1 of the query is not a query option. Did you mean '$filter'?",
        ),
        (
            "?$skiptoken=a",
            400,
            "BadRequest",
            "The value of '$skiptoken' was not made by this service for this tenant and this \
             '$filter', '$search' and '$orderby': follow the '@odata.nextLink' as it is, or begin anew \
             without it.",
        ),
    ] {
        expect(service.get(query), status, code, message).await;
    }
});

each_engine!(bodies_that_are_no_json, async |service: &Service| {
    let unreadable = "Unable to read JSON request payload. Please ensure Content-Type header is \
                      set and payload is of valid JSON format.";
    let collection = || service.call(Method::POST, COLLECTION);
    let body = serial("A-1").to_string();
    for (call, reason) in [
        (
            collection().body(body.clone()),
            "the header Content-Type is missing: send application/json",
        ),
        (
            collection().header("content-type", "text/plain").body(body),
            "Content-Type is 'text/plain': send application/json",
        ),
        (collection().header("content-type", "application/json"), "the body is empty"),
        (
            collection().header("content-type", "application/json").body("{'a':1}"),
            "key must be a string at line 1 column 2",
        ),
    ] {
        let message = format!("{unreadable} ({reason})");
        expect(call, 400, "BadRequest", &message).await;
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(bodies_that_do_not_fit_the_type, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (body, code, message) in [
        (
            json!({ "importedDeviceIdentifierType": "imei" }),
            "ModelValidationFailure",
            "The property 'importedDeviceIdentifierType' does not exist on type \
             'microsoft.graph.importedDeviceIdentity'. Did you mean 'importedDeviceIdentityType'?",
        ),
        (
            json!({ "platform": "iso" }),
            "ModelValidationFailure",
            "The value 'iso' of property 'platform' is not microsoft.graph.platform: did you mean \
             'ios'? possible values are unknown, ios, android, windows, windowsMobile, macOS, \
             visionOS, tvos.",
        ),
        (
            json!({ "description": 7 }),
            "ModelValidationFailure",
            "The value 7 of property 'description' is not Edm.String: send it as a JSON string.",
        ),
        (
            json!({ "importedDeviceIdentifier": null }),
            "ModelValidationFailure",
            "The value null of property 'importedDeviceIdentifier' is not Edm.String: this \
             property cannot be null; leave it out to keep what is stored.",
        ),
        (
            json!({ "importedDeviceIdentifier": "  " }),
            "BadRequest",
            "The identifier is empty: give at least one character.",
        ),
    ] {
        expect(service.patch(&item(&row), &body), 400, code, message).await;
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(rows_that_stand_in_the_way, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let message = "Another importedDeviceIdentity of this tenant has the same \
                   'importedDeviceIdentityType' and 'importedDeviceIdentifier'.";
    expect(service.post("", &serial("A-1")), 409, "Conflict", message).await;
    let message = "The ETag of the importedDeviceIdentity is not as the condition asks: read it \
                   again and decide anew.";
    let delete = service.delete(&item(&row)).header("if-match", "W/\"7\"");
    expect(delete, 412, "PreconditionFailed", message).await;
});

each_engine!(
    requests_past_a_limit,
    ["--max-body-bytes", "1000", "--max-import-rows", "2"],
    async |service: &Service| {
        let large = serial(&"A".repeat(1_000));
        let message = "The request is too large: a body may have at most 1000 bytes, counted \
                       after inflating.";
        expect(service.post("", &large), 413, "RequestEntityTooLarge", message).await;
        let rows = import(&[serial("A-1"), serial("A-2"), serial("A-3")], false);
        let message = "The request is too large: at most 2 rows are taken in one call.";
        let call = service.post("/importDeviceIdentityList", &rows);
        expect(call, 413, "RequestEntityTooLarge", message).await;
        assert!(service.rows().await.is_empty());
    }
);

each_engine!(
    a_body_that_does_not_come,
    ["--request-timeout-ms", "200"],
    async |service: &Service| {
        let lines = ["Content-Type: application/json", "Content-Length: 100"];
        let mut request = service.head("POST", COLLECTION, &lines);
        request.extend_from_slice(b"\r\n{");
        let answer = service.exchange(&request).await;
        assert_eq!(answer.header("connection"), "close");
        let message = answer.fails(408, "RequestTimeout");
        assert_eq!(message, "The body did not arrive within 200 ms.");
    }
);

each_engine!(heads_past_a_limit, async |service: &Service| {
    let padding = "a".repeat(16 * 1024);
    let message = service.get(&format!("?custom={padding}")).await.fails(400, "BadRequest");
    assert!(message.ends_with("at most 16384 are taken."), "{message}");
    let call = service.get("").header("x-first", &padding).header("x-second", &padding);
    let message = call.await.fails(431, "RequestHeaderFieldsTooLarge");
    assert!(message.ends_with("at most 32768 are taken."), "{message}");
});

each_engine!(several_faults_are_told_one_by_one, async |service: &Service| {
    let body = json!({
        "importedDeviceIdentifier": "A-1",
        "platfrom": "ios",
        "enrollmentState": "lost",
        "description": ["a"],
    });
    let answer = service.post("", &body).await;
    let message = answer.fails(400, "ModelValidationFailure");
    let details = answer.json()["error"]["details"].take();
    let details = details.as_array().unwrap();
    assert_eq!(details.len(), 3);
    assert!(details.iter().any(|detail| detail["message"] == message), "{message}");
    for target in ["platfrom", "enrollmentState", "description"] {
        let detail = details.iter().find(|detail| detail["target"] == target).unwrap();
        assert_eq!(detail["code"], "ModelValidationFailure");
        assert!(text(detail, "message").contains(target), "{detail}");
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(faults_of_rows_name_their_rows, async |service: &Service| {
    let rows = [serial("A-0"), json!({ "platform": "iso" }), serial("A-2"), json!({ "x": 1 })];
    let answer = service.post("/importDeviceIdentityList", &import(&rows, false)).await;
    answer.fails(400, "ModelValidationFailure");
    let wanted = ["importedDeviceIdentities[1].platform", "importedDeviceIdentities[3].x"];
    assert_eq!(answer.targets(), wanted);

    let rows = [serial("A-0"), serial(""), serial("A-2"), json!({ "platform": "ios" })];
    let answer = service.post("/importDeviceIdentityList", &import(&rows, false)).await;
    let message = "Invalid Device Identifier parameter found for 2 import records!";
    assert_eq!(answer.fails(400, "BadRequest"), message);
    assert_eq!(answer.targets(), ["importedDeviceIdentities[1]", "importedDeviceIdentities[3]"]);
    assert!(service.rows().await.is_empty());
});

each_engine!(an_error_without_faults_has_no_details, async |service: &Service| {
    let error = service.get("/no-such-id").await.json();
    let members: Vec<&String> = error["error"].as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 3, "{error}");
    assert_eq!(error.as_object().unwrap().len(), 1, "{error}");
    assert_eq!(error["error"]["details"], Value::Null);
});

each_engine!(the_date_of_an_error_is_that_of_the_answer, async |service: &Service| {
    let second =
        |row: &Value| text(row, "createdDateTime")[.."2026-01-31T07:25:18".len()].to_owned();
    let before = second(&service.create(&serial("A-1")).await);
    let error = service.get("/no-such-id").await.json();
    let after = second(&service.create(&serial("A-2")).await);
    let date = text(&error["error"]["innerError"], "date");
    assert!(*before <= *date && *date <= *after, "{before} {date} {after}");
});
