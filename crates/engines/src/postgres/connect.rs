//! Connections: those of the control plane, which a task drives, and what both kinds are opened by.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annvil_core::engine::{EngineError, Result};
use tokio_postgres::{AsyncMessage, Client};

use super::NAME;
use super::address::Address;
use super::drive::Wire;
use super::fault;

/// How long a server may take to let a client in, or to say that it is there. `connect_timeout` is the socket's only.
const OPENING: Duration = Duration::from_secs(10);

/// Opens a connection, which somebody has to drive.
pub(super) async fn open(address: &Address) -> Result<(Client, Wire)> {
    let opened = tokio::time::timeout(OPENING, address.config.connect(address.tls.clone())).await;
    let opened = opened.map_err(|_| {
        let cause = format!(
            "no answer within {} s\n  the server may be frozen, or have no connection left: look at its log",
            OPENING.as_secs()
        );
        EngineError::failed(NAME, format!("connect to {}", address.place), cause)
    })?;
    opened.map_err(|error| fault::connecting(&address.place, &error))
}

/// A connection of the control plane. A task drives it for as long as the runtime lives that opened it.
pub(super) struct Control {
    pub(super) client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Control {
    /// Opens one.
    pub(super) async fn open(address: &Address) -> Result<Self> {
        let (client, mut wire) = open(address).await?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&notices);
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| wire.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push(notice.message().to_owned());
                }
            }
        });
        Ok(Self { client, notices })
    }

    /// Whether the server still answers.
    pub(super) async fn is_alive(&self) -> bool {
        matches!(tokio::time::timeout(OPENING, self.client.check_connection()).await, Ok(Ok(())))
    }

    /// What the server remarked since it was last asked.
    pub(super) fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
