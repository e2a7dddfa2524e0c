//! A Kafka broker for scripts: kafka-broker TOPIC ... makes the topics, with three partitions each, prints its address, and ends when its
//! input does.

#![allow(clippy::print_stdout, reason = "the address is told")]

use std::io::{Read, stdin};

use testkit::kafka::Broker;

fn main() {
    let broker = Broker::start();
    std::env::args().skip(1).for_each(|topic| broker.create_topic(&topic, 3));
    println!("{}", broker.address());
    // However the input ends, so does the broker.
    let _ = stdin().read_to_end(&mut Vec::new());
}
