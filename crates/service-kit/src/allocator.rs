//! The memory allocator of both services. Pictures of all sizes come and go, and what they leave has to go back to the system.

/// For `#[global_allocator]`. The codecs written in C use it as well.
pub type Allocator = tikv_jemallocator::Jemalloc;

/// The one value of [`Allocator`].
pub const ALLOCATOR: Allocator = tikv_jemallocator::Jemalloc;

/// Gives unused memory back in the background from now on; without it, a thread gives back only when it allocates again.
pub fn give_back_in_background() {
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        log::warn!("unused memory is given back late: {error}");
    }
}
