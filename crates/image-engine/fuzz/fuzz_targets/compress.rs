//! Any goal and formats for any picture, the goal on the first line of the input, the formats on the second and the picture after them: a
//! readable picture that is as it should be, or an error.
#![no_main]

use std::io::Cursor;

use image_engine::{CompressPlan, Compressed, Sources, probe, quality, verify};
use image_engine_fuzz::{LIMITS, memory, reserved};
use libfuzzer_sys::Corpus;
use shared_types::{Formats, Goal, ImageFormat, Transform};

libfuzzer_sys::fuzz_target!(|input: &[u8]| -> Corpus {
    image_engine_fuzz::end_only_at_uncaught_panics();
    let mut parts = input.splitn(3, |&byte| byte == b'\n');
    let mut line = || parts.next().and_then(|line| str::from_utf8(line).ok());
    let (Some(goal), Some(formats)) = (line(), line()) else { return Corpus::Reject };
    let (Ok(goal), Ok(formats)) = (goal.parse::<Goal>(), formats.parse::<Formats>()) else { return Corpus::Reject };
    let Some(picture) = parts.next() else { return Corpus::Reject };
    let Ok(facts) = probe(Cursor::new(picture)) else { return Corpus::Reject };
    let sources = Sources::original(&facts, picture.len() as u64);
    let Ok(plan) = CompressPlan::new(&sources, &Transform::default(), Some(goal), &formats, &LIMITS) else {
        return Corpus::Keep;
    };
    let (made, held) = memory::peak(|| plan.make(picture, None, &|_| {}, &|| false));
    memory::assert_within(held, plan.memory() + reserved(facts.format), "compressing");
    if let Ok(Compressed::Made { rendered, .. }) = made {
        let read = probe(Cursor::new(&rendered.bytes)).expect("what was made can be read");
        assert_eq!(read.upright_size(), (rendered.width, rendered.height), "what was told of the result");
        assert_eq!(read.format, ImageFormat::from(rendered.format), "what was told of the result");
        verify(&rendered.bytes, &LIMITS, &|| false).expect("what was made is whole");
        match goal {
            Goal::Target(score) => assert!(rendered.score.is_some_and(|told| told >= score.value()), "{rendered:?}"),
            Goal::MaxBytes(most) => assert!(rendered.bytes.len() as u64 <= most, "{} bytes", rendered.bytes.len()),
            Goal::Lossless if !facts.animated => {
                let told = quality::score(picture, &rendered.bytes, &LIMITS, &|| false);
                assert!(told.as_ref().is_ok_and(|score| *score > 99.9), "{told:?}");
            }
            Goal::Lossless | Goal::Quality(_) => {}
        }
    }
    Corpus::Keep
});
