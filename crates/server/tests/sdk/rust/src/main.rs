//! The whole life of identities through graph-rs-sdk, unmodified. It knows no operation of this
//! resource by name, so that its requests are spelt out, and takes a token instead of signing in:
//! it signs in at Microsoft's own addresses only.

use std::collections::HashSet;
use std::error::Error;

use graph_rs_sdk::http::{BodyRead, Method, ODataQuery, Url};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration};
use serde_json::{Value, json};

const IDENTITIES: [&str; 2] = ["deviceManagement", "importedDeviceIdentities"];

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A request below the collection. The type that the SDK gives it has no name.
macro_rules! request {
    ($graph:expr, $method:ident, $path:expr) => {
        request!($graph, $method, $path, None)
    };
    ($graph:expr, $method:ident, $path:expr, $body:expr) => {
        $graph.custom(Method::$method, $body).extend_path(&IDENTITIES).extend_path(&$path)
    };
}

/// The JSON that a request is answered with.
macro_rules! answer {
    ($($request:tt)*) => {
        request!($($request)*).send().await?.error_for_status()?.json::<Value>().await?
    };
}

fn body(value: &Value) -> Option<BodyRead> {
    Some(BodyRead::from_serialize(value).expect("JSON"))
}

fn serial(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

async fn change(graph: &GraphClient) -> Outcome<String> {
    let no_path: [&str; 0] = [];
    let made = answer!(graph, POST, no_path, body(&serial("RS-1")));
    let id = made["id"].as_str().ok_or("no id")?;
    let update = json!({ "enrollmentState": "enrolled", "description": "Büro" });
    let updated = answer!(graph, PATCH, [id], body(&update));
    assert_eq!(updated["description"], "Büro");
    // The whole entity goes back, with what is the service's.
    let mut read = answer!(graph, GET, [id]);
    read["description"] = json!("Küche");
    let back = answer!(graph, PATCH, [id], body(&read));
    assert_eq!(back["description"], "Küche");
    Ok(id.to_owned())
}

async fn act(graph: &GraphClient) -> Outcome<()> {
    let rows: Vec<Value> = (0..250).map(|number| serial(&format!("RS-BULK-{number}"))).collect();
    let import = json!({
        "importedDeviceIdentities": rows,
        "overwriteImportedDeviceIdentities": false,
    });
    let results = answer!(graph, POST, ["importDeviceIdentityList"], body(&import));
    let fates = results["value"].as_array().ok_or("no results")?;
    assert!(fates.len() == 250 && fates.iter().all(|row| row["status"] == true));
    let sought = json!({ "importedDeviceIdentities": [serial("rs-1")] });
    let found = answer!(graph, POST, ["searchExistingIdentities"], body(&sought));
    assert_eq!(found["value"][0]["importedDeviceIdentifier"], "RS-1");
    Ok(())
}

async fn page(graph: &GraphClient) -> Outcome<usize> {
    let no_path: [&str; 0] = [];
    let pages = request!(graph, GET, no_path).top("100").paging().json::<Value>().await?;
    assert!(pages.len() > 2);
    let mut seen = HashSet::new();
    for page in &pages {
        let body = page.body().as_ref().map_err(|error| format!("{error:?}"))?;
        let rows = body["value"].as_array().ok_or("no rows")?;
        seen.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
    }
    let count = request!(graph, GET, ["$count"]).send().await?.text().await?;
    assert_eq!(seen.len().to_string(), count);
    Ok(seen.len())
}

async fn query(graph: &GraphClient) -> Outcome<()> {
    let no_path: [&str; 0] = [];
    let request = request!(graph, GET, no_path)
        .filter(&["startswith(importedDeviceIdentifier,'RS-BULK-')"])
        .order_by(&["importedDeviceIdentifier desc"])
        .select(&["id", "importedDeviceIdentifier"])
        .count("true")
        .top("100");
    let page = request.send().await?.error_for_status()?.json::<Value>().await?;
    assert_eq!(page["@odata.count"], 250);
    assert_eq!(page["value"][0]["importedDeviceIdentifier"], "RS-BULK-99");
    assert_eq!(page["value"][0].get("platform"), None);
    Ok(())
}

async fn batch(graph: &GraphClient) -> Outcome<()> {
    let headers = json!({ "Content-Type": "application/json" });
    let url = "/deviceManagement/importedDeviceIdentities";
    let create = |id: &str, after: &[&str]| {
        json!({
            "id": id,
            "method": "POST",
            "url": url,
            "headers": headers,
            "body": serial("RS-BATCH"),
            "dependsOn": after,
        })
    };
    let requests = json!({ "requests": [create("1", &[]), create("2", &["1"])] });
    let answer = graph.batch(&requests).send().await?.error_for_status()?.json::<Value>().await?;
    let parts = answer["responses"].as_array().ok_or("no responses")?;
    let statuses: Vec<&Value> = parts.iter().map(|part| &part["status"]).collect();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(parts[0]["body"]["importedDeviceIdentifier"], "RS-BATCH");
    Ok(())
}

async fn fail(graph: &GraphClient) -> Outcome<()> {
    let missing = request!(graph, GET, ["no-such-identity"]).send().await?;
    assert_eq!(missing.status(), 404);
    let error: Value = missing.json().await?;
    assert_eq!(error["error"]["code"], "ResourceNotFound");
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let configuration =
        GraphClientConfiguration::new().access_token(std::env::var("TOKEN")?).https_only(false);
    let mut graph = GraphClient::from(configuration);
    graph.use_test_endpoint(&Url::parse(&std::env::var("BASE_URL")?)?);

    let id = change(&graph).await?;
    act(&graph).await?;
    let seen = page(&graph).await?;
    query(&graph).await?;
    batch(&graph).await?;
    fail(&graph).await?;
    let deleted = request!(graph, DELETE, [id]).send().await?;
    assert_eq!(deleted.status(), 204);
    println!("done, {seen} identities seen");
    Ok(())
}
