// Encodes JPEGs by sharp with MozJPEG. Reads lines "RAW WIDTH HEIGHT QUALITY OUT", raw RGB pixels in a file; answers each with a line.
'use strict';

const readline = require('node:readline');
const { readFile, writeFile } = require('node:fs/promises');
const sharp = require('sharp');

sharp.cache(false);
sharp.concurrency(1);

async function encode(line) {
  const [source, width, height, quality, out] = line.split(' ');
  const raw = { width: Number(width), height: Number(height), channels: 3 };
  await writeFile(out, await sharp(await readFile(source), { raw }).jpeg({ quality: Number(quality), mozjpeg: true }).toBuffer());
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    await encode(line);
    process.stdout.write('done\n');
  }
}

main();
