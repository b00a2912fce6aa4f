//! Whatever is answered in any test is an answer that the service's own description foresees, with
//! the headers that it promises. Must not know what a test asks for.

use muster::http::routes;
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::Answer;

/// The description, which is the same for all services of a run in all that is looked at here.
static DOCUMENT: OnceCell<Value> = OnceCell::const_new();

pub(super) async fn check(method: &Method, url: &Url, answer: &Answer) {
    // What names no operation has no description.
    let Ok(found) = routes::find(method, url.path()) else { return };
    let document = DOCUMENT.get_or_init(|| fetch(url)).await;
    let template = found.route.template;
    let method = found.route.method.as_str().to_ascii_lowercase();
    let status = answer.status.as_str();
    let described = &document["paths"][template][&method]["responses"][status];
    assert!(described.is_object(), "{method} {template} does not foresee {status}: {answer:?}");
    let response = resolved(document, described);
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let is_promised = resolved(document, header)["required"] == true;
        assert!(!is_promised || answer.headers.contains_key(name), "no {name} in {answer:?}");
    }
    // The answer to `HEAD` has none.
    if answer.body.is_empty() {
        return;
    }
    let media = answer.header("content-type").split(';').next().unwrap();
    let content = &response["content"][media];
    assert!(content.is_object(), "{method} {template} does not foresee {media}: {answer:?}");
    if !answer.status.is_success() {
        let codes = &content["schema"]["allOf"][1]["properties"]["error"]["properties"]["code"];
        let codes = codes["enum"].as_array().unwrap();
        let code = Value::from(answer.code());
        assert!(codes.contains(&code), "{method} {template} does not foresee {code}");
    }
}

fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let target = part["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.map_or(part, |target| document.pointer(target).unwrap())
}

async fn fetch(url: &Url) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(url.join("/openapi.json").unwrap()).send().await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
