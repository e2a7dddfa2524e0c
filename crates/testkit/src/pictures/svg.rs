//! SVG: plain, and with everything that the renderer has code for.

use std::fmt::Write;

/// Four quarters: red, green, blue and nothing, in a `viewBox` of 100 x 100.
pub fn quarters(width: u32, height: u32) -> Vec<u8> {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 100 100\" \
         preserveAspectRatio=\"none\"><path fill=\"#f00\" d=\"M0 0h50v50H0z\"/><path fill=\"#0f0\" d=\"M50 0h50v50H50z\"/>\
         <path fill=\"#00f\" d=\"M0 50h50v50H0z\"/></svg>"
    )
    .into_bytes()
}

/// Gradients, a pattern, a mask, a clip, a filter, markers, dashes, copies, text and a style sheet, behind a declaration and a document type.
pub fn everything(width: u32, height: u32) -> Vec<u8> {
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<!-- Drawn by no program -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" viewBox="0 0 96 64">
<style>.line {{ stroke: #205; stroke-width: 2 }} g > .soft {{ filter: url(#shadow) }}</style>
<defs>
<linearGradient id="sky"><stop offset="0" stop-color="#9cf"/><stop offset="1" stop-color="#fff" stop-opacity=".5"/></linearGradient>
<radialGradient id="sun" xlink:href="#sky" r=".6"/>
<pattern id="dots" width="8" height="8" patternUnits="userSpaceOnUse"><circle cx="4" cy="4" r="2" fill="url(#sun)"/></pattern>
<mask id="fade"><rect width="96" height="64" fill="url(#sky)"/></mask>
<clipPath id="disc"><circle cx="48" cy="32" r="30"/></clipPath>
<filter id="shadow" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur in="SourceAlpha" stdDeviation="2"/>
<feOffset dx="1" dy="1" result="under"/><feTurbulence baseFrequency=".1" numOctaves="2"/><feMorphology radius=".2"/>
<feMerge><feMergeNode in="under"/><feMergeNode in="SourceGraphic"/></feMerge></filter>
<marker id="tip" viewBox="0 0 4 4" refX="2" refY="2" orient="auto"><path d="M0 0l4 2-4 2z"/></marker>
<symbol id="star" viewBox="0 0 10 10"><path d="M5 0l2 4 3 1-4 1-1 4-2-4-3-1 4-1z"/></symbol>
</defs>
<rect width="96" height="64" fill="url(#sky)"/>
<g clip-path="url(#disc)"><rect width="96" height="64" fill="url(#dots)" mask="url(#fade)"/></g>
<g opacity=".7"><path class="line" d="M4 60Q30 20 50 40T90 10" fill="none" stroke-dasharray="4 2" marker-mid="url(#tip)" marker-end="url(#tip)"/></g>
<g><ellipse class="soft" cx="70" cy="44" rx="12" ry="8" fill="tomato"/></g>
<use xlink:href="#star" x="6" y="6" width="16" height="16" fill="gold"/><use xlink:href="#star" x="26" y="6" width="8" height="8"/>
<text x="10" y="56" font-size="12" font-family="Nothing" text-decoration="underline">Ωmega <tspan fill="crimson">fi</tspan></text>
<script>alert(1)</script>
</svg>"##
    )
    .into_bytes()
}

/// So many groups within each other, each on a layer of its own that is painted all over.
pub fn layers(width: u32, height: u32, depth: usize) -> Vec<u8> {
    let group = "<g opacity=\".9\"><path fill=\"teal\" d=\"M0 0h100v100H0z\"/>";
    let (open, close) = (group.repeat(depth), "</g>".repeat(depth));
    let picture = "<circle cx=\"50\" cy=\"50\" r=\"40\" fill=\"gold\"/>";
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 100 100\" \
         preserveAspectRatio=\"none\">{open}{picture}{close}</svg>"
    )
    .into_bytes()
}

/// So many small shapes, as in a map: much to read, little to draw.
pub fn shapes(width: u32, height: u32, count: usize) -> Vec<u8> {
    let mut text = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\">");
    for index in 0..count {
        let (x, y) = (index * 7 % width as usize, index * 13 % height as usize);
        let _ = write!(text, "<path d=\"M{x} {y}h3l2 3-4 2z\" stroke=\"#{:03x}\"/>", index % 4096);
    }
    text.push_str("</svg>");
    text.into_bytes()
}
