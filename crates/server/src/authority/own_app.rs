//! What the authority keeps: id and secret of the application that it comes with, and what it seals
//! with. Must not know what they are used for.

use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::secrets::{self, Sealer};
use crate::dev_keys::DevKey;

/// What is kept.
pub(crate) struct OwnApp {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) sealer: Sealer,
}

/// As it is written.
#[derive(Deserialize, Serialize)]
struct Written {
    client_id: String,
    client_secret: String,
    sealing_key: String,
}

impl DevKey for OwnApp {
    const FILE: &'static str = "dev-app.json";
    const SETTING: &'static str = "app";
    const NAME: &'static str = "application of --dev in JSON";

    fn make() -> Option<Vec<u8>> {
        let make = || -> Result<Written, Unspecified> {
            let id = uuid::Builder::from_random_bytes(secrets::random()?).into_uuid();
            Ok(Written {
                client_id: id.to_string(),
                client_secret: secrets::secret()?,
                sealing_key: secrets::secret()?,
            })
        };
        serde_json::to_vec_pretty(&make().ok()?).ok()
    }

    fn read(content: &[u8]) -> Option<Self> {
        let Written { client_id, client_secret, sealing_key } =
            serde_json::from_slice(content).ok()?;
        let sealer = Sealer::new(&URL_SAFE_NO_PAD.decode(sealing_key).ok()?).ok()?;
        let is_whole = !client_id.is_empty() && !client_secret.is_empty();
        is_whole.then_some(Self { client_id, client_secret, sealer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_read_and_differs_each_time() {
        let [one, other] = [(); 2].map(|()| OwnApp::read(&OwnApp::make().unwrap()).unwrap());
        assert_ne!(one.client_id, other.client_id);
        assert_ne!(one.client_secret, other.client_secret);
        let sealed = one.sealer.seal("purpose", &7).unwrap();
        assert_eq!(one.sealer.open("purpose", &sealed), Some(7));
        assert_eq!(other.sealer.open::<i32>("purpose", &sealed), None);
    }

    #[test]
    fn what_lacks_something_is_none() {
        let key = secrets::secret().unwrap();
        let written = |id: &str, secret: &str, key: &str| {
            let app = serde_json::json!({
                "client_id": id, "client_secret": secret, "sealing_key": key,
            });
            OwnApp::read(app.to_string().as_bytes()).is_some()
        };
        assert!(written("id", "secret", &key));
        for lacking in [["", "s", &key], ["id", "", &key], ["id", "s", ""], ["id", "s", &key[1..]]]
        {
            let [id, secret, key] = lacking;
            assert!(!written(id, secret, key), "{lacking:?}");
        }
        assert!(OwnApp::read(b"").is_none() && OwnApp::read(b"{}").is_none());
    }
}
