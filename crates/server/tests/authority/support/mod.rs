//! What the tests stand on: a service of their own, forms, answers, the page of a sign-in.
//! Must not know what the authority ought to answer.

mod answer;
mod form;
mod service;
mod sign_in;

pub(crate) use answer::{Answer, Jwt};
pub(crate) use form::{Form, form};
pub(crate) use service::{APP_REDIRECT, DEV_TENANT, PUBLIC, Service, serve};
pub(crate) use sign_in::{CHALLENGE, Page, REDIRECT, VERIFIER};

/// Permissions, by their names.
pub(crate) const READ: &str = "DeviceManagementServiceConfig.Read.All";
pub(crate) const READ_WRITE: &str = "DeviceManagementServiceConfig.ReadWrite.All";
pub(crate) const CONFIGURATION: &str = "DeviceManagementConfiguration.ReadWrite.All";
/// All that was consented to.
pub(crate) const DEFAULT: &str = "https://graph.microsoft.com/.default";
