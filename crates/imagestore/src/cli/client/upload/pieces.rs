//! The bytes of a file, read as they are sent.

use std::fs::File;
use std::io::{self, Read};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::sources::Source;

/// Bytes of a message.
const PIECE: usize = 128 * 1024;

/// One after the other, until the end or an error.
pub(super) type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// Opens the file.
///
/// # Errors
/// It cannot be opened.
pub(super) async fn of(source: &Source) -> io::Result<Pieces> {
    match &source.path {
        Some(path) if source.size.is_some() => {
            let file = tokio::fs::File::open(path).await?;
            Ok(ReaderStream::with_capacity(file, PIECE).boxed())
        }
        Some(path) => {
            let path = path.clone();
            Ok(waited_for(move || File::open(path)))
        }
        None => Ok(waited_for(|| Ok(io::stdin()))),
    }
}

/// What nobody knows when it comes is read in a thread of its own, which does not hold up the end of the process.
fn waited_for<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> Pieces {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let told = match open() {
            Ok(mut reader) => read(&mut reader, &sender),
            Err(error) => sender.blocking_send(Err(error)),
        };
        // An error means that nobody listens any more.
        drop(told);
    });
    stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) }).boxed()
}

type Sending = Result<(), mpsc::error::SendError<io::Result<Bytes>>>;

fn read(reader: &mut impl Read, sender: &mpsc::Sender<io::Result<Bytes>>) -> Sending {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        match reader.take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(_) => sender.blocking_send(Ok(piece.into()))?,
            Err(error) => return sender.blocking_send(Err(error)),
        }
    }
}
