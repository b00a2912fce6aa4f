//! `/openapi.json` and `/docs`: the service as it describes itself to programs that know nothing of
//! OData, and to people. What is answered in all other tests is held against it in `support`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster::auth::Access;
use muster::http::routes::ROUTES;

use crate::support::{Service, Value, json};

async fn get(service: &Service, path: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(service.url(path)).send().await.unwrap()
}

async fn document(service: &Service) -> Value {
    get(service, "/openapi.json").await.json().await.unwrap()
}

each_engine!(the_document_has_the_address_that_was_called, async |service: &Service| {
    let answer = get(service, "/openapi.json").await;
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(document["servers"], json!([{ "url": service.url("") }]));
    let foreign = reqwest::Client::builder().no_proxy().build().unwrap();
    let foreign = foreign.get(service.url("/openapi.json")).header("host", "evil.example");
    assert_eq!(foreign.send().await.unwrap().status().as_u16(), 400);
});

each_engine!(every_operation_is_described_and_no_other, async |service: &Service| {
    let document = document(service).await;
    let paths = document["paths"].as_object().unwrap();
    let described = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let mut described: Vec<String> = described.collect();
    let mut served: Vec<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.template)).collect();
    described.sort();
    served.sort();
    assert_eq!(described, served);
});

each_engine!(an_update_is_described_as_the_contract_has_it, async |service: &Service| {
    let document = document(service).await;
    let path = "/beta/deviceManagement/importedDeviceIdentities/{id}";
    let update = &document["paths"][path]["patch"];
    assert_eq!(
        update["security"],
        json!([
            { "bearer": ["DeviceManagementServiceConfig.ReadWrite.All"] },
            { "bearer": ["DeviceManagementConfiguration.ReadWrite.All"] },
        ])
    );
    let statuses: Vec<&String> = update["responses"].as_object().unwrap().keys().collect();
    assert_eq!(
        statuses,
        [
            "200", "204", "400", "401", "403", "404", "406", "408", "409", "412", "413", "429",
            "431", "500", "501", "503"
        ]
    );
    let names = update["parameters"].as_array().unwrap().iter().map(|parameter| {
        let target = parameter["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(target).unwrap()["name"].as_str().unwrap()
    });
    let names: Vec<&str> = names.collect();
    assert_eq!(
        names,
        ["id", "$format", "If-Match", "If-None-Match", "Prefer", "client-request-id"]
    );
    let change = &document["components"]["schemas"]["importedDeviceIdentity.change"];
    assert_eq!(change["additionalProperties"], false);
    let properties = &change["properties"];
    assert_eq!(properties["createdDateTime"]["readOnly"], true);
    assert_eq!(properties["description"]["type"], json!(["string", "null"]));
    assert_eq!(properties["description"]["maxLength"], 1_024);
    assert_eq!(
        properties["platform"]["enum"],
        json!([
            "unknown",
            "ios",
            "android",
            "windows",
            "windowsMobile",
            "macOS",
            "visionOS",
            "tvos",
            "tvOS"
        ])
    );
});

each_engine!(
    the_limits_are_those_of_the_operator,
    ["--identifier-rules", "strict", "--max-import-rows", "7"],
    async |service: &Service| {
        let document = document(service).await;
        let schemas = &document["components"]["schemas"];
        let change = &schemas["importedDeviceIdentity.change"]["properties"];
        assert_eq!(change["description"]["maxLength"], 128);
        let rows = &schemas["import.parameters"]["properties"]["importedDeviceIdentities"];
        assert_eq!(rows["maxItems"], 7);
    }
);

each_engine!(the_page_shows_every_operation, async |service: &Service| {
    let answer = get(service, "/docs").await;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.unwrap();
    for route in &ROUTES {
        let shown = route.template.replace('/', "<wbr>/");
        assert!(page.contains(&format!("{}</b><code>{shown}</code>", route.method)), "{shown}");
    }
    for told in [
        "DeviceManagementServiceConfig.Read.All",
        "curl -X PATCH",
        "importedDeviceIdentifier",
        "If-None-Match",
        "PreconditionFailed",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let count = |told: &str| page.matches(told).count();
    let open = ROUTES.iter().filter(|route| route.access == Access::Public).count();
    assert_eq!(count("Everybody may call it, without a token."), open);
    assert_eq!(count("Everybody may call it who has a token."), 1, "$batch");
});

each_engine!(the_page_takes_nothing_from_elsewhere, async |service: &Service| {
    let answer = get(service, "/docs").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    let page = answer.text().await.unwrap();
    let hash = |tag: &str| {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (inside, _) = rest.split_once(&format!("</{tag}>")).unwrap();
        STANDARD.encode(digest(&SHA256, inside.as_bytes()))
    };
    let (style, script) = (hash("style"), hash("script"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    for foreign in [" src=", "url(", "@import", "href=\"http", "href=\"//", " style=", " onclick="]
    {
        assert!(!page.contains(foreign), "{foreign}");
    }
});
