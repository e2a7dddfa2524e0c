//! Which messages are in hand, and up to which one each partition is done with.

use std::collections::{BTreeSet, HashMap};

use crate::ports::Position;

/// The partitions of this worker.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    partitions: HashMap<i32, Partition>,
    assignments: u64,
}

#[derive(Debug)]
struct Partition {
    assignment: u64,
    /// Messages in hand.
    open: BTreeSet<i64>,
    /// What the next message will be at least.
    next: i64,
}

impl Offsets {
    /// A message was taken in hand.
    pub(super) fn begin(&mut self, partition: i32, offset: i64) -> Position {
        let assignments = &mut self.assignments;
        let of = self.partitions.entry(partition).or_insert_with(|| {
            *assignments += 1;
            Partition { assignment: *assignments, open: BTreeSet::new(), next: offset }
        });
        of.open.insert(offset);
        of.next = of.next.max(offset + 1);
        Position { partition, offset, assignment: of.assignment }
    }

    /// Nothing is to be done about a message any more; gives the first one of its partition that is not done with, if that has changed.
    pub(super) fn settle(&mut self, position: Position) -> Option<i64> {
        let of = self.partitions.get_mut(&position.partition).filter(|of| of.assignment == position.assignment)?;
        let was_first = of.open.first() == Some(&position.offset);
        of.open.remove(&position.offset);
        was_first.then(|| of.open.first().copied().unwrap_or(of.next))
    }

    /// The partition is another worker's from now on.
    pub(super) fn revoke(&mut self, partition: i32) {
        self.partitions.remove(&partition);
    }
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    #[test]
    fn a_partition_is_done_with_up_to_the_first_message_in_hand() {
        let mut offsets = Offsets::default();
        let [a, b, c] = [5, 6, 9].map(|offset| offsets.begin(0, offset));
        assert_eq!(offsets.settle(b), None, "one before it is in hand");
        assert_eq!(offsets.settle(a), Some(9), "there is nothing between 6 and 9");
        assert_eq!(offsets.settle(c), Some(10));
        let other = offsets.begin(1, 0);
        assert_eq!(offsets.settle(other), Some(1), "partitions are counted apart");
        assert_eq!(offsets.settle(other), None, "once");
    }

    #[test]
    fn what_was_taken_away_is_not_settled() {
        let mut offsets = Offsets::default();
        let before = offsets.begin(0, 5);
        offsets.revoke(0);
        assert_eq!(offsets.settle(before), None);
        let again = offsets.begin(0, 5);
        assert_eq!(offsets.settle(before), None, "it is in hand a second time");
        assert_eq!(offsets.settle(again), Some(6));
    }
}
