//! Requests in a minute, as tokens that come back one by one.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// What is left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests in a minute.
    pub limit: u32,
    /// How many more may come at once.
    pub remaining: u32,
    /// When the next one may come that may not come now, or when all may come again.
    pub reset: Duration,
}

impl Rate {
    /// What answers tell of it, with the names of the headers (IETF draft `RateLimit` header fields).
    pub fn figures(&self) -> [(&'static str, u64); 3] {
        let seconds = self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0);
        [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.remaining)),
            ("ratelimit-reset", seconds),
        ]
    }
}

type Tokens = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// The requests of one user.
pub(super) struct Limiter {
    limit: u32,
    /// `None` where no request is allowed at all.
    tokens: Option<Tokens>,
    /// Tokens that were taken in other processes and are not taken here yet.
    owed: AtomicU32,
}

impl Limiter {
    pub(super) fn new(limit: u32) -> Self {
        let quota = NonZeroU32::new(limit).map(Quota::per_minute);
        let tokens = quota.map(|quota| RateLimiter::direct(quota).with_middleware::<StateInformationMiddleware>());
        Self { limit, tokens, owed: AtomicU32::new(0) }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// A token that was taken in another process counts here too: one is taken as soon as it is there, before any other.
    pub(super) fn owe(&self) {
        // What may be taken in a minute is the most that can have been taken.
        let add = |owed: u32| Some(owed.saturating_add(1).min(self.limit));
        // It never refuses.
        let _ = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        if let Some(tokens) = &self.tokens {
            self.pay(tokens);
        }
    }

    /// Takes what is owed, as far as it is there; tells whether nothing is owed any more.
    fn pay(&self, tokens: &Tokens) -> bool {
        loop {
            let take_one = |owed: u32| owed.checked_sub(1);
            if self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_err() {
                return true;
            }
            if tokens.check().is_err() {
                self.owed.fetch_add(1, Ordering::Relaxed);
                return false;
            }
        }
    }

    /// Takes one token, if there is one.
    pub(super) fn take(&self) -> Rate {
        let limit = self.limit;
        let Some(tokens) = &self.tokens else {
            return Rate { allowed: false, limit, remaining: 0, reset: Duration::from_mins(1) };
        };
        if !self.pay(tokens) {
            let reset = Duration::from_mins(1) * (self.owed.load(Ordering::Relaxed) + 1) / limit;
            return Rate { allowed: false, limit, remaining: 0, reset };
        }
        match tokens.check() {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let reset = Duration::from_mins(1) * (limit - remaining) / limit;
                Rate { allowed: true, limit, remaining, reset }
            }
            Err(not_until) => {
                let reset = not_until.wait_time_from(DefaultClock::default().now());
                Rate { allowed: false, limit, remaining: 0, reset }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_limit_says_and_no_more() {
        let limiter = Limiter::new(3);
        let left: Vec<_> = (0..3).map(|_| limiter.take()).map(|rate| (rate.allowed, rate.remaining)).collect();
        assert_eq!(left, [(true, 2), (true, 1), (true, 0)]);
        let refused = limiter.take();
        assert!(!refused.allowed && refused.reset <= Duration::from_secs(20), "{refused:?}");
        assert!(!Limiter::new(0).take().allowed);
    }

    #[test]
    fn what_was_taken_elsewhere_counts() {
        let limiter = Limiter::new(5);
        assert_eq!(limiter.take().remaining, 4);
        (0..2).for_each(|_| limiter.owe());
        assert_eq!(limiter.take().remaining, 1);
        (0..3).for_each(|_| limiter.owe());
        let refused = limiter.take();
        assert!(!refused.allowed, "one is left, and three are owed");
        assert!(refused.reset > Duration::from_secs(12), "{refused:?}");
        assert_eq!(limiter.owed.load(Ordering::Relaxed), 2);
    }
}
