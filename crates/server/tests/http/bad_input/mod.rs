//! Bad input: whatever comes in, the answer is the contract's error, the register stays as it
//! was, and the service goes on working.

mod json;
mod literals;
mod names;
mod wire;

use crate::support::{Answer, COLLECTION, Call, Method, Service, Value, item, json, serial};

/// What begins the message about a body that is no JSON, or is not sent as JSON.
const UNREADABLE: &str = "Unable to read JSON request payload. Please ensure Content-Type header \
                          is set and payload is of valid JSON format.";

/// The operations that take a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Create,
    Update,
    Import,
    Search,
}

impl Door {
    const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Import, Self::Search];

    /// The body in which an entity comes. In a list, a sound one stands before it.
    fn body(self, entity: &[u8]) -> Vec<u8> {
        match self {
            Self::Create | Self::Update => entity.to_vec(),
            Self::Import | Self::Search => {
                let before = br#"{"importedDeviceIdentities":[{"importedDeviceIdentifier":"B"},"#;
                [before.as_slice(), entity, b"]}"].concat()
            }
        }
    }

    /// What `error.details` call a property of the entity in the body.
    fn target(self, property: &str) -> String {
        match self {
            Self::Create | Self::Update => property.to_owned(),
            Self::Import | Self::Search => format!("importedDeviceIdentities[1].{property}"),
        }
    }
}

/// A register of one row, which nothing here may touch.
struct Register<'a> {
    service: &'a Service,
    row: Value,
}

impl<'a> Register<'a> {
    async fn new(service: &'a Service) -> Self {
        Self { service, row: service.create(&serial("A-1")).await }
    }

    /// A request without a body.
    fn call(&self, door: Door) -> Call {
        self.service.call(self.method(door), &self.path(door))
    }

    fn method(&self, door: Door) -> Method {
        if door == Door::Update { Method::PATCH } else { Method::POST }
    }

    fn path(&self, door: Door) -> String {
        match door {
            Door::Create => COLLECTION.to_owned(),
            Door::Update => format!("{COLLECTION}{}", item(&self.row)),
            Door::Import => format!("{COLLECTION}/importDeviceIdentityList"),
            Door::Search => format!("{COLLECTION}/searchExistingIdentities"),
        }
    }

    /// Sends a body as JSON. It has to be refused, and to change nothing.
    async fn send(&self, door: Door, body: &[u8]) -> Answer {
        let call = self.call(door).header("content-type", "application/json").body(body);
        self.refuses(call.await).await
    }

    /// Sends an entity in the body of an operation.
    async fn send_entity(&self, door: Door, entity: &[u8]) -> Answer {
        self.send(door, &door.body(entity)).await
    }

    /// Sends an entity to every operation. It has to be unreadable as JSON.
    async fn unreadable(&self, entity: &[u8]) {
        for door in Door::ALL {
            let message = self.send_entity(door, entity).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
        }
    }

    /// Takes a refusal: the register is as it was, and the service reads and writes.
    async fn refuses(&self, answer: Answer) -> Answer {
        assert!(answer.status.is_client_error(), "{answer:?}");
        assert!(!answer.code().is_empty(), "{answer:?}");
        // It goes the way of every write, and changes nothing.
        let nothing = self.service.patch(&item(&self.row), &json!({}));
        assert_eq!(nothing.await.succeeds(200), self.row);
        assert_eq!(self.service.identifiers().await, ["A-1"]);
        assert_eq!(self.service.history(&self.service.tenant()).await.len(), 1);
        answer
    }
}
