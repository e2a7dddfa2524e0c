//! Work that is not begun twice by two processes.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::Services;
use crate::domain::StoreError;

/// How long a process that is not heard of has its turn, and how long others wait for its end.
const TURN: Duration = Duration::from_secs(30);
/// The pauses between looks whether it has ended.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// While this is there no other process begins the same. What is taken is given back when it goes.
pub(in crate::app) struct Turn {
    /// `None` where there is no other process.
    held: Option<(Services, String, Uuid)>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some((services, name, holder)) = self.held.take() else { return };
        let let_go = {
            let services = services.clone();
            async move {
                if let Err(error) = services.inner.catalog.let_go(&name, holder).await {
                    log::debug!("{name} is not begun elsewhere for a while: {error}");
                }
            }
        };
        services.in_background(let_go);
    }
}

impl Services {
    /// Takes the turn for what has this name, if nobody has it.
    async fn try_turn(&self, name: &str) -> Result<Option<Turn>, StoreError> {
        if !self.inner.replicas.is_shared {
            return Ok(Some(Turn { held: None }));
        }
        let holder = Uuid::new_v4();
        let is_ours = self.inner.catalog.hold(name, holder, TURN).await?;
        Ok(is_ours.then(|| Turn { held: Some((self.clone(), name.to_owned(), holder)) }))
    }

    /// Waits for the turn. Who waits for too long goes on as if it was theirs.
    pub(in crate::app) async fn only_turn(&self, name: &str) -> Result<Turn, StoreError> {
        let nothing = || async { Ok(None::<Infallible>) };
        match self.turn(name, nothing).await? {
            Ok(never) => match never {},
            Err(turn) => Ok(turn),
        }
    }

    /// Waits for the turn, or until `done` gives what somebody else did meanwhile. Who waits for too long goes on as if it was theirs.
    pub(in crate::app) async fn turn<T, F>(
        &self,
        name: &str,
        done: impl Fn() -> F,
    ) -> Result<Result<T, Turn>, StoreError>
    where
        F: Future<Output = Result<Option<T>, StoreError>>,
    {
        let end = Instant::now() + TURN;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(turn) = self.try_turn(name).await? {
                // What had the turn before may be done just now.
                let done = if pause > FIRST_PAUSE { done().await? } else { None };
                return Ok(done.ok_or(turn));
            }
            if Instant::now() >= end {
                return Ok(Err(Turn { held: None }));
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
            if let Some(done) = done().await? {
                return Ok(Ok(done));
            }
        }
    }
}
