//! The whole life of identities through graph-rs-sdk, unmodified. It knows no operation of this
//! resource by name, so that its requests are spelt out, and takes a token instead of signing in:
//! it signs in at Microsoft's own addresses only.

use std::collections::HashSet;
use std::error::Error;

use graph_rs_sdk::http::{BodyRead, Method, ODataQuery, Url};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration};
use serde_json::{Value, json};

const IDENTITIES: [&str; 2] = ["deviceManagement", "importedDeviceIdentities"];

fn serial(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let configuration = GraphClientConfiguration::new()
        .access_token(std::env::var("TOKEN")?)
        .https_only(false);
    let mut graph = GraphClient::from(configuration);
    graph.use_test_endpoint(&Url::parse(&std::env::var("BASE_URL")?)?);
    let request = |method: Method, path: &[&str], body: Option<&Value>| {
        let body = body.map(|body| BodyRead::from_serialize(body).expect("JSON"));
        graph
            .custom(method, body)
            .extend_path(&IDENTITIES)
            .extend_path(path)
    };
    let call = async |method, path: &[&str], body: Option<&Value>| {
        let response = request(method, path, body)
            .send()
            .await?
            .error_for_status()?;
        Ok::<Value, Box<dyn Error>>(response.json().await?)
    };

    let made = call(Method::POST, &[], Some(&serial("RS-1"))).await?;
    let id = made["id"].as_str().ok_or("no id")?;
    let update = json!({ "enrollmentState": "enrolled", "description": "Büro" });
    let updated = call(Method::PATCH, &[id], Some(&update)).await?;
    assert_eq!(updated["description"], "Büro");
    let mut read = call(Method::GET, &[id], None).await?;
    read["description"] = json!("Küche");
    let back = call(Method::PATCH, &[id], Some(&read)).await?;
    assert_eq!(back["description"], "Küche");

    let rows: Vec<Value> = (0..250)
        .map(|number| serial(&format!("RS-BULK-{number}")))
        .collect();
    let import = json!({
        "importedDeviceIdentities": rows,
        "overwriteImportedDeviceIdentities": false,
    });
    let results = call(Method::POST, &["importDeviceIdentityList"], Some(&import)).await?;
    let fates = results["value"].as_array().ok_or("no results")?;
    assert!(fates.len() == 250 && fates.iter().all(|row| row["status"] == true));
    let sought = json!({ "importedDeviceIdentities": [serial("rs-1")] });
    let found = call(Method::POST, &["searchExistingIdentities"], Some(&sought)).await?;
    assert_eq!(found["value"][0]["importedDeviceIdentifier"], "RS-1");

    let pages = request(Method::GET, &[], None)
        .top("100")
        .paging()
        .json::<Value>()
        .await?;
    let mut seen = HashSet::new();
    for page in &pages {
        let body = page.body().as_ref().map_err(|error| format!("{error:?}"))?;
        let rows = body["value"].as_array().ok_or("no rows")?;
        seen.extend(
            rows.iter()
                .filter_map(|row| row["id"].as_str().map(str::to_owned)),
        );
    }
    let count = request(Method::GET, &["$count"], None)
        .send()
        .await?
        .text()
        .await?;
    assert_eq!(seen.len().to_string(), count);
    assert!(pages.len() > 2);

    let missing = request(Method::GET, &["no-such-identity"], None)
        .send()
        .await?;
    assert_eq!(missing.status(), 404);
    let error: Value = missing.json().await?;
    assert_eq!(error["error"]["code"], "ResourceNotFound");

    let deleted = request(Method::DELETE, &[id], None).send().await?;
    assert_eq!(deleted.status(), 204);
    println!("done, {} identities seen", seen.len());
    Ok(())
}
