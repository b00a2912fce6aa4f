//! A request in the making; awaiting it sends it. Must not know what is answered.

use std::pin::Pin;

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Answer, documented};

/// A request, sent by awaiting it.
pub(crate) struct Call {
    request: RequestBuilder,
    token: Option<String>,
}

impl Call {
    pub(super) fn new(request: RequestBuilder, token: &str) -> Self {
        Self { request, token: Some(token.to_owned()) }
    }

    /// With another token.
    pub(crate) fn token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Without a token.
    pub(crate) fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// A body, of which no header says what it is.
    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { request: self.request.body(body.into()), ..self }
    }

    async fn send(self) -> Answer {
        let request = match self.token {
            Some(token) => self.request.bearer_auth(token),
            None => self.request,
        };
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, url) = (request.method().clone(), request.url().clone());
        let answer = Answer::read(client.execute(request).await.unwrap()).await;
        documented::check(&method, &url, &answer).await;
        answer
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
