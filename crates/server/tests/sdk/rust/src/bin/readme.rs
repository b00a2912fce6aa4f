use graph_rs_sdk::GraphClient;
use graph_rs_sdk::GraphClientConfiguration;
use graph_rs_sdk::http::{Method, ODataQuery, Url};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let configuration =
        GraphClientConfiguration::new().access_token(std::env::var("TOKEN")?).https_only(false);
    let mut graph = GraphClient::from(configuration);
    graph.use_test_endpoint(&Url::parse(&std::env::var("BASE_URL")?)?);

    let identities = graph
        .custom(Method::GET, None)
        .extend_path(&["deviceManagement", "importedDeviceIdentities"])
        .top("2");
    let page: Value = identities.send().await?.json().await?;
    for identity in page["value"].as_array().into_iter().flatten() {
        println!("{}", identity["importedDeviceIdentifier"].as_str().unwrap_or_default());
    }
    Ok(())
}
