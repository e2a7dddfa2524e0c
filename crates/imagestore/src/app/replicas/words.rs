//! What processes tell each other, as soon as it happens: what has to be known is in the catalog. Who did not listen for a while has it told again,
//! as far as it is remembered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared_types::job::JobStatus;
use shared_types::{ImageId, JobId, UserId};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Services;
use crate::domain::{AlbumNotice, Happening, ImageNotice};
use crate::ports::MAX_WORDS;

/// How much may wait to be told. What comes beyond that is not told: nobody waits for those who listen.
const AHEAD: usize = 4096;

/// Something to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::app) enum Words {
    /// Something happened.
    Event { id: Uuid, owner: Option<UserId>, what: Brief },
    /// A user sent a request, of those that they may send in a minute.
    Request { user: UserId, limit: u32 },
    /// Somebody may have missed something: whoever hears it tells once more what happened lately.
    Again,
}

/// A [`Happening`], in a few words: whoever listens looks up the rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::app) enum Brief {
    ImageStored(ImageId),
    ImageChanged(ImageId),
    ImageDeleted(ImageId),
    ImageNoticed(Box<ImageNotice>),
    VariantStored(ImageId, String),
    JobChanged(JobId, JobStatus),
    AlbumChanged(Box<AlbumNotice>),
}

impl From<&Happening> for Brief {
    fn from(what: &Happening) -> Self {
        match what {
            Happening::ImageStored(image) => Self::ImageStored(image.id),
            Happening::ImageChanged(image) => Self::ImageChanged(image.id),
            Happening::ImageDeleted(id) => Self::ImageDeleted(*id),
            Happening::ImageNoticed(notice) => Self::ImageNoticed(notice.clone()),
            Happening::VariantStored(variant) => Self::VariantStored(variant.image, variant.key.clone()),
            Happening::JobChanged(job) => Self::JobChanged(job.id, job.status),
            Happening::AlbumChanged(notice) => Self::AlbumChanged(notice.clone()),
        }
    }
}

/// Several words of one process, as they are sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saying {
    /// Who tells it.
    pub(super) from: Uuid,
    pub(super) words: Vec<Words>,
}

impl Services {
    /// How others are told of it; `None` where there are none.
    pub(in crate::app) fn brief(&self, what: &Happening) -> Option<Brief> {
        self.inner.replicas.is_shared.then(|| what.into())
    }

    /// Tells the other processes.
    pub(in crate::app) fn tell_others(&self, words: Words) {
        if let Some(telling) = self.inner.replicas.telling.get()
            && telling.try_send(words).is_err()
        {
            log::debug!("other processes are not told of something: too much is to be told");
        }
    }

    /// Tells once more what happened here, as far as it is remembered. Who knows it already passes it over.
    pub(super) fn tell_again(&self) {
        for event in self.inner.feed.own() {
            if let Some(what) = self.brief(&event.what) {
                self.tell_others(Words::Event { id: event.id, owner: event.owner, what });
            }
        }
    }

    pub(super) fn start_telling(&self) {
        let (sender, words) = mpsc::channel(AHEAD);
        // It is started once.
        let _ = self.inner.replicas.telling.set(sender);
        let services = self.clone();
        self.in_background(async move { services.tell_words(words).await });
    }

    async fn tell_words(&self, mut words: mpsc::Receiver<Words>) {
        const TOGETHER: usize = 64;
        const PAUSE: Duration = Duration::from_millis(500);
        let stop = self.inner.jobs.stop_token();
        let mut waiting = Vec::new();
        while let Some(1..) = stop.run_until_cancelled(words.recv_many(&mut waiting, TOGETHER)).await {
            for saying in self.sayings(waiting.drain(..)) {
                while let Err(error) = self.inner.catalog.tell(&saying).await {
                    log::debug!("other processes are told of something later: {error}");
                    if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// As few as have room for all of them.
    fn sayings(&self, words: impl Iterator<Item = Words>) -> Vec<String> {
        /// What stands around the words, and more.
        const AROUND: usize = 100;
        let (mut sayings, mut next, mut length) = (Vec::new(), Vec::new(), AROUND);
        let write = |words: Vec<Words>| serde_json::to_string(&Saying { from: self.inner.replicas.id, words });
        for word in words {
            let bytes = serde_json::to_string(&word).map_or(usize::MAX, |text| text.len() + 1);
            if bytes > MAX_WORDS - AROUND {
                log::debug!("other processes are not told of something: it is too long");
                continue;
            }
            if length + bytes > MAX_WORDS {
                sayings.push(std::mem::take(&mut next));
                length = AROUND;
            }
            length += bytes;
            next.push(word);
        }
        sayings.push(next);
        sayings.into_iter().filter(|words| !words.is_empty()).filter_map(|words| write(words).ok()).collect()
    }
}
