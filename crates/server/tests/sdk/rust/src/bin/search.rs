//! `$search` and `$apply` as graph-rs-sdk sends them: in forms' encoding, with `+` for a blank. It
//! has a method for the first; the second is a pair that its user appends.

use std::collections::BTreeMap;
use std::error::Error;

use graph_rs_sdk::http::{BodyRead, Method, ODataQuery, Url};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration};
use serde_json::{Value, json};

const IDENTITIES: [&str; 2] = ["deviceManagement", "importedDeviceIdentities"];

/// Identifier, platform, state and description.
const ROWS: [(&str, &str, &str, Option<&str>); 6] = [
    ("RS-1", "ios", "enrolled", Some("Büro Müller")),
    ("RS-2", "ios", "enrolled", Some("Müller's Büro")),
    ("RS-3", "android", "enrolled", Some("Lager, 19\" Rack")),
    ("RS-4", "macOS", "blocked", Some("Lager Büro")),
    ("RS-5", "ios", "failed", Some("R&D + 5 % Lager")),
    ("RS-6", "windows", "notContacted", None),
];

const BY_BOTH: &str = "groupby((enrollmentState,platform),aggregate($count as n))";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A read of the collection. The type that the SDK gives it has no name.
macro_rules! list {
    ($graph:expr) => {
        $graph.custom(Method::GET, None).extend_path(&IDENTITIES)
    };
}

fn rows(page: &Value) -> impl Iterator<Item = &Value> {
    page["value"].as_array().into_iter().flatten()
}

fn names(page: &Value) -> Vec<String> {
    let name = |row: &Value| row["importedDeviceIdentifier"].as_str().map(str::to_owned);
    rows(page).filter_map(name).collect()
}

async fn make(graph: &GraphClient) -> Outcome<()> {
    let row = |(identifier, platform, state, description)| {
        json!({
            "importedDeviceIdentifier": identifier,
            "importedDeviceIdentityType": "serialNumber",
            "platform": platform,
            "enrollmentState": state,
            "description": description,
        })
    };
    let import = json!({
        "importedDeviceIdentities": ROWS.map(row),
        "overwriteImportedDeviceIdentities": false,
    });
    let request = graph
        .custom(Method::POST, Some(BodyRead::from_serialize(&import)?))
        .extend_path(&IDENTITIES)
        .extend_path(&["importDeviceIdentityList"]);
    let made: Value = request.send().await?.error_for_status()?.json().await?;
    assert!(rows(&made).count() == ROWS.len() && rows(&made).all(|row| row["status"] == true));
    Ok(())
}

async fn search(graph: &GraphClient) -> Outcome<()> {
    for (search, wanted) in [
        ("büro", &["RS-1", "RS-2", "RS-4"] as &[&str]),
        ("\"BÜRO\"", &["RS-1", "RS-2", "RS-4"]),
        ("rs-6", &["RS-6"]),
        ("büro müller", &["RS-1", "RS-2"]),
        ("\"lager\" AND \"büro\"", &["RS-4"]),
        ("\"müller's büro\"", &["RS-2"]),
        ("\"19\\\" rack\"", &["RS-3"]),
        ("rack OR müller", &["RS-1", "RS-2", "RS-3"]),
        ("lager NOT büro", &["RS-3", "RS-5"]),
        ("(rack OR müller) AND NOT 19", &["RS-1", "RS-2"]),
        ("\"R&D + 5 %\"", &["RS-5"]),
        ("nobody", &[]),
    ] {
        let page = list!(graph).search(search).send().await?.error_for_status()?;
        assert_eq!(names(&page.json().await?), wanted, "{search}");
    }
    let refused = list!(graph).search("\"büro").send().await?;
    assert_eq!(refused.status(), 400);
    let error: Value = refused.json().await?;
    let message = error["error"]["message"].as_str().ok_or("no message")?;
    assert!(message.contains("at character 1 of $search"), "{message}");
    Ok(())
}

/// With all that narrows, sorts and cuts it, page by page.
async fn walk(graph: &GraphClient) -> Outcome<()> {
    let request = list!(graph)
        .search("\"büro\" OR \"lager\"")
        .filter(&["enrollmentState ne 'blocked'"])
        .order_by(&["importedDeviceIdentifier desc"])
        .select(&["id", "importedDeviceIdentifier"])
        .count("true")
        .top("2");
    let mut pages = Vec::new();
    for page in request.paging().json::<Value>().await? {
        let body = page.body().as_ref().map_err(|error| format!("{error:?}"))?;
        assert_eq!(body["@odata.count"], 4);
        pages.push(names(body));
    }
    assert_eq!(pages, [["RS-5", "RS-3"], ["RS-2", "RS-1"]]);
    Ok(())
}

async fn groups(graph: &GraphClient, apply: &str) -> Outcome<BTreeMap<String, u64>> {
    let answer = list!(graph).append_query_pair("$apply", apply).send().await?;
    let page: Value = answer.error_for_status()?.json().await?;
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let group = |row: &Value| {
        let (state, platform) = (text(row, "enrollmentState")?, text(row, "platform")?);
        Some((format!("{state} {platform}"), row["n"].as_u64()?))
    };
    rows(&page).map(|row| group(row).ok_or_else(|| format!("no group: {row}").into())).collect()
}

async fn summarise(graph: &GraphClient) -> Outcome<()> {
    let wanted = |groups: &[(&str, u64)]| -> BTreeMap<String, u64> {
        groups.iter().map(|(group, number)| ((*group).to_owned(), *number)).collect()
    };
    let all = wanted(&[
        ("enrolled ios", 2),
        ("enrolled android", 1),
        ("blocked macOS", 1),
        ("failed ios", 1),
        ("notContacted windows", 1),
    ]);
    assert_eq!(groups(graph, BY_BOTH).await?, all);
    let ios = format!("filter(platform eq 'ios')/{BY_BOTH}");
    assert_eq!(groups(graph, &ios).await?, wanted(&[("enrolled ios", 2), ("failed ios", 1)]));
    let offices = format!("filter(contains(description,'Büro') and platform eq 'ios')/{BY_BOTH}");
    assert_eq!(groups(graph, &offices).await?, wanted(&[("enrolled ios", 2)]));
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let configuration =
        GraphClientConfiguration::new().access_token(std::env::var("TOKEN")?).https_only(false);
    let mut graph = GraphClient::from(configuration);
    graph.use_test_endpoint(&Url::parse(&std::env::var("BASE_URL")?)?);

    make(&graph).await?;
    search(&graph).await?;
    walk(&graph).await?;
    summarise(&graph).await?;
    println!("done");
    Ok(())
}
